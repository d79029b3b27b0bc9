/* npy_header.c - the header of numpy's .npy files, which are hostile until proven otherwise */
#include "files/npy_header.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "files/sanitize.h"

enum { MAGIC_BYTES = 6 };

static const struct {
    const char *descr, *name;
    size_t bytes;
} dtypes[NPY_DTYPES] = {
    [NPY_F32] = { "<f4", "float32", 4 }, [NPY_F16] = { "<f2", "float16", 2 },
    [NPY_F64] = { "<f8", "float64", 8 }, [NPY_BF16] = { "<V2", "bfloat16", 2 },
    [NPY_BOOL] = { "|b1", "bool", 1 },   [NPY_U8] = { "|u1", "uint8", 1 },
    [NPY_I8] = { "|i1", "int8", 1 },     [NPY_U16] = { "<u2", "uint16", 2 },
    [NPY_I16] = { "<i2", "int16", 2 },   [NPY_U32] = { "<u4", "uint32", 4 },
    [NPY_I32] = { "<i4", "int32", 4 },   [NPY_U64] = { "<u8", "uint64", 8 },
    [NPY_I64] = { "<i8", "int64", 8 },
};

const char *npy_dtype_descr(enum npy_dtype dtype)
{
    return dtypes[dtype].descr;
}

size_t npy_dtype_bytes(enum npy_dtype dtype)
{
    return dtypes[dtype].bytes;
}

static const char magic[] = "\x93NUMPY";

/* What is left of the header's text: a Python dict literal */
struct text {
    const char *where;
    const char *p, *end;
    struct vit_error *err;
};

static enum vit_status malformed(const struct text *t, const char *expected)
{
    return fail(t->err, VIT_EFORMAT, "%s: malformed .npy header: expected %s", t->where, expected);
}

static void skip_spaces(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\t' || *t->p == '\n'))
        t->p++;
}

/* Takes a character, and spaces before it, if it comes next. */
static bool take(struct text *t, char c)
{
    skip_spaces(t);
    if (t->p == t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

/* A Python string without escapes; longer ones than `size` - 1 are cut. */
static bool take_string(struct text *t, char *string, size_t size)
{
    const char quote = take(t, '\'') ? '\'' : take(t, '"') ? '"' : '\0';
    size_t length = 0;

    if (!quote)
        return false;
    for (; t->p < t->end && *t->p != quote; t->p++) {
        if (*t->p == '\\' || *t->p == '\n')
            return false;
        if (length + 1 < size)
            string[length++] = *t->p;
    }
    string[length] = '\0';
    return take(t, quote);
}

static bool take_size(struct text *t, size_t *value)
{
    skip_spaces(t);
    const char *const begin = t->p;

    *value = 0;
    for (; t->p < t->end && *t->p >= '0' && *t->p <= '9'; t->p++) {
        const size_t digit = (size_t)(*t->p - '0');
        if (*value > (SIZE_MAX - digit) / 10)
            return false;
        *value = 10 * *value + digit;
    }
    return t->p > begin;
}

/* numpy spells a void that it has read before, and those who write headers by hand the name. */
static bool find_dtype(const char *descr, enum npy_dtype *dtype)
{
    if (strcmp(descr, "|V2") == 0 || strcmp(descr, "bfloat16") == 0)
        descr = dtypes[NPY_BF16].descr;
    for (size_t i = 0; i < NPY_DTYPES; i++)
        if (strcmp(descr, dtypes[i].descr) == 0) {
            *dtype = (enum npy_dtype)i;
            return true;
        }
    return false;
}

static enum vit_status parse_descr(struct text *t, struct npy_header *header)
{
    char descr[32];

    skip_spaces(t);
    if (t->p < t->end && *t->p == '[')
        return fail(t->err, VIT_EUNSUPPORTED,
                    "%s: expected a dtype of single numbers, found one of several fields",
                    t->where);
    if (!take_string(t, descr, sizeof descr))
        return malformed(t, "a dtype's name in quotes");
    if (find_dtype(descr, &header->dtype))
        return VIT_OK;
    if (descr[0] == '>')
        return fail(t->err, VIT_EUNSUPPORTED,
                    "%s: expected little-endian numbers, found dtype '%s', which is big-endian",
                    t->where, sanitize_name(descr).text);
    return fail(t->err, VIT_EUNSUPPORTED,
                "%s: expected a dtype of floats or integers, such as '<f4', found '%s'", t->where,
                sanitize_name(descr).text);
}

static enum vit_status parse_order(struct text *t, struct npy_header *header)
{
    static const char no[] = "False", yes[] = "True";

    (void)header;
    skip_spaces(t);
    const size_t left = (size_t)(t->end - t->p);
    if (left >= strlen(no) && memcmp(t->p, no, strlen(no)) == 0) {
        t->p += strlen(no);
        return VIT_OK;
    }
    if (left >= strlen(yes) && memcmp(t->p, yes, strlen(yes)) == 0)
        return fail(t->err, VIT_EUNSUPPORTED,
                    "%s: expected an array in C order, found Fortran order", t->where);
    return malformed(t, "True or False for fortran_order");
}

/* (), (2,) or (2, 3): the comma is what makes one number a tuple */
static enum vit_status parse_shape(struct text *t, struct npy_header *header)
{
    bool comma = true;

    if (!take(t, '('))
        return malformed(t, "a tuple for shape");
    for (header->rank = 0; !take(t, ')'); header->rank++) {
        size_t side;
        if (!comma || !take_size(t, &side))
            return malformed(t, "a tuple of sizes that fit in 64 bits for shape");
        if (header->rank == NPY_MAX_RANK)
            return fail(t->err, VIT_EUNSUPPORTED, "%s: expected at most %d dimensions, found more",
                        t->where, NPY_MAX_RANK);
        header->shape[header->rank] = side;
        comma = take(t, ',');
    }
    return header->rank == 1 && !comma ? malformed(t, "a comma after the one size of shape")
                                       : VIT_OK;
}

static enum vit_status parse_dict(struct text *t, struct npy_header *header)
{
    static const struct {
        const char *key;
        enum vit_status (*parse)(struct text *t, struct npy_header *header);
    } entries[] = { { "descr", parse_descr },
                    { "fortran_order", parse_order },
                    { "shape", parse_shape } };
    enum { ENTRIES = sizeof entries / sizeof *entries };
    unsigned seen = 0;
    bool comma = true;

    if (!take(t, '{'))
        return malformed(t, "'{'");
    while (!take(t, '}')) {
        char key[32];
        size_t i = 0;
        if (!comma || !take_string(t, key, sizeof key) || !take(t, ':'))
            return malformed(t, "a key in quotes and ':'");
        while (i < ENTRIES && strcmp(key, entries[i].key) != 0)
            i++;
        if (i == ENTRIES || (seen & 1u << i))
            return malformed(t, "each of descr, fortran_order and shape once");
        seen |= 1u << i;
        const enum vit_status status = entries[i].parse(t, header);
        if (status)
            return status;
        comma = take(t, ',');
    }
    if (seen != (1u << ENTRIES) - 1)
        return malformed(t, "each of descr, fortran_order and shape once");
    skip_spaces(t);
    return t->p < t->end ? malformed(t, "nothing but spaces behind '}'") : VIT_OK;
}

static enum vit_status check_size(const char *where, struct npy_header *header, uint64_t file_bytes,
                                  struct vit_error *err)
{
    const size_t each = dtypes[header->dtype].bytes;
    const uint64_t found = file_bytes - header->data_offset;
    bool fits = true, empty = false;
    char text[256];

    header->elements = 1;
    for (size_t i = 0; i < header->rank; i++)
        empty |= header->shape[i] == 0;
    for (size_t i = 0; i < header->rank && fits && !empty; i++) {
        fits = header->elements <= SIZE_MAX / each / header->shape[i];
        header->elements *= fits ? header->shape[i] : 1;
    }
    if (empty)
        header->elements = 0;
    npy_describe(header->dtype, header->rank, header->shape, text, sizeof text);
    if (!fits)
        return fail(err, VIT_EFORMAT,
                    "%s: expected the data of %s, more bytes than 64 bits count, found %" PRIu64
                    " bytes",
                    where, text, found);
    if (header->elements * each != found)
        return fail(err, VIT_EFORMAT,
                    "%s: expected the data of %s, %zu bytes, found %" PRIu64 " bytes", where, text,
                    header->elements * each, found);
    return VIT_OK;
}

const char *npy_describe(enum npy_dtype dtype, size_t rank, const size_t *shape, char *text,
                         size_t size)
{
    int length = snprintf(text, size, "%s [", dtypes[dtype].name);

    for (size_t i = 0; i < rank && length > 0 && (size_t)length < size; i++)
        length += snprintf(text + length, size - (size_t)length, "%s%zu", i ? ", " : "", shape[i]);
    if (length > 0 && (size_t)length < size)
        snprintf(text + length, size - (size_t)length, "]");
    return text;
}

enum vit_status npy_data_offset(const char *where, const void *bytes, size_t size,
                                uint64_t file_bytes, size_t *offset, struct vit_error *err)
{
    const unsigned char *const b = bytes;

    if (size > 0 && memcmp(b, magic, size < MAGIC_BYTES ? size : MAGIC_BYTES) != 0)
        return fail(err, VIT_EFORMAT, "%s: expected a .npy file, found something else", where);
    if (size < NPY_PREAMBLE)
        return fail(err, VIT_EFORMAT,
                    "%s: expected a .npy file of %d bytes or more, found one of %zu", where,
                    NPY_PREAMBLE, size);

    const unsigned version = b[6];
    const size_t start = version == 1 ? 10 : 12; /* the length takes two bytes, later four */
    size_t length = b[8] | (size_t)b[9] << 8;
    if (version < 1 || version > 3 || b[7] != 0)
        return fail(err, VIT_EUNSUPPORTED, "%s: expected .npy version 1, 2 or 3, found %u.%u",
                    where, version, b[7]);
    if (version > 1)
        length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > NPY_MAX_HEADER)
        return fail(err, VIT_EFORMAT, "%s: expected a header of at most %d bytes, found %zu", where,
                    NPY_MAX_HEADER, length);
    if (start + length > file_bytes)
        return fail(err, VIT_EFORMAT,
                    "%s: expected a header up to byte %zu, found a file of %" PRIu64 " bytes",
                    where, start + length, file_bytes);
    *offset = start + length;
    return VIT_OK;
}

enum vit_status npy_parse_header(const char *where, const void *bytes, size_t size,
                                 uint64_t file_bytes, struct npy_header *header,
                                 struct vit_error *err)
{
    const char *const b = bytes;
    enum vit_status status;

    *header = (struct npy_header){ 0 };
    status = npy_data_offset(where, bytes, size, file_bytes, &header->data_offset, err);
    if (status)
        return status;
    if (header->data_offset > size)
        return fail(err, VIT_EFORMAT, "%s: expected a header up to byte %zu, found %zu bytes",
                    where, header->data_offset, size);
    const size_t start = b[6] == 1 ? 10 : 12;
    struct text text = { where, b + start, b + header->data_offset, err };
    if ((status = parse_dict(&text, header)))
        return status;
    return check_size(where, header, file_bytes, err);
}
