# Makefile - toolchain, flags and compile rules; each part's Makefile.inc lists what it builds
#
# `make` builds the libraries and the command, `make help` lists the targets.

.PHONY: all help clean FORCE
.DELETE_ON_ERROR:

## all: the libraries, static and shared, and the command (what plain `make` does)
all:

# --- what a user may set

prefix ?= /usr/local
PREFIX ?= $(prefix)
CXX ?= c++
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
KERNEL_CC ?= $(CC)
# Alignment keeps a kernel as fast wherever the linker places it: moved by 32 bytes, scalar's gelu
# took 6 % longer (Zen 4), and so did AVX-512's softmax (Emerald Rapids).
KERNEL_CFLAGS ?= -O3 -falign-functions=64 -falign-loops=32
SANITIZE ?=
# OPENMP=no: forward passes use the library's own threads.
OPENMP ?= yes
PYTHON ?= /usr/bin/python3

# --- the toolchain

# Cross-compilation: make ARCH=aarch64 uses Debian's cross-compiler and libraries;
# CROSS_COMPILE=PREFIX- selects other tools, and PKG_CONFIG finds their libraries.
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

VERSION := $(shell sed -n 's/^\#define VIT_VERSION "\(.*\)"/\1/p' include/vit/*.h)
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
# Until 1.0 a minor version may change the ABI.
SOVERSION := $(word 1,$(subst ., ,$(VERSION))).$(word 2,$(subst ., ,$(VERSION)))

# --- flags

# The numeric contract: each operation is rounded once, as written (docs/numerics.md).
STRICT := -std=c11 -Wall -Wextra -fno-fast-math -ffp-contract=off -fno-math-errno \
          -Werror=implicit-function-declaration
# POSIX 2008, which macOS and the BSDs have too. lib/base and two files of measure/ use more.
SYSTEM := -D_XOPEN_SOURCE=700
# A frame above a page touches each page in order, so that it cannot step over a guard page. Kernels
# have smaller frames, and an own compiler.
GUARDED := $(shell $(CC) -Werror -fstack-clash-protection -x c -c /dev/null -o /dev/null \
             2>/dev/null && echo -fstack-clash-protection)
COMMON = $(STRICT) $(SYSTEM) -I. -Iinclude -Ilib $(CPPFLAGS) -MMD -MP \
         $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# With CFLAGS='-O2 -flto' the linker compiles too. A relocatable object is then machine code, whose
# internal names can become local: gcc must be told, clang does it by itself.
LTO := $(filter -flto%,$(CFLAGS))
NOLTO_REL := $(if $(LTO),$(shell $(CC) -flinker-output=nolto-rel -x c -c /dev/null -o /dev/null \
                           2>/dev/null && echo -flinker-output=nolto-rel))
RELOCATABLE = $(CC) $(LTO) $(NOLTO_REL) -r -nostdlib
OPENMP_FLAG := $(if $(filter no,$(OPENMP)),,-fopenmp)
LINK = $(LDFLAGS) $(LTO) $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(OPENMP_FLAG) -pthread

# Expanded when a recipe runs: a recipe may have installed these libraries.
JANSSON = $(shell $(PKG_CONFIG) --libs jansson)
YAJL = $(shell $(PKG_CONFIG) --libs yajl)
NETTLE = $(shell $(PKG_CONFIG) --libs nettle)
ZIP = $(shell $(PKG_CONFIG) --libs minizip zlib)
CODECS = $(shell $(PKG_CONFIG) --libs libjpeg libpng libwebp)
ARCHIVES = $(shell $(PKG_CONFIG) --libs libarchive)
CRITERION = $(shell $(PKG_CONFIG) --libs criterion)
BENCHMARK = $(shell $(PKG_CONFIG) --libs benchmark)

# --- rules

# $(call RUN,what) before a command prints what it makes; with V=1, the command itself.
RUN = $(if $(V),,@printf '  %-6s %s\n' $(1) $@;)
SUBMAKE = +@$(MAKE) --no-print-directory

# A part adds flags to its objects with PART, a pattern-specific variable, or replaces COMPILE.
COMPILE = $(CC) $(CFLAGS) $(GUARDED)
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CC)$(COMPILE) $(COMMON) $(PART) -c $< -o $@

$(BUILD)/%.o: %.cc $(BUILD)/flags
	@mkdir -p $(@D)
	$(call RUN,CXX)$(CXX) $(CXXFLAGS) -Wall -Wextra -Iinclude $(CPPFLAGS) $(PART) -MMD -MP -c $< -o $@

# $(call OBJECTS,file.c ...), $(call C_FILES,directory ...)
OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(1))
C_FILES = $(wildcard $(foreach d,$(1),$d/*.c $d/*/*.c))

# Files that are written only when their text changes: the flags, on which every object depends,
# so that no build mixes two sets of them; the commit, which the command prints; its date.
$(BUILD)/flags: NOTE = $(CC) $(CFLAGS) $(GUARDED) $(KERNEL_CC) $(KERNEL_CFLAGS) $(COMMON) \
  $(CXX) $(CXXFLAGS) $(OPENMP_FLAG) \
  $(foreach i,$(ISAS),$(FLAGS_$i)) $(SANITIZE_KERNEL)
$(BUILD)/commit: NOTE = $(COMMIT)
$(BUILD)/flags $(BUILD)/commit $(BUILD)/date: FORCE
	@mkdir -p $(@D)
	@echo '$(NOTE)' | cmp -s - $@ || echo '$(NOTE)' > $@

# --- the parts

# The directories of what users get. The checks of the sources and of the objects follow this list.
SHIPPED := kernels lib image check measure tools examples
# The server, where its libraries are: the command does not need them.
NEEDS_SERVE := libmicrohttpd nettle
SHIPPED += $(if $(shell $(PKG_CONFIG) --exists $(NEEDS_SERVE) && echo found),server)
PARTS := $(addsuffix /Makefile.inc,$(SHIPPED) tests bench bindings/python) \
         mk/deps.mk mk/share.mk mk/install.mk mk/package.mk mk/lint.mk mk/abi.mk
include $(PARTS)

# The lines that begin with two number signs, from this file and its parts.
## help: this list
help:
	@sed -n 's/^## \([a-z0-9-]*\): /\1|/p' Makefile $(PARTS) | \
	  awk -F '|' '{ printf "make %-16s %s\n", $$1, $$2 }'
	@echo
	@echo 'Variables: CC CFLAGS CPPFLAGS LDFLAGS KERNEL_CC KERNEL_CFLAGS BUILD ARCH CROSS_COMPILE'
	@echo 'SANITIZE=address,undefined OPENMP=no MAN=no EMULATOR V=1'
	@echo 'PREFIX BINDIR LIBDIR INCLUDEDIR DATADIR MANDIR DOCDIR COMPLETIONDIR DESTDIR'

## clean: remove the build directory
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
