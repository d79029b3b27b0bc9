#!/bin/sh
# scan_isa.sh - finds the instructions in objects that a level of processors does not have
#
#   scan_isa.sh LEVEL OBJECT...
#
# Decodes the prefix bytes that objdump prints (Intel SDM vol. 2, ch. 2): in 64-bit mode C4 and C5
# begin a VEX encoding, 62 an EVEX one, 8F an XOP one unless it is POP; 0F 38 and 0F 3A are maps
# that came with SSSE3. Where prefixes are not enough (SSE3, BMI, the many parts of AVX-512), the
# instruction's name decides. Prints at most five finds of an object, and fails if there is any.
set -eu

# LEVEL, and what it adds to the level that it extends (kernels/levels.h): encodings as decode()
# names them, and extensions by the names below.
adds='
scalar legacy
avx2   SSE3 SSSE3 VEX F16C
avx512 EVEX VEX-mask
avx2vnni VNNI
avx512vnni VNNI
'

level=$1
shift
levels_h=$(dirname "$0")/../kernels/levels.h
allowed=' '
at=-
next=$level
while [ "$next" != "$at" ]; do
	at=$next
	row=$(echo "$adds" | grep "^$at ") || {
		echo "scan_isa.sh: expected a level of its table, found '$at'" >&2
		exit 2
	}
	allowed="$allowed${row#* } "
	next=$(sed -n "s/^ *LEVEL($at, \([a-z0-9]*\),.*/\1/p" "$levels_h")
done

for object; do
	LC_ALL=C ${OBJDUMP:-objdump} -d -w "$object" || echo 'failed'
done | LC_ALL=C awk -F '\t' -v level="$level" -v allowed="$allowed" -v objects=$# '
function report(what) {
	finds++
	if (++of_object <= 5)
		printf "%s: %s in %s, for %s: %s\n", object, what, func_name, level, $3
}

# Sets kind: the encoding of the instruction whose bytes are b[1..n].
function decode(n, i, repeat, wide) {
	kind = "legacy"
	for (i = 1; i < n && b[i] ~ /^(26|2e|36|3e|64|65|66|67|f0|f2|f3)$/; i++) {
		repeat = b[i] ~ /^f[23]$/ ? b[i] : repeat
		wide = b[i] == "66" ? "66" : wide
	}
	if (b[i] ~ /^4/)
		i++
	if (b[i] == "c4" || b[i] == "c5")
		kind = $3 ~ /%k[0-7]/ ? "VEX-mask" : "VEX"
	else if (b[i] == "62")
		kind = b[i + 1] ~ /[56]$/ ? "EVEX-FP16" : "EVEX" # its maps 5 and 6
	else if (b[i] == "8f" && b[i + 1] !~ /^.[0-7]$/)
		kind = "XOP"
	else if (b[i] == "0f" && b[i + 1] ~ /^3[8a]$/)
		kind = "SSSE3" # or later
	else if (b[i] == "0f" && (repeat b[i + 1] ~ /^f2(12|7c|7d|d0|f0)$|^f3(12|16|b8|bd)$/ ||
				  wide b[i + 1] ~ /^66(7c|7d|d0)$/))
		kind = "SSE3" # or later: POPCNT, LZCNT; TZCNT is BSF on CPUs that lack it
	else if (b[i] == "0f" && $3 ~ /^(xgetbv|xsave|xrstor|cmpxchg16b|rdrand|rdseed|fisttp)/)
		kind = "system"
}

function is_allowed(what) { return index(allowed, " " what " ") }

# The extension that an instruction of an allowed encoding needs and the level lacks, or "".
function lacking(name) {
	for (name in extension)
		if ($3 ~ "^(" extension[name] ")" && !is_allowed(name))
			return name
	return kind == "VEX" && $3 ~ /^vcvt(ph2ps|ps2ph)/ && !is_allowed("F16C") ? "F16C" : ""
}

BEGIN {
	extension["BMI"] = "(andn|bextr|blsi|blsr|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx)[lq]? "
	extension["LZCNT"] = "lzcnt[lq]? "
	extension["ADX"] = "(adcx|adox)[lq]? "
	extension["MOVBE"] = "movbe[lq]? "
	extension["FMA4"] = "vfn?m(add|sub|addsub|subadd)[ps][sd] "
	extension["VNNI"] = "vpdp"
	extension["AES"] = "v?aes|v?pclmul"
	extension["GFNI"] = "v?gf2p8"
	extension["IFMA"] = "vpmadd52"
	extension["VBMI"] = "vperm(b|i2b|t2b) |vpmultishift|vp(compress|expand)[bw] |vpsh[lr]d[vwdq]"
	extension["BITALG"] = "vpshufbitqmb|vpopcnt"
	extension["CD"] = "vpconflict|vplzcnt|vpbroadcastm"
	extension["VP2INTERSECT"] = "vp2intersect"
	extension["BF16"] = "vdpbf16|vcvtne|vbcst"
	extension["ER"] = "vexp2|vrcp28|vrsqrt28|v4f|vp4d|v(gather|scatter)pf"
	extension["AMX"] = "tile|td[pc]"
	extension["SHA"] = "v?sha(1|256|512)|vsm[34]"
	extension["CLWB"] = "cl(wb|zero|demote)"
}
/^failed$/ { print "scan_isa.sh: objdump failed"; broken = 1 }
/file format/ { object = $0; sub(/: *file format.*/, "", object); of_object = 0; read++ }
/^[0-9a-f]+ <.*>:$/ { func_name = $0; sub(/^[^<]*/, "", func_name); sub(/:$/, "", func_name) }
NF >= 3 {
	instructions++
	n = split($2, b, " ")
	sub(/^[{][a-z0-9]+[}] /, "", $3) # "{vex} vpdpbusd": AVX-VNNI, apart from its EVEX form
	decode(n)
	# guarded by OSXSAVE, base/cpu learns by xgetbv what the library may use
	if (!is_allowed(kind)) {
		if (!($3 ~ /^xgetbv/ && object ~ /base\/cpu\.o$/))
			report(kind)
	} else if (lacking() != "")
		report(lacking())
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
