#!/usr/bin/env bash
# portable.sh - lib/base and two files of measure/ use one system's interfaces; all is for macOS;
# a big-endian machine is refused
#
#   portable.sh DIRECTORY...   what users get: SHIPPED in the Makefile
#
# Every build tests the functions: the compiler declares those of POSIX alone (SYSTEM in the
# Makefile). This script tests headers and flags by name. It then compiles every source for Apple's
# target with glibc's headers, which tests clang's macros and intrinsics but not Apple's C library.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

c11='assert|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdalign|stdarg'
c11+='|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time'
posix='arpa/inet|dirent|fcntl|netdb|netinet/in|netinet/tcp|poll|pthread|sched|strings'
posix+='|sys/mman|sys/select|sys/socket|sys/stat|sys/time|sys/types|sys/uio|sys/un|sys/utsname'
posix+='|sys/wait|syslog|unistd'
others='jansson|yajl/yajl_(gen|parse)|nettle/[a-z0-9]+|minizip/[a-z]+|zlib|jpeglib|jerror|png'
others+='|webp/decode|archive|archive_entry|microhttpd'
others+='|arm_neon|immintrin|vit/[a-z]+'
[ $# -gt 0 ] || {
  echo 'portable.sh: expected directories, found none' >&2
  exit 2
}
directories=("$@")

outside() {
  grep -rnE --include='*.[ch]' "$1" include "${directories[@]}" |
    grep -vE '^(lib/base/|measure/(last_caches|memory)\.c:)'
}
foreign=$(
  outside '#include <' | grep -vE "<($c11|$posix|$others)\.h>"
  outside '__linux__|_GNU_SOURCE|MADV_|/sys/|pragma omp'
)
if [ -n "$foreign" ]; then
  printf 'outside lib/base and two files of measure: one operating system alone has\n%s\n' \
    "$foreign"
  exit 1
fi

compile_for() { # TARGET OPTION... FILE
  clang --target="$1" -fsyntax-only -std=c11 -D_XOPEN_SOURCE=700 -I. -Iinclude -Ilib \
    -isystem /usr/aarch64-linux-gnu/include -idirafter /usr/include/aarch64-linux-gnu \
    -idirafter /usr/include "${@:2}"
}

# Of the kernels, those of the levels that arm64 has.
levels=$(sed -n 's/^ *LEVEL(\([a-z0-9]*\), [a-z0-9]*, \(ANY\|AARCH64\),.*/\1/p' kernels/levels.h)
mapfile -t sources < <(find "${directories[@]}" -name '*.c' ! -path 'kernels/*' | sort)
for level in $levels; do sources+=(kernels/*/"$level".c); done
flags_of() { sed -n "s/^FLAGS_$(basename "$1" .c) *:*= *//p" kernels/Makefile.inc; }
ran=0
for source in "${sources[@]}"; do
  read -ra flags <<<"$(flags_of "$source")"
  # __nonnull is a keyword of clang for Apple and a macro of glibc
  compile_for arm64-apple-macos11 -U__nonnull -Wall -Wextra -Werror \
    ${flags[@]+"${flags[@]}"} "$source" || exit
  ran=$((ran + 1))
done
echo "$ran files compile for arm64-apple-macos11, with glibc's headers"

# Numbers in files and on the wire are read as they are, so each header that declares functions
# refuses s390x with a sentence.
refused=0
mapfile -t headers < <(grep -lE '^VIT_API' include/vit/*.h)
for header in "${headers[@]}"; do
  compile_for aarch64-linux-gnu -x c "$header" || exit
  found=$(compile_for s390x-linux-gnu -x c "$header" 2>&1 | grep -m 1 error:)
  [[ $found == *'libvit supports little-endian machines only'* ]] || {
    echo "$header: expected an error on a big-endian machine, found '$found'"
    exit 1
  }
  refused=$((refused + 1))
done
[ "$refused" -gt 4 ] || {
  echo "expected five headers that declare functions, found $refused"
  exit 1
}
echo "$refused headers refuse a big-endian machine"
