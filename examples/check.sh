#!/bin/sh
# check.sh BUILD - runs every example of BUILD and compares what it prints with expected.txt
set -eu
cd "$(dirname "$0")/.."
build=$1
found=$(mktemp)
photos=$(mktemp -d)
trap 'rm -rf "$found" "$photos"' EXIT
digits=models/digits exif=tests/golden/preprocess-exif

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
	# photos that are turned as their EXIF says
	cp $exif/orientation-[138].jpg "$photos"
	run features_search tests/golden/hf-vit-classifier $exif/orientation-6.jpg "$photos" |
		sed "s|$photos|PHOTOS|"
	run own_threads
	run kernels_only
	run demo | tail -n 3 | head -n 2 # the last line is the speed
} >"$found"
diff examples/expected.txt "$found" || {
	echo 'examples: expected the output of examples/expected.txt, found other lines' >&2
	exit 1
}
