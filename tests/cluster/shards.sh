#!/usr/bin/env bash
# shards.sh BUILD SHARDS DATA - archives of pictures in DATA, and what one process makes of them
#
# DATA/data has SHARDS archives, of which no two are alike; DATA/one is the run of one process, and
# DATA/pictures how many pictures each has: about 4320 together, at least 8.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1 shard_count=$2 data=$3

each=$((4320 / shard_count))
[ "$each" -ge 8 ] || each=8
mapfile -t names < <(cd models/digits/test && find . -name '*.png' | LC_ALL=C sort)
all=${#names[@]} # 360
[ "$each" -le "$all" ] || each=$all

printf -v last %03d $((shard_count - 1))
first=${last//?/0}

mkdir "$data/data"
for ((i = 0; i < shard_count; i++)); do
  # each begins at another picture, or goes on in other steps
  members=()
  for ((j = 0; j < each; j++)); do members+=("${names[(i + j * (1 + i / all)) % all]}"); done
  printf -v name "%0${#last}d" "$i"
  tar -cf "$data/data/$name.tar" -C models/digits/test "${members[@]}"
done
echo "$each" >"$data/pictures"
echo "$data/data/{$first..$last}.tar" >"$data/shards"
model=$(realpath models/digits) # as the hosts name it: libvit.json has the path
"$build/libvit" features "$model" --shards "$(cat "$data/shards")" -o "$data/one" \
  >"$data/sums" 2>"$data/log" || { cat "$data/log"; exit 1; }
found=$(cut -c 1-64 "$data/sums" | sort -u | wc -l)
[ "$found" = "$shard_count" ] || {
  echo "FAILED  expected $shard_count digests of one process, found $found"
  exit 1
}
