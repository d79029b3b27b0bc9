/* safetensors.c - reading .safetensors files, which are hostile until proven otherwise */
#include "files/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "files/file.h"
#include "files/sanitize.h"

enum { LENGTH_BYTES = 8 };

static const struct {
    const char *name;
    size_t bytes;
} dtypes[DTYPES] = {
    [DTYPE_F64] = { "F64", 8 },   [DTYPE_F32] = { "F32", 4 }, [DTYPE_F16] = { "F16", 2 },
    [DTYPE_BF16] = { "BF16", 2 }, [DTYPE_I64] = { "I64", 8 }, [DTYPE_I32] = { "I32", 4 },
    [DTYPE_I16] = { "I16", 2 },   [DTYPE_I8] = { "I8", 1 },   [DTYPE_U8] = { "U8", 1 },
    [DTYPE_BOOL] = { "BOOL", 1 },
};

const char *safetensors_dtype_name(enum safetensors_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t safetensors_dtype_bytes(enum safetensors_dtype dtype)
{
    return dtypes[dtype].bytes;
}

/* A file while its header is checked. */
struct parse {
    struct safetensors *file;
    uint64_t data_start, data_bytes;
    struct vit_error *err;
};

#define FAIL_FILE(p, status, format, ...)                                                          \
    fail((p)->err, status, "%s: " format, sanitize_path((p)->file->path).text, __VA_ARGS__)
#define FAIL_TENSOR(p, status, name, format, ...)                                                  \
    FAIL_FILE(p, status, "tensor \"%s\" " format, sanitize_name(name).text, __VA_ARGS__)

static enum vit_status parse_dtype(const struct parse *p, const json_t *value,
                                   struct safetensors_entry *entry)
{
    const char *dtype = json_string_value(value);

    if (!dtype)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "has no %s, expected a string", "dtype");
    for (size_t i = 0; i < DTYPES; i++)
        if (strcmp(dtype, dtypes[i].name) == 0) {
            entry->dtype = (enum safetensors_dtype)i;
            return VIT_OK;
        }
    return FAIL_TENSOR(p, VIT_EUNSUPPORTED, entry->name,
                       "has dtype \"%s\", expected F64, F32, F16, BF16, I64, I32, I16, I8, U8 or "
                       "BOOL",
                       sanitize_name(dtype).text);
}

static enum vit_status parse_shape(const struct parse *p, const json_t *value,
                                   struct safetensors_entry *entry)
{
    if (!json_is_array(value))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "has no %s, expected an array", "shape");
    entry->rank = json_array_size(value);
    if (entry->rank > SAFETENSORS_MAX_RANK)
        return FAIL_TENSOR(p, VIT_EUNSUPPORTED, entry->name, "has rank %zu, expected %d at most",
                           entry->rank, SAFETENSORS_MAX_RANK);
    entry->elements = 1;
    for (size_t i = 0; i < entry->rank; i++) {
        const json_t *side = json_array_get(value, i);
        if (!json_is_integer(side) || json_integer_value(side) < 0)
            return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                               "has a shape whose side %zu is not an integer of 0 or more", i);
        entry->shape[i] = (size_t)json_integer_value(side);
        if (__builtin_mul_overflow(entry->elements, entry->shape[i], &entry->elements))
            return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                               "has more elements than fit in %zu bits", 8 * sizeof(size_t));
    }
    return VIT_OK;
}

static enum vit_status parse_offsets(const struct parse *p, const json_t *value,
                                     struct safetensors_entry *entry)
{
    const json_t *ends[2] = { json_array_get(value, 0), json_array_get(value, 1) };
    size_t bytes;

    if (json_array_size(value) != 2 || !json_is_integer(ends[0]) || !json_is_integer(ends[1]))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "has no %s, expected two integers",
                           "data_offsets");
    const json_int_t begin = json_integer_value(ends[0]), end = json_integer_value(ends[1]);
    if (begin < 0 || begin > end || (uint64_t)end > p->data_bytes)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "has data_offsets [%" JSON_INTEGER_FORMAT ", %" JSON_INTEGER_FORMAT
                           "], expected a range within the %" PRIu64 " bytes of data",
                           begin, end, p->data_bytes);
    if (__builtin_mul_overflow(entry->elements, dtypes[entry->dtype].bytes, &bytes))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "has more bytes than fit in %zu bits",
                           8 * sizeof(size_t));
    if ((uint64_t)(end - begin) != bytes)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "has %" JSON_INTEGER_FORMAT " bytes of data, expected %zu of its dtype "
                           "and shape",
                           end - begin, bytes);
    entry->offset = p->data_start + (uint64_t)begin;
    return VIT_OK;
}

static enum vit_status parse_tensor(const struct parse *p, const char *name, const json_t *value,
                                    struct safetensors_entry *entry)
{
    enum vit_status status;

    entry->name = strdup(name);
    if (!entry->name)
        return file_no_memory(p->file->path, p->err);
    if ((status = parse_dtype(p, json_object_get(value, "dtype"), entry)) ||
        (status = parse_shape(p, json_object_get(value, "shape"), entry)) ||
        (status = parse_offsets(p, json_object_get(value, "data_offsets"), entry)))
        return status;
    if (json_object_size(value) != 3)
        return FAIL_TENSOR(p, VIT_EFORMAT, name,
                           "has %zu keys, expected dtype, shape and data_offsets alone",
                           json_object_size(value));
    return VIT_OK;
}

static enum vit_status check_metadata(const struct parse *p, json_t *metadata)
{
    const char *key;
    json_t *value;

    if (!json_is_object(metadata))
        return FAIL_FILE(p, VIT_EFORMAT, "%s is not an object", "__metadata__");
    json_object_foreach (metadata, key, value)
        if (!json_is_string(value))
            return FAIL_FILE(p, VIT_EFORMAT, "\"%s\" in __metadata__ is not a string",
                             sanitize_name(key).text);
    return VIT_OK;
}

static uint64_t entry_end(const struct safetensors_entry *entry)
{
    return entry->offset + entry->elements * dtypes[entry->dtype].bytes;
}

/* By offset; of those that begin together the empty ones first, so that they are no overlap. */
static int compare_places(const void *a, const void *b)
{
    const struct safetensors_entry *x = a, *y = b;

    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (entry_end(x) > entry_end(y)) - (entry_end(x) < entry_end(y));
}

static int compare_names(const void *a, const void *b)
{
    const struct safetensors_entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* The data must be the tensors, each byte once: what nobody reads could hide anything. */
static enum vit_status check_coverage(const struct parse *p)
{
    const struct safetensors *file = p->file;
    uint64_t at = p->data_start;

    qsort(file->entries, file->count, sizeof *file->entries, compare_places);
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        if (entry->offset != at)
            return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                               "begins at byte %" PRIu64 " of the data, expected %" PRIu64
                               ": %s \"%s\"",
                               entry->offset - p->data_start, at - p->data_start,
                               entry->offset < at ? "it overlaps" : "a hole follows",
                               i > 0 ? sanitize_name(entry[-1].name).text : "the header");
        at = entry_end(entry);
    }
    if (at != p->data_start + p->data_bytes)
        return FAIL_FILE(p, VIT_EFORMAT,
                         "tensors end at byte %" PRIu64 " of the data, expected its end at "
                         "%" PRIu64,
                         at - p->data_start, p->data_bytes);
    qsort(file->entries, file->count, sizeof *file->entries, compare_names);
    return VIT_OK;
}

static enum vit_status parse_entries(const struct parse *p, json_t *root)
{
    struct safetensors *file = p->file;
    const char *name;
    json_t *value;
    enum vit_status status;

    file->entries = calloc(json_object_size(root) + 1, sizeof *file->entries);
    if (!file->entries)
        return file_no_memory(file->path, p->err);
    json_object_foreach (root, name, value) {
        if (strcmp(name, "__metadata__") == 0)
            status = check_metadata(p, value);
        else /* counted first, so that closing the file frees what a failure leaves */
            status = parse_tensor(p, name, value, &file->entries[file->count++]);
        if (status)
            return status;
    }
    return check_coverage(p);
}

static enum vit_status parse_header(const struct parse *p, const char *header, size_t bytes)
{
    json_error_t why;
    json_t *root;
    enum vit_status status;

    if (bytes == 0 || header[0] != '{')
        return FAIL_FILE(p, VIT_EFORMAT, "the header of %zu bytes does not begin with '{'", bytes);
    root = json_loadb(header, bytes, JSON_REJECT_DUPLICATES, &why);
    if (!root && !*why.text) /* jansson could not allocate, and says nothing */
        return file_no_memory(p->file->path, p->err);
    if (!root)
        return FAIL_FILE(p, VIT_EFORMAT, "the header is not JSON at byte %d: %s", why.position,
                         sanitize_name(why.text).text);
    status = parse_entries(p, root);
    json_decref(root);
    return status;
}

/* The length of the header, from the first bytes of a file. */
static enum vit_status parse_length(const struct parse *p, const unsigned char *start,
                                    uint64_t file_bytes, size_t *header_bytes)
{
    uint64_t length = 0;

    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | start[i];
    if (length > SAFETENSORS_MAX_HEADER)
        return FAIL_FILE(p, VIT_EFORMAT, "a header of %" PRIu64 " bytes, expected %d at most",
                         length, SAFETENSORS_MAX_HEADER);
    if (length > file_bytes - LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EFORMAT,
                         "a header of %" PRIu64 " bytes in a file of %" PRIu64 ": it is cut short",
                         length, file_bytes);
    *header_bytes = (size_t)length;
    return VIT_OK;
}

static enum vit_status check_file_length(const struct parse *p, uint64_t file_bytes)
{
    if (file_bytes < LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EFORMAT, "%" PRIu64 " bytes long, expected %d at least", file_bytes,
                         LENGTH_BYTES);
    return VIT_OK;
}

static struct safetensors *create(const char *path)
{
    struct safetensors *file = calloc(1, sizeof *file);

    if (!file)
        return NULL;
    file->fd = -1;
    file->path = strdup(path);
    if (file->path)
        return file;
    free(file);
    return NULL;
}

/* Reads the header of p->file->fd and checks it. */
static enum vit_status read_header(struct parse *p, uint64_t file_bytes)
{
    const struct safetensors *file = p->file;
    unsigned char start[LENGTH_BYTES];
    size_t bytes;
    enum vit_status status;

    if ((status = check_file_length(p, file_bytes)) ||
        (status = file_read(file->path, file->fd, 0, LENGTH_BYTES, start, p->err)) ||
        (status = parse_length(p, start, file_bytes, &bytes)))
        return status;
    char *header = malloc(bytes + 1);
    if (!header)
        return file_no_memory(file->path, p->err);
    p->data_start = LENGTH_BYTES + bytes;
    p->data_bytes = file_bytes - p->data_start;
    status = file_read(file->path, file->fd, LENGTH_BYTES, bytes, header, p->err);
    if (!status)
        status = parse_header(p, header, bytes);
    free(header);
    return status;
}

enum vit_status safetensors_open(const char *path, struct safetensors **file, struct vit_error *err)
{
    struct parse p = { .file = create(path), .err = err };
    uint64_t file_bytes;
    enum vit_status status;

    if (!p.file)
        return file_no_memory(path, err);
    status = file_open(path, &p.file->fd, &file_bytes, err);
    if (!status)
        status = read_header(&p, file_bytes);
    if (!status)
        *file = p.file;
    else
        safetensors_close(p.file);
    return status;
}

static enum vit_status parse_start(struct parse *p, const unsigned char *start, size_t bytes,
                                   uint64_t file_bytes)
{
    size_t header_bytes;
    enum vit_status status;

    if (bytes > file_bytes)
        return FAIL_FILE(p, VIT_EINVAL, "%zu bytes given of a file of %" PRIu64, bytes, file_bytes);
    if ((status = check_file_length(p, file_bytes)))
        return status;
    if (bytes < LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EINVAL, "%zu bytes given, expected the header", bytes);
    if ((status = parse_length(p, start, file_bytes, &header_bytes)))
        return status;
    if (bytes - LENGTH_BYTES < header_bytes)
        return FAIL_FILE(p, VIT_EINVAL, "%zu bytes given, expected the header to byte %zu", bytes,
                         LENGTH_BYTES + header_bytes);
    p->data_start = LENGTH_BYTES + header_bytes;
    p->data_bytes = file_bytes - p->data_start;
    return parse_header(p, (const char *)start + LENGTH_BYTES, header_bytes);
}

enum vit_status safetensors_parse(const char *path, const void *start, size_t bytes,
                                  uint64_t file_bytes, struct safetensors **file,
                                  struct vit_error *err)
{
    struct parse p = { .file = create(path), .err = err };
    enum vit_status status;

    if (!p.file)
        return file_no_memory(path, err);
    status = parse_start(&p, start, bytes, file_bytes);
    if (!status)
        *file = p.file;
    else
        safetensors_close(p.file);
    return status;
}

void safetensors_close(struct safetensors *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        free(file->entries[i].name);
    free(file->entries);
    free(file->path);
    if (file->fd >= 0)
        close(file->fd);
    free(file);
}

const struct safetensors_entry *safetensors_find(const struct safetensors *file, const char *name)
{
    size_t low = 0, high = file->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(name, file->entries[middle].name);
        if (order == 0)
            return &file->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
