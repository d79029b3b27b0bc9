/* view.c - the stored layout of a tensor, seen in the order of its slot */
#include "checkpoint/view.h"

struct view view_of(const struct tensor_source *source, const struct vit_config *config)
{
    const struct tensor *const t = source->tensor;
    const enum layout layout = source->rule->layout;
    const size_t channels = config->channels, patch = config->patch;
    const size_t in = layout == LAYOUT_IN_IN_OUT ? t->shape[0] * t->shape[1] : t->shape[0];
    const size_t out = t->elements / in, square = patch * patch;

    switch (layout) {
    case LAYOUT_ROW_COL_IN_OUT: {
        const size_t dim = t->shape[3];
        return (struct view){ { dim, channels, patch, patch },
                              { 1, dim, patch * channels * dim, channels * dim } };
    }
    case LAYOUT_CHANNEL_LAST:
        return (struct view){ { t->elements / (channels * square), channels, patch, patch },
                              { channels * square, 1, patch * channels, channels } };
    default: /* LAYOUT_IN_OUT, LAYOUT_IN_IN_OUT */
        return (struct view){ { 1, 1, out, in }, { 0, 0, 1, out } };
    }
}

void view_gather(const struct view *view, const float *data, size_t first, size_t count, float *out)
{
    const size_t *const dim = view->dim, *const stride = view->stride;
    size_t d = first % dim[3], c = first / dim[3] % dim[2];
    size_t b = first / (dim[3] * dim[2]) % dim[1], a = first / (dim[3] * dim[2] * dim[1]);

    while (count > 0) {
        const size_t run = count < dim[3] - d ? count : dim[3] - d;
        const float *const from = data + a * stride[0] + b * stride[1] + c * stride[2];
        for (size_t i = 0; i < run; i++)
            out[i] = from[(d + i) * stride[3]];
        count -= run;
        out += run;
        d = 0;
        if (++c == dim[2]) {
            c = 0;
            if (++b == dim[1]) {
                b = 0;
                a++;
            }
        }
    }
}
