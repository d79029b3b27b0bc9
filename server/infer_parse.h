/* infer_parse.h - the JSON of an inference request, as Open Inference Protocol v2 has it */
#ifndef VIT_SERVER_INFER_PARSE_H
#define VIT_SERVER_INFER_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "server/failure.h"

enum {
    PARSED_NAME = 64,
    PARSED_RANK = 8,
    PARSED_OUTPUTS = 16,
    PARSED_DEPTH = 100,  /* levels of JSON, as Triton allows */
    PARSED_IMAGES = 1024 /* strings in `data` */
};

/* An element of a BYTES tensor. */
struct parsed_bytes {
    uint8_t *data;
    size_t size;
};

/* The one input of a request. */
struct parsed_input {
    char name[PARSED_NAME], datatype[PARSED_NAME];
    size_t rank, shape[PARSED_RANK];
    bool has_shape, has_data, has_binary_size;
    size_t binary_size;
    float *numbers; /* [count], from `data` */
    size_t count, capacity;
    struct parsed_bytes *images; /* [image_count], from base64 strings in `data` */
    size_t image_count, image_capacity;
};

struct parsed_output {
    char name[PARSED_NAME];
    size_t output; /* enum served_output of this name, by infer_choose */
    bool binary, has_binary;
    size_t classes; /* of "classification"; 0: the tensor itself */
};

struct parsed_request {
    char *id; /* NULL: none */
    struct parsed_input input;
    size_t input_count;
    struct parsed_output outputs[PARSED_OUTPUTS];
    size_t output_count; /* 0: all outputs */
    uint64_t priority, timeout_us;
    bool binary_output;
};

/*
 * Parses text[size] into *r, which the caller frees with parsed_request_free in every case. Needs
 * memory in proportion to the text: at most 4 bytes for each of its bytes, and some KiB.
 * 400: it is not JSON, has another structure, an unknown parameter, more than `PARSED_DEPTH`
 * levels, or numbers outside float32. 503: no memory.
 */
bool parse_request(const char *text, size_t size, struct parsed_request *r, struct failure *f);
void parsed_request_free(struct parsed_request *r);

#endif
