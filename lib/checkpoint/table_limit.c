/* table_limit.c - how large a table of positions a checkpoint may ask for */
#include "checkpoint/table_limit.h"

#include "config/derived.h"
#include "config/pos_embed.h"
#include "config/rotary.h"
#include "files/fail_file.h"

enum { SPARE = 1 << 23 }; /* 32 MiB, more than any real model of few weights needs */

enum vit_status table_check(const char *path, const struct vit_config *config,
                            const struct tensors *tensors, struct vit_error *err)
{
    const size_t patches = config_patches(config), tokens = config_tokens(config);
    /* these fit: what they are products of is bounded */
    const size_t added = config_has_positions(config) ? patches * config->dim : 0;
    const size_t rotations = config_rotation_tables(config) * patches * config_head_dim(config);
    const size_t biases = config_bias_tables(config) * config->heads * tokens * tokens;
    const size_t floats = added + 2 * rotations + biases;
    size_t stored = 0;

    for (size_t i = 0; i < tensors->count; i++)
        stored += tensors->entries[i].elements;
    if (floats <= SPARE || (floats - SPARE) / 2 <= stored)
        return VIT_OK;
    return fail_file(err, VIT_EUNSUPPORTED, path,
                     "at %zu × %zu: expected tables of positions of at most 2^23 numbers and twice "
                     "the weights, %zu, found %zu; a caller may request any size",
                     config->height, config->width, stored, floats);
}
