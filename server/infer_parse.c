/* infer_parse.c - the JSON of an inference request: events of yajl, and what each means where */
#include "server/infer_parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "server/base64.h"
#include "server/number.h"

/* Where in the document an event is. A row of `children` says which place a key leads to. */
enum place {
    NOWHERE, /* what is read over */
    TOP,     /* before and after the document */
    REQUEST,
    REQUEST_ID,
    REQUEST_PARAMETERS,
    PRIORITY,
    TIMEOUT,
    BINARY_OUTPUT,
    INPUTS,
    INPUT,
    INPUT_NAME,
    INPUT_TYPE,
    INPUT_SHAPE,
    INPUT_PARAMETERS,
    BINARY_SIZE,
    INPUT_DATA,
    OUTPUTS,
    OUTPUT,
    OUTPUT_NAME,
    OUTPUT_PARAMETERS,
    BINARY,
    CLASSIFICATION,
    PLACES
};

/* What JSON may stand in a place: '{', '[', 's'tring, 'n'umber, 'b'oolean, 'd'ata, or anything. */
static const struct {
    char expects;
    const char *words, *name;
} places[PLACES] = {
    [NOWHERE] = { 0, NULL, NULL },
    [TOP] = { '{', "an object", "request" },
    [REQUEST] = { 0, NULL, "request" },
    [REQUEST_ID] = { 's', "a string", "id" },
    [REQUEST_PARAMETERS] = { '{', "an object", "parameters" },
    [PRIORITY] = { 'n', "a whole number", "parameters.priority" },
    [TIMEOUT] = { 'n', "a whole number", "parameters.timeout" },
    [BINARY_OUTPUT] = { 'b', "true or false", "parameters.binary_data_output" },
    [INPUTS] = { '[', "an array", "inputs" },
    [INPUT] = { '{', "an object", "inputs[0]" },
    [INPUT_NAME] = { 's', "a string", "inputs[0].name" },
    [INPUT_TYPE] = { 's', "a string", "inputs[0].datatype" },
    [INPUT_SHAPE] = { '[', "an array of whole numbers", "inputs[0].shape" },
    [INPUT_PARAMETERS] = { '{', "an object", "inputs[0].parameters" },
    [BINARY_SIZE] = { 'n', "a whole number", "inputs[0].parameters.binary_data_size" },
    [INPUT_DATA] = { '[', "an array", "inputs[0].data" },
    [OUTPUTS] = { '[', "an array", "outputs" },
    [OUTPUT] = { '{', "an object", "outputs[]" },
    [OUTPUT_NAME] = { 's', "a string", "outputs[].name" },
    [OUTPUT_PARAMETERS] = { '{', "an object", "outputs[].parameters" },
    [BINARY] = { 'b', "true or false", "outputs[].parameters.binary_data" },
    [CLASSIFICATION] = { 'n', "a whole number", "outputs[].parameters.classification" },
};

static const struct {
    enum place in;
    const char *key;
    enum place child;
} children[] = {
    { REQUEST, "id", REQUEST_ID },
    { REQUEST, "parameters", REQUEST_PARAMETERS },
    { REQUEST, "inputs", INPUTS },
    { REQUEST, "outputs", OUTPUTS },
    { REQUEST_PARAMETERS, "priority", PRIORITY },
    { REQUEST_PARAMETERS, "timeout", TIMEOUT },
    { REQUEST_PARAMETERS, "binary_data_output", BINARY_OUTPUT },
    { INPUT, "name", INPUT_NAME },
    { INPUT, "datatype", INPUT_TYPE },
    { INPUT, "shape", INPUT_SHAPE },
    { INPUT, "parameters", INPUT_PARAMETERS },
    { INPUT, "data", INPUT_DATA },
    { INPUT_PARAMETERS, "binary_data_size", BINARY_SIZE },
    { OUTPUT, "name", OUTPUT_NAME },
    { OUTPUT, "parameters", OUTPUT_PARAMETERS },
    { OUTPUT_PARAMETERS, "binary_data", BINARY },
    { OUTPUT_PARAMETERS, "classification", CLASSIFICATION },
};

struct parser {
    struct parsed_request *request;
    struct failure *failure;
    enum place stack[PARSED_DEPTH]; /* of what is open */
    size_t depth;
    enum place next; /* of the value that follows */
};

static int stop(struct parser *p, int http, const char *where, const char *expected,
                const char *found)
{
    return fail(p->failure, http, "%s: expected %s, found %s", where, expected, found);
}

/* Whether a value of this kind may stand where the next one does. */
static bool fits(struct parser *p, char kind, const char *found)
{
    const char expects = places[p->next].expects;

    return expects == 0 || expects == kind ||
           stop(p, 400, places[p->next].name, places[p->next].words, found);
}

static int open_value(struct parser *p, char kind, const char *found)
{
    struct parsed_request *const r = p->request;
    const bool nested = p->depth && p->stack[p->depth - 1] == INPUT_DATA; /* rows of a tensor */
    enum place place = p->next;

    if (nested && kind == '[')
        place = INPUT_DATA;
    else if (nested)
        return stop(p, 400, "inputs[0].data", "numbers or strings", found);
    else if (!fits(p, kind, found))
        return 0;
    if (p->depth == PARSED_DEPTH)
        return fail(p->failure, 400, "request: expected at most %d levels of JSON, found more",
                    PARSED_DEPTH);
    if (place == TOP)
        place = REQUEST;
    if (place == INPUT && ++r->input_count > 1)
        return stop(p, 400, "inputs", "one input, pixel_values or image", "more");
    if (place == OUTPUT && ++r->output_count > PARSED_OUTPUTS)
        return fail(p->failure, 400, "outputs: expected at most %d, found more", PARSED_OUTPUTS);
    if ((place == INPUT_SHAPE && r->input.has_shape) ||
        (place == INPUT_DATA && !nested && r->input.has_data))
        return stop(p, 400, places[place].name, "one", "two");
    r->input.has_shape |= place == INPUT_SHAPE;
    r->input.has_data |= place == INPUT_DATA;
    p->stack[p->depth++] = place;
    p->next = place == INPUTS ? INPUT : place == OUTPUTS ? OUTPUT : NOWHERE;
    return 1;
}

static int close_value(void *parser)
{
    struct parser *const p = parser;

    p->depth--;
    const enum place place = p->depth ? p->stack[p->depth - 1] : NOWHERE;
    p->next = place == INPUTS ? INPUT : place == OUTPUTS ? OUTPUT : NOWHERE;
    return 1;
}

static int open_map(void *parser)
{
    return open_value(parser, '{', "an object");
}

static int open_array(void *parser)
{
    return open_value(parser, '[', "an array");
}

/* A parameter that this server does not have would change the answer if it were read over. */
static int unknown_parameter(struct parser *p, enum place in, const char *key, size_t size)
{
    return fail(p->failure, 400, "%s: expected a parameter of docs/server.md, found '%.*s'",
                places[in].name, (int)(size < 64 ? size : 64), key);
}

static int read_key(void *parser, const unsigned char *text, size_t size)
{
    struct parser *const p = parser;
    const enum place in = p->stack[p->depth - 1];
    const char *const key = (const char *)text;

    p->next = NOWHERE;
    for (size_t i = 0; i < sizeof children / sizeof *children; i++)
        if (children[i].in == in && strlen(children[i].key) == size &&
            memcmp(children[i].key, key, size) == 0)
            p->next = children[i].child;
    if (p->next == NOWHERE &&
        (in == REQUEST_PARAMETERS || in == INPUT_PARAMETERS || in == OUTPUT_PARAMETERS))
        return unknown_parameter(p, in, key, size);
    return 1;
}

/* Room for one more element of an array; NULL: no memory. */
static void *grow(void *array, size_t count, size_t *capacity, size_t element_bytes)
{
    if (count < *capacity)
        return array;
    const size_t more = *capacity + *capacity / 2 + 16;
    void *const grown = realloc(array, more * element_bytes);
    if (grown)
        *capacity = more;
    return grown;
}

static int add_number(struct parser *p, float number)
{
    struct parsed_input *const in = &p->request->input;
    float *const numbers = grow(in->numbers, in->count, &in->capacity, sizeof *numbers);

    if (!numbers)
        return fail(p->failure, 503, "inputs[0].data: out of memory");
    in->numbers = numbers;
    in->numbers[in->count++] = number;
    return 1;
}

static int add_image(struct parser *p, const char *text, size_t size)
{
    struct parsed_input *const in = &p->request->input;
    struct parsed_bytes *const images =
        grow(in->images, in->image_count, &in->image_capacity, sizeof *images);
    struct parsed_bytes image;

    if (!images)
        return fail(p->failure, 503, "inputs[0].data: out of memory");
    in->images = images;
    if (in->image_count == PARSED_IMAGES)
        return fail(p->failure, 400, "inputs[0].data: expected at most %d strings, found more",
                    PARSED_IMAGES);
    switch (base64_bytes(text, size, &image.data, &image.size)) {
    case BASE64_OK:
        in->images[in->image_count++] = image;
        return 1;
    case BASE64_NO_MEMORY:
        return fail(p->failure, 503, "inputs[0].data: out of memory");
    default:
        return fail(p->failure, 400,
                    "inputs[0].data: string %zu: expected base64, found another character, or "
                    "another length",
                    in->image_count);
    }
}

static int copy_name(struct parser *p, char name[PARSED_NAME], const char *text, size_t size)
{
    if (size == 0 || size >= PARSED_NAME || memchr(text, 0, size))
        return fail(p->failure, 400, "%s: expected 1 to %d characters, found %zu",
                    places[p->next].name, PARSED_NAME - 1, size);
    memcpy(name, text, size);
    name[size] = '\0';
    return 1;
}

static int copy_id(struct parser *p, const char *text, size_t size)
{
    free(p->request->id);
    p->request->id = memchr(text, 0, size) ? NULL : malloc(size + 1);
    if (!p->request->id)
        return memchr(text, 0, size) ? stop(p, 400, "id", "text", "a NUL in it")
                                     : fail(p->failure, 503, "id: out of memory");
    memcpy(p->request->id, text, size);
    p->request->id[size] = '\0';
    return 1;
}

static int read_string(void *parser, const unsigned char *bytes, size_t size)
{
    struct parser *const p = parser;
    struct parsed_request *const r = p->request;
    const char *const text = (const char *)bytes;
    const enum place in = p->depth ? p->stack[p->depth - 1] : TOP;

    if (in == INPUT_DATA)
        return add_image(p, text, size);
    if (in == INPUT_SHAPE)
        return stop(p, 400, "inputs[0].shape", "whole numbers", "a string");
    if (!fits(p, 's', "a string"))
        return 0;
    switch (p->next) {
    case REQUEST_ID:
        return copy_id(p, text, size);
    case INPUT_NAME:
        return copy_name(p, r->input.name, text, size);
    case INPUT_TYPE:
        return copy_name(p, r->input.datatype, text, size);
    case OUTPUT_NAME:
        return copy_name(p, r->outputs[r->output_count - 1].name, text, size);
    default:
        return 1;
    }
}

static int read_data(struct parser *p, const char *text, size_t size)
{
    char digits[512]; /* yajl's text has no NUL; a longer number is no float that anyone writes */
    char *end;

    if (size >= sizeof digits)
        return stop(p, 400, "inputs[0].data", "numbers of at most 511 characters", "a longer one");
    memcpy(digits, text, size);
    digits[size] = '\0';
    const float number = strtof(digits, &end);
    if (*end || !isfinite(number))
        return stop(p, 400, "inputs[0].data", "a number of float32", digits);
    return add_number(p, number);
}

static int add_dimension(struct parser *p, const char *text, size_t size)
{
    struct parsed_input *const in = &p->request->input;
    uint64_t value;

    if (!read_whole(text, size, &value) || value > SIZE_MAX)
        return stop(p, 400, "inputs[0].shape", "whole numbers", "another");
    if (in->rank == PARSED_RANK)
        return fail(p->failure, 400, "inputs[0].shape: expected at most %d dimensions, found more",
                    PARSED_RANK);
    in->shape[in->rank++] = (size_t)value;
    return 1;
}

static int read_number(void *parser, const char *text, size_t size)
{
    struct parser *const p = parser;
    struct parsed_request *const r = p->request;
    const enum place in = p->depth ? p->stack[p->depth - 1] : TOP;
    uint64_t value = 0;

    if (in == INPUT_DATA)
        return read_data(p, text, size);
    if (in == INPUT_SHAPE)
        return add_dimension(p, text, size);
    if (!fits(p, 'n', "a number"))
        return 0;
    if (p->next != NOWHERE && !read_whole(text, size, &value))
        return stop(p, 400, places[p->next].name, places[p->next].words, "another number");
    switch (p->next) {
    case PRIORITY:
        r->priority = value;
        break;
    case TIMEOUT:
        r->timeout_us = value;
        break;
    case BINARY_SIZE:
        r->input.has_binary_size = true;
        r->input.binary_size = (size_t)value;
        break;
    case CLASSIFICATION:
        if (value == 0)
            return stop(p, 400, places[CLASSIFICATION].name, "a number of classes", "0");
        r->outputs[r->output_count - 1].classes = (size_t)value;
        break;
    default:
        break;
    }
    return 1;
}

static int read_flag(void *parser, int flag)
{
    struct parser *const p = parser;
    struct parsed_request *const r = p->request;
    const enum place in = p->depth ? p->stack[p->depth - 1] : TOP;

    if (in == INPUT_DATA || in == INPUT_SHAPE)
        return stop(p, 400, places[in].name, "numbers", "true or false");
    if (!fits(p, 'b', "true or false"))
        return 0;
    if (p->next == BINARY_OUTPUT)
        r->binary_output = flag;
    if (p->next == BINARY) {
        r->outputs[r->output_count - 1].has_binary = true;
        r->outputs[r->output_count - 1].binary = flag;
    }
    return 1;
}

static int read_null(void *parser)
{
    struct parser *const p = parser;
    const enum place in = p->depth ? p->stack[p->depth - 1] : TOP;

    if (in == INPUT_DATA || in == INPUT_SHAPE)
        return stop(p, 400, places[in].name, "numbers", "null");
    return fits(p, '0', "null");
}

static const yajl_callbacks callbacks = {
    .yajl_null = read_null,
    .yajl_boolean = read_flag,
    .yajl_number = read_number,
    .yajl_string = read_string,
    .yajl_start_map = open_map,
    .yajl_map_key = read_key,
    .yajl_end_map = close_value,
    .yajl_start_array = open_array,
    .yajl_end_array = close_value,
};

bool parse_request(const char *text, size_t size, struct parsed_request *r, struct failure *f)
{
    struct parser p = { .request = r, .failure = f, .next = TOP };
    const yajl_handle yajl = yajl_alloc(&callbacks, NULL, &p);

    f->http = 0;
    if (!yajl)
        return fail(f, 503, "request: out of memory");
    yajl_status status = yajl_parse(yajl, (const unsigned char *)text, size);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(yajl);
    if (status != yajl_status_ok && !f->http)
        fail(f, 400, "request: expected JSON, found an error at byte %zu of %zu",
             yajl_get_bytes_consumed(yajl), size);
    yajl_free(yajl);
    return f->http == 0;
}

void parsed_request_free(struct parsed_request *r)
{
    for (size_t i = 0; i < r->input.image_count; i++)
        free(r->input.images[i].data);
    free(r->input.images);
    free(r->input.numbers);
    free(r->id);
    *r = (struct parsed_request){ 0 };
}
