#!/bin/sh
# old_cpus.sh BUILD - the command on emulated CPUs: the right level, the same results, no SIGILL
#
# QEMU's user-mode emulator raises SIGILL for an instruction that the emulated CPU lacks. The test
# first proves that, with an instruction of the next level: otherwise a pass would mean nothing.
#
# `libvit check` is not part of the test: on avx2 it reports reads outside the operands, which the
# emulator causes. QEMU 7.2 reads all 32 bytes of a vmaskmovps, where a CPU reads only the
# elements that the mask selects and raises no fault for the others (Intel SDM vol. 2, VMASKMOV).
set -eu

build=$1
model=models/digits
images=$(find $model/test -name '*.png' | sort | sed -n '1~90p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CPU, the level that must be chosen, an instruction that must be refused, the reason
cpus='
qemu64,-sse3   scalar sse3   the first x86-64
Conroe         scalar avx2   2006: no SSE4
Nehalem        scalar avx2   2008: no AVX
SandyBridge    scalar avx2   2011: AVX, no AVX2
Opteron_G5     scalar avx2   2012: AVX and FMA, no AVX2
Haswell        avx2   avx512 2013: AVX2
Haswell,-fma   scalar fma    AVX2 without FMA
Haswell,-avx   scalar avx    AVX2 and FMA without AVX
Haswell,-f16c  scalar f16c   AVX2 and FMA without F16C
Haswell,-xsave scalar avx2   an operating system that does not save ymm
max            avx2   avx512 all that the emulator implements
'

instruction() {
	case $1 in
	sse3) echo 'haddps %xmm0, %xmm0' ;;
	avx) echo 'vaddps %ymm0, %ymm0, %ymm0' ;;
	avx2) echo 'vpaddd %ymm0, %ymm0, %ymm0' ;;
	f16c) echo 'vcvtph2ps %xmm0, %ymm0' ;;
	fma) echo 'vfmadd231ps %ymm0, %ymm0, %ymm0' ;;
	avx512) echo 'vpaddd %zmm0, %zmm0, %zmm0' ;;
	esac
}
for level in sse3 avx avx2 f16c fma avx512; do
	printf 'int main(void) { __asm__ volatile("%s"); return 0; }\n' \
	    "$(instruction $level)" >"$work/$level.c"
	${CC:-cc} -o "$work/$level" "$work/$level.c"
done

fail() {
	echo "old_cpus.sh: $cpu: $*" >&2
	exit 1
}

# The warnings name features of the CPU that the emulator does not implement.
emulate() {
	qemu-x86_64-static -cpu "$cpu" "$@" 2>"$work/err" || {
		status=$?
		grep -v '^qemu-x86_64-static: warning' "$work/err" >&2 || true
		return $status
	}
}

# results DIRECTORY COMMAND...: what `libvit` or `emulate libvit` computes.
results() {
	directory=$1
	shift
	mkdir -p "$directory"
	# shellcheck disable=SC2086 # a list of files
	"$@" classify $model $images --top 10 --threads 1 --json >"$directory/json"
	grep -v '"seconds"\|"images_per_s"\|"isa"' "$directory/json" >"$directory/classes"
	rm "$directory/json"
	"$@" preprocess $model/test/3/0060.png --model $model -o "$directory/image.npy"
	"$@" run $model "$directory/image.npy" --output block.1 --threads 1 -o "$directory/block.npy"
	"$@" run $model "$directory/image.npy" --threads 2 -o "$directory/logits.npy"
}

cpu=native
results "$work/native" "$build/libvit"
ran=0
echo "$cpus" | sed '/^$/d' >"$work/cpus"
while read -r cpu level refused why; do
	status=0
	(cd "$work" && emulate "$work/$refused") 2>/dev/null || status=$?
	[ $status = 132 ] || fail "the emulator does not refuse $refused: status $status"
	emulate "$build/libvit" info >"$work/info" || fail "libvit info: status $?"
	grep -q "^  $level  *chosen" "$work/info" || fail "expected $level: $(grep chosen "$work/info")"
	results "$work/emulated" emulate "$build/libvit" || fail "status $?"
	diff -r "$work/native" "$work/emulated" || fail 'other results than on this CPU'
	rm -r "$work/emulated"
	ran=$((ran + 1))
	echo "$cpu ($why): $level, the same results; refuses $refused"
done <"$work/cpus"
echo "$ran of $(wc -l <"$work/cpus") processors ran"
