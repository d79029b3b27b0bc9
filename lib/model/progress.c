/* progress.c - a source of weights that counts the numbers it reads, and tells the caller */
#include "model/progress.h"

#include "base/status.h"

static enum vit_status tell(const struct progress *p, size_t done, struct vit_error *err)
{
    if (p->options->progress && p->options->progress(p->options->user, done, p->total))
        return fail(err, VIT_ECANCELED, "canceled by the progress hook");
    return VIT_OK;
}

static enum vit_status counted_read(void *from, enum tensor_slot slot, size_t index, size_t first,
                                    size_t count, float *out, struct vit_error *err)
{
    struct progress *const p = from;
    const enum vit_status status =
        p->source->read(p->source->from, slot, index, first, count, out, err);

    if (status)
        return status;
    p->done += p->again ? 0 : count;
    return p->done < p->total ? tell(p, p->done, err) : VIT_OK; /* the last is progress_end's */
}

static enum vit_status counted_refuse(void *from, enum tensor_slot slot, size_t index,
                                      size_t element, const char *reason, struct vit_error *err)
{
    const struct progress *const p = from;

    return p->source->refuse(p->source->from, slot, index, element, reason, err);
}

struct weight_source progress_source(struct progress *p)
{
    struct weight_source counted = *p->source;

    counted.from = p;
    counted.read = counted_read;
    counted.refuse = p->source->refuse ? counted_refuse : NULL;
    return counted;
}

enum vit_status progress_end(const struct progress *p, struct vit_error *err)
{
    return tell(p, p->total, err);
}
