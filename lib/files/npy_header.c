/* npy_header.c - the header of numpy's .npy files, which may be hostile */
#include "files/npy_header.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
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

/* The unread rest of the header's text, a Python dict literal */
struct text {
    const char *where;
    const char *p, *end;
    struct vit_error *err;
};

static enum vit_status malformed(const struct text *t, const char *expected)
{
    return fail(t->err, VIT_EFORMAT, "%s: header: expected %s", t->where, expected);
}

static void skip_spaces(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\t' || *t->p == '\n'))
        t->p++;
}

/* Reads spaces and this character; false, without reading the character, if another follows. */
static bool accept(struct text *t, char c)
{
    skip_spaces(t);
    if (t->p == t->end || *t->p != c)
        return false;
    t->p++;
    return true;
}

/* Reads a Python string without escapes; one longer than size − 1 bytes is cut. */
static bool read_string(struct text *t, char *string, size_t size)
{
    const bool single = accept(t, '\'');
    const char quote = single ? '\'' : '"';
    size_t length = 0;

    if (!single && !accept(t, quote))
        return false;
    for (; t->p < t->end && *t->p != quote; t->p++) {
        if (*t->p == '\\' || *t->p == '\n')
            return false;
        if (length + 1 < size)
            string[length++] = *t->p;
    }
    string[length] = '\0';
    return accept(t, quote);
}

static bool read_size(struct text *t, size_t *value)
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

/* numpy writes "|V2" for a bfloat16 array that it has read; hand-written headers use the name. */
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
                    "%s: expected a dtype of plain numbers, found a structured dtype", t->where);
    if (!read_string(t, descr, sizeof descr))
        return malformed(t, "descr to be a string");
    if (find_dtype(descr, &header->dtype))
        return VIT_OK;
    if (descr[0] == '>')
        return fail(t->err, VIT_EUNSUPPORTED, "%s: expected a little-endian dtype, found '%s'",
                    t->where, sanitize_name(descr).text);
    return fail(t->err, VIT_EUNSUPPORTED,
                "%s: expected a float or integer dtype, such as '<f4', found '%s'", t->where,
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
    return malformed(t, "fortran_order to be True or False");
}

/* (), (2,) or (2, 3): in Python, one number in parentheses is a tuple only with a comma */
static enum vit_status parse_shape(struct text *t, struct npy_header *header)
{
    bool comma = true;

    if (!accept(t, '('))
        return malformed(t, "shape to be a tuple");
    for (header->rank = 0; !accept(t, ')'); header->rank++) {
        size_t dimension;
        if (!comma || !read_size(t, &dimension))
            return malformed(t, "shape to be a tuple of integers that fit in 64 bits");
        if (header->rank == NPY_MAX_RANK)
            return fail(t->err, VIT_EUNSUPPORTED, "%s: expected at most %d dimensions, found more",
                        t->where, NPY_MAX_RANK);
        header->shape[header->rank] = dimension;
        comma = accept(t, ',');
    }
    return header->rank == 1 && !comma
               ? malformed(t, "shape to be a tuple: a comma after its only number")
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

    if (!accept(t, '{'))
        return malformed(t, "'{'");
    while (!accept(t, '}')) {
        char key[32];
        size_t i = 0;
        if (!comma || !read_string(t, key, sizeof key) || !accept(t, ':'))
            return malformed(t, "a string key and ':'");
        while (i < ENTRIES && strcmp(key, entries[i].key) != 0)
            i++;
        if (i == ENTRIES || (seen & 1u << i))
            return malformed(t, "each of descr, fortran_order and shape once");
        seen |= 1u << i;
        const enum vit_status status = entries[i].parse(t, header);
        if (status)
            return status;
        comma = accept(t, ',');
    }
    if (seen != (1u << ENTRIES) - 1)
        return malformed(t, "each of descr, fortran_order and shape once");
    skip_spaces(t);
    return t->p < t->end ? malformed(t, "only spaces after '}'") : VIT_OK;
}

static enum vit_status check_size(const char *where, struct npy_header *header, uint64_t file_bytes,
                                  struct vit_error *err)
{
    const size_t each = dtypes[header->dtype].bytes;
    const uint64_t found = file_bytes - header->data_offset;
    bool fits = true, empty = false;
    size_t bytes = 0;
    char text[256];

    header->elements = 1;
    for (size_t i = 0; i < header->rank; i++)
        empty |= header->shape[i] == 0;
    for (size_t i = 0; i < header->rank && fits && !empty; i++)
        fits = checked_mul(header->elements, header->shape[i], &header->elements);
    if (empty)
        header->elements = 0;
    fits = fits && checked_mul(header->elements, each, &bytes);
    npy_describe(header->dtype, header->rank, header->shape, text, sizeof text);
    if (!fits)
        return fail(err, VIT_EFORMAT,
                    "%s: expected the data of %s, more than 2^64 bytes, found %" PRIu64 " bytes",
                    where, text, found);
    if (bytes != found)
        return fail(err, VIT_EFORMAT,
                    "%s: expected the data of %s, %zu bytes, found %" PRIu64 " bytes", where, text,
                    bytes, found);
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
        return fail(err, VIT_EFORMAT, "%s: expected a .npy file, found another format", where);
    if (size < NPY_PREAMBLE)
        return fail(err, VIT_EFORMAT,
                    "%s: expected a .npy file of at least %d bytes, found %zu bytes", where,
                    NPY_PREAMBLE, size);

    const unsigned version = b[6];
    const size_t start = version == 1 ? 10 : 12; /* the length takes 2 bytes in version 1, then 4 */
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
