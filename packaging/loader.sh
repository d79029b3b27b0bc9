#!/bin/sh
# loader.sh LDCONFIG LIBDIR SONAME - lets the loader find an installed library, or says what to do
PATH=$PATH:/sbin:/usr/sbin
if ! command -v "$1" >/dev/null; then
	exit 0 # no cache: the loader of musl or of macOS
elif [ "$(id -u)" != 0 ]; then
	echo "run as root: $1 (until then: LD_LIBRARY_PATH=$2)"
elif ! "$1"; then
	echo "$1 failed: the loader may not find $2/$3"
elif ! "$1" -p | grep -qF " $2/$3"; then
	echo "the loader does not search $2: add it to /etc/ld.so.conf and run $1, or set" \
		"LD_LIBRARY_PATH=$2"
fi
