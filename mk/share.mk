# mk/share.mk - man pages from --help, the bill of materials, the container

.PHONY: container man sbom

# The command makes its own man pages, so a cross build has none, unless EMULATOR runs the command
# (qemu-aarch64-static). MAN=no: none. A sanitized build is not installed.
EMULATOR ?=
MAN ?= $(if $(SANITIZE)$(if $(EMULATOR),,$(CROSS_COMPILE)),no,yes)

# One page for each subcommand, and for the server, where it is built.
VERBS := $(patsubst tools/cmd_%.c,%,$(wildcard tools/cmd_*.c))
PAGES := libvit $(VERBS:%=libvit-%) libvit-serve
MAN_PAGES := $(if $(filter no,$(MAN)),,$(patsubst %,$(BUILD)/man/%.1, \
               $(filter-out $(if $(SERVER),,libvit-serve),$(PAGES))))

## man: the man pages in BUILD/man, from the text of --help
man: $(MAN_PAGES)
	$(if $^,,@echo 'no man pages: expected a command that runs here; EMULATOR=COMMAND runs it')
all: $(MAN_PAGES)

$(BUILD)/man/libvit.help: $(COMMAND)
	@mkdir -p $(@D)
	@$(EMULATOR) $(COMMAND) --help >$@
$(BUILD)/man/libvit-%.help: $(COMMAND)
	@mkdir -p $(@D)
	@$(EMULATOR) $(COMMAND) $* --help >$@
$(BUILD)/man/libvit-serve.help: $(SERVER)
	@mkdir -p $(@D)
	@$(EMULATOR) $(SERVER) --help >$@

# Dated by SOURCE_DATE_EPOCH or the commit, not by the build.
$(BUILD)/date: NOTE = $(shell \
  epoch=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)} && [ -n "$$epoch" ] && \
  { date -u -d "@$$epoch" +%Y-%m-%d 2>/dev/null || date -u -r "$$epoch" +%Y-%m-%d; })
$(BUILD)/man/%.1: $(BUILD)/man/%.help $(BUILD)/man/libvit.help $(BUILD)/date packaging/man.awk \
                  packaging/examples.txt
	$(call RUN,MAN)awk -f packaging/man.awk -v page=$* -v version=$(VERSION) \
	  -v date="$$(cat $(BUILD)/date)" $(BUILD)/man/libvit.help $< packaging/examples.txt >$@
.PRECIOUS: $(BUILD)/man/libvit-%.help

# --- the software bill of materials

SBOM := $(BUILD)/libvit.spdx.json
SBOM_MODULES := $(sort $(NEEDS) $(if $(SERVER),$(NEEDS_SERVE)))
## sbom: BUILD/libvit.spdx.json: what is built, what it links, and their licenses (SPDX 2.3)
sbom: all
	$(call RUN,SBOM)PKG_CONFIG='$(PKG_CONFIG)' READELF=$(CROSS_COMPILE)readelf \
	  $(PYTHON) -B packaging/sbom.py -o $(SBOM) --version $(VERSION) --arch $(ARCH) \
	  --modules $(foreach m,$(SBOM_MODULES),'$m:$(LICENSE_$m)') --artifacts $(LIBRARIES) $(PROGRAMS)

# --- the container

## container: BUILD/container/libvit-serve.tar, an image of the server, from the Debian packages
container:
	@packaging/container.sh $(BUILD) $(VERSION)
