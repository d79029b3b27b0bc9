/* shard_choice.h - --shard: which of the shards this process computes */
#ifndef VIT_TOOLS_SHARD_CHOICE_H
#define VIT_TOOLS_SHARD_CHOICE_H

#include "tools/options.h"

/* Those whose number in the list, from 0, is `index` modulo `count`. */
struct shard_choice {
    size_t index, count; /* count 0: not given, every shard */
    bool automatic;      /* from the environment */
};

/* "I/N" with I < N, or "auto" */
bool parse_shard(const struct option *option, const char *text, void *field);

/*
 * Replaces "auto" by what the launcher's variables say: Open MPI's, PMI's, Slurm's of a step and of
 * an array, or of both. VIT_EINVAL: there are none, or they contradict each other.
 */
enum vit_status shard_choice_resolve(struct shard_choice *choice, struct vit_error *err);

#endif
