# mk/install.mk - installs what is built, without building anything, and removes it again

.PHONY: install uninstall

BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/libvit
COMPLETIONDIR ?= $(DATADIR)/bash-completion/completions
INSTALL ?= install
LDCONFIG ?= ldconfig

# A directory below PREFIX is written as ${prefix}/..., so that pkg-config can move the package.
BELOW_PREFIX = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
# CMake finds the headers relative to the package's directory: ../ for each component of LIBDIR.
EMPTY :=
ifneq ($(filter $(PREFIX)/%,$(LIBDIR)),)
UP := $(subst $(EMPTY) ,/,$(patsubst %,..,$(subst /, ,$(patsubst $(PREFIX)/%,%,$(LIBDIR)))))
CMAKE_INCLUDEDIR := $(patsubst $(PREFIX)/%,$${VIT_LIBDIR}/$(UP)/%,$(INCLUDEDIR))
else
CMAKE_INCLUDEDIR := $(INCLUDEDIR)
endif

# What the static libraries need: users need no .pc file of these. OpenMP's library is the one that
# the shared library was linked with.
OPENMP_LIBS = $(shell $(CROSS_COMPILE)readelf -d $(SHARED) | \
                sed -n 's/.*NEEDED.*\[lib\(gomp\|omp\|iomp5\)\.so.*/-l\1/p')
VIT_LIBS = $(strip $(ZIP) $(YAJL) $(NETTLE) $(OPENMP_LIBS) -pthread -lm)
IMAGE_LIBS = $(strip $(CODECS) -lm)

# $(call FILL,NAME): the template packaging/NAME.in with its values.
FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' \
  -e 's|@SOVERSION@|$(SOVERSION)|g' -e 's|@LIBDIR@|$(call BELOW_PREFIX,$(LIBDIR))|g' \
  -e 's|@INCLUDEDIR@|$(call BELOW_PREFIX,$(INCLUDEDIR))|g' \
  -e 's|@VIT_LIBS@|$(VIT_LIBS)|g' -e 's|@IMAGE_LIBS@|$(IMAGE_LIBS)|g' \
  -e 's|@CMAKE_INCLUDEDIR@|$(CMAKE_INCLUDEDIR)|g' packaging/$(1).in

# The server is installed where its libraries were found.
PROGRAMS := $(COMMAND) $(SERVER)
LIBRARIES := $(BUILD)/libvit.a $(SHARED) $(IMAGE_LIBRARIES)
PC_FILES := vit.pc vit-image.pc
CMAKE_FILES := vitConfig.cmake vitConfigVersion.cmake

## install: copy what is built to PREFIX (/usr/local) under DESTDIR
install:
	@for file in $(LIBRARIES) $(PROGRAMS) $(MAN_PAGES); do \
	  [ -e $$file ] || { echo "$$file: not built; run make first"; exit 1; }; done
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(INCLUDEDIR)/vit" \
	  "$(DESTDIR)$(LIBDIR)/pkgconfig" "$(DESTDIR)$(LIBDIR)/cmake/vit" "$(DESTDIR)$(MANDIR)/man1" \
	  "$(DESTDIR)$(COMPLETIONDIR)"
	$(INSTALL) -m 644 include/vit/*.h "$(DESTDIR)$(INCLUDEDIR)/vit"
	$(INSTALL) -m 644 $(filter %.a,$(LIBRARIES)) "$(DESTDIR)$(LIBDIR)"
	$(INSTALL) -m 755 $(filter-out %.a,$(LIBRARIES)) "$(DESTDIR)$(LIBDIR)"
	for name in $(patsubst %.so.$(VERSION),%,$(notdir $(filter-out %.a,$(LIBRARIES)))); do \
	  ln -sf $$name.so.$(VERSION) "$(DESTDIR)$(LIBDIR)/$$name.so.$(SOVERSION)" && \
	  ln -sf $$name.so.$(SOVERSION) "$(DESTDIR)$(LIBDIR)/$$name.so" || exit 1; done
	$(foreach f,$(PC_FILES),$(call FILL,$f) >"$(DESTDIR)$(LIBDIR)/pkgconfig/$f" &&) true
	$(foreach f,$(CMAKE_FILES),$(call FILL,$f) >"$(DESTDIR)$(LIBDIR)/cmake/vit/$f" &&) true
	$(if $(MAN_PAGES),$(INSTALL) -m 644 $(MAN_PAGES) "$(DESTDIR)$(MANDIR)/man1",\
	  @echo 'install: no man pages; make man says why')
	for program in libvit $(if $(SERVER),libvit-serve); do \
	  $(INSTALL) -m 644 packaging/completion/libvit.bash "$(DESTDIR)$(COMPLETIONDIR)/$$program" || \
	  exit 1; done
	$(INSTALL) -m 755 $(PROGRAMS) "$(DESTDIR)$(BINDIR)"
	@[ ! -e $(SBOM) ] || if [ -n "$$(find $(LIBRARIES) $(PROGRAMS) -newer $(SBOM))" ]; then \
	  echo 'install: $(SBOM) is older than what it lists; make sbom renews it'; else \
	  $(INSTALL) -d "$(DESTDIR)$(DOCDIR)" && $(INSTALL) -m 644 $(SBOM) "$(DESTDIR)$(DOCDIR)"; fi
	@[ -n "$(DESTDIR)" ] || packaging/loader.sh '$(LDCONFIG)' "$(LIBDIR)" libvit.so.$(SOVERSION)

## uninstall: remove what install copies
uninstall:
	cd "$(DESTDIR)$(BINDIR)" && rm -f libvit libvit-serve
	rm -f $(PAGES:%="$(DESTDIR)$(MANDIR)/man1/%.1") "$(DESTDIR)$(DOCDIR)/$(notdir $(SBOM))" \
	  "$(DESTDIR)$(COMPLETIONDIR)/libvit" "$(DESTDIR)$(COMPLETIONDIR)/libvit-serve"
	cd "$(DESTDIR)$(LIBDIR)" && rm -f $(notdir $(LIBRARIES)) \
	  $(patsubst %.$(VERSION),%.$(SOVERSION),$(notdir $(filter-out %.a,$(LIBRARIES)))) \
	  $(patsubst %.so.$(VERSION),%.so,$(notdir $(filter-out %.a,$(LIBRARIES)))) \
	  $(PC_FILES:%=pkgconfig/%) $(CMAKE_FILES:%=cmake/vit/%)
	cd "$(DESTDIR)$(INCLUDEDIR)" && rm -f $(patsubst include/%,%,$(wildcard include/vit/*.h))
	-rmdir "$(DESTDIR)$(INCLUDEDIR)/vit" "$(DESTDIR)$(LIBDIR)/cmake/vit"
	-[ ! -d "$(DESTDIR)$(DOCDIR)" ] || rmdir "$(DESTDIR)$(DOCDIR)"
