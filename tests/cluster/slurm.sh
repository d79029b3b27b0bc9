#!/usr/bin/env bash
# shellcheck disable=SC2015 # what follows || is the end of the script
# slurm.sh BUILD DATA - examples/cluster/slurm-array.sh on two nodes, of which one dies
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
build=$1 data=$2
. tests/cluster/common.sh

make_hosts 2
mkdir "$work/state" "$work/munge" && chmod 755 "$work" && chmod 755 "$work/munge"
head -c 1024 /dev/urandom >"$work/munge/key" && chmod 400 "$work/munge/key"
munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" \
  --pid-file="$work/munge/pid" --log-file="$work/munge/log" --seed-file="$work/munge/seed" \
  8>&- 9>&- >/dev/null 2>&1 &
daemons+=($!)
disown
export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<EOT
ClusterName=$tag
SlurmctldHost=$(hostname)(10.213.77.254)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool-%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd-%n.pid
SlurmctldPort=6817
SlurmdPort=6818
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdTimeout=5
KillWait=2
SchedulerParameters=sched_interval=2,batch_sched_delay=0,requeue_delay=1
JobRequeue=1
NodeName=${tag}n1 NodeAddr=10.213.77.1 CPUs=2 State=UNKNOWN
NodeName=${tag}n2 NodeAddr=10.213.77.2 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=${tag}n1,${tag}n2 Default=YES MaxTime=INFINITE State=UP
EOT
wait_until 10 'the socket of munge' test -S "$work/munge/socket"
slurmctld -D -i -f "$SLURM_CONF" 8>&- 9>&- >"$work/slurmctld" 2>&1 &
daemons+=($!)
disown
for i in 1 2; do
  # a name of its own, by which slurmd finds its line of the configuration
  # nsenter, because ip netns exec hides /sys/fs/cgroup, which slurmd wants
  nsenter --net="/run/netns/$tag$i" unshare --uts sh -c \
    "hostname ${tag}n$i && exec slurmd -D -f $SLURM_CONF" \
    8>&- 9>&- >"$work/slurmd$i" 2>&1 &
  disown
done
idle() { [ "$(sinfo -h -o '%D %t' 2>/dev/null)" = '2 idle' ]; }
logs() {
  squeue
  sinfo
  tail -n 5 "$work"/slurm*[0-9d]
}
wait_until 30 'two idle nodes' idle

out=$work/out
submit() {
  VIT=$work/held sbatch -Q --array="$1" --cpus-per-task=1 --output="$work/task-%a.log" \
    --chdir="$work" --export=ALL "$PWD/examples/cluster/slurm-array.sh" "$model" "$shards" "$out"
}
queue_is_empty() { [ -z "$(squeue -h -r 2>/dev/null)" ]; }

submit 3-9:2 || fail 'expected sbatch to take the array'
release "${tag}1"
wait_until 60 'a first shard' at_least "$out" 1
# a killed job, which asks to run again
wait_until 60 'a task on the first node' signal_job "${tag}1" KILL
release "${tag}2"
wait_until 60 'a task on the second node' job_on "${tag}2"
ip netns exec "${tag}2" ip link set eth0 down # a dead node
ip netns pids "${tag}2" | xargs -r kill -KILL 2>/dev/null
wait_until $((120 + shard_count)) 'the array to end' queue_is_empty
# A task prints the digest of each shard as soon as it is done. (GNU parallel drops what a job that
# runs again has printed.)
twice=$(grep -ho '[^/ ]*\.npy$' "$work"/task-*.log | sort | uniq -d)
[ -z "$twice" ] || fail "expected each shard from one task, found twice: ${twice//$'\n'/ }"
same_as_one "$out"
[ "$(cat "$work"/task-*.log | grep -c 'shards were done')" -ge 4 ] || fail 'expected four tasks'
echo "ok      Slurm array on two nodes: a killed job, a dead node; $shard_count shards"
