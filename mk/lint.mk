# mk/lint.mk - static checks of the sources: layout, clang-tidy, shellcheck, API docs

.PHONY: api-docs format format-check shellcheck tidy tidy-shipped

SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')
SCRIPTS = $(shell git ls-files -co --exclude-standard '*.sh' '*.bash') .ci/run
LINE_LIMITED = $(SOURCES) $(SCRIPTS) Makefile $(PARTS) \
               $(shell git ls-files -co --exclude-standard 'bench/*.py' 'bindings/*.py' \
                 'tests/python/*.py' 'tests/share/*.py')

## format: format the sources with clang-format
format:
	@clang-format -i $(SOURCES)

## format-check: fail where format would change a source, or a line exceeds 100 columns
format-check:
	@clang-format --dry-run -Werror $(SOURCES)
	@! LC_ALL=C.UTF-8 grep -nE '.{101}' $(LINE_LIMITED)

## shellcheck: every shell script
shellcheck:
	@shellcheck $(SCRIPTS)

# --- clang-tidy

# An entry for every object: what a dry run of make would compile.
COMPILED = $(KERNEL_OBJECTS) $(call OBJECTS,$(call C_FILES,$(filter-out kernels,$(SHIPPED)))) \
           $(BUILD)/tests/run $(BUILD)/tests/threads/run $(BUILD)/bench/run \
           $(BUILD)/bench/peers/run $(BUILD)/bench/peers/first $(BUILD)/bench/neighbors/run \
           $(BUILD)/bench/cache_misses/run
compile_commands.json: FORCE
	@$(MAKE) --no-print-directory -Bn V=1 CC=clang CXX=clang++ $(COMPILED) | \
	  sed 's/\\/\\\\/g; s/"/\\"/g' | awk -v dir='$(CURDIR)' 'BEGIN { print "[" } \
	  match($$0, / -c [^ ]+ -o /) { printf \
	    "%s{\"directory\": \"%s\", \"file\": \"%s\", \"command\": \"%s\"}", \
	    separator, dir, substr($$0, RSTART + 4, RLENGTH - 8), $$0; separator = ",\n" } \
	  END { print "\n]" }' >$@

# One file a run: clang-tidy 14 carries state from one file to the next (va_list, analyzer).
# NEON's kernels are of another architecture.
## tidy: clang-tidy over every source; .clang-tidy lists the checks and the exceptions
## tidy-shipped: the same over what users get
tidy tidy-shipped: compile_commands.json
	@sed -n 's/.*"file": "\([^"]*\)".*/\1/p' $< | sort -u | \
	  grep -v $(if $(filter tidy-shipped,$@),-e '^tests/' -e '^bench/',-e '^$$') | \
	  xargs -P 2 -n 1 clang-tidy -p . --quiet
	@clang-tidy --quiet kernels/neon/neon.c -- --target=aarch64-linux-gnu $(STRICT) $(SYSTEM) \
	  -I. -Iinclude -Ilib

# --- the API reference

## api-docs: the API reference in BUILD/api, from include/vit; a warning of Doxygen is an error
api-docs:
	@mkdir -p $(BUILD)
	@{ cat docs/Doxyfile; echo 'OUTPUT_DIRECTORY = $(BUILD)/api'; \
	  echo 'PROJECT_NUMBER = $(VERSION)'; } | doxygen -
