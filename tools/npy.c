/* npy.c - numpy's .npy files with float32 and uint8 arrays in C order */
#include "tools/npy.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/product.h"
#include "tools/regular_file.h"

static const struct {
    const char *descr, *name;
    size_t bytes;
} types[] = {
    [NPY_FLOAT32] = { "<f4", "float32", 4 },
    [NPY_UINT8] = { "|u1", "uint8", 1 },
};

enum { TYPES = sizeof types / sizeof *types };

static const char magic[6] = "\x93NUMPY";

/* The rest of the header's text: a Python dict literal. */
struct text {
    const char *path, *p, *end;
    struct vit_error *err;
};

static enum vit_status malformed(const struct text *t, const char *expected)
{
    return tool_fail(t->err, VIT_EFORMAT, "%s: malformed .npy header: expected %s", t->path,
                     expected);
}

static void skip_spaces(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\t' || *t->p == '\n'))
        t->p++;
}

/* Skips `token` and the spaces before it, if it is next. */
static bool accept(struct text *t, const char *token)
{
    const size_t length = strlen(token);

    skip_spaces(t);
    if ((size_t)(t->end - t->p) < length || memcmp(t->p, token, length) != 0)
        return false;
    t->p += length;
    return true;
}

/* A Python string without escapes; a longer one than `size` - 1 is cut. */
static bool accept_string(struct text *t, char *string, size_t size)
{
    const char *const quote = accept(t, "'") ? "'" : accept(t, "\"") ? "\"" : NULL;
    size_t length = 0;

    if (!quote)
        return false;
    for (; t->p < t->end && *t->p != *quote; t->p++) {
        if (*t->p == '\\' || *t->p == '\n' || *t->p == '\0')
            return false;
        if (length + 1 < size)
            string[length++] = *t->p;
    }
    string[length] = '\0';
    return accept(t, quote);
}

static bool accept_number(struct text *t, size_t *value)
{
    skip_spaces(t);
    const char *const begin = t->p;

    *value = 0;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++)
        if (__builtin_mul_overflow(*value, (size_t)10, value) ||
            __builtin_add_overflow(*value, (size_t)(*t->p - '0'), value))
            return false;
    return t->p > begin;
}

static enum vit_status parse_descr(struct text *t, struct npy_array *array)
{
    char descr[32];

    if (accept(t, "["))
        return tool_fail(t->err, VIT_EUNSUPPORTED,
                         "%s: expected dtype '<f4' or '|u1', found several fields", t->path);
    if (!accept_string(t, descr, sizeof descr))
        return malformed(t, "a dtype in quotes");
    for (size_t i = 0; i < TYPES; i++)
        if (strcmp(descr, types[i].descr) == 0) {
            array->type = (enum npy_type)i;
            return VIT_OK;
        }
    return tool_fail(t->err, VIT_EUNSUPPORTED, "%s: expected dtype '<f4' or '|u1', found '%s'",
                     t->path, descr);
}

static enum vit_status parse_order(struct text *t, struct npy_array *array)
{
    (void)array;
    if (accept(t, "True"))
        return tool_fail(t->err, VIT_EUNSUPPORTED, "%s: expected C order, found Fortran order",
                         t->path);
    return accept(t, "False") ? VIT_OK : malformed(t, "True or False for fortran_order");
}

/* (), (2,) or (2, 3): Python needs the comma after a single number */
static enum vit_status parse_shape(struct text *t, struct npy_array *array)
{
    bool comma = true;

    if (!accept(t, "("))
        return malformed(t, "a tuple for shape");
    for (array->rank = 0; !accept(t, ")"); array->rank++) {
        size_t side;
        if (!comma || !accept_number(t, &side))
            return malformed(t, "a tuple of numbers that fit in 64 bits for shape");
        if (array->rank == NPY_MAX_RANK)
            return tool_fail(t->err, VIT_EUNSUPPORTED,
                             "%s: expected at most %d dimensions, found more", t->path,
                             NPY_MAX_RANK);
        array->shape[array->rank] = side;
        comma = accept(t, ",");
    }
    return array->rank == 1 && !comma ? malformed(t, "a comma after the only number of shape")
                                      : VIT_OK;
}

static enum vit_status parse_dict(struct text *t, struct npy_array *array)
{
    static const struct {
        const char *key;
        enum vit_status (*parse)(struct text *t, struct npy_array *array);
    } entries[] = { { "descr", parse_descr },
                    { "fortran_order", parse_order },
                    { "shape", parse_shape } };
    enum { ENTRIES = sizeof entries / sizeof *entries };
    unsigned seen = 0;
    bool comma = true;

    if (!accept(t, "{"))
        return malformed(t, "'{'");
    while (!accept(t, "}")) {
        char key[32];
        size_t i = 0;
        if (!comma || !accept_string(t, key, sizeof key) || !accept(t, ":"))
            return malformed(t, "a key in quotes and ':'");
        while (i < ENTRIES && strcmp(key, entries[i].key) != 0)
            i++;
        if (i == ENTRIES || (seen & 1u << i))
            return malformed(t, "descr, fortran_order and shape, once each");
        seen |= 1u << i;
        const enum vit_status status = entries[i].parse(t, array);
        if (status)
            return status;
        comma = accept(t, ",");
    }
    if (seen != (1u << ENTRIES) - 1)
        return malformed(t, "descr, fortran_order and shape, once each");
    skip_spaces(t);
    return t->p < t->end ? malformed(t, "only spaces after '}'") : VIT_OK;
}

/* The data after the header must have the length of the shape. */
static enum vit_status check_length(const char *path, size_t found, struct npy_array *array,
                                    struct vit_error *err)
{
    const size_t each = types[array->type].bytes;
    size_t elements = 0, bytes = 0;
    bool fits = true, empty = false;
    char text[256];

    for (size_t i = 0; i < array->rank; i++)
        empty = empty || array->shape[i] == 0;
    if (!empty)
        fits = product(array->rank, array->shape, &elements) &&
               product(2, (size_t[]){ elements, each }, &bytes);
    array->elements = fits ? elements : 0;
    if (fits && bytes == found)
        return VIT_OK;
    npy_describe_array(array, text, sizeof text);
    return fits ? tool_fail(err, VIT_EFORMAT, "%s: %s: expected %zu bytes of data, found %zu", path,
                            text, bytes, found)
                : tool_fail(err, VIT_EFORMAT,
                            "%s: %s: expected a size that fits in 64 bits, found %zu bytes of data",
                            path, text, found);
}

enum vit_status npy_parse(const char *path, const void *bytes, size_t size, struct npy_array *array,
                          size_t *offset, struct vit_error *err)
{
    enum { PREAMBLE = 12 };
    static const char lfs[] = "version https://git-lfs.github.com/spec/";
    const unsigned char *const b = bytes;
    enum vit_status status;

    if (size >= sizeof lfs - 1 && memcmp(b, lfs, sizeof lfs - 1) == 0)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a .npy file, found a Git LFS pointer to it; git lfs pull "
                         "fetches the file",
                         path);
    if (size > 0 && memcmp(b, magic, size < sizeof magic ? size : sizeof magic) != 0)
        return tool_fail(err, VIT_EFORMAT, "%s: expected a .npy file, found another format", path);
    if (size < PREAMBLE)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a .npy file of at least %d bytes, found %zu", path, PREAMBLE,
                         size);
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return tool_fail(err, VIT_EUNSUPPORTED, "%s: expected .npy version 1, 2 or 3, found %u.%u",
                         path, b[6], b[7]);
    /* the length of the header has two bytes in version 1, then four */
    const size_t start = b[6] == 1 ? 10 : 12;
    size_t length = b[8] | (size_t)b[9] << 8;
    if (b[6] > 1)
        length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > size - start)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a header up to byte %zu, found a file of %zu bytes", path,
                         start + length, size);
    const char *const header = (const char *)bytes + start;
    struct text text = { path, header, header + length, err };
    *array = (struct npy_array){ .rank = 0 };
    status = parse_dict(&text, array);
    *offset = start + length;
    return status ? status : check_length(path, size - *offset, array, err);
}

enum vit_status npy_load(const char *path, struct npy_array *array, struct vit_error *err)
{
    char *bytes;
    size_t size = 0, offset = 0;
    enum vit_status status = regular_file_read(path, SIZE_MAX, &bytes, &size, err);

    if (!status)
        status = npy_parse(path, bytes, size, array, &offset, err);
    if (status || !bytes) {
        free(bytes);
        return status;
    }
    memmove(bytes, bytes + offset, size - offset); /* malloc's alignment; the file promises none */
    array->data = bytes;
    return VIT_OK;
}

void npy_save_header(const struct npy_array *array, FILE *file)
{
    enum { ALIGNMENT = 64 }; /* of the data, as the format requires */
    char header[512] = "";
    size_t length = 0;

    length += (size_t)snprintf(header, sizeof header,
                               "{'descr': '%s', 'fortran_order': False, 'shape': (",
                               types[array->type].descr);
    for (size_t i = 0; i < array->rank; i++)
        length +=
            (size_t)snprintf(header + length, sizeof header - length, "%zu%s", array->shape[i],
                             array->rank == 1      ? ","
                             : i + 1 < array->rank ? ", "
                                                   : "");
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    while ((10 + length + 1) % ALIGNMENT != 0)
        header[length++] = ' ';
    header[length++] = '\n';

    fwrite(magic, 1, sizeof magic, file);
    fwrite("\1", 1, 2, file); /* version 1.0: the string's end is the second byte */
    fwrite((const unsigned char[]){ length & 255, (unsigned char)(length >> 8) }, 1, 2, file);
    fwrite(header, 1, length, file);
}

void npy_save(const struct npy_array *array, FILE *file)
{
    size_t elements = 1;

    for (size_t i = 0; i < array->rank; i++)
        elements *= array->shape[i];
    npy_save_header(array, file);
    fwrite(array->data, types[array->type].bytes, elements, file);
}

const char *npy_describe_array(const struct npy_array *array, char *text, size_t size)
{
    int length = snprintf(text, size, "%s [", types[array->type].name);

    for (size_t i = 0; i < array->rank && length > 0 && (size_t)length < size; i++)
        length +=
            snprintf(text + length, size - (size_t)length, "%s%zu", i ? ", " : "", array->shape[i]);
    if (length > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "]");
    return text;
}
