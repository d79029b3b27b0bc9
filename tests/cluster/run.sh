#!/usr/bin/env bash
# shellcheck disable=SC2015 # what follows || cannot fail
# run.sh BUILD SHARDS - libvit features --shards on several hosts, each a network namespace
#
# Every file computed there has the bytes of a run of one process. Needs root, and the packages
# DEPS_CLUSTER of mk/deps.mk. A test without what it needs is skipped, and counted.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
build=$1 shard_count=$2
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
ran=0 failed=0 planned=0

# try NAME COMMAND...: runs tests/cluster/NAME.sh, which needs the commands.
try() {
  local name=$1 missing=''
  shift
  planned=$((planned + 1))
  for command in "$@"; do
    command -v "$command" >/dev/null || [ -x "/usr/sbin/$command" ] || missing+=" $command"
  done
  [ "$(id -u)" = 0 ] && unshare --net --mount true 2>/dev/null || missing+=' root'
  if [ -n "$missing" ]; then
    echo "skipped: $name: there is no$missing"
    return
  fi
  ran=$((ran + 1))
  PATH=$PATH:/usr/sbin "tests/cluster/$name.sh" "$build" "$data" || failed=$((failed + 1))
}

tests/cluster/shards.sh "$build" "$shard_count" "$data" || exit
try disk tar mount
try parallel tar ip sshd ssh-keygen parallel
try slurm tar ip nsenter munged slurmctld slurmd sbatch
echo "check-cluster: $ran of $planned run, $failed failed"
[ "$failed" = 0 ]
