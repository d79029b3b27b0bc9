/* new_weights.c - writes the weights of a new model, freshly initialized, as a .safetensors file */
#include <stdlib.h>
#include <string.h>

#include "base/fpenv.h"
#include "base/status.h"
#include "checkpoint/new_tensors.h"
#include "config/derived.h"
#include "config/pos_embed.h"
#include "config/tokenizer.h"
#include "model/init_weights.h"
#include "vit/vit.h"

struct new_weights {
    struct random_weights random;
    struct new_tensors list;
    float *positions; /* the table, if it is fixed: the modules store it too; or NULL */
};

static enum vit_status read_numbers(void *user, size_t i, size_t first, size_t count, float *out,
                                    struct vit_error *err)
{
    struct new_weights *const w = user;
    const struct tensor_place *const place = &w->list.places[i];

    if (place->slot != SLOT_POSITIONS || !w->positions)
        return random_weights_read(&w->random, place->slot, place->index, first, count, out, err);
    memcpy(out, w->positions + first, count * sizeof *out);
    return VIT_OK;
}

static enum vit_status compute_positions(struct new_weights *w, struct vit_error *err)
{
    const struct vit_config *const c = &w->list.config;
    const struct config_grid grid = config_grid(c);

    if (config_learns_positions(c))
        return VIT_OK;
    w->positions = calloc(config_positions(c) * c->dim, sizeof *w->positions);
    if (!w->positions)
        return fail(err, VIT_ENOMEM, "no memory for a table of positions");
    config_pos_embed(c)->compute(config_positions(c) - config_patches(c), grid.rows, grid.columns,
                                 c->dim, w->positions);
    return VIT_OK;
}

enum vit_status vit_weights_create_random(const char *config_path, uint64_t seed, const char *path,
                                          struct vit_error *err)
{
    const struct fpenv before = fpenv_enter(); /* numbers are parsed and drawn */
    struct new_weights w = { .random = { seed } };
    const struct new_tensor_source source = { read_numbers, &w };
    enum vit_status status = new_tensors_list(config_path, &w.list, err);

    if (!status && !(status = compute_positions(&w, err)))
        status = safetensors_write(path, w.list.count, w.list.tensors, &source, err);
    free(w.positions);
    new_tensors_free(&w.list);
    fpenv_leave(before);
    return status;
}
