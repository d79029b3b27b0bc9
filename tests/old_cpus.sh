#!/bin/sh
# old_cpus.sh - the command on emulated processors: the right level, the same answers, no SIGILL
#
#   old_cpus.sh BUILD
#
# QEMU's user-mode emulator refuses what the processor it plays does not have, and that is tried
# first, with an instruction of the level above: a pass says nothing where nothing is refused.
set -eu

build=$1
model=models/digits
pictures=$(find $model/test -name '*.png' | sort | sed -n '1~90p')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CPU, the level it must choose, an instruction that it must refuse, why
cpus='
qemu64,-sse3   scalar sse3   what x86-64 began with
Conroe         scalar avx2   2006: no SSE4
Nehalem        scalar avx2   2008: no AVX
SandyBridge    scalar avx2   2011: AVX, no AVX2
Opteron_G5     scalar avx2   2012: AVX and FMA, no AVX2
Haswell        avx2   avx512 2013: AVX2
Haswell,-fma   scalar fma    AVX2 without FMA
Haswell,-avx   scalar avx    AVX2 and FMA without AVX
Haswell,-xsave scalar avx2   a system that does not save ymm
max            avx2   avx512 everything that the emulator knows
'

instruction() {
	case $1 in
	sse3) echo 'haddps %xmm0, %xmm0' ;;
	avx) echo 'vaddps %ymm0, %ymm0, %ymm0' ;;
	avx2) echo 'vpaddd %ymm0, %ymm0, %ymm0' ;;
	fma) echo 'vfmadd231ps %ymm0, %ymm0, %ymm0' ;;
	avx512) echo 'vpaddd %zmm0, %zmm0, %zmm0' ;;
	esac
}
for level in sse3 avx avx2 fma avx512; do
	printf 'int main(void) { __asm__ volatile("%s"); return 0; }\n' \
	    "$(instruction $level)" >"$work/$level.c"
	${CC:-cc} -o "$work/$level" "$work/$level.c"
done

fail() {
	echo "old_cpus.sh: $cpu: $*" >&2
	exit 1
}

# The warnings are about features that the emulator knows of and does not have.
emulate() {
	qemu-x86_64-static -cpu "$cpu" "$@" 2>"$work/err" || {
		status=$?
		grep -v '^qemu-x86_64-static: warning' "$work/err" >&2 || true
		return $status
	}
}

# What is computed, by `libvit` or by `emulate libvit`, into a folder.
answers() {
	folder=$1
	shift
	mkdir -p "$folder"
	"$@" classify $model $pictures --top 10 --threads 1 --json >"$folder/json"
	grep -v '"seconds"\|"images_per_s"\|"isa"' "$folder/json" >"$folder/classes"
	rm "$folder/json"
	"$@" preprocess $model/test/3/0060.png --model $model -o "$folder/picture.npy"
	"$@" run $model "$folder/picture.npy" --output block.1 --threads 1 -o "$folder/block.npy"
	"$@" run $model "$folder/picture.npy" --threads 2 -o "$folder/logits.npy"
}

cpu=native
answers "$work/native" "$build/libvit"
ran=0
echo "$cpus" | sed '/^$/d' >"$work/cpus"
while read -r cpu level refused why; do
	status=0
	(ulimit -c 0; emulate "$work/$refused") 2>/dev/null || status=$?
	[ $status = 132 ] || fail "the emulator does not refuse $refused: status $status"
	emulate "$build/libvit" info >"$work/info" || fail "libvit info: status $?"
	grep -q "^  $level  *chosen" "$work/info" || fail "expected $level: $(grep chosen "$work/info")"
	answers "$work/emulated" emulate "$build/libvit" || fail "status $?"
	diff -r "$work/native" "$work/emulated" || fail 'not the answers of this machine'
	rm -r "$work/emulated"
	ran=$((ran + 1))
	echo "$cpu ($why): $level, the same answers; refuses $refused"
done <"$work/cpus"
echo "$ran of $(wc -l <"$work/cpus") processors ran"
