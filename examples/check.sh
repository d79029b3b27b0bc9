#!/bin/sh
# check.sh BUILD - runs every example of BUILD and compares what it prints with expected.txt
set -eu
cd "$(dirname "$0")/.."
build=$1
found=$(mktemp)
trap 'rm -f "$found"' EXIT
digits=models/digits

run() { # NAME ARGUMENT...
	name=$1
	shift
	echo "$ $name${*:+ $*}"
	"$build/$name" "$@"
}

{
	run embed
	run batch $digits $digits/test/3/0060.png $digits/test/7/0027.png
	run features_search $digits $digits/test/3/0060.png $digits/test/3
	run own_threads
	run kernels_only
	run demo | tail -n 3 | head -n 2 # the last line is the speed
} >"$found"
diff examples/expected.txt "$found" || {
	echo 'examples: expected the output of examples/expected.txt, found other lines' >&2
	exit 1
}
