#!/usr/bin/env bash
# portable.sh - what a Mac would compile, as far as that can be judged without one
#
# Outside lib/base nothing is of one system alone. Functions are held by the compiler in every build,
# which sees POSIX and no more (SYSTEM in the Makefile); here headers and flags by name. Then all is
# compiled for Apple's target, with glibc's headers where Apple's would be: clang's macros and
# intrinsics are tried, Apple's library is not.
set -uo pipefail
cd "$(dirname "$0")/.."

c11='assert|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdalign|stdarg'
c11+='|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time'
posix='dirent|fcntl|pthread|strings|sys/mman|sys/stat|sys/types|sys/utsname|unistd'
others='jansson|zip|jpeglib|jerror|png|webp/decode|arm_neon|immintrin|vit/[a-z]+'
folders='include kernels lib image check tools examples'

outside() { grep -rnE --include='*.[ch]' "$1" $folders | grep -v '^lib/base/'; }
foreign=$(
  outside '#include <' | grep -vE "<($c11|$posix|$others)\.h>"
  outside '__linux__|_GNU_SOURCE|MADV_|/sys/|pragma omp'
)
if [ -n "$foreign" ]; then
  printf 'of one system, outside lib/base:\n%s\n' "$foreign"
  exit 1
fi

sources=(kernels/scalar/*.c kernels/neon/*.c lib/*/*.c check/*.c measure/*.c tools/*.c image/*.c examples/*.c)
ran=0
for source in "${sources[@]}"; do
  # __nonnull is clang's own word for Apple, and glibc's macro
  clang --target=arm64-apple-macos11 -fsyntax-only -U__nonnull -std=c11 -Wall -Wextra -Werror \
    -D_XOPEN_SOURCE=700 -I. -Iinclude -Ilib -isystem /usr/aarch64-linux-gnu/include \
    -idirafter /usr/include/aarch64-linux-gnu -idirafter /usr/include "$source" || exit
  ran=$((ran + 1))
done
echo "$ran files compile for arm64-apple-macos11, with glibc's headers"
