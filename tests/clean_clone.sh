#!/bin/sh
# clean_clone.sh BUILD - a clone of HEAD builds with plain `make`, as in the README
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1"
clone=$(cd "$1" && pwd)/clone
unset MAKEFLAGS MAKELEVEL

rm -rf "$clone"
git clone -q . "$clone"
cd "$clone"
make -j2 >"$clone.log" 2>&1 || { tail -n 20 "$clone.log"; exit 1; }
for file in libvit libvit.a libvit.so; do
	[ -e "build/$file" ] || { echo "make: expected build/$file, found no such file"; exit 1; }
done
build/libvit info >/dev/null
[ -z "$(git status --porcelain)" ] || { echo 'make: changes files of the repository'; exit 1; }
rm -rf "$clone"
echo 'a clean clone builds with make'
