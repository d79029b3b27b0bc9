# mk/deps.mk - the packages of each target: `make deps` installs them, `make test` only checks

.PHONY: deps deps-dev deps-arm64 deps-mca deps-packages deps-python deps-serve deps-cluster

# Libraries by the name that pkg-config knows, with Debian's package.
PACKAGE_jansson := libjansson-dev
PACKAGE_yajl := libyajl-dev
PACKAGE_nettle := nettle-dev
PACKAGE_minizip := libminizip-dev
PACKAGE_zlib := zlib1g-dev
PACKAGE_libjpeg := libjpeg62-turbo-dev
PACKAGE_libpng := libpng-dev
PACKAGE_libwebp := libwebp-dev
PACKAGE_libarchive := libarchive-dev
PACKAGE_libmicrohttpd := libmicrohttpd-dev
PACKAGE_criterion := libcriterion-dev
PACKAGE_benchmark := libbenchmark-dev
# Their licenses by SPDX's names, for the bill of materials (make sbom).
LICENSE_jansson := MIT
LICENSE_yajl := ISC
LICENSE_nettle := LGPL-3.0-or-later OR GPL-2.0-or-later
LICENSE_minizip := Zlib
LICENSE_zlib := Zlib
LICENSE_libjpeg := IJG AND BSD-3-Clause AND Zlib
LICENSE_libpng := libpng-2.0
LICENSE_libwebp := BSD-3-Clause
LICENSE_libarchive := BSD-2-Clause
LICENSE_libmicrohttpd := LGPL-2.1-or-later
NEEDS := jansson yajl nettle minizip zlib libjpeg libpng libwebp libarchive
PACKAGES = $(foreach m,$(1),$(PACKAGE_$m))

# For demo, check and bench; then for contributors.
DEPS := gcc g++ make pkg-config $(call PACKAGES,$(NEEDS) criterion benchmark)
DEPS_PEERS = libdnnl-dev libopenblas0-pthread libopenblas0-openmp libblis4-openmp \
             python3-torch python3-onnx python3-numpy \
             $(if $(shell command -v npm),,nodejs npm)
DEPS_PREPROCESS := python3-pil python3-opencv libvips42
DEPS_PLOTS := python3-matplotlib
DEPS_CROSS := gcc-aarch64-linux-gnu libc6-dev-arm64-cross
DEPS_ARM64 := $(DEPS_CROSS) $(addsuffix :arm64,$(call PACKAGES,$(NEEDS)) libgomp1) \
              qemu-user-static clang
DEPS_CLUSTER := openssh-client openssh-server parallel iproute2 munge slurmctld slurmd slurm-client
DEPS_MCA := $(DEPS_CROSS) clang llvm-19 python3
DEPS_PYTHON := python3 python3-numpy python3-pil python3-torch python3-setuptools python3-wheel \
               python3-pip python3-mypy
DEPS_SERVE := $(call PACKAGES,$(NEEDS_SERVE)) chromium chromium-driver curl openssl prometheus \
              python3 python3-httpx wrk
DEPS_PACKAGES = dpkg-dev debhelper dh-python lintian blhc mmdebstrap buildah iproute2 util-linux \
                $(call PACKAGES,$(NEEDS_SERVE)) mandoc man-db groff-base bash-completion python3 \
                node-spdx-license-ids node-spdx-exceptions
DEPS_DEV := clang clang-format clang-tidy libomp-dev libclang-rt-14-dev llvm shellcheck doxygen \
            cmake abigail-tools perl python3 locales valgrind $(call PACKAGES,$(NEEDS_SERVE))

# $(call REQUIRE,MODULE ...) fails with the names of the packages that pkg-config does not find.
REQUIRE = @missing=; for need in $(foreach m,$(1),$m:$(PACKAGE_$m)); do \
  $(PKG_CONFIG) --exists $${need%%:*} || missing="$$missing $${need\#*:}"; done; \
  [ -z "$$missing" ] || { echo "make $@: missing packages:$$missing (make deps installs them)"; \
  exit 1; }

## deps: install what demo, check and bench need (Debian)
## deps-dev: install what contributors need
## deps-arm64: install what check-arm64 needs
## deps-mca: install what mca needs
## deps-packages: install what packages, check-packages, check-share and check-container need
## deps-python: install what every test of the Python package needs
## deps-serve: install what the server and check-serve need
## deps-cluster: install what check-cluster needs
deps-dev: DEPS += $(DEPS_DEV)
deps-arm64: DEPS += $(DEPS_ARM64)
deps-mca: DEPS += $(DEPS_MCA)
deps-packages: DEPS += $(DEPS_PACKAGES)
deps-python: DEPS += $(DEPS_PYTHON)
deps-serve: DEPS += $(DEPS_SERVE)
deps-cluster: DEPS += $(DEPS_CLUSTER)
deps deps-dev deps-arm64 deps-mca deps-packages deps-python deps-serve deps-cluster:
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
