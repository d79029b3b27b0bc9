/* contrast.c - how a checkpoint that was trained with texts compares an image with a text */
#include "checkpoint/contrast.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/tensor_names.h"
#include "files/fail_file.h"
#include "files/sanitize.h"

/* exp(±80) is a normal float32; trained models have 0 to 4.6052, the logarithm of 100. */
static const float max_log_scale = 80.0f, max_bias = INFINITY;

/* A number that is a tensor of its own, within ±limit. */
static enum vit_status read_number(const struct tensors *tensors, const struct tensor *tensor,
                                   float limit, float *number, struct vit_error *err)
{
    enum vit_status status;

    if (tensor->unread)
        return fail(err, VIT_EUNSUPPORTED, "%s", tensor->unread);
    if (!tensor->readable)
        return fail_tensor(err, VIT_EUNSUPPORTED, tensor->path, tensor->name,
                           "expected dtype F64, F32, F16 or BF16, found %s",
                           sanitize_name(tensor->dtype).text);
    if (tensor->elements != 1)
        return fail_tensor(err, VIT_EFORMAT, tensor->path, tensor->name,
                           "expected a single number, found %zu", tensor->elements);
    if ((status = tensors_read_f32(tensors, tensor, 0, 1, number, err)))
        return status;
    if (isfinite(*number) && fabsf(*number) <= limit)
        return VIT_OK;
    return isfinite(limit) ? fail_tensor(err, VIT_EFORMAT, tensor->path, tensor->name,
                                         "expected a number from %g to %g, found %g",
                                         -(double)limit, (double)limit, (double)*number)
                           : fail_tensor(err, VIT_EFORMAT, tensor->path, tensor->name,
                                         "expected a finite number, found %g", (double)*number);
}

enum vit_status contrast_read(const struct tensor_names *names, const struct tensors *tensors,
                              struct contrast *contrast, struct vit_error *err)
{
    const struct tensor *const scale =
        names->logit_scale ? tensors_find(tensors, names->logit_scale) : NULL;
    const struct tensor *const bias =
        names->logit_bias ? tensors_find(tensors, names->logit_bias) : NULL;
    enum vit_status status;

    *contrast = (struct contrast){ .scores = VIT_SCORES_NONE };
    if (!scale || (names->logit_bias && !bias))
        return VIT_OK;
    if ((status = read_number(tensors, scale, max_log_scale, &contrast->log_scale, err)) ||
        (bias && (status = read_number(tensors, bias, max_bias, &contrast->bias, err))))
        return status;
    contrast->scores = bias ? VIT_SCORES_SIGMOID : VIT_SCORES_SOFTMAX;
    return VIT_OK;
}
