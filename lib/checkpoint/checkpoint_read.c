/* checkpoint_read.c - reading the tensors of a checkpoint by slot */
#include <stdlib.h>

#include "base/checked.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/open_checkpoint.h"
#include "checkpoint/view.h"
#include "files/fail_file.h"

void checkpoint_forget(struct checkpoint *checkpoint)
{
    free(checkpoint->kept_data);
    checkpoint->kept_data = NULL;
    checkpoint->kept = NULL;
}

static const struct tensor_source *sources_of(const struct checkpoint *checkpoint,
                                              enum tensor_slot slot, size_t index)
{
    if (slot >= SLOT_FIRST_OF_STAGE && index >= slots_copies(slot, &checkpoint->parsed.config))
        return NULL;
    return &checkpoint->sources[slots_index(slot, index) * TENSOR_PARTS];
}

bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_slot slot, size_t index)
{
    const struct tensor_source *const sources = sources_of(checkpoint, slot, index);

    return sources && sources[0].tensor;
}

/*
 * All data of a tensor, read into kept_data: neighbors in the slot's layout are scattered over it.
 * NULL: *status is the error.
 */
static const float *keep_tensor(struct checkpoint *checkpoint, const struct tensor *tensor,
                                enum vit_status *status, struct vit_error *err)
{
    size_t bytes;

    if (checkpoint->kept == tensor)
        return checkpoint->kept_data;
    checkpoint_forget(checkpoint);
    if (checked_mul(tensor->elements, sizeof(float), &bytes))
        checkpoint->kept_data = malloc(bytes);
    if (!checkpoint->kept_data) {
        *status = fail_no_memory(err, tensor->path);
        return NULL;
    }
    *status = tensors_read_f32(checkpoint->tensors, tensor, 0, tensor->elements,
                               checkpoint->kept_data, err);
    if (*status)
        return NULL;
    checkpoint->kept = tensor;
    return checkpoint->kept_data;
}

static enum vit_status read_part(struct checkpoint *checkpoint, const struct tensor_source *source,
                                 size_t first, size_t count, float *out, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (source->rule->layout == LAYOUT_SLOT)
        return tensors_read_f32(checkpoint->tensors, source->tensor, first, count, out, err);
    const float *const data = keep_tensor(checkpoint, source->tensor, &status, err);
    if (data) {
        const struct view view = view_of(source, &checkpoint->parsed.config);
        view_gather(&view, data, first, count, out);
    }
    return status;
}

enum vit_status checkpoint_read(struct checkpoint *checkpoint, enum tensor_slot slot, size_t index,
                                size_t first, size_t count, float *out, struct vit_error *err)
{
    const struct tensor_source *const sources = sources_of(checkpoint, slot, index);
    enum vit_status status = VIT_OK;

    for (size_t part = 0; !status && count > 0; part++) {
        if (!sources || part == TENSOR_PARTS || !sources[part].tensor)
            return fail_file(err, VIT_EINVAL, checkpoint->tensors->path,
                             "slot %d, index %zu: expected %zu more elements, found the end",
                             (int)slot, index, count);
        const size_t elements = sources[part].tensor->elements;
        if (first >= elements) {
            first -= elements;
            continue;
        }
        const size_t here = count < elements - first ? count : elements - first;
        status = read_part(checkpoint, &sources[part], first, here, out, err);
        out += here;
        count -= here;
        first = 0;
    }
    return status;
}

enum vit_status checkpoint_refuse(const struct checkpoint *checkpoint, enum tensor_slot slot,
                                  size_t index, size_t element, const char *reason,
                                  struct vit_error *err)
{
    const struct tensor_source *source = sources_of(checkpoint, slot, index);

    for (; element >= source->tensor->elements; source++)
        element -= source->tensor->elements;
    return fail_tensor(err, VIT_EUNSUPPORTED, source->tensor->path, source->tensor->name, "%s",
                       reason);
}
