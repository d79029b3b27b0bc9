/* npy.c - numpy's .npy files: float32 and uint8 arrays in C order */
#include "tools/npy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/error.h"

enum {
    MAGIC_BYTES = 6,
    PREAMBLE_BYTES = 12,  /* magic, version, and the longer of the two length fields */
    HEADER_LIMIT = 65535, /* all that version 1 can say; numpy itself refuses above 10,000 */
};

static const char magic[] = "\x93NUMPY";

static const struct {
    const char *descr, *name;
    size_t bytes;
} dtypes[] = { [NPY_F32] = { "<f4", "float32", 4 }, [NPY_U8] = { "|u1", "uint8", 1 } };

enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* What is left of the header's text: a Python dict literal */
struct text {
    const char *path;
    const char *p, *end;
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

static enum vit_status parse_descr(struct text *t, struct npy_header *header)
{
    char descr[32];

    skip_spaces(t);
    if (t->p < t->end && *t->p == '[')
        return tool_fail(t->err, VIT_EUNSUPPORTED,
                         "%s: expected dtype '<f4' or '|u1', found one of several fields", t->path);
    if (!take_string(t, descr, sizeof descr))
        return malformed(t, "a dtype's name in quotes");
    for (size_t i = 0; i < DTYPES; i++) {
        if (strcmp(descr, dtypes[i].descr) == 0) {
            header->dtype = (enum npy_dtype)i;
            return VIT_OK;
        }
    }
    return tool_fail(t->err, VIT_EUNSUPPORTED, "%s: expected dtype '<f4' or '|u1', found '%s'",
                     t->path, descr);
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
        return tool_fail(t->err, VIT_EUNSUPPORTED,
                         "%s: expected an array in C order, found Fortran order", t->path);
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
            return tool_fail(t->err, VIT_EUNSUPPORTED,
                             "%s: expected at most %d dimensions, found more", t->path,
                             NPY_MAX_RANK);
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

static enum vit_status check_size(const char *path, struct npy_header *header, uint64_t file_bytes,
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
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected the data of %s, more bytes than 64 bits count, found %llu "
                         "bytes",
                         path, text, (unsigned long long)found);
    if (header->elements * each != found)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected the data of %s, %zu bytes, found %llu bytes", path, text,
                         header->elements * each, (unsigned long long)found);
    return VIT_OK;
}

enum vit_status npy_parse_header(const char *path, const void *bytes, size_t size,
                                 uint64_t file_bytes, struct npy_header *header,
                                 struct vit_error *err)
{
    const unsigned char *const b = bytes;

    *header = (struct npy_header){ 0 };
    if (size > 0 && memcmp(b, magic, size < MAGIC_BYTES ? size : MAGIC_BYTES) != 0)
        return tool_fail(err, VIT_EFORMAT, "%s: expected a .npy file, found something else", path);
    if (size < PREAMBLE_BYTES)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a .npy file of %d bytes or more, found one of %zu", path,
                         PREAMBLE_BYTES, size);

    const unsigned version = b[6];
    const size_t start = version == 1 ? 10 : 12; /* the length takes two bytes, later four */
    size_t length = b[8] | (size_t)b[9] << 8;
    if (version < 1 || version > 3 || b[7] != 0)
        return tool_fail(err, VIT_EUNSUPPORTED, "%s: expected .npy version 1, 2 or 3, found %u.%u",
                         path, version, b[7]);
    if (version > 1)
        length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    if (length > HEADER_LIMIT)
        return tool_fail(err, VIT_EFORMAT, "%s: expected a header of at most %d bytes, found %zu",
                         path, HEADER_LIMIT, length);
    if (start + length > size || start + length > file_bytes)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected a header up to byte %zu, found a file of %llu bytes", path,
                         start + length, (unsigned long long)file_bytes);

    struct text text = { path, (const char *)b + start, (const char *)b + start + length, err };
    const enum vit_status status = parse_dict(&text, header);
    header->data_offset = start + length;
    return status ? status : check_size(path, header, file_bytes, err);
}

enum vit_status npy_read(const char *path, struct npy_header *header, void **data,
                         struct vit_error *err)
{
    enum { MOST = PREAMBLE_BYTES + HEADER_LIMIT };
    enum vit_status status;
    struct stat info;
    FILE *const file = fopen(path, "rb");
    char *const head = malloc(MOST);

    *data = NULL;
    if (!head) {
        status = tool_no_memory(err);
        goto close;
    }
    if (!file || fstat(fileno(file), &info) != 0) {
        status = tool_fail(err, VIT_EIO, "cannot open %s: %s", path, strerror(errno));
        goto close;
    }
    if (!S_ISREG(info.st_mode)) {
        status = tool_fail(err, VIT_EIO, "cannot read %s: it is not a regular file", path);
        goto close;
    }
    const size_t size = fread(head, 1, MOST, file);
    status = npy_parse_header(path, head, size, (uint64_t)info.st_size, header, err);
    if (status)
        goto close;

    const size_t each = dtypes[header->dtype].bytes;
    *data = malloc(header->elements ? header->elements * each : 1);
    if (!*data) {
        status = tool_fail(err, VIT_ENOMEM, "%s: no memory for %zu bytes", path,
                           header->elements * each);
    } else if (fseek(file, (long)header->data_offset, SEEK_SET) != 0 ||
               fread(*data, each, header->elements, file) != header->elements) {
        status = tool_fail(err, VIT_EIO, "cannot read %s: %s", path,
                           ferror(file) ? strerror(errno) : "it ends early");
        free(*data);
        *data = NULL;
    }

close:
    free(head);
    if (file)
        fclose(file);
    return status;
}

void npy_write(FILE *file, enum npy_dtype dtype, size_t rank, const size_t *shape, const void *data)
{
    enum { ALIGNMENT = 64 }; /* of the data, as the format asks */
    char header[512] = "";
    size_t length = 0, elements = 1;

    length +=
        (size_t)snprintf(header, sizeof header,
                         "{'descr': '%s', 'fortran_order': False, 'shape': (", dtypes[dtype].descr);
    for (size_t i = 0; i < rank; i++) {
        length += (size_t)snprintf(header + length, sizeof header - length, "%zu%s", shape[i],
                                   rank == 1      ? ","
                                   : i + 1 < rank ? ", "
                                                  : "");
        elements *= shape[i];
    }
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    while ((10 + length + 1) % ALIGNMENT != 0)
        header[length++] = ' ';
    header[length++] = '\n';

    fwrite(magic, 1, MAGIC_BYTES, file);
    fwrite((const unsigned char[]){ 1, 0, length & 255, (unsigned char)(length >> 8) }, 1, 4, file);
    fwrite(header, 1, length, file);
    fwrite(data, dtypes[dtype].bytes, elements, file);
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
