#!/bin/sh
# makefile.sh - the Makefile is short, and `make help` lists its targets
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

lines=$(wc -l <Makefile)
[ "$lines" -le 200 ] || { echo "Makefile: expected at most 200 lines, found $lines"; exit 1; }

# The targets that .PHONY declares, FORCE excepted, and those that help prints.
sed -n ':join; /\\$/ { N; s/\\\n//; b join; }; s/^\.PHONY: //p' Makefile ./*/Makefile.inc mk/*.mk |
	tr -s ' ' '\n' | grep -vx FORCE | sort >"$work/phony"
make -s help | sed -n 's/^make \([a-z0-9-]*\) .*/\1/p' | sort >"$work/help"
diff "$work/phony" "$work/help" || { echo 'make help: not the targets of .PHONY'; exit 1; }
