/* load.c - image files as pixels, and as a model's input */
#include "tools/load.h"

#include <stdlib.h>

#include "tools/error.h"
#include "tools/product.h"

enum vit_status load_image(const char *path, bool exif_orientation, size_t max_pixels,
                           struct vit_image *image, struct vit_error *err)
{
    const struct vit_decode_options options = { .size = sizeof options,
                                                .max_pixels = max_pixels,
                                                .name = path_end(path),
                                                .exif_orientation = exif_orientation };

    return vit_image_decode_file(path, &options, image, err);
}

enum vit_status preprocess(const char *path, const struct vit_preprocess_config *config,
                           const struct vit_image *image, const struct vit_parallel *parallel,
                           float *out, struct vit_error *err)
{
    const struct vit_preprocess_options options = { .size = sizeof options, .parallel = parallel };
    struct vit_error why;
    const enum vit_status status = vit_preprocess_image(config, image, &options, out, &why);

    return status ? tool_fail(err, status, "%s: %s", path_end(path), why.message) : VIT_OK;
}

enum vit_status load_input(const struct session *session, const char *path, float *out,
                           struct vit_error *err)
{
    struct vit_image image = { 0 };
    enum vit_status status =
        load_image(path, session->preprocess.exif_orientation, session->max_pixels, &image, err);

    if (!status)
        status = preprocess(path, &session->preprocess, &image, &session->parallel, out, err);
    vit_image_free(&image);
    return status;
}

enum vit_status load_new_input(const struct session *session, const char *path, float **input,
                               struct vit_error *err)
{
    const struct vit_config *const c = &session->config;
    size_t bytes;
    enum vit_status status;

    *input = NULL;
    if (product(4, (size_t[]){ c->channels, c->height, c->width, sizeof **input }, &bytes))
        *input = malloc(bytes);
    if (!*input)
        return tool_no_memory(err);
    status = load_input(session, path, *input, err);
    if (status) {
        free(*input);
        *input = NULL;
    }
    return status;
}
