/* table_limit.c - how large a table of positions a checkpoint may ask for */
#include "checkpoint/table_limit.h"

#include "config/derived.h"
#include "config/pos_embed.h"
#include "files/fail_file.h"

enum { SPARE = 1 << 23 }; /* 32 MiB, more than any real model of few weights needs */

enum vit_status table_check(const char *path, const struct vit_config *config,
                            const struct tensors *tensors, struct vit_error *err)
{
    const size_t floats = config_patches(config) * config->dim; /* fits: both are bounded */
    size_t stored = 0;

    if (!config_has_positions(config))
        return VIT_OK;
    for (size_t i = 0; i < tensors->count; i++)
        stored += tensors->entries[i].elements;
    if (floats <= SPARE || (floats - SPARE) / 2 <= stored)
        return VIT_OK;
    return fail_file(err, VIT_EUNSUPPORTED, path,
                     "at %zu × %zu: expected position embeddings of at most 2^23 numbers and twice "
                     "the weights, %zu, found %zu; a caller may request any size",
                     config->height, config->width, stored, floats);
}
