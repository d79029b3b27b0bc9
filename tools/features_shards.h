/* features_shards.h - `libvit features --shards`: many images, in files per shard */
#ifndef VIT_TOOLS_FEATURES_SHARDS_H
#define VIT_TOOLS_FEATURES_SHARDS_H

#include "tools/shard_choice.h"
#include "tools/subcommand.h"

struct shards_request {
    const char *out;    /* the directory */
    const char *shards; /* as shard_list_create takes it; the operands behind MODEL are more */
    struct shard_choice choice;
    struct size size;
};

/*
 * Computes the chosen shards that are not done. One that cannot be read is an error on standard
 * error, and exit status 1. A failed write, a lack of memory or a model that fails ends the run.
 */
enum vit_status features_shards(const struct invocation *in, const struct shards_request *request,
                                struct vit_error *err);

#endif
