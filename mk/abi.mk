# mk/abi.mk - the ABI of the stable headers: frozen once per minor version, then checked

.PHONY: abi-check abi-freeze check-abi

# vit/kernels.h may change with the minor version: its types and functions are left out.
ABI := abi/libvit.abi
ABI_FROZEN := tests/abi/include-$(SOVERSION)
ABI_HEADERS := $(BUILD)/abi-headers

## check-abi: callers of the frozen headers with today's library and one whose structs have grown
check-abi: $(KERNEL_OBJECTS)
	@CC='$(CC)' tests/abi.sh $(BUILD)

## abi-check: no incompatible change since the ABI was frozen; lists what was added
abi-check: deps-dev $(SHARED)
	@tests/abi_diff.sh $(ABI) $(ABI_FROZEN) $(SHARED) $(BUILD)

## abi-freeze: record the headers and the ABI of this minor version
abi-freeze: deps-dev $(SHARED)
	@mkdir -p $(ABI_FROZEN)/vit $(ABI_HEADERS) $(dir $(ABI))
	@cp include/vit/*.h $(ABI_FROZEN)/vit
	@cp $(filter-out %/kernels.h,$(wildcard include/vit/*.h)) $(ABI_HEADERS)
	@abidw --drop-private-types --headers-dir $(ABI_HEADERS) --no-comp-dir-path \
	  --out-file $(ABI) $(SHARED)
	@echo '$(ABI): the ABI of $(VERSION)'
