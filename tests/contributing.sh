#!/bin/sh
# contributing.sh - the lists of files in CONTRIBUTING.md are true, and CHANGELOG.md's names exist
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
claims=0
: >"$work/failures"

fail() { echo "$*" >>"$work/failures"; }

# with NAME PATH: the path of that name's own file, which may be a pattern. A tokenizer's file may
# say more than its name: patch_embed.c.
with() { echo "$2" | sed "s/TOKENIZER/$1*/; s/LEVEL\|FAMILY\|SUBCOMMAND\|EXAMPLE/$1/g"; }

# mentions NAME FILE...: a file has the name; or a directory, a file of that name. Of a pattern one
# file is enough.
mentions() {
	word="(^|[^a-z0-9])$1"
	shift
	grep -rqiE "$word" "$@" 2>/dev/null || { [ -d "$1" ] && find "$1" | grep -qiE "$word"; }
}

# Each file of a numbered list: section, kind ("always", "if" or "new"), path.
awk '
	/^### / { section = substr($0, 5) }
	/^## / { section = "" }
	section != "" && /^[0-9]+\. / {
		split($0, parts, ":")
		kind = parts[1] ~ /, if / ? "if" : parts[1] ~ /, new$/ ? "new" : "always"
		while (match(parts[1], /`[^`]+`/)) {
			printf "%s|%s|%s\n", section, kind, substr(parts[1], RSTART + 1, RLENGTH - 2)
			parts[1] = substr(parts[1], RSTART + RLENGTH)
		}
	}' CONTRIBUTING.md >"$work/lists"

# Every section "To add" has a list, of at most ten files, which exist.
grep '^### To add ' CONTRIBUTING.md | cut -c 5- >"$work/sections"
while read -r section; do
	count=$(grep -cF "$section|" "$work/lists" || true)
	case $count in
	[1-9] | 10) ;;
	*) fail "$section: expected a list of at most 10 files, found $count" ;;
	esac
done <"$work/sections"
while IFS='|' read -r section kind path; do
	claims=$((claims + 1))
	# shellcheck disable=SC2046 # a pattern
	[ "$kind" = new ] || ls -d $(with '*' "$path") >/dev/null 2>&1 ||
		fail "$section: $path: expected a file, found none"
done <"$work/lists"

# each SECTION NAME...: every file that the section always touches mentions each name.
each() {
	section=$1
	shift
	[ $# -gt 0 ] || fail "$section: expected names, found none"
	grep -F "$section|always|" "$work/lists" | cut -d '|' -f 3 >"$work/files"
	[ -s "$work/files" ] || fail "$section: expected files, found none"
	for name; do
		while read -r path; do
			claims=$((claims + 1))
			file=$(with "$name" "$path")
			# shellcheck disable=SC2086 # a pattern
			mentions "$name" $file ||
				fail "$section: $file: expected a mention of $name, found none"
		done <"$work/files"
	done
}

# Lists of names, and sed's scripts for Markdown. The demo is listed by itself.
# shellcheck disable=SC2046,SC2016
{
	each 'To add a kernel' $(sed -n 's/^    { "\([a-z_]*\)", run_.*/\1/p' check/kernel_cases.c)
	each 'To add an activation' \
		$(sed -n 's/^ *ROW([A-Z_]*, \([a-z_]*\), .*/\1/p' include/vit/activations.h)
	each 'To add an instruction set' $(sed -n 's/^ *LEVEL(\([a-z0-9]*\), .*/\1/p' kernels/levels.h)
	each 'To add a number type' \
		$(grep -o '\<PAIR([A-Z0-9_]*, "' include/vit/kernels.h | sed 's/PAIR(//; s/, "//')
	each 'To add a configuration field' $(sed -n 's/^| `\([a-z_0-9]*\)`.*/\1/p' docs/config.md)
	each 'To add a model option' isa precision
	each 'To add a precision' $(sed -n 's/.*precisions\[\] = { "float32", \(.*\) };/\1/p' \
		lib/config/by_name.c | tr -d '",')
	each 'To add a position encoding' \
		$(sed -n 's/^ *ROW([A-Z0-9_]*, \([a-z0-9_]*\), .*/\1/p' lib/config/pos_embed.h)
	each 'To add an output' $(sed -n 's/^ *VIT_OUTPUT_\([A-Z0-9_]*\) = .*/\1/p' include/vit/vit.h)
	each 'To add a subcommand' $(sed -n 's/^| `libvit \([a-z]*\).*/\1/p' README.md | sort -u)
	each 'To add a tokenizer' $(grep -o 'tokenizer_[a-z0-9_]*[,;]' lib/model/tokenizer.h |
		sed 's/tokenizer_//; s/.$//')
	each 'To add a family of checkpoints' \
		$(sed -n 's/^ *FAMILY("\([a-z0-9-]*\)", .*/\1/p' lib/checkpoint/families.h)
	each 'To add a program, such as a server' \
		$(env -u MAKEFLAGS make -pq help | sed -n 's/^SHIPPED := //p')
	each 'To add an example' \
		$(find examples -name '*.c' ! -name demo.c | sed 's/.*\///; s/\.c$//')
}

# CHANGELOG.md: the headers have the names of the right column, and none of the left column; a
# struct may have taken the name of a function.
cat include/vit/*.h >"$work/headers"
column() {
	sed -n '/^| 0.1 | 0.2 |$/,/^$/p' CHANGELOG.md | cut -d '|' -f "$1" |
		grep -o '\<[Vv][Ii][Tt]_[A-Za-z0-9_]*' | sort -u
}
column 3 >"$work/new"
column 2 >"$work/old"
while read -r name; do
	claims=$((claims + 1))
	grep -q "\<$name" "$work/headers" ||
		fail "CHANGELOG.md: $name: expected it in include/vit, found none"
done <"$work/new"
while read -r name; do
	claims=$((claims + 1))
	! grep -w "$name" "$work/headers" | grep -qv "struct $name\>" ||
		fail "CHANGELOG.md: $name: expected no such name in include/vit, found it"
done <"$work/old"

if [ -s "$work/failures" ]; then
	cat "$work/failures" >&2
	exit 1
fi
echo "$claims claims of CONTRIBUTING.md and CHANGELOG.md hold"
