/* infer_input.c - the images of a request: checks a tensor, or decodes and preprocesses pictures */
#include "server/infer_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vit/image.h"

enum { LENGTH_BYTES = 4 }; /* before each element of a BYTES tensor, little-endian */

bool infer_input_is_image(const struct parsed_request *r)
{
    return strcmp(r->input.name, "image") == 0;
}

static bool check_batch(const struct served *s, size_t batch, struct failure *f)
{
    if (batch >= 1 && batch <= s->settings.max_batch)
        return true;
    return fail(f, 400, "inputs[0].shape: expected a batch of 1 to %zu, found %zu",
                s->settings.max_batch, batch);
}

static bool check_type(const struct parsed_input *in, const char *expected, struct failure *f)
{
    return strcmp(in->datatype, expected) == 0 ||
           fail(f, 400, "inputs[0].datatype: expected %s for %s, found '%s'", expected, in->name,
                in->datatype);
}

/* A request has its data in one place: in the JSON, or behind it. */
static bool check_place(const struct parsed_input *in, size_t tail_size, struct failure *f)
{
    if (in->has_data && in->has_binary_size)
        return fail(f, 400, "inputs[0]: expected data or binary_data_size, found both");
    if (!in->has_data && !in->has_binary_size)
        return fail(f, 400, "inputs[0]: expected data or binary_data_size, found none");
    if ((in->has_binary_size ? in->binary_size : 0) != tail_size)
        return fail(f, 400,
                    "inputs[0].parameters.binary_data_size: expected the %zu bytes after the "
                    "JSON, found %zu",
                    tail_size, in->has_binary_size ? in->binary_size : 0);
    return true;
}

static bool fail_shape(const struct vit_config *c, const struct parsed_input *p, struct failure *f)
{
    char found[200] = "";
    size_t length = 0;

    for (size_t i = 0; i < p->rank && length < sizeof found; i++)
        length += (size_t)snprintf(found + length, sizeof found - length, "%s%zu", i ? ", " : "",
                                   p->shape[i]);
    return fail(f, 400, "inputs[0].shape: expected [batch, %zu, %zu, %zu], found [%s]", c->channels,
                c->height, c->width, found);
}

static bool tensor(const struct served *s, const struct parsed_input *p, const char *tail,
                   struct infer_input *in, struct failure *f)
{
    const struct vit_config *const c = &s->config;

    if (!check_type(p, "FP32", f))
        return false;
    if (p->rank != 4 || p->shape[1] != c->channels || p->shape[2] != c->height ||
        p->shape[3] != c->width)
        return fail_shape(c, p, f);
    if (!check_batch(s, p->shape[0], f))
        return false;
    in->batch = p->shape[0];
    const size_t elements = in->batch * s->image_elements;
    if (p->has_data && (p->image_count || p->count != elements))
        return fail(f, 400, "inputs[0].data: expected %zu numbers, found %zu%s", elements, p->count,
                    p->image_count ? " and strings" : "");
    if (p->has_binary_size && p->binary_size != elements * sizeof(float))
        return fail(f, 400,
                    "inputs[0].parameters.binary_data_size: expected %zu bytes for %zu numbers, "
                    "found %zu",
                    elements * sizeof(float), elements, p->binary_size);
    in->images = p->has_data ? p->numbers : (const float *)(const void *)tail;
    return true;
}

/* Decodes picture i of the batch into its place. */
static bool picture(const struct served *s, size_t i, const void *bytes, size_t size,
                    size_t max_pixels, const struct infer_input *in, struct failure *f)
{
    char name[32];
    struct vit_image image = { 0 };
    struct vit_error err = { .status = VIT_OK };
    const struct vit_decode_options options = { .size = sizeof options,
                                                .max_pixels = max_pixels,
                                                .name = name,
                                                .exif_orientation =
                                                    s->preprocess.exif_orientation };
    bool ok = true;

    snprintf(name, sizeof name, "image %zu", i);
    if (vit_image_decode(bytes, size, &options, &image, &err) != VIT_OK)
        ok = fail_vit(f, NULL, &err); /* which begins with the name */
    else if (vit_preprocess_image(&s->preprocess, &image, NULL, in->owned + i * s->image_elements,
                                  &err) != VIT_OK)
        ok = fail_vit(f, name, &err);
    vit_image_free(&image);
    return ok;
}

static bool allocate(const struct served *s, struct infer_input *in, struct failure *f)
{
    in->owned = in->batch <= SIZE_MAX / sizeof(float) / s->image_elements
                    ? malloc(in->batch * s->image_elements * sizeof(float))
                    : NULL;
    in->images = in->owned;
    return in->owned || fail(f, 503, "image: out of memory for %zu images", in->batch);
}

/* Elements of a length and that many bytes each, which fill the tail. */
static bool binary_pictures(const struct served *s, const char *tail, size_t tail_size,
                            size_t max_pixels, const struct infer_input *in, struct failure *f)
{
    size_t at = 0;

    for (size_t i = 0; i < in->batch; i++) {
        if (tail_size - at < LENGTH_BYTES)
            return fail(f, 400, "image %zu: expected 4 bytes of length, found %zu", i,
                        tail_size - at);
        const unsigned char *const p = (const unsigned char *)tail + at;
        const size_t size = p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
        at += LENGTH_BYTES;
        if (size > tail_size - at)
            return fail(f, 400, "image %zu: expected %zu bytes, found %zu", i, size,
                        tail_size - at);
        if (!picture(s, i, tail + at, size, max_pixels, in, f))
            return false;
        at += size;
    }
    return at == tail_size ||
           fail(f, 400, "image: expected %zu bytes in all, found %zu", at, tail_size);
}

static bool pictures(const struct served *s, const struct parsed_input *p, const char *tail,
                     size_t tail_size, size_t max_pixels, struct infer_input *in, struct failure *f)
{
    if (!check_type(p, "BYTES", f))
        return false;
    if (p->rank < 1 || p->rank > 2 || (p->rank == 2 && p->shape[1] != 1))
        return fail(f, 400, "inputs[0].shape: expected [batch], found %zu dimensions", p->rank);
    if (!check_batch(s, p->shape[0], f))
        return false;
    in->batch = p->shape[0];
    if (p->has_data && (p->count || p->image_count != in->batch))
        return fail(f, 400, "inputs[0].data: expected %zu strings of base64, found %zu%s",
                    in->batch, p->image_count, p->count ? " and numbers" : "");
    if (!allocate(s, in, f))
        return false;
    if (p->has_binary_size)
        return binary_pictures(s, tail, tail_size, max_pixels, in, f);
    for (size_t i = 0; i < in->batch; i++)
        if (!picture(s, i, p->images[i].data, p->images[i].size, max_pixels, in, f))
            return false;
    return true;
}

bool infer_input(const struct served *s, const struct parsed_request *r, const char *tail,
                 size_t tail_size, size_t max_pixels, struct infer_input *in, struct failure *f)
{
    const struct parsed_input *const p = &r->input;

    *in = (struct infer_input){ 0 };
    if (r->input_count == 0)
        return fail(f, 400, "inputs: expected pixel_values or image, found none");
    if (!check_place(p, tail_size, f))
        return false;
    if (strcmp(p->name, "pixel_values") == 0)
        return tensor(s, p, tail, in, f);
    if (infer_input_is_image(r))
        return pictures(s, p, tail, tail_size, max_pixels, in, f);
    return fail(f, 400, "inputs[0].name: expected pixel_values or image, found '%s'", p->name);
}

bool infer_input_raw(const struct served *s, const char *body, size_t size, size_t max_pixels,
                     struct infer_input *in, struct failure *f)
{
    *in = (struct infer_input){ .batch = 1 };
    return allocate(s, in, f) && picture(s, 0, body, size, max_pixels, in, f);
}
