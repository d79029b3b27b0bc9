# Makefile - builds, proves, measures and installs libvit; `make help` lists the targets

PREFIX ?= /usr/local
BUILD ?= build
CC ?= cc
CXX ?= c++
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
SANITIZE ?=
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
OBJCOPY ?= objcopy
PYTHON ?= /usr/bin/python3

VERSION := $(shell sed -n 's/^\#define VIT_VERSION "\(.*\)"/\1/p' include/vit/vit.h)
SONAME := libvit.so.$(firstword $(subst ., ,$(VERSION)))
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
ARCH := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null)))

# Debian's packages: for demo, check and bench; and what only contributors need.
DEPS := gcc g++ make pkg-config libjansson-dev libjpeg62-turbo-dev libpng-dev libwebp-dev \
        libcriterion-dev libbenchmark-dev
DEPS_PEERS = libdnnl-dev libopenblas0-pthread libopenblas0-openmp libblis4-openmp \
             python3-torch python3-onnx python3-numpy \
             $(if $(shell command -v npm),,nodejs npm)
# The npm package whose CPU library is ONNX Runtime.
ONNXRUNTIME := onnxruntime-node@1.30.0
DEPS_PLOTS := python3-matplotlib
DEPS_DEV := clang clang-format libomp-dev libclang-rt-14-dev gcc-aarch64-linux-gnu \
            libc6-dev-arm64-cross

# One line per instruction set, and the sets of each architecture.
FLAGS_scalar :=
FLAGS_avx2 := -mavx2 -mfma
FLAGS_avx512 := $(FLAGS_avx2) -mavx512f -mavx512bw -mavx512dq -mavx512vl
FLAGS_neon :=
ISAS_x86_64 := scalar avx2 avx512
ISAS_aarch64 := scalar neon
ISAS := $(or $(ISAS_$(ARCH)),scalar)

# The numeric contract: one rounding per operation as written, nothing reordered (docs/numerics.md).
STRICT := -std=c11 -Wall -Wextra -fno-fast-math -ffp-contract=off -fno-math-errno
COMMON := $(STRICT) -D_GNU_SOURCE -I. -Iinclude -Ilib -MMD -MP \
          $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# The tests count what the library asks of these (tests/test_forward.c).
WRAP := malloc calloc realloc aligned_alloc GOMP_parallel

LINK := $(LDFLAGS) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -fopenmp

# $(call RUN,what) before a command shows what is made, or with V=1 the command itself.
RUN = $(if $(V),,@printf '  %-6s %s\n' $(1) $@;)

# Evaluated when a recipe runs, that is after `deps` may have installed what they ask for.
JANSSON = $(shell pkg-config --libs jansson)
CODECS = $(shell pkg-config --libs libjpeg libpng libwebp)
CRITERION = $(shell pkg-config --libs criterion)
BENCHMARK = $(shell pkg-config --libs benchmark)

KERNEL_OBJECTS := $(foreach i,$(ISAS),$(BUILD)/kernels/$i/$i.o)
LIB_OBJECTS := $(KERNEL_OBJECTS) $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/*/*.c))
TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tools/*.c))
DECODE_OBJECTS := $(filter $(BUILD)/tools/decode%,$(TOOL_OBJECTS))
NPY_OBJECT := $(BUILD)/tools/npy.o
TEST_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c))
BENCH_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard bench/*.c)) $(BUILD)/bench/shim.o \
                 $(BUILD)/tests/kernel_cases.o \
                 $(patsubst %,$(BUILD)/tools/%.o,about clock operations peak series)
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
SHARED := $(BUILD)/libvit.so.$(VERSION)
SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')

.PHONY: all demo check bench bench-peers plots bench-history deps deps-dev install uninstall \
        format format-check cross fuzz clean help FORCE
.DELETE_ON_ERROR:

all: $(BUILD)/libvit.a $(SHARED) $(BUILD)/vit $(BUILD)/vit.pc $(BUILD)/vitConfig.cmake

help:
	@echo 'make all        the static and the shared library, the vit command'
	@echo 'make demo       classify the held-out digits with the trained model in models/digits'
	@echo 'make check      every test: kernels bit for bit on every level, models, files, the command'
	@echo 'make bench      kernels against the FMA peak of this machine (BENCH=--benchmark_filter=…)'
	@echo 'make bench-peers  beside OpenBLAS, BLIS, oneDNN, ONNX Runtime and PyTorch, taking turns'
	@echo '                (PEERS="--only matmul,rows,forward,start --rounds 15 --isa avx512 …")'
	@echo 'make plots      docs/plots/*.svg, from $(BUILD)/bench.json and $(BUILD)/bench-peers.json'
	@echo 'make deps       install what demo, check and bench need; deps-dev: what contributors need'
	@echo 'make install    to PREFIX ($(PREFIX)) under DESTDIR; uninstall'
	@echo 'make format     lay the sources out; format-check: see that they are'
	@echo 'make cross      compile the NEON kernels for aarch64'
	@echo 'make fuzz       every parser for FUZZ_SECONDS ($(FUZZ_SECONDS)) each'
	@echo 'make clean      remove $(BUILD)/'
	@echo 'Variables: CC CFLAGS LDFLAGS BUILD SANITIZE=address,undefined PREFIX DESTDIR V=1'

# What objects depend on beside files, in files that are written only when it has changed: the
# flags, so that no build mixes two kinds of objects; the commit, which the command reports.
$(BUILD)/flags: NOTE = $(CC) $(CFLAGS) $(COMMON) $(CXX) $(CXXFLAGS)
$(BUILD)/commit: NOTE = $(COMMIT)
$(BUILD)/prefix: NOTE = $(PREFIX) $(VERSION)
$(BUILD)/flags $(BUILD)/commit $(BUILD)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(NOTE)' | cmp -s - $@ || echo '$(NOTE)' > $@
$(BUILD)/tools/about.o: $(BUILD)/commit

# --- the library

$(BUILD)/kernels/%.o: kernels/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) -O3 $(FLAGS_$(notdir $*)) $(COMMON) -fPIC -fvisibility=hidden \
	  -c $< -o $@

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
	$(call RUN,LINK)$(CC) -shared -Wl,-soname,$(SONAME) -o $@ $^ $(LINK) $(JANSSON) -lm
	@ln -sf $(@F) $(BUILD)/$(SONAME)
	@ln -sf $(SONAME) $(BUILD)/libvit.so

$(BUILD)/vit.pc: $(BUILD)/prefix
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'includedir=$${prefix}/include' 'libdir=$${prefix}/lib' '' \
	  'Name: vit' 'Description: SIMD kernels and the Vision Transformer forward pass' \
	  'Version: $(VERSION)' 'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lvit' \
	  'Libs.private: -lgomp -lm' 'Requires.private: jansson' > $@

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
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) $(if $(filter %/about.o,$@),-DVIT_COMMIT='"$(COMMIT)"') \
	  -c $< -o $@

$(BUILD)/vit: $(TOOL_OBJECTS) $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(CODECS) -lm

$(BUILD)/examples/%.o: examples/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -c $< -o $@

$(BUILD)/demo: $(BUILD)/examples/demo.o $(DECODE_OBJECTS) $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) $(CODECS) -lm

$(BUILD)/embed: $(BUILD)/examples/embed.o $(SHARED)
	$(call RUN,LINK)$(CC) -o $@ $< $(LINK) -L$(BUILD) -Wl,-rpath,'$$ORIGIN' -lvit

demo: deps
	@$(MAKE) --no-print-directory $(BUILD)/demo
	@$(BUILD)/demo

# --- the tests

$(BUILD)/tests/%.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -Itools -Itests -fopenmp -c $< -o $@

$(BUILD)/tests/run: $(TEST_OBJECTS) $(LIB_OBJECTS) $(DECODE_OBJECTS) $(NPY_OBJECT)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(CRITERION) $(JANSSON) $(CODECS) -lm $(WRAP:%=-Wl,--wrap=%)

check: deps
	@$(MAKE) --no-print-directory all $(BUILD)/tests/run $(BUILD)/embed $(BUILD)/demo
	@sed -n '/^```c$$/,/^```$$/p' README.md | sed '1d;$$d' | diff - examples/embed.c || \
	  { echo 'README.md: its C example is not examples/embed.c'; exit 1; }
	@test "$$($(BUILD)/embed)" = three || { echo 'examples/embed.c does not see a three'; exit 1; }
	@ASAN_OPTIONS=allocator_may_return_null=1 VIT_BUILD=$(BUILD) $(BUILD)/tests/run $(CHECK)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(wildcard lib/*/*.[ch] tools/*.[ch] include/vit/*.h)
	@mkdir -p $(@D)
	$(call RUN,CC)$(FUZZ_CC) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  $(STRICT) -D_GNU_SOURCE -I. -Iinclude -Ilib -Itools $< lib/base/status.c lib/base/config.c \
	  $(wildcard lib/checkpoint/*.c) $(wildcard tools/decode*.c) tools/npy.c -o $@ \
	  $(JANSSON) $(CODECS) -lm

fuzz: $(FUZZERS:%=$(BUILD)/fuzz/%)
	for f in $(FUZZERS:fuzz_%=%); do \
	  mkdir -p $(BUILD)/fuzz/corpus/$$f && \
	  $(BUILD)/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/$$f- $(BUILD)/fuzz/corpus/$$f tests/fuzz/seeds/$$f || exit 1; \
	done

cross:
	@$(MAKE) --no-print-directory CC=aarch64-linux-gnu-gcc BUILD=$(BUILD)/aarch64 \
	  CFLAGS='-O2 -Werror' $(foreach i,$(ISAS_aarch64),$(BUILD)/aarch64/kernels/$i/$i.o)

# --- the benchmarks

# What the report says of the flags: those of all, then those of each level's kernels.
BENCH_FLAGS = $(CFLAGS) $(LDFLAGS); kernels -O3$(foreach i,$(ISAS),; $i $(FLAGS_$i))

$(BUILD)/bench/%.o: bench/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(CC) $(CFLAGS) $(COMMON) -Itests -fopenmp \
	  $(if $(filter %/bench/main.o,$@),-DBENCH_FLAGS='"$(strip $(BENCH_FLAGS))"') -c $< -o $@

$(BUILD)/bench/%.o: bench/%.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CXX)$(CXX) $(CXXFLAGS) -Wall -Wextra -MMD -MP -c $< -o $@

$(BUILD)/bench/run: $(BENCH_OBJECTS) $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(BENCHMARK) -lstdc++ $(JANSSON) -lm

bench: deps
	@$(MAKE) --no-print-directory $(BUILD)/bench/run
	@$(BUILD)/bench/run $(BENCH)

PEER_OBJECTS := $(patsubst %,$(BUILD)/bench/peers/%.o,main settings common bind turns report \
                  kernels forward start libvit blas onednn processes child) \
                $(BUILD)/tests/kernel_cases.o \
                $(patsubst %,$(BUILD)/tools/%.o,about clock operations peak)
# Without oneDNN's header it is built without it, and says so when it runs.
ONEDNN = $(shell $(CXX) -fsyntax-only -xc++ -include dnnl.hpp /dev/null 2>&1 || echo missing)

$(BUILD)/bench/peers/main.o: private COMMON += -DVIT_FLAGS='"$(CFLAGS) -O3"'
$(BUILD)/bench/peers/run: $(PEER_OBJECTS) $(LIB_OBJECTS)
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(if $(ONEDNN),,-ldnnl) -lstdc++ $(JANSSON) -lm

FIRST_OBJECTS := $(patsubst %,$(BUILD)/%.o,bench/peers/first bench/peers/common tools/clock)
$(BUILD)/bench/peers/first: $(FIRST_OBJECTS) $(BUILD)/libvit.a
	$(call RUN,LINK)$(CC) -o $@ $^ $(LINK) $(JANSSON) -lm

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

# --- packages, installation, layout

deps-dev: DEPS += $(DEPS_DEV)
deps deps-dev:
	@command -v dpkg-query >/dev/null || { echo 'not Debian; needed here: $(DEPS)'; exit 0; }; \
	missing=; for p in $(DEPS); do \
	  dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || \
	    missing="$$missing $$p"; done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then as=; elif command -v sudo >/dev/null; then as=sudo; else \
	  echo "install these packages as root, then try again:$$missing"; exit 1; fi; \
	echo "installing$$missing"; \
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
