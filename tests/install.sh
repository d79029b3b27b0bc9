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

# built FILE: what a program must print that sees the drawing of a three.
sees_three() {
	found=$(LD_LIBRARY_PATH=$lib "$1") || fail "$1: status $?"
	[ "$found" = three ] || fail "$1: expected three, found $found"
}

# Installed with names that only the second call uses. Nothing may be compiled: $work/newer stays newer.
make_install() { make -s BUILD="$build" "$@" >"$work/log" 2>&1 || fail "make $*: $(cat "$work/log")"; }

try() { # ROOT, LIBDIR below it, variables of make
	root=$1 lib=$1/$2
	shift 2
	touch "$work/newer"
	make_install install "$@"
	[ -z "$(find "$build" -newer "$work/newer" -type f)" ] ||
		fail "install builds $(find "$build" -newer "$work/newer" -type f | head -n 3)"
	export PKG_CONFIG_PATH="$lib/pkgconfig"

	# LIBDIR is not where the loader looks: LD_LIBRARY_PATH. The example is C that C++ accepts.
	sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d' >"$work/embed.c"
	# shellcheck disable=SC2046 # the flags are words
	${CC:-cc} -std=c11 -o "$work/c" "$work/embed.c" $(pkg-config --cflags --libs vit)
	sees_three "$work/c"
	cat >"$work/embed.cc" <<-END
		#include <vit/kernels.h>
		#include <vit/vit.h>
		#include <cstdio>
		int main() { std::puts(vit_version()); }
	END
	# shellcheck disable=SC2046
	${CXX:-c++} -std=c++17 -o "$work/cc" "$work/embed.cc" $(pkg-config --cflags --libs vit)
	LD_LIBRARY_PATH=$lib "$work/cc" >/dev/null || fail "the C++ program: status $?"

	if command -v cmake >/dev/null; then
		cat >"$work/CMakeLists.txt" <<-END
			cmake_minimum_required(VERSION 3.13)
			project(embed C)
			find_package(vit $(pkg-config --modversion vit) REQUIRED)
			add_executable(embed embed.c)
			target_link_libraries(embed vit::vit)
		END
		rm -rf "$work/cmake"
		cmake -S "$work" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$root" >"$work/log" &&
			cmake --build "$work/cmake" >>"$work/log" || fail "cmake: $(cat "$work/log")"
		sees_three "$work/cmake/embed"
	fi

	make_install uninstall "$@"
	left=$(find "$root" -not -type d)
	[ -z "$left" ] || fail "uninstall leaves $left"
}

try "$work/usr" lib PREFIX="$work/usr"
try "$work/other" lib/x86_64-linux-gnu prefix="$work/other" LIBDIR="$work/other/lib/x86_64-linux-gnu"
echo 'installs, serves C, C++ and CMake, uninstalls'
