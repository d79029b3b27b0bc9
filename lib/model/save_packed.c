/* save_packed.c - writes the packed weights of an open model, and verifies those that it maps */
#include <stdlib.h>

#include "base/fpenv.h"
#include "base/status.h"
#include "model/model.h"
#include "model/packed_weights.h"

/* What describes a model that is open, by a checkpoint of its directory. */
static struct weight_source source_of(const struct checkpoint *checkpoint)
{
    return (struct weight_source){ .stored = checkpoint_stored(checkpoint),
                                   .has_positions = checkpoint_has(checkpoint, SLOT_POSITIONS, 0),
                                   .files = checkpoint };
}

/* The tensors beside the plan, one after the other; the caller frees them. */
static enum vit_status read_extras(struct checkpoint *checkpoint,
                                   const struct packed_description *d, float **extras,
                                   struct vit_error *err)
{
    size_t floats = 0;
    enum vit_status status = VIT_OK;

    for (size_t i = 0; i < d->extra_count; i++)
        floats += d->extras[i].rows * d->extras[i].columns;
    float *at = *extras = malloc((floats + 1) * sizeof *at); /* not 0 bytes */
    if (!at)
        return fail(err, VIT_ENOMEM, "no memory for tokens and positions");
    for (size_t i = 0; i < d->extra_count && !status; i++) {
        const size_t count = d->extras[i].rows * d->extras[i].columns;
        status =
            checkpoint_read(checkpoint, d->extras[i].slot, d->extras[i].index, 0, count, at, err);
        at += count;
    }
    return status;
}

/* data[array_count], in the order of the description */
static void list_data(const struct weight_plan *plan, const struct packed_description *d,
                      const float *extras, const void **data)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->slot != SLOT_COUNT)
            *data++ = item->packed ? item->packed->panels : *item->floats;
    }
    for (size_t i = 0; i < d->extra_count; i++) {
        *data++ = extras;
        extras += d->extras[i].rows * d->extras[i].columns;
    }
}

/* The digests of the files of weights; a mapped file's header has those that it must keep. */
static enum vit_status take_digests(const struct packed_map *map, struct checkpoint *checkpoint,
                                    struct packed_header *h, struct vit_error *err)
{
    enum vit_status status;

    if (!map->base)
        return packed_sources_digest(checkpoint, h, err);
    status = packed_header_check(h, map->path, map->base, map->bytes, map->bytes, err);
    return status ? status : packed_sources_verify(checkpoint, h, err);
}

/* Of a checkpoint of the model's directory that is open. */
static enum vit_status write_file(const struct vit_model *model, struct checkpoint *checkpoint,
                                  struct packed_description *d, const char *path,
                                  struct vit_error *err)
{
    const struct packed_map *const map = &model->weights.map;
    float *extras = NULL;
    const void **const data = calloc(d->header.array_count + 1, sizeof *data);
    enum vit_status status;

    if (!data)
        return fail(err, VIT_ENOMEM, "no memory for a list of %zu arrays", d->header.array_count);
    if (!(status = read_extras(checkpoint, d, &extras, err)) &&
        !(status = take_digests(map, checkpoint, &d->header, err))) {
        list_data(&model->weights.plan, d, extras, data);
        status = packed_file_write(path, map->base ? map : NULL, &d->header, data, err);
    }
    free(extras);
    free(data);
    return status;
}

/* Does something with a checkpoint of the model's directory, and the header of its packed file. */
static enum vit_status with_description(
    const struct vit_model *model, const char *path,
    enum vit_status (*use)(const struct vit_model *model, struct checkpoint *checkpoint,
                           struct packed_description *d, const char *path, struct vit_error *err),
    struct vit_error *err)
{
    const struct fpenv before = fpenv_enter(); /* numbers are parsed and widened */
    struct packed_description *const d = calloc(1, sizeof *d);
    struct checkpoint *again = NULL;
    enum vit_status status;

    if (!d) {
        status = fail(err, VIT_ENOMEM, "no memory to describe the weights");
        goto leave;
    }
    if ((status = checkpoint_open_again(model->checkpoint, &again, err)))
        goto free_description;
    const struct weight_source source = source_of(again);
    if (!(status = packed_describe(&model->weights.plan, model->precision, &source, d, err)))
        status = use(model, again, d, path, err);

free_description:
    packed_description_free(d);
    checkpoint_close(again);
    free(d);
leave:
    fpenv_leave(before);
    return status;
}

enum vit_status vit_model_save_packed(const struct vit_model *model, const char *path,
                                      struct vit_error *err)
{
    if (!model->checkpoint)
        return fail(err, VIT_EINVAL,
                    "vit_model_save_packed: expected a model of a directory, found a random one");
    if (!checkpoint_is_directory(model->checkpoint))
        return fail(err, VIT_EINVAL,
                    "vit_model_save_packed: expected a model of a directory, found one of files in "
                    "memory");
    return with_description(model, path, write_file, err);
}

/* The digests are in the mapped header. */
static enum vit_status verify_file(const struct vit_model *model, struct checkpoint *checkpoint,
                                   struct packed_description *d, const char *path,
                                   struct vit_error *err)
{
    const enum vit_status status = packed_file_verify(&model->weights.map, &d->header, err);

    (void)path;
    return status ? status : packed_sources_verify(checkpoint, &d->header, err);
}

enum vit_status vit_model_verify_packed(const struct vit_model *model, struct vit_error *err)
{
    if (!model->weights.map.base)
        return fail(err, VIT_EINVAL,
                    "vit_model_verify_packed: expected a model that was opened with packed, found "
                    "one without");
    return with_description(model, NULL, verify_file, err);
}
