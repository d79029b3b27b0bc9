# Makefile - builds, proves, measures and installs libvit; `make help` lists the targets

PREFIX ?= /usr/local
CXX ?= c++
CFLAGS ?= -O2 -g
KERNEL_CC ?= $(CC)
KERNEL_CFLAGS ?= -O3
CXXFLAGS ?= -O2 -g
SANITIZE ?=
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
PYTHON ?= /usr/bin/python3

VERSION := $(shell sed -n 's/^\#define VIT_VERSION "\(.*\)"/\1/p' include/vit/vit.h)
SONAME := libvit.so.$(firstword $(subst ., ,$(VERSION)))
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# For another architecture: make ARCH=aarch64, which takes Debian's cross-compiler and libraries, or
# CROSS_COMPILE=PREFIX- for tools of your own, and PKG_CONFIG if their libraries stand elsewhere.
NATIVE := $(shell uname -m)
ifeq ($(origin CC),default)
FOREIGN := $(or $(CROSS_COMPILE),$(addsuffix -linux-gnu-,$(filter-out $(NATIVE),$(ARCH))))
CC := $(if $(FOREIGN),$(FOREIGN)gcc,cc)
endif
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))
CROSS_COMPILE ?= $(addsuffix -linux-gnu-,$(filter-out $(NATIVE),$(ARCH)))
ifneq ($(CROSS_COMPILE),)
AR := $(CROSS_COMPILE)ar
BUILD ?= build/$(ARCH)
PKG_CONFIG ?= PKG_CONFIG_LIBDIR=/usr/lib/$(ARCH)-linux-gnu/pkgconfig pkg-config
endif
OBJCOPY ?= $(CROSS_COMPILE)objcopy
BUILD ?= build
PKG_CONFIG ?= pkg-config

# Debian's packages: for demo, check and bench; and what only contributors need.
DEPS := gcc g++ make pkg-config libjansson-dev libzip-dev libjpeg62-turbo-dev libpng-dev \
        libwebp-dev libcriterion-dev libbenchmark-dev
DEPS_PEERS = libdnnl-dev libopenblas0-pthread libopenblas0-openmp libblis4-openmp \
             python3-torch python3-onnx python3-numpy \
             $(if $(shell command -v npm),,nodejs npm)
# The npm package whose CPU library is ONNX Runtime.
ONNXRUNTIME := onnxruntime-node@1.30.0
DEPS_PLOTS := python3-matplotlib
DEPS_CROSS := gcc-aarch64-linux-gnu libc6-dev-arm64-cross
DEPS_ARM64 := $(DEPS_CROSS) libjansson-dev:arm64 libzip-dev:arm64 libjpeg62-turbo-dev:arm64 \
              libpng-dev:arm64 libwebp-dev:arm64 libgomp1:arm64 qemu-user-static clang
DEPS_MCA := $(DEPS_CROSS) clang llvm-19 python3
DEPS_DEV := clang clang-format libomp-dev libclang-rt-14-dev

# One line per instruction set, and the sets of each architecture.
FLAGS_scalar :=
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := $(FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
FLAGS_neon :=
ISAS_x86_64 := scalar avx2 avx512
ISAS_aarch64 := scalar neon
ISAS := $(or $(ISAS_$(ARCH)),scalar)

# The numeric contract: one rounding per operation as written, nothing reordered (docs/numerics.md).
STRICT := -std=c11 -Wall -Wextra -fno-fast-math -ffp-contract=off -fno-math-errno \
          -Werror=implicit-function-declaration
# POSIX 2008, which macOS and the BSDs have too; what is Linux's alone stays in lib/base.
SYSTEM := -D_XOPEN_SOURCE=700
$(BUILD)/lib/base/% $(BUILD)/tests/% $(BUILD)/bench/%: private SYSTEM := -D_GNU_SOURCE
COMMON = $(STRICT) $(SYSTEM) -I. -Iinclude -Ilib -MMD -MP \
          $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# The tests count what the library asks of these (tests/test_forward.c).
WRAP := malloc calloc realloc aligned_alloc GOMP_parallel

LINK := $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -fopenmp

# $(call RUN,what) before a command shows what is made, or with V=1 the command itself.
RUN = $(if $(V),,@printf '  %-6s %s\n' $(1) $@;)

# Evaluated when a recipe runs, that is after `deps` may have installed what they ask for.
JANSSON = $(shell $(PKG_CONFIG) --libs jansson)
ZIP = $(shell $(PKG_CONFIG) --libs libzip)
CODECS = $(shell $(PKG_CONFIG) --libs libjpeg libpng libwebp)
CRITERION = $(shell $(PKG_CONFIG) --libs criterion)
BENCHMARK = $(shell $(PKG_CONFIG) --libs benchmark)

KERNEL_OBJECTS := $(foreach i,$(ISAS),$(BUILD)/kernels/$i/$i.o)
LIB_OBJECTS := $(KERNEL_OBJECTS) $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c))
CHECK_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard check/*.c))
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/*.c))
IMAGE_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard image/*.c))
NPY_OBJECT := $(BUILD)/tools/npy.o
DRAW_OBJECTS := $(patsubst %,$(BUILD)/tools/%.o,attention operations session)
# The parser of .npy headers, which the command has too: in libvit.a its names are local.
NPY_HEADER_OBJECTS := $(patsubst %,$(BUILD)/lib/%.o, \
                        base/fail files/npy_header files/sanitize)
TEST_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c)) $(BUILD)/bench/shim.o \
                 $(BUILD)/check/kernel_cases.o \
                 $(patsubst %,$(BUILD)/tools/%.o,build_info clock operations peak samples)
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
SHARED := $(BUILD)/libvit.so.$(VERSION)
SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')

.PHONY: all kernels demo check check-arm64 check-compilers check-isa check-old-cpus check-threads \
        mutants digests bench bench-peers plots bench-history mca deps deps-dev deps-arm64 \
        deps-mca install uninstall format format-check fuzz clean help FORCE
.DELETE_ON_ERROR:

kernels: $(KERNEL_OBJECTS)

all: $(BUILD)/libvit.a $(SHARED) $(BUILD)/vit $(BUILD)/vit.pc $(BUILD)/vitConfig.cmake

help:
	@echo 'make all        the static and the shared library, the vit command'
	@echo 'make demo       classify the held-out digits with the trained model in models/digits'
	@echo 'make check      every test: kernels bit for bit on every level, models, files, the command'
	@echo 'make mutants    plant faults in a copy of the kernels: vit check must find each'
	@echo 'make check-old-cpus  the command on emulated processors without AVX, AVX2, AVX-512'
	@echo 'make check-threads   what threads share, under ThreadSanitizer'
	@echo 'make bench      kernels against the FMA peak of this machine (BENCH=--benchmark_filter=…)'
	@echo 'make bench-peers  beside OpenBLAS, BLIS, oneDNN, ONNX Runtime and PyTorch, taking turns'
	@echo '                (PEERS="--only matmul,rows,forward,start --rounds 15 --isa avx512 …")'
	@echo 'make plots      docs/plots/*.svg, from $(BUILD)/bench.json and $(BUILD)/bench-peers.json'
	@echo 'make deps       install what demo, check and bench need; deps-dev: what contributors need'
	@echo 'make install    to PREFIX ($(PREFIX)) under DESTDIR; uninstall'
	@echo 'make format     lay the sources out; format-check: see that they are'
	@echo 'make ARCH=aarch64  into build/aarch64; deps-arm64 installs what that needs'
	@echo 'make check-arm64   run that under emulation: the same bits as here'
	@echo 'make mca        the inner loops of the matmuls on other CPUs, as llvm-mca predicts'
	@echo 'make fuzz       every parser for FUZZ_SECONDS ($(FUZZ_SECONDS)) each'
	@echo 'make clean      remove $(BUILD)/'
	@echo 'Variables: CC CFLAGS LDFLAGS BUILD SANITIZE=address,undefined PREFIX DESTDIR V=1'

# What objects depend on beside files, in files that are written only when it has changed: the
# flags, so that no build mixes two kinds of objects; the commit, which the command reports.
$(BUILD)/flags: NOTE = $(CC) $(CFLAGS) $(KERNEL_CC) $(KERNEL_CFLAGS) $(COMMON) $(CXX) $(CXXFLAGS) \
  $(foreach i,$(ISAS),$(FLAGS_$i))
$(BUILD)/commit: NOTE = $(COMMIT)
$(BUILD)/prefix: NOTE = $(PREFIX) $(VERSION)
$(BUILD)/flags $(BUILD)/commit $(BUILD)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(NOTE)' | cmp -s - $@ || echo '$(NOTE)' > $@
$(BUILD)/tools/build_info.o: $(BUILD)/commit

# --- the library

$(BUILD)/kernels/%.o: kernels/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(KERNEL_CC) $(CFLAGS) $(KERNEL_CFLAGS) $(FLAGS_$(notdir $*)) $(COMMON) -fPIC \
	  -fvisibility=hidden -c $< -o $@

$(BUILD)/lib/%.o: lib/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -fPIC -fvisibility=hidden -fopenmp -c $< -o $@

# One object whose internal names are local to it: an embedder sees vit_* alone, as in the .so.
$(BUILD)/vit.o: $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -r -nostdlib -o $@ $^
	@$(OBJCOPY) --localize-hidden $@

$(BUILD)/libvit.a: $(BUILD)/vit.o
	@rm -f $@
	$(call RUN,AR)$(AR) rcs $@ $<

$(SHARED): $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(LINK) $(JANSSON) $(ZIP) -lm
	@ln -sf $(@F) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $(BUILD)/libvit.so

$(BUILD)/vit.pc: $(BUILD)/prefix
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$${prefix}/lib' '' \
	  'Name: vit' 'Description: SIMD kernels and the Vision Transformer forward pass' \
	  'Version: $(VERSION)' 'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lvit' \
	  'Libs.private: -lgomp -lm' 'Requires.private: jansson libzip' > $@

$(BUILD)/vitConfig.cmake: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' \
	  'get_filename_component(VIT_PREFIX "$${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)' \
	  'add_library(vit::vit SHARED IMPORTED)' 'set_target_properties(vit::vit PROPERTIES' \
	  '  IMPORTED_LOCATION "$${VIT_PREFIX}/lib/libvit.so"' \
	  '  INTERFACE_INCLUDE_DIRECTORIES "$${VIT_PREFIX}/include")' > $@

# --- the programs

$(BUILD)/tools/%.o: tools/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) \
	  $(if $(filter %/build_info.o,$@),-DVIT_COMMIT='"$(COMMIT)"') -c $< -o $@

$(BUILD)/image/%.o: image/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -c $< -o $@

$(BUILD)/check/%.o: check/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -c $< -o $@

$(BUILD)/vit: $(TOOL_OBJECTS) $(IMAGE_OBJECTS) $(CHECK_OBJECTS) $(NPY_HEADER_OBJECTS) \
              $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(ZIP) $(CODECS) -lm

$(BUILD)/examples/%.o: examples/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -c $< -o $@

$(BUILD)/demo: $(BUILD)/examples/demo.o $(filter $(BUILD)/image/decode%,$(IMAGE_OBJECTS)) \
               $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(ZIP) $(CODECS) -lm

$(BUILD)/embed: $(BUILD)/examples/embed.o $(SHARED)
	$(call RUN,LINK)$(CC) -o $@ $< $(LINK) -L$(BUILD) -Wl,-rpath,'$$ORIGIN' -lvit

demo: deps
	@$(MAKE) --no-print-directory $(BUILD)/demo
	@$(BUILD)/demo

# --- the tests

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -Itools -Itests -fopenmp -c $< -o $@

$(BUILD)/tests/run: $(TEST_OBJECTS) $(CHECK_OBJECTS) $(LIB_OBJECTS) $(IMAGE_OBJECTS) \
                     $(NPY_OBJECT) $(DRAW_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(CRITERION) $(JANSSON) $(ZIP) $(CODECS) -lm \
	  $(WRAP:%=-Wl,--wrap=%)

check: deps
	@$(MAKE) --no-print-directory all $(BUILD)/tests/run $(BUILD)/embed $(BUILD)/demo
	@sed -n '/^```c$$/,/^```$$/p' README.md | sed '1d;$$d' | diff - examples/embed.c || \
	  { echo 'README.md: its C example is not examples/embed.c'; exit 1; }
	@$(MAKE) --no-print-directory check-isa
	@test "$$($(BUILD)/embed)" = three || { echo 'examples/embed.c does not see a three'; exit 1; }
	@$(BUILD)/vit check >$(BUILD)/check.txt || { cat $(BUILD)/check.txt; exit 1; }
	@tail -n 1 $(BUILD)/check.txt
	@$(DIGESTS)
	@ASAN_OPTIONS=allocator_may_return_null=1 VIT_BUILD=$(BUILD) $(BUILD)/tests/run $(CHECK)

# Every level of this CPU, 1, 2 and 7 threads: the digests that are written down.
DIGEST_MODELS := models/digits \
  $(sort $(patsubst %/config.json,%,$(wildcard tests/golden/*/config.json)))
DIGESTS = $(BUILD)/vit check --digest >$(BUILD)/digests.txt && \
          $(BUILD)/vit check --digest $(DIGEST_MODELS) >$(BUILD)/digests-models.txt && \
          diff check/digests.txt $(BUILD)/digests.txt && \
          diff check/digests-models.txt $(BUILD)/digests-models.txt

# The same from each compiler and level of optimisation, the kernels' too.
CHECK_BUILDS := $(foreach c,gcc clang,$(foreach o,0 2 3,$c-O$o))
check-compilers: $(CHECK_BUILDS:%=check-compiler-%)
check-compiler-%:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/$* CC=$(firstword $(subst -, ,$*)) \
	  CFLAGS=-$(lastword $(subst -, ,$*)) KERNEL_CFLAGS= digests

# Small faults planted in the kernels, one at a time: vit check finds each.
mutants:
	@tests/mutants.sh $(BUILD)

digests: $(BUILD)/vit
	@$(DIGESTS) && echo '$(CC) $(CFLAGS): the digests of check/digests.txt'

# No instruction outside its folder that a processor without the folder's level lacks. The last
# line shows that the scan can fail. CFLAGS that choose a processor leave nothing to scan for.
SCANNED := $(filter-out $(BUILD)/kernels/avx%,$(LIB_OBJECTS) $(TOOL_OBJECTS) $(IMAGE_OBJECTS))
check-isa: $(SCANNED) $(KERNEL_OBJECTS)
ifneq ($(ARCH),x86_64)
	@echo 'skipped: the scan of encodings, which is for x86-64'
else ifneq ($(filter -m%,$(CFLAGS)),)
	@echo 'skipped: the scan of encodings, because of $(filter -m%,$(CFLAGS))'
else
	@tests/scan_isa.sh scalar $(SCANNED)
	@tests/scan_isa.sh avx2 $(BUILD)/kernels/avx2/avx2.o
	@tests/scan_isa.sh avx512 $(BUILD)/kernels/avx512/avx512.o
	@tests/scan_isa.sh scalar $(BUILD)/kernels/avx2/avx2.o >/dev/null; test $$? = 1
	@tests/scan_isa.sh avx2 $(BUILD)/kernels/avx512/avx512.o >/dev/null; test $$? = 1
endif

check-old-cpus: DEPS += qemu-user-static
check-old-cpus: deps
	@$(MAKE) --no-print-directory $(BUILD)/vit
	@CC='$(CC)' tests/old_cpus.sh $(BUILD)

$(BUILD)/tests/threads/run: $(BUILD)/tests/threads/threads.o $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(ZIP) -lm

# ThreadSanitizer exits with 66; without randomised addresses, which it cannot map on some systems.
TSAN = $$(setarch -R true 2>/dev/null && echo setarch -R) $(BUILD)/threads/tests/threads/run
check-threads: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/threads SANITIZE=thread CFLAGS='-O1 -g' \
	  $(BUILD)/threads/tests/threads/run
	@$(TSAN) --race >/dev/null 2>&1; test $$? = 66 || { echo 'a race went unseen'; exit 1; }
	@$(TSAN)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard lib/*/*.[ch] image/*.[ch] include/vit/*.h)
	@mkdir -p $(@D)
	$(call RUN,CC)$(FUZZ_CC) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  $(STRICT) -D_GNU_SOURCE -I. -Iinclude -Ilib -Itools $< \
	  lib/base/status.c lib/base/fail.c lib/config/config.c lib/config/architectures.c \
	  $(wildcard lib/checkpoint/*.c lib/files/*.c image/decode*.c) -o $@ \
	  $(JANSSON) $(ZIP) $(CODECS) -lm

fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%)
	for f in $(FUZZERS:fuzz_%=%); do \
	  mkdir -p $(BUILD)/fuzz/corpus/$$f && \
	  $(BUILD)/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/$$f- $(BUILD)/fuzz/corpus/$$f tests/fuzz/seeds/$$f || exit 1; \
	done

# The arm64 build against this machine's, under emulation; its kernels from both compilers.
ARM64 := $(BUILD)/aarch64
ARM64_CC := aarch64-linux-gnu-gcc
check-arm64: deps-arm64
	@$(MAKE) --no-print-directory $(BUILD)/vit $(BUILD)/demo
	@$(MAKE) --no-print-directory CC='$(ARM64_CC)' BUILD=$(ARM64) \
	  all $(ARM64)/demo $(ARM64)/embed
	@$(MAKE) --no-print-directory CC='$(ARM64_CC)' BUILD=$(ARM64)-clang \
	  KERNEL_CC='clang --target=aarch64-linux-gnu' $(ARM64)-clang/vit
	@tests/arm64.sh $(BUILD) $(ARM64) $(DIGEST_MODELS)

# --- the benchmarks

# What the report says of the flags: those of all, then those of each level's kernels.
BENCH_FLAGS = $(CFLAGS) $(LDFLAGS); kernels $(KERNEL_CFLAGS)$(foreach i,$(ISAS),; $i $(FLAGS_$i))

$(BUILD)/bench/%.o: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -Icheck -fopenmp \
	  $(if $(filter %/bench/main.o,$@),-DBENCH_FLAGS='"$(strip $(BENCH_FLAGS))"') -c $< -o $@

$(BUILD)/bench/%.o: bench/%.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CXX)$(CXX) $(CXXFLAGS) -Wall -Wextra -MMD -MP -c $< -o $@

$(BUILD)/bench/run: $(BENCH_OBJECTS) $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(BENCHMARK) -lstdc++ $(JANSSON) $(ZIP) -lm

bench: deps
	@$(MAKE) --no-print-directory $(BUILD)/bench/run
	@$(BUILD)/bench/run $(BENCH)

PEER_OBJECTS := $(patsubst %,$(BUILD)/bench/peers/%.o,main settings common bind interleave report \
                  kernels forward start libvit blas onednn processes child) \
                $(BUILD)/check/kernel_cases.o \
                $(patsubst %,$(BUILD)/tools/%.o,build_info clock operations peak)
# Without oneDNN's header it is built without it, and says so when it runs.
ONEDNN = $(shell $(CXX) -fsyntax-only -xc++ -include dnnl.hpp /dev/null 2>&1 || echo missing)

$(BUILD)/bench/peers/main.o: private COMMON += -DVIT_FLAGS='"$(CFLAGS) $(KERNEL_CFLAGS)"'
$(BUILD)/bench/peers/run: $(PEER_OBJECTS) $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(if $(ONEDNN),,-ldnnl) -lstdc++ $(JANSSON) $(ZIP) -lm

FIRST_OBJECTS := $(patsubst %,$(BUILD)/%.o,bench/peers/time_to_first bench/peers/common tools/clock)
$(BUILD)/bench/peers/first: $(FIRST_OBJECTS) $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(ZIP) -lm

$(BUILD)/peers/$(ONNXRUNTIME):
	@mkdir -p $(@D)
	@echo installing $(ONNXRUNTIME)
	@npm install --prefix $(@D) --ignore-scripts --no-save --no-audit --no-fund --silent \
	  $(ONNXRUNTIME) && touch $@

# What cannot be installed does not end it: the tables name what is missing.
bench-peers: deps
	-@$(MAKE) --no-print-directory deps DEPS='$(DEPS_PEERS)'
	-@$(MAKE) --no-print-directory $(BUILD)/peers/$(ONNXRUNTIME)
	@$(MAKE) --no-print-directory $(BUILD)/bench/peers/run $(BUILD)/bench/peers/first
	@$(BUILD)/bench/peers/run --build $(BUILD) $(PEERS)

# What make bench BENCH=--benchmark_out=$(BUILD)/bench.json and make bench-peers wrote, in one list.
RESULTS := $(PYTHON) bench/results.py $(BUILD)/bench.json $(BUILD)/bench-peers.json

plots: DEPS += $(DEPS_PLOTS)
plots: deps
	@$(RESULTS) $(BUILD)/results.json
	@$(PYTHON) bench/plots.py $(BUILD)/results.json docs/plots

# The same list is kept for each release: measured at its commit, then committed on top of it.
bench-history:
	@$(RESULTS) bench/history/$(VERSION).json

# Needs no machine of either kind: objects are taken apart, not run.
mca: deps-mca
	@for a in x86_64 aarch64; do \
	  $(MAKE) --no-print-directory CC=$$a-linux-gnu-gcc BUILD=$(BUILD)/mca/gcc-$$a kernels && \
	  $(MAKE) --no-print-directory CC="clang --target=$$a-linux-gnu" BUILD=$(BUILD)/mca/clang-$$a \
	    kernels || exit 1; done
	@$(PYTHON) bench/mca.py $(BUILD)/mca

# --- packages, installation, layout

deps-dev: DEPS += $(DEPS_DEV)
deps-arm64: DEPS += $(DEPS_ARM64)
deps-mca: DEPS += $(DEPS_MCA)
deps deps-dev deps-arm64 deps-mca:
	@command -v dpkg-query >/dev/null || { echo 'not Debian; needed here: $(DEPS)'; exit 0; }; \
	missing=; for p in $(DEPS); do \
	  dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || \
	    missing="$$missing $$p"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as=sudo; else \
	  echo "install these packages as root, then try again:$$missing"; exit 1; fi; \
	echo "installing$$missing"; \
	case "$$missing" in *:arm64*) $$as dpkg --add-architecture arm64;; esac; \
	$$as apt-get update -qq && \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing \
	  >/dev/null

TO := $(DESTDIR)$(PREFIX)
install: all
	install -d "$(TO)/include/vit" "$(TO)/lib/pkgconfig" "$(TO)/lib/cmake/vit" "$(TO)/bin"
	install -m 644 include/vit/*.h "$(TO)/include/vit"
	install -m 644 $(BUILD)/libvit.a "$(TO)/lib"
	install -m 755 $(SHARED) "$(TO)/lib"
	ln -sf $(notdir $(SHARED)) "$(TO)/lib/$(SONAME)"
	ln -sf $(SONAME) "$(TO)/lib/libvit.so"
	install -m 644 $(BUILD)/vit.pc "$(TO)/lib/pkgconfig"
	install -m 644 $(BUILD)/vitConfig.cmake "$(TO)/lib/cmake/vit"
	install -m 755 $(BUILD)/vit "$(TO)/bin"

uninstall:
	cd "$(TO)" && rm -f $(wildcard include/vit/*.h) bin/vit lib/libvit.a lib/libvit.so lib/$(SONAME) \
	  lib/$(notdir $(SHARED)) lib/pkgconfig/vit.pc lib/cmake/vit/vitConfig.cmake
	cd "$(TO)" && rmdir --ignore-fail-on-non-empty include/vit lib/cmake/vit

format:
	@clang-format -i $(SOURCES)

format-check:
	@clang-format --dry-run -Werror $(SOURCES)
	@! LC_ALL=C.UTF-8 grep -nE '.{101}' $(SOURCES) Makefile

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
