#!/usr/bin/env bash
# shellcheck disable=SC2015 # what follows || is the end of the script
# parallel.sh BUILD DATA - examples/cluster/parallel.sh on three hosts, of which one dies
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
build=$1 data=$2
. tests/cluster/common.sh

make_hosts 3
ssh-keygen -q -t ed25519 -N '' -f "$work/key" && ssh-keygen -q -t ed25519 -N '' -f "$work/host"
mkdir -p /run/sshd
cat >"$work/sshd_config" <<EOT
HostKey $work/host
AuthorizedKeysFile $work/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
AcceptEnv VIT_ISA
EOT
for i in 1 2 3; do
  ip netns exec "$tag$i" /usr/sbin/sshd -D -e -f "$work/sshd_config" 8>&- 9>&- \
    >"$work/sshd$i" 2>&1 &
  disown
  echo "1/root@10.213.77.$i" >>"$work/hosts"
done
export SSH="ssh -i $work/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$work/known
 -o LogLevel=ERROR -o ConnectTimeout=5 -o ServerAliveInterval=2"
SSH=${SSH//$'\n'/}
wait_until 20 'three hosts that answer' sh -c \
  "for i in 1 2 3; do $SSH root@10.213.77.\$i true 2>/dev/null </dev/null || exit; done"

out=$work/out
logs() { cat "$work/log"; }
# The stopped job runs into the limit. A job that is alive does too if it is slow, and goes on.
VIT=$work/held LIMIT=$((10 + shard_count / 50)) HOME=$work PARALLEL_HOME=$work/parallel \
  examples/cluster/parallel.sh "$work/hosts" 6 "$model" "$shards" "$out" >"$work/log" 2>&1 &
run=$!
daemons+=("$run")

release "${tag}1"
wait_until 60 'a first shard' at_least "$out" 1
wait_until 60 'a job on the first host' signal_job "${tag}1" KILL # a killed job
release "${tag}2"
# a stopped process, which goes on when its work is done
wait_until 60 'a job on the second host' signal_job "${tag}2" STOP
stopped=$job
release "${tag}3"
wait_until 60 'a job on the third host' job_on "${tag}3"
ip netns exec "${tag}3" ip link set eth0 down # a dead host: no answer, and all processes gone
ip netns pids "${tag}3" | xargs -r kill -KILL 2>/dev/null
wait "$run"
status=$?
daemons=()
[ "$status" = 0 ] || fail "expected parallel to end with 0, found $status"
same_as_one "$out"
kill -CONT "$stopped" 2>/dev/null && wait_until 60 'the stopped job to end' \
  sh -c "! kill -0 $stopped 2>/dev/null"
same_as_one "$out"
echo "ok      parallel over ssh: a killed job, a stopped one, a dead host; $shard_count shards"
