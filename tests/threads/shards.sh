#!/usr/bin/env bash
# shards.sh BUILD - the reader of pictures in BUILD, which ThreadSanitizer watches, without a report
#
# A build without OpenMP, whose runtime hides its synchronization.
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run=()
if setarch -R true 2>/dev/null; then run=(setarch -R); fi

for digit in 0 1 2 3; do
  { find "models/digits/test/$digit" -name '*.png' | LC_ALL=C sort && echo none.png; } \
    >"$work/$digit.txt"
  tar -cf "$work/t$digit.tar" -C models/digits/test "$digit"
done
head -c 9000 "$work/t0.tar" >"$work/cut.tar"
# status 1: the damaged archive; ThreadSanitizer would exit with 66
status=0
"${run[@]}" "$build/libvit" features models/digits --shards "$work/{0..3}.txt" "$work/t0.tar" \
  "$work/cut.tar" "$work/t1.tar" -o "$work/out" --threads 3 >/dev/null 2>"$work/log" || status=$?
[ "$status" = 1 ] || { cat "$work/log"; exit 1; }
"${run[@]}" "$build/libvit" verify "$work/out" --sample 30% --threads 3 2>"$work/log" ||
  { cat "$work/log"; exit 1; }
# a run that ends while the reader works
status=0
(ulimit -f 4 && "${run[@]}" "$build/libvit" features models/digits --shards "$work/{0..3}.txt" \
  -o "$work/full" --threads 3 >/dev/null 2>"$work/log") || status=$?
[ "$status" = 2 ] || { cat "$work/log"; exit 1; }
