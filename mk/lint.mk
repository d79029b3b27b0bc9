# mk/lint.mk - the layout of the sources

.PHONY: format format-check

SOURCES = $(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc')
LINE_LIMITED = $(SOURCES) Makefile $(PARTS)

## format: lay the sources out with clang-format
format:
	@clang-format -i $(SOURCES)

## format-check: fail where format would change a source, or a line exceeds 100 columns
format-check:
	@clang-format --dry-run -Werror $(SOURCES)
	@! LC_ALL=C.UTF-8 grep -nE '.{101}' $(LINE_LIMITED)
