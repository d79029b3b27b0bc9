#!/usr/bin/env bash
# arm64.sh NATIVE ARM64 MODEL... - the build in ARM64 under emulation gives the bits of NATIVE
#
# qemu's user-mode emulation runs the programs of ARM64 and of ARM64-clang, whose kernels clang
# compiles. check/digests-models.txt holds the digests of each MODEL.
set -uo pipefail
native=$1 arm64=$2
shift 2
models=("$@")
qemu=${QEMU:-qemu-aarch64-static}
cpus=(cortex-a53 max) # none of the emulator's extensions, all
model=models/digits
made=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$made"' EXIT
planned=0 ran=0 failed=0

# claim WORDS COMMAND...: runs the command, whose success proves the words, and prints the result.
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

# emulated PROGRAM ARGUMENTS...: runs it on $cpu, with two threads, so that races can show.
emulated() {
  OMP_NUM_THREADS=2 "$qemu" -cpu "$cpu" "$@"
}

big_endian_is_refused() {
  ! aarch64-linux-gnu-gcc -mbig-endian -ffreestanding -fsyntax-only -Iinclude -xc \
    include/vit/vit.h 2>"$made/refusal" &&
    grep '#error "libvit supports little-endian machines only' "$made/refusal"
}

# digits_npy FILE: writes every held-out digit to one .npy, the header with the joint shape first.
digits_npy() {
  local images=("$model"/test/*/*.png) one=$made/one.npy
  local shape="(${#images[@]}, 1, 8, 8)"
  for image in "${images[@]}"; do
    "$native/libvit" preprocess --model "$model" "$image" -o "$one" || return
    [ -s "$1" ] || {
      head -c 10 "$one"
      printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': $shape}"
    } >"$1"
    tail -c +129 "$one" >>"$1"
  done
}

inputs_are_the_same() {
  for image in "$model"/test/?/*[0-2]5.png; do
    "$native/libvit" preprocess --model "$model" "$image" -o "$made/a.npy" &&
      emulated "$arm64/libvit" preprocess --model "$model" "$image" -o "$made/b.npy" &&
      cmp "$made/a.npy" "$made/b.npy" || return
  done
}

logits_are_the_same() { # LEVEL
  emulated "$arm64/libvit" run "$model" "$made/digits.npy" --isa "$1" -o "$made/logits-arm64.npy" &&
    cmp "$made/logits.npy" "$made/logits-arm64.npy"
}

demo_is_the_same() { # except its last line, the speed
  emulated "$arm64/demo" >"$made/demo-arm64" && tail -1 "$made/demo-arm64" | grep neon &&
    diff <(sed '$d' "$made/demo") <(sed '$d' "$made/demo-arm64")
}

shared_library_sees_a_three() { [ "$(emulated "$arm64/embed")" = three ]; }

# All cases on max, beside the other claims because they take minutes; on a CPU without extensions,
# a few of the same kernels.
each_kernel_passes() {
  if [ "$cpu" = max ]; then
    wait "$checking" || { cat "$made/check"; return 1; }
  else
    emulated "$arm64/libvit" check --threads 2 --cases 20
  fi
}

digests_are_recorded() { # BUILD
  emulated "$1/libvit" check --digest --threads 2 | diff check/digests.txt - &&
    for precision in float32 float16 int8; do
      emulated "$1/libvit" check --digest --threads 2 --precision "$precision" "${models[@]}" ||
        return
    done | diff check/digests-models.txt -
}
digests_of_gcc_are_recorded() { digests_are_recorded "$arm64"; }
digests_of_clang_are_recorded() { digests_are_recorded "$arm64-clang"; }

on_every_cpu=(demo_is_the_same 'logits_are_the_same neon' 'logits_are_the_same scalar'
  inputs_are_the_same shared_library_sees_a_three digests_of_gcc_are_recorded
  digests_of_clang_are_recorded each_kernel_passes)

cpu=max
emulated "$arm64/libvit" check --threads 2 >"$made/check" 2>&1 &
checking=$!

"$native/demo" >"$made/demo" && digits_npy "$made/digits.npy" &&
  "$native/libvit" run "$model" "$made/digits.npy" -o "$made/logits.npy" || exit

planned=$((1 + ${#cpus[@]} * ${#on_every_cpu[@]}))
claim 'big-endian is refused' big_endian_is_refused
for cpu in "${cpus[@]}"; do
  for what in "${on_every_cpu[@]}"; do
    # shellcheck disable=SC2086 # a function and its argument
    claim "$cpu: ${what//_/ }" $what
  done
done
echo "$ran of $planned ran, $failed failed"
[ "$ran" = "$planned" ] && [ "$failed" = 0 ]
