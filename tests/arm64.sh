#!/usr/bin/env bash
# arm64.sh NATIVE ARM64 MODEL... - the build in ARM64, emulated, does what that in NATIVE does here
#
# qemu's user emulation runs its programs as they are, and those of ARM64-clang, whose kernels are
# from clang. check/digests-models.txt has the digests of the MODELs.
set -uo pipefail
native=$1 arm64=$2
shift 2
models=("$@")
qemu=${QEMU:-qemu-aarch64-static}
cpus='default max cortex-a53' # the emulator's choice, all extensions that it has, none of them
model=models/digits
made=$(mktemp -d) || exit 1
trap 'rm -rf "$made"' EXIT
planned=0 ran=0 failed=0

# claim WORDS COMMAND...: the command shows that it is so.
claim() {
  local words=$1
  shift
  if "$@" >"$made/log" 2>&1; then
    printf '%s\n' "ok      $words"
  else
    failed=$((failed + 1))
    printf '%s\n' "FAILED  $words"
    tail -20 "$made/log"
  fi
  ran=$((ran + 1))
}

# emulated PROGRAM ARGUMENTS... on $cpu. Two threads: emulated ones are slow, but as apt to collide.
emulated() {
  OMP_NUM_THREADS=2 "$qemu" $([ "$cpu" = default ] || echo -cpu "$cpu") "$@"
}

big_endian_is_refused() {
  ! aarch64-linux-gnu-gcc -mbig-endian -ffreestanding -fsyntax-only -Iinclude -xc \
    include/vit/vit.h 2>"$made/refusal" &&
    grep '#error "libvit is for little-endian' "$made/refusal"
}

# Every held-out digit in one .npy: the header of one, with another shape, and the numbers of all.
digits_npy() {
  local pictures=("$model"/test/*/*.png) one=$made/one.npy
  local shape="(${#pictures[@]}, 1, 8, 8)"
  for picture in "${pictures[@]}"; do
    "$native/libvit" preprocess --model "$model" "$picture" -o "$one" || return
    [ -s "$1" ] || {
      head -c 10 "$one"
      printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': $shape}"
    } >"$1"
    tail -c +129 "$one" >>"$1"
  done
}

pictures_are_the_same() {
  for picture in "$model"/test/?/*[0-2]5.png; do
    "$native/libvit" preprocess --model "$model" "$picture" -o "$made/a.npy" &&
      emulated "$arm64/libvit" preprocess --model "$model" "$picture" -o "$made/b.npy" &&
      cmp "$made/a.npy" "$made/b.npy" || return
  done
}

logits_are_the_same() { # on level $1
  emulated "$arm64/libvit" run "$model" "$made/digits.npy" --isa "$1" -o "$made/logits-arm64.npy" &&
    cmp "$made/logits.npy" "$made/logits-arm64.npy"
}

demo_is_the_same() { # all but its last line, the speed
  emulated "$arm64/demo" >"$made/demo-arm64" && tail -1 "$made/demo-arm64" | grep neon &&
    diff <(sed '$d' "$made/demo") <(sed '$d' "$made/demo-arm64")
}

shared_library_sees_a_three() { [ "$(emulated "$arm64/embed")" = three ]; }

each_kernel_passes() { emulated "$arm64/libvit" check --threads 2; }

digests_of() { # a build
  emulated "$1/libvit" check --digest --threads 2 | diff check/digests.txt - &&
    emulated "$1/libvit" check --digest --threads 2 "${models[@]}" | diff check/digests-models.txt -
}
digests_are_the_committed() { digests_of "$arm64"; }
clang_kernels_have_the_same_digests() { digests_of "$arm64-clang"; }

on_every_cpu=(demo_is_the_same 'logits_are_the_same neon' 'logits_are_the_same scalar'
  pictures_are_the_same shared_library_sees_a_three each_kernel_passes digests_are_the_committed
  clang_kernels_have_the_same_digests)

"$native/demo" >"$made/demo" && digits_npy "$made/digits.npy" &&
  "$native/libvit" run "$model" "$made/digits.npy" -o "$made/logits.npy" || exit

set -- $cpus
planned=$((1 + $# * ${#on_every_cpu[@]}))
claim 'big-endian is refused' big_endian_is_refused
for cpu; do
  for what in "${on_every_cpu[@]}"; do
    claim "$cpu: ${what//_/ }" $what
  done
done
echo "$ran of $planned ran, $failed failed"
[ "$ran" = "$planned" ] && [ "$failed" = 0 ]
