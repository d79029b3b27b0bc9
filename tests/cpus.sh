#!/bin/sh
# cpus.sh BUILD LEVEL HIDDEN HOW [FILTER] - make test as on a machine whose CPU lacks features
#
# The build hides the features HIDDEN (lib/base/cpu.c): the code that a CPU of that level would run
# runs on this one. HOW is one-core: bound to one processor; or nobody: as an unprivileged user, in
# a copy of the sources that this user owns. With FILTER only the suites of that name run.
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1/cpu-$2"
build=$(cd "$1/cpu-$2" && pwd)
# Only the objects that know of the features are compiled; the others are copies of BUILD's.
for part in flags kernels lib image check measure tools server examples tests; do
	[ ! -e "$1/$part" ] || (cd "$1" &&
		find "$part" \( -name flags -o -name '*.o' \) -exec cp -a --parents -t "$build" {} +)
done
rm -f "$build/lib/base/cpu.o" "$build/tests/test_dispatch.o"
level=$2 hidden=$3 how=$4 filter=${5:-} bind=
unset MAKEFLAGS MAKELEVEL MFLAGS

case $how in
one-core)
	bind='taskset -c 0'
	set --
	;;
nobody)
	sources=$build/sources
	rm -rf "$sources"
	mkdir -p "$sources"
	git ls-files -z -co --exclude-standard | xargs -0 cp -a --parents -t "$sources"
	cd "$sources"
	set -- env HOME=/nonexistent
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$build"
		set -- setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	fi
	;;
*)
	echo "cpus.sh: expected one-core or nobody, found $how" >&2
	exit 1
	;;
esac
set -- "$@" make --no-print-directory BUILD="$build" CPU_HIDDEN="$hidden"

"$@" -j2 all "$build/tests/run" >/dev/null
found=$("$build/libvit" info | sed -n 's/^  \([a-z0-9]*\) *chosen.*/\1/p')
[ "$found" = "$level" ] || [ "$(uname -m)" != x86_64 ] || {
	echo "cpus.sh: expected the level $level, found $found" >&2
	exit 1
}
if [ -n "$filter" ]; then
	set -- "$@" check-suites CHECK="--filter $filter"
	ran="suites of $filter pass"
else
	set -- "$@" test
	ran='make test passes'
fi
# shellcheck disable=SC2086 # a command and its arguments, or nothing
$bind "$@" -j2
echo "$ran with the level $found, $how"
