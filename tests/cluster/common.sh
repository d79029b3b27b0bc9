# shellcheck shell=bash disable=SC2154,SC2034,SC2015
# common.sh - for the scripts of tests/cluster: comparison, hosts in network namespaces
#
# The caller has set: build; data, which shards.sh filled. A host is a network namespace of its own
# on one bridge; processes and files are those of this machine, so that a test can see and end a
# host's processes.

work=$(mktemp -d)
vit=$(realpath "$build/libvit")
model=$(realpath models/digits)
pictures=$(cat "$data/pictures") # of each shard
shards=$(cat "$data/shards")
shard_count=$(wc -l <"$data/sums")
tag=v$$
hosts=()
daemons=()

# Ends what this script started, and nothing else.
cleanup() {
  local host
  for host in "${hosts[@]+"${hosts[@]}"}"; do
    ip netns pids "$host" | xargs -r kill -KILL 2>/dev/null
    ip netns del "$host" 2>/dev/null
    ip link del "${host/$tag/${tag}h}" 2>/dev/null
  done
  [ ${#daemons[@]} = 0 ] || kill -KILL "${daemons[@]}" 2>/dev/null
  ip link del "$tag" 2>/dev/null
  umount "$work/disk" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

logs() { :; } # what a failure also prints
fail() {
  logs
  echo "FAILED  $*"
  exit 1
}

# wait_until SECONDS WORDS COMMAND...: a limit for what never comes; no test depends on speed.
wait_until() {
  local end=$((SECONDS + $1)) words=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || fail "expected $words"
    sleep 0.05
  done
}

# same_as_one OUT: the files of every shard are there, with the bytes of the run of one process, and
# no others, except the part that a killed process was writing.
same_as_one() {
  local out=$1
  diff -rq --exclude='*.tmp' "$data/one" "$out" ||
    fail "expected the files of the run of one process in $out"
  [ "$(cat "$out"/*.jsonl | grep -c '"status": "ok"')" = $((pictures * shard_count)) ] ||
    fail 'expected every picture once'
  "$vit" verify "$out" --sample 2% --shards "$shards" || fail 'expected files that libvit verifies'
}

done_count() { find "$1" -name '*.npy' 2>/dev/null | wc -l; }
at_least() { [ "$(done_count "$1")" -ge "$2" ]; } # OUT COUNT

# A network of hosts TAG1, TAG2, ... with addresses 10.213.77.1, .2, ...; this machine is .254.
make_hosts() {
  local i name
  ip link add "$tag" type bridge && ip addr add 10.213.77.254/24 dev "$tag" && ip link set "$tag" up
  for ((i = 1; i <= $1; i++)); do
    name=$tag$i
    ip netns add "$name" && hosts+=("$name") &&
      ip link add "${tag}h$i" type veth peer name eth0 netns "$name" &&
      ip link set "${tag}h$i" master "$tag" up &&
      ip netns exec "$name" ip addr add "10.213.77.$i/24" dev eth0 &&
      ip netns exec "$name" ip link set eth0 up && ip netns exec "$name" ip link set lo up ||
      fail "expected a network namespace $name"
  done
  make_held
}

# $work/held is libvit that waits on each host until release HOST: a host that is slow to start has
# a job all the same.
make_held() {
  cat >"$work/held" <<EOT
#!/bin/sh
until [ -e "$work/go.\$($(command -v ip) netns identify \$\$)" ]; do sleep 0.05; done
exec "$vit" "\$@"
EOT
  chmod +x "$work/held"
}
release() { touch "$work/go.$1"; }

# job_on HOST: sets $job to a process of libvit that computes there, if there is one.
job_on() {
  local pid
  for pid in $(ip netns pids "$1"); do
    if [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$vit" ]; then
      job=$pid
      return
    fi
  done
  return 1
}
signal_job() { job_on "$1" && kill "-$2" "$job" 2>/dev/null; } # HOST SIGNAL
