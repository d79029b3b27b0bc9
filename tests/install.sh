#!/bin/sh
# install.sh BUILD - installs, builds the README's example against what is installed, uninstalls
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

# The README's example, and a program with libvit-image that C++ compiles too.
# shellcheck disable=SC2016 # the backquotes are Markdown's
sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$work/embed.c"
cat >"$work/decode.c" <<-END
	#include <stdio.h>
	#include <vit/image.h>
	#include <vit/inspect.h>
	#include <vit/kernels.h>
	#include <vit/vit.h>
	int main(void)
	{
	    struct vit_image image;
	    if (vit_image_decode_file("models/digits/test/4/1788.png", NULL, &image, NULL) != VIT_OK)
	        return 1;
	    printf("%d x %d\n", (int)image.height, (int)image.width);
	    vit_image_free(&image);
	    return vit_version_number() == VIT_VERSION_NUMBER ? 0 : 1;
	}
END
cp "$work/decode.c" "$work/decode.cc"
cp "$work/embed.c" "$work/embed.cc"

# In the place of ldconfig, which would change this machine.
cat >"$work/ldconfig" <<-'END'
	#!/bin/sh
	echo "called $*" >>"$0.log"
END
chmod +x "$work/ldconfig"

prints() { # EXPECTED PROGRAM, with the libraries where the loader does not look by itself
	found=$(LD_LIBRARY_PATH=$lib "$2") || fail "$2: status $?"
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
	flags=$(PKG_CONFIG_LIBDIR=/nonexistent pkg-config --cflags --libs vit vit-image) ||
		fail "pkg-config: status $?"
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

	if command -v cmake >/dev/null; then
		cat >"$work/CMakeLists.txt" <<-END
			cmake_minimum_required(VERSION 3.13)
			project(embed C CXX)
			set(CMAKE_CXX_STANDARD 17)
			find_package(vit $(pkg-config --modversion vit) REQUIRED)
			find_package(vit $(pkg-config --modversion vit | cut -d. -f1,2) REQUIRED)
			find_package(vit 99 QUIET)
			if(vit_FOUND)
			  message(FATAL_ERROR "vit 99 was found")
			endif()
			find_package(vit REQUIRED)
			add_executable(embed embed.c)
			add_executable(decode++ decode.cc)
			target_link_libraries(embed vit::vit)
			target_link_libraries(decode++ vit::vit vit::image)
			add_executable(embed_static embed.cc)
			add_executable(decode_static decode.c)
			target_link_libraries(embed_static vit::vit_static)
			target_link_libraries(decode_static vit::vit_static vit::image_static)
		END
		rm -rf "$work/cmake"
		{
			cmake -S "$work" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$root" &&
				cmake --build "$work/cmake"
		} >"$work/log" || fail "cmake: $(cat "$work/log")"
		prints three "$work/cmake/embed"
		prints '8 x 8' "$work/cmake/decode++"
		prints three "$work/cmake/embed_static"
		prints '8 x 8' "$work/cmake/decode_static"
		needs_no_libvit "$work/cmake/embed_static" "$work/cmake/decode_static"
	else
		echo 'skipped: the CMake package, because cmake is not installed'
	fi

	# the static libraries alone
	mkdir "$work/static"
	mv "$lib"/libvit*.so* "$work/static"
	flags=$(pkg-config --static --cflags --libs vit)
	# shellcheck disable=SC2086 # the flags are words
	${CC:-cc} -std=c11 -o "$work/embed" "$work/embed.c" $flags
	flags=$(pkg-config --static --cflags --libs vit vit-image)
	# shellcheck disable=SC2086
	${CC:-cc} -std=c11 -o "$work/decode" "$work/decode.c" $flags
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
