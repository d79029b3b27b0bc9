/* infer_input.h - the images of a request: checks a tensor, or decodes and preprocesses pictures */
#ifndef VIT_SERVER_INFER_INPUT_H
#define VIT_SERVER_INFER_INPUT_H

#include "server/infer_parse.h"
#include "server/served.h"

struct infer_input {
    size_t batch;
    const float *images; /* [batch][channels][height][width] */
    float *owned;        /* the memory of images, or NULL: then they are in the request */
};

/*
 * Takes the images of the request's one input from its JSON or from tail[tail_size], the bytes
 * after the JSON, which are aligned as floats are. max_pixels: of each picture. The caller frees
 * in->owned.
 * 400: another name, type, shape or size than the model's metadata have, or a malformed picture.
 */
bool infer_input(const struct served *s, const struct parsed_request *r, const char *tail,
                 size_t tail_size, size_t max_pixels, struct infer_input *in, struct failure *f);

/* The same for a body that is one picture. */
bool infer_input_raw(const struct served *s, const char *body, size_t size, size_t max_pixels,
                     struct infer_input *in, struct failure *f);

/* Whether the input is of pictures, which take time to decode. */
bool infer_input_is_image(const struct parsed_request *r);

#endif
