#!/bin/sh
# install.sh BUILD - installs, builds a sample (tests/install) against what is installed, uninstalls
set -eu
cd "$(dirname "$0")/.."
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MAKEFLAGS MAKELEVEL

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

make_install() {
	make -s BUILD="$build" "$@" >"$work/log" 2>&1 || fail "make $*: $(cat "$work/log")"
}

# In the place of ldconfig, which would change this machine.
cat >"$work/ldconfig" <<-'END'
	#!/bin/sh
	echo "called $*" >>"$0.log"
END
chmod +x "$work/ldconfig"

prints() { # EXPECTED PROGRAM
	found=$("$2") || fail "$2: status $?"
	[ "$found" = "$1" ] || fail "$2: expected $1, found $found"
}

needs_no_libvit() { # PROGRAM...
	for program; do
		! readelf -d "$program" | grep -q 'NEEDED.*libvit' || fail "$program: not linked statically"
	done
}

try() { # ROOT, LIBDIR below it, variables of make
	root=$1 lib=$1/$2
	shift 2
	touch "$work/newer"
	rm -f "$work/ldconfig.log"
	make_install install LDCONFIG="$work/ldconfig" "$@"
	if [ "$(id -u)" = 0 ]; then
		[ "$(head -n 1 "$work/ldconfig.log")" = 'called ' ] || fail 'install does not call ldconfig'
		grep -q "the loader does not search $lib" "$work/log" || fail "$(cat "$work/log")"
	else
		grep -q "run as root: $work/ldconfig" "$work/log" || fail "$(cat "$work/log")"
	fi
	[ -z "$(find "$build" -newer "$work/newer" -type f)" ] ||
		fail "install writes $(find "$build" -newer "$work/newer" -type f | head -n 3)"

	export PKG_CONFIG_PATH="$lib/pkgconfig"
	# without the .pc files of any other library
	PKG_CONFIG_LIBDIR=/nonexistent LD_LIBRARY_PATH=$lib CMAKE_PREFIX_PATH=$root \
		tests/install/sample.sh "$work/sample" || fail "sample.sh: status $?"

	# the static libraries alone
	mkdir "$work/static"
	mv "$lib"/libvit*.so* "$work/static"
	flags=$(pkg-config --static --cflags --libs vit)
	# shellcheck disable=SC2086 # the flags are words
	${CC:-cc} -std=c11 -o "$work/embed" "$work/sample/embed.c" $flags
	flags=$(pkg-config --static --cflags --libs vit vit-image)
	# shellcheck disable=SC2086
	${CC:-cc} -std=c11 -o "$work/decode" "$work/sample/decode.c" $flags
	prints three "$work/embed"
	prints '8 x 8' "$work/decode"
	needs_no_libvit "$work/embed" "$work/decode"
	mv "$work/static"/* "$lib"
	rmdir "$work/static"

	"$root/bin/libvit" info >/dev/null || fail "libvit info: status $?"
	for page in "$build"/man/*.1; do
		cmp "$page" "$root/share/man/man1/${page##*/}" || fail "expected $page to be installed"
	done
	sbom=$build/libvit.spdx.json
	[ ! -e "$sbom" ] || [ -n "$(find "$build/libvit" -newer "$sbom")" ] ||
		cmp "$sbom" "$root/share/doc/libvit/libvit.spdx.json" || fail "expected $sbom to be installed"
	for program in libvit libvit-serve; do
		[ -e "$build/$program" ] || continue
		cmp packaging/completion/libvit.bash \
			"$root/share/bash-completion/completions/$program" || fail "completion of $program"
	done
	make_install uninstall "$@"
	left=$(find "$root" -not -type d)
	[ -z "$left" ] || fail "uninstall leaves $left"
}

try "$work/usr" lib PREFIX="$work/usr"
try "$work/other" lib/x86_64-linux-gnu prefix="$work/other" \
	LIBDIR="$work/other/lib/x86_64-linux-gnu"
echo 'installs, serves C, C++ and CMake, uninstalls'
