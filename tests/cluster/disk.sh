#!/usr/bin/env bash
# shellcheck disable=SC2015 # what follows || is the end of the script
# disk.sh BUILD DATA - libvit features --shards on a disk that is full, and then is not
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
build=$1 data=$2
. tests/cluster/common.sh

mkdir "$work/disk" && mount -t tmpfs -o size=400k tmpfs "$work/disk" || fail 'expected a tmpfs'
out=$work/disk/out
"$vit" features "$model" --shards "$shards" -o "$out" >"$work/log" 2>&1
[ $? = 2 ] && grep -q 'cannot write .*: No space left on device' "$work/log" ||
  fail "expected a full disk, found $(tail -n 1 "$work/log")"
before=$(done_count "$out")
[ "$before" -ge 1 ] && [ "$before" -lt "$shard_count" ] ||
  fail "expected some of $shard_count shards, found $before"
[ -z "$(find "$out" -name '*.tmp')" ] || fail 'expected no part of a file'
mount -o remount,size=64m "$work/disk" &&
  "$vit" features "$model" --shards "$shards" -o "$out" >"$work/log" 2>&1 ||
  fail "expected the rest, found $(tail -n 1 "$work/log")"
grep -q "^$before of $shard_count shards were done" "$work/log" || fail 'expected no work twice'
same_as_one "$out"
echo "ok      a full disk: $before of $shard_count shards before, none of them twice"
