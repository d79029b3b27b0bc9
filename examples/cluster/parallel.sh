#!/usr/bin/env bash
# parallel.sh HOSTS PARTS MODEL SHARDS OUT - libvit features --shards on many hosts, over ssh
#
#   examples/cluster/parallel.sh hosts.txt 64 models/vit 'data/{000..999}.tar' out
#
# HOSTS has a line for each host, as GNU parallel's --sshloginfile: "2/node7" runs two jobs at a
# time there. Every host sees the same files under the same paths. The shards are divided into PARTS
# jobs. A job that fails, or whose host dies, runs again, on another host if there is one; what is
# done is not done again. A job that takes longer than LIMIT seconds (a day) is ended and runs
# again. VIT is the command on the hosts. Run the script again after anything else has gone wrong.
set -euo pipefail

[ $# = 5 ] || {
  echo 'Usage: parallel.sh HOSTS PARTS MODEL SHARDS OUT' >&2
  exit 2
}
hosts=$1 parts=$2 model=$3 shards=$4 out=$5

# A host that no longer answers is a failure after half a minute.
export PARALLEL_SSH="${SSH:-ssh} -o ServerAliveInterval=10 -o ServerAliveCountMax=3"

# -q: the host's shell leaves the braces of SHARDS to libvit.
seq 0 $((parts - 1)) |
  parallel -q --sshloginfile "$hosts" --workdir "$PWD" --retries 5 --timeout "${LIMIT:-86400}" \
    --joblog "${JOBLOG:-$out.joblog}" \
    "${VIT:-libvit}" features "$model" --shards "$shards" -o "$out" --shard "{}/$parts"
