/* load.c - image files as pixels, as they are and as a model sees them */
#include "tools/load.h"

#include "tools/error.h"

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

enum vit_status create_pixels(const struct session *session, struct vit_image *pixels,
                              struct vit_error *err)
{
    const struct vit_config *const c = &session->config;

    return vit_image_create(c->height, c->width,
                            c->channels == 1 ? VIT_PIXEL_FORMAT_GRAY : VIT_PIXEL_FORMAT_RGB, pixels,
                            err);
}

/* An image as a session's model sees it; frees the image. */
static enum vit_status to_pixels(const struct session *session, const char *name,
                                 struct vit_image *image, struct vit_image *pixels,
                                 struct vit_error *err)
{
    const struct vit_preprocess_options options = { .size = sizeof options,
                                                    .parallel = &session->parallel };
    struct vit_error why;
    const enum vit_status status =
        vit_preprocess_pixels(&session->preprocess, image, &options, pixels, &why);

    vit_image_free(image);
    return status ? tool_fail(err, status, "%s: %s", path_end(name), why.message) : VIT_OK;
}

enum vit_status load_pixels(const struct session *session, const char *path,
                            struct vit_image *pixels, struct vit_error *err)
{
    struct vit_image image = { 0 };
    const enum vit_status status =
        load_image(path, session->preprocess.exif_orientation, session->max_pixels, &image, err);

    return status ? status : to_pixels(session, path, &image, pixels, err);
}

enum vit_status decode_pixels(const struct session *session, const char *name, const void *bytes,
                              size_t size, struct vit_image *pixels, struct vit_error *err)
{
    const struct vit_decode_options options = { .size = sizeof options,
                                                .max_pixels = session->max_pixels,
                                                .name = path_end(name),
                                                .exif_orientation =
                                                    session->preprocess.exif_orientation };
    struct vit_image image = { 0 };
    const enum vit_status status = vit_image_decode(bytes, size, &options, &image, err);

    return status ? status : to_pixels(session, name, &image, pixels, err);
}
