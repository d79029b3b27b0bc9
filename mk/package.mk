# mk/package.mk - Debian packages from packaging/debian, and their tests

.PHONY: check-packages packages

PACKAGE_DIR := $(BUILD)/packages
PACKAGE_TREE := $(BUILD)/package/libvit-$(VERSION)

# What the command line set is not for the build of the packages: debian/rules sets its own.
OVERRIDDEN = $(foreach v,$(.VARIABLES),$(if $(findstring command line,$(origin $v)),$v))

# Only sources enter: the tracked files, or all files of an archive without git. Their times are
# those of the copy, which dpkg replaces by that of the changelog.
$(PACKAGE_TREE): FORCE
	@found=$$(sed -n '1s/^libvit (\([^)-]*\).*/\1/p' packaging/debian/changelog); \
	  [ "$$found" = $(VERSION) ] || { echo "packaging/debian/changelog: version:" \
	  "expected $(VERSION), found $$found"; exit 1; }
	@rm -rf $@ && mkdir -p $@ $(BUILD)
	@{ if [ -e .git ]; then git ls-files -z; \
	  else find . -samefile $(BUILD) -prune -o ! -type d -print0; fi; } | \
	  xargs -0 cp -P --parents --preserve=mode -t $@
	@cp -r packaging/debian $@/debian
	@echo '$(COMMIT)' >$@/debian/commit

# The tree is removed, so that no call of make finds its .d files.
## packages: the Debian packages in BUILD/packages; DEB_BUILD_OPTIONS=nocheck: without their tests
packages: $(PACKAGE_TREE)
	@rm -rf $(PACKAGE_DIR) && mkdir -p $(PACKAGE_DIR)
	@cd $< && env $(patsubst %,-u %,MAKEFLAGS MFLAGS MAKELEVEL $(OVERRIDDEN)) \
	  dpkg-buildpackage -us -uc -b >../log 2>&1 || { tail -n 50 ../log; exit 1; }
	@mv $(addprefix $(BUILD)/package/,*.deb *.changes *.buildinfo log) $(PACKAGE_DIR)
	@rm -rf $(BUILD)/package
	@ls $(PACKAGE_DIR)/*.deb

# PACKAGE_TESTS='Chroot' runs the tests of such names. PACKAGES_LONG=1 also builds the packages with
# their tests in a clean chroot.
export PACKAGE_TESTS PACKAGES_LONG
## check-packages: the Debian packages: lintian, the same bits twice, their use in a clean chroot
check-packages: deps-packages
	+@DEB_BUILD_OPTIONS="$$DEB_BUILD_OPTIONS nocheck" $(MAKE) --no-print-directory packages
	@set -f; VIT_BUILD=$(BUILD) $(PYTHON) tests/unittests.py tests/packages $$PACKAGE_TESTS
