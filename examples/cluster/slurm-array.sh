#!/bin/sh
#SBATCH --job-name=libvit-features
#SBATCH --requeue
#SBATCH --open-mode=append
# slurm-array.sh MODEL SHARDS OUT - libvit features --shards as an array of Slurm jobs
#
#   sbatch --array=0-63 --cpus-per-task=16 slurm-array.sh models/vit 'data/{000..999}.tar' out
#
# Each task computes every 64th shard: --shard auto takes the task's number from Slurm. Slurm runs a
# task again whose node dies; a task that fails asks for that itself, three times. What is done is
# not done again, so the same command completes a run. VIT is the command on the nodes.
set -u

"${VIT:-libvit}" features "$1" --shards "$2" -o "$3" --shard auto \
	--threads "${SLURM_CPUS_PER_TASK:-1}" && exit 0
status=$?
[ "${SLURM_RESTART_COUNT:-0}" -ge 3 ] || scontrol requeue "$SLURM_JOB_ID"
exit "$status"
