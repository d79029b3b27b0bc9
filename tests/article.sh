#!/bin/bash
# article.sh BUILD - runs the commands of docs/article.md in an empty folder, and compares each line
set -euo pipefail
cd "$(dirname "$0")/.."
LIBVIT=$PWD
PATH=$(cd "$1" && pwd):$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LIBVIT PATH
unset VIT_ISA
mkdir "$work/folder"

# The blocks: "$ COMMAND", "> CONTINUED", and what the command prints.
# shellcheck disable=SC2016 # the quotes are text
sed -n '/^```console$/,/^```$/{/^```/d;p;}' docs/article.md >"$work/expected"

cd "$work/folder"
text='' shown='' commands=0
run() {
	[ -n "$text" ] || return 0
	printf '%s\n' "$shown"
	eval "$text" 2>&1 </dev/null || echo "status $?"
	commands=$((commands + 1))
	text='' shown=''
}
while IFS= read -r line <&3; do
	case $line in
	'$ '*)
		run
		text=${line#'$ '} shown=$line
		;;
	'> '*)
		text+=$'\n'${line#'> '} shown+=$'\n'$line
		;;
	esac
done 3<"$work/expected" >"$work/found"
run >>"$work/found"
diff "$work/expected" "$work/found" || {
	echo 'docs/article.md: expected the lines of the page (<), found others (>)' >&2
	exit 1
}
[ "$commands" -ge 12 ] || {
	echo "docs/article.md: expected at least 12 commands, found $commands" >&2
	exit 1
}

# The page's pictures are those figures, and the script draws its picture.
figures=0
for figure in figures/*.png; do
	libvit preprocess "$figure" --rgb found.npy
	libvit preprocess "$LIBVIT/docs/article/${figure##*/}" --rgb expected.npy
	cmp expected.npy found.npy
	grep -qF "](article/${figure##*/})" "$LIBVIT/docs/article.md" || {
		echo "docs/article.md: expected ${figure##*/}, found no mention" >&2
		exit 1
	}
	figures=$((figures + 1))
done
drawn=no
if command -v python3 >/dev/null; then
	python3 "$LIBVIT/docs/article/draw.py" | cmp - "$LIBVIT/docs/article/evening.png"
	drawn=yes
else
	echo 'skipped: docs/article/draw.py: python3 is not installed'
fi
echo "docs/article.md: $commands commands and $figures figures agree; picture drawn again: $drawn"
