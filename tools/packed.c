/* packed.c - opens models from a file of packed weights, which is written where it does not fit */
#include "tools/packed.h"

#include <stdio.h>

#include "tools/atomic_file.h"
#include "tools/error.h"

static enum vit_status save(void *model, const char *path, struct vit_error *err)
{
    return vit_model_save_packed(model, path, err);
}

enum vit_status packed_open(const char *directory, const struct vit_model_options *options,
                            struct vit_model **model, struct vit_error *err)
{
    struct vit_model_options unpacked = *options;
    struct vit_error why = { .message = "" };
    enum vit_status status = vit_model_open(directory, options, model, &why);

    if (!status)
        return VIT_OK;
    if (!options->packed || (status != VIT_ENOTFOUND && status != VIT_ESTALE))
        return tool_pass(&why, err);
    unpacked.packed = NULL;
    if ((status = vit_model_open(directory, &unpacked, model, err)) ||
        (status = atomic_file_write(options->packed, save, *model, err)))
        return status;
    fprintf(stderr, "wrote the packed weights: %s\n", why.message); /* the library cleaned it */
    return VIT_OK;
}
