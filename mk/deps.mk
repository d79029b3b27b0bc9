# mk/deps.mk - the packages of Debian that a target needs; installs those that are missing

.PHONY: deps deps-dev deps-arm64 deps-mca

# For demo, check and bench; then for what only contributors do.
DEPS := gcc g++ make pkg-config libjansson-dev libzip-dev libjpeg62-turbo-dev libpng-dev \
        libwebp-dev libcriterion-dev libbenchmark-dev
DEPS_PEERS = libdnnl-dev libopenblas0-pthread libopenblas0-openmp libblis4-openmp \
             python3-torch python3-onnx python3-numpy \
             $(if $(shell command -v npm),,nodejs npm)
DEPS_PLOTS := python3-matplotlib
DEPS_CROSS := gcc-aarch64-linux-gnu libc6-dev-arm64-cross
DEPS_ARM64 := $(DEPS_CROSS) libjansson-dev:arm64 libzip-dev:arm64 libjpeg62-turbo-dev:arm64 \
              libpng-dev:arm64 libwebp-dev:arm64 libgomp1:arm64 qemu-user-static clang
DEPS_MCA := $(DEPS_CROSS) clang llvm-19 python3
DEPS_DEV := clang clang-format libomp-dev libclang-rt-14-dev

## deps: install what demo, check and bench need (Debian)
## deps-dev: install what contributors need
## deps-arm64: install what check-arm64 needs
## deps-mca: install what mca needs
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
