#!/bin/sh
# scan_isa.sh - finds the instructions in objects that a level of processors does not have
#
#   scan_isa.sh scalar|avx2|avx512 OBJECT...
#
# Decodes the prefix bytes that objdump prints (Intel SDM vol. 2, ch. 2): in 64-bit mode C4 and C5
# begin a VEX encoding, 62 an EVEX one, 8F an XOP one unless it is POP; 0F 38 and 0F 3A are maps
# that came with SSSE3. What prefixes do not tell (SSE3, BMI, the many parts of AVX-512) goes by
# the instruction's name. Prints each find, at most five of an object, and fails if there is any.
set -eu

level=$1
shift
case $level in scalar | avx2 | avx512) ;; *)
	echo "scan_isa.sh: expected scalar, avx2 or avx512, found '$level'" >&2
	exit 2
	;;
esac

for object; do
	LC_ALL=C ${OBJDUMP:-objdump} -d -w "$object" || echo 'failed'
done | LC_ALL=C awk -F '\t' -v level="$level" -v objects=$# '
function report(what) {
	finds++
	if (++of_object <= 5)
		printf "%s: %s in %s, for %s: %s\n", object, what, func_name, level, $3
}

# Sets kind: the encoding of the instruction whose bytes are b[1..n].
function decode(n, i, repeat, wide) {
	kind = "plain"
	for (i = 1; i < n && b[i] ~ /^(26|2e|36|3e|64|65|66|67|f0|f2|f3)$/; i++) {
		repeat = b[i] ~ /^f[23]$/ ? b[i] : repeat
		wide = b[i] == "66" ? "66" : wide
	}
	if (b[i] ~ /^4/)
		i++
	if (b[i] == "c4" || b[i] == "c5")
		kind = "VEX"
	else if (b[i] == "62")
		kind = b[i + 1] ~ /[56]$/ ? "EVEX of FP16" : "EVEX" # its maps 5 and 6
	else if (b[i] == "8f" && b[i + 1] !~ /^.[0-7]$/)
		kind = "XOP"
	else if (b[i] == "0f" && b[i + 1] ~ /^3[8a]$/)
		kind = "SSSE3 or later"
	else if (b[i] == "0f" && (repeat b[i + 1] ~ /^f2(12|7c|7d|d0|f0)$|^f3(12|16|b8|bd)$/ ||
				  wide b[i + 1] ~ /^66(7c|7d|d0)$/))
		kind = "SSE3 or later" # and POPCNT, LZCNT; TZCNT is BSF on those who lack it
	else if (b[i] == "0f" && $3 ~ /^(xgetbv|xsave|xrstor|cmpxchg16b|rdrand|rdseed|fisttp)/)
		kind = $3
}

BEGIN {
	# BMI, F16C in VEX, FMA4, VNNI, VAES, GFNI, IFMA, VBMI, BITALG, POPCNTDQ, CD, BF16, ER, AMX
	beyond = "^((andn|bextr|blsi|blsr|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|adcx|adox|" \
	    "movbe|lzcnt)[lq]? |vfn?m(add|sub|addsub|subadd)[ps][sd] |vpdp|vaes|vpclmul|v?gf2p8|" \
	    "vpmadd52|vperm(b|i2b|t2b) |vpmultishift|vp(compress|expand)[bw] |vpsh[lr]d[vwdq]|vpopcnt|" \
	    "vpshufbitqmb|vpconflict|vplzcnt|vpbroadcastm|vp2intersect|vdpbf16|vcvtne|vbcst|vexp2|" \
	    "vrcp28|vrsqrt28|v4f|vp4d|v(gather|scatter)pf|tile|td[pc]|v?sha(1|256|512)|vsm[34]|aes|" \
	    "pclmul|cl(wb|zero|demote))"
}
/^failed$/ { print "scan_isa.sh: objdump failed"; broken = 1 }
/file format/ { object = $0; sub(/: *file format.*/, "", object); of_object = 0; read++ }
/^[0-9a-f]+ <.*>:$/ { func_name = $0; sub(/^[^<]*/, "", func_name); sub(/:$/, "", func_name) }
NF >= 3 {
	instructions++
	n = split($2, b, " ")
	decode(n)
	if (level == "scalar" && kind != "plain") {
		# guarded by OSXSAVE: how the library learns what it may use
		if (!($3 ~ /^xgetbv/ && object ~ /base\/cpu\.o$/))
			report(kind)
	} else if (level == "avx2" && (kind ~ /EVEX|XOP/ || $3 ~ /%k[0-7]/)) # mask moves are VEX
		report(kind == "VEX" ? "a mask" : kind)
	else if (level == "avx512" && kind ~ /FP16|XOP/)
		report(kind)
	else if ($3 ~ beyond || (kind == "VEX" && $3 ~ /^vcvt(ph2ps|ps2ph)/))
		report("extension beyond the level")
}
END {
	if (read != objects || instructions < 1) {
		print "scan_isa.sh: read " read + 0 " of " objects " objects"
		exit 2
	}
	if (broken)
		exit 2
	printf "%s: %d instructions in %d objects, %d beyond\n", level, instructions, read, finds
	exit finds > 0
}'
