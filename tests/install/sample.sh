#!/bin/sh
# sample.sh FOLDER - builds a project in FOLDER against the libvit that is installed, and runs it
#
# In C and C++, by pkg-config and, where it is installed, by CMake. PKG_CONFIG_PATH,
# CMAKE_PREFIX_PATH and LD_LIBRARY_PATH say where a library is that they do not find by themselves.
set -eu
cd "$(dirname "$0")/../.."
work=$1
mkdir -p "$work"

fail() {
	echo "sample.sh: $*" >&2
	exit 1
}

prints() { # EXPECTED PROGRAM
	found=$("$2") || fail "$2: status $?"
	[ "$found" = "$1" ] || fail "$2: expected $1, found $found"
}

cp examples/embed.c tests/install/decode.c tests/install/CMakeLists.txt "$work"
cp examples/embed.c "$work/embed.cc"
cp tests/install/decode.c "$work/decode.cc"

flags=$(pkg-config --cflags --libs vit vit-image) || fail "pkg-config: status $?"
# shellcheck disable=SC2086 # the flags are words
{
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -o "$work/embed" "$work/embed.c" $flags
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -o "$work/decode" "$work/decode.c" $flags
	${CXX:-c++} -std=c++17 -Wall -Wextra -Werror -o "$work/decode++" "$work/decode.cc" $flags
	${CXX:-c++} -std=c++17 -Wall -Wextra -Werror -Wpedantic -o "$work/embed++" \
		"$work/embed.cc" $flags
}
prints three "$work/embed"
prints three "$work/embed++"
prints '8 x 8' "$work/decode"
prints '8 x 8' "$work/decode++"

if ! command -v cmake >/dev/null; then
	echo 'skipped: the CMake package, because cmake is not installed'
	exit
fi
rm -rf "$work/cmake"
{
	cmake -S "$work" -B "$work/cmake" -DVIT_VERSION="$(pkg-config --modversion vit)" &&
		cmake --build "$work/cmake"
} >"$work/log" || fail "cmake: $(cat "$work/log")"
prints three "$work/cmake/embed"
prints '8 x 8' "$work/cmake/decode++"
prints three "$work/cmake/embed_static"
prints '8 x 8' "$work/cmake/decode_static"
for program in embed_static decode_static; do
	! readelf -d "$work/cmake/$program" | grep -q 'NEEDED.*libvit' ||
		fail "$program: not linked statically"
done
echo 'the sample builds with pkg-config and CMake'
