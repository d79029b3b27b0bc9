#!/usr/bin/env bash
# portable.sh - only lib/base uses one operating system's interfaces; the rest compiles for macOS
#
# Every build tests the functions: the compiler declares those of POSIX alone (SYSTEM in the
# Makefile). This script tests headers and flags by name. It then compiles every source for Apple's
# target with glibc's headers, which tests clang's macros and intrinsics but not Apple's C library.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

c11='assert|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdalign|stdarg'
c11+='|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|time'
posix='dirent|fcntl|pthread|strings|sys/mman|sys/stat|sys/types|sys/utsname|unistd'
others='jansson|zip|jpeglib|jerror|png|webp/decode|arm_neon|immintrin|vit/[a-z]+'
directories=(include kernels lib image check measure tools examples)

outside() { grep -rnE --include='*.[ch]' "$1" "${directories[@]}" | grep -v '^lib/base/'; }
foreign=$(
  outside '#include <' | grep -vE "<($c11|$posix|$others)\.h>"
  outside '__linux__|_GNU_SOURCE|MADV_|/sys/|pragma omp'
)
if [ -n "$foreign" ]; then
  printf 'outside lib/base: one operating system alone has\n%s\n' "$foreign"
  exit 1
fi

sources=(kernels/scalar/*.c kernels/neon/*.c {lib/*,check,measure,tools,image,examples}/*.c)
ran=0
for source in "${sources[@]}"; do
  # __nonnull is a keyword of clang for Apple and a macro of glibc
  clang --target=arm64-apple-macos11 -fsyntax-only -U__nonnull -std=c11 -Wall -Wextra -Werror \
    -D_XOPEN_SOURCE=700 -I. -Iinclude -Ilib -isystem /usr/aarch64-linux-gnu/include \
    -idirafter /usr/include/aarch64-linux-gnu -idirafter /usr/include "$source" || exit
  ran=$((ran + 1))
done
echo "$ran files compile for arm64-apple-macos11, with glibc's headers"
