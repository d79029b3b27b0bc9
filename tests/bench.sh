#!/bin/sh
# bench.sh BUILD - make bench passes its options on; make bench-compare runs this tree against HEAD
set -eu
cd "$(dirname "$0")/.."
build=$1
mkdir -p "$build"
log=$build/bench.log
unset MAKEFLAGS MAKELEVEL

fail() {
	echo "bench.sh: $*" >&2
	cat "$log" >&2
	exit 1
}

options='--benchmark_list_tests --benchmark_filter=scalar/gelu/in_cache|scalar/relu/in_cache'
make -s BUILD="$build" bench BENCH="$options" >"$log" || fail "make bench: status $?"
[ "$(grep -c '^scalar/[a-z]*/in_cache$' "$log")" = 2 ] || fail 'make bench: expected two benchmarks'

make -s BUILD="$build" bench NEIGHBOR='spin 1' >"$log" 2>&1 || fail "make bench NEIGHBOR: status $?"
[ "$(grep -cE '^[12] .*( +[0-9]+\.[0-9]+){8} *$' "$log")" = 3 ] ||
	fail 'NEIGHBOR: expected three rows'

# The others need a second core, and say what one core leaves out.
make -s BUILD="$build" bench NEIGHBOR='read 1' >"$log" 2>&1 ||
	fail "make bench NEIGHBOR=read: status $?"
grep -qE '^(0 of [1-9][0-9]* run: .* needs another|([1-9][0-9]*) of \2 run)$' "$log" ||
	fail 'NEIGHBOR=read: expected the number of what was run'
one=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*\([0-9]*\).*/\1/p' /proc/self/status)
taskset -c "$one" "$build"/bench/neighbors/run write 1 >"$log" || fail "one core: status $?"
grep -qE '^0 of [1-9][0-9]* run: this process may use one processor, and write needs another$' \
	"$log" || fail 'one core: expected that nothing was run'
! make -s BUILD="$build" bench NEIGHBOR=cat >"$log" 2>&1 || fail 'NEIGHBOR=cat: expected a failure'


# The libraries that are there; a second run takes what the first one stored.
make -s -j2 BUILD="$build" "$build"/bench/peers/run >"$log" 2>&1 || fail "bench/peers: status $?"
peers() {
	python3 -B bench/peers/run.py --build "$build" --store "$build"/bench-peers-test \
		--json "$build"/bench-peers-test.json --only odd --rounds 1 "$@" >"$log" 2>&1 ||
		fail "bench/peers/run.py $*: status $?"
	grep -v 'rows, ' "$log"
}
first=$(peers)
[ "$(peers --resume)" = "$first" ] || fail 'bench-peers --resume: expected the same report'
grep -q ' 11 rows, 11 of them stored' "$log" || fail 'bench-peers --resume: expected stored rows'

# A matmul in each lower precision, with the libraries that are there: speed and error of each.
for precision in float16 int8; do
	echo '{"kind":"matmul","m":9,"n":33,"k":130,"rounds":1,"precision":"'$precision'"}'
done | "$build"/bench/peers/run --build "$build" >"$log" 2>&1 || fail "bench/peers: status $?"
[ "$(grep -cE '"errors":.*"libvit":\{"outliers":0\.0[0-9]+,"normal":0\.0[0-9]+\}' "$log")" = 2 ] ||
	fail 'bench/peers: expected the errors of float16 and int8'

! make -s BUILD="$build" bench-compare >"$log" 2>&1 ||
	fail 'bench-compare without BASE: expected a failure'
make -s -j2 BUILD="$build" bench-compare BASE=HEAD \
	COMPARE='--isa scalar --filter /(gelu|relu)/in_cache --rounds 6 --min-time 0.01' >"$log" 2>&1 ||
	fail "make bench-compare: status $?"
grep -q '^scalar/gelu/in_cache .* ns_per_element ' "$log" ||
	fail 'bench-compare: expected a line of gelu'
grep -q '2 benchmarks, 6 rounds' "$log" || fail 'bench-compare: expected two benchmarks'
tail -n 1 "$log"
