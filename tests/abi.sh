#!/usr/bin/env bash
# abi.sh - callers of one version of the headers against libraries of another
#
#   tests/abi.sh BUILD
#
# Builds the library as it is and, from a copy of the headers, one whose structs have two fields
# more, both under AddressSanitizer; BUILD has the kernels. Then runs tests/abi/caller.c:
#   the frozen headers' caller with either library; a caller of later headers with today's.
set -euo pipefail

build=$1
here=tests/abi
frozen=$here/include-0.2
out=$build/abi
cc=${CC:-cc}
sanitize=(-fsanitize=address -fno-omit-frame-pointer -g -O1)
rm -rf "$out"
mkdir -p "$out"

# grown FROM TO: the headers with two fields more in every struct that can grow
grown() {
  mkdir -p "$2/vit"
  for header in "$1"/vit/*.h; do
    awk -f $here/grow.awk "$header" >"$2/vit/${header##*/}"
  done
  if diff -rq "$1" "$2" >/dev/null; then
    echo "abi.sh: $1: expected structs that can grow, found none"
    exit 1
  fi
}

# library NAME INCLUDE: $out/NAME/libvit.so and libvit-image.so from the sources with these headers
library() {
  local name=$1 include=$2
  mkdir -p "$out/$name"
  for source in lib/*/*.c image/*.c; do
    printf '%s\0' -c "$source" -o "$out/$name/${source//\//_}.o"
  done | xargs -0 -n 4 -P 2 "$cc" -std=c11 -ffp-contract=off -D_GNU_SOURCE "-I$include" -I. -Ilib \
    -fPIC -fvisibility=hidden -fopenmp -w "${sanitize[@]}"
  # shellcheck disable=SC2046 # pkg-config prints flags
  "$cc" -shared "${sanitize[@]}" -o "$out/$name/libvit.so" "$out/$name"/lib_*.o \
    "$build"/kernels/*/*.o -fopenmp $(pkg-config --libs jansson yajl nettle minizip zlib) -lm
  # shellcheck disable=SC2046
  "$cc" -shared "${sanitize[@]}" -o "$out/$name/libvit-image.so" "$out/$name"/image_*.o \
    $(pkg-config --libs libjpeg libpng libwebp) -lm
}

# caller NAME INCLUDE [FLAG...]
caller() {
  local name=$1 include=$2
  shift 2
  "$cc" -std=c11 -Wall -Wextra -Werror "${sanitize[@]}" "-I$include" "$@" -o "$out/$name" \
    $here/caller.c "-L$out/today" -lvit -lvit-image
}

# run CALLER LIBRARY
run() {
  LD_LIBRARY_PATH=$out/$2 "$out/$1" || {
    echo "abi.sh: the $1 fails with the library of $2"
    exit 1
  }
  runs=$((runs + 1))
}

runs=0
grown include "$out/include-later"
library today include
library later "$out/include-later"
caller frozen-caller $frozen
caller later-caller "$out/include-later" -DLATER
run frozen-caller today
run frozen-caller later
run later-caller today
echo "$runs of 3 pairs of caller and library agree"
