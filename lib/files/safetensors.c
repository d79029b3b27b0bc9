/* safetensors.c - reading .safetensors files, which may be hostile */
#include "files/safetensors.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "files/fail_file.h"
#include "files/json.h"
#include "files/name_order.h"
#include "files/sanitize.h"

enum { LENGTH_BYTES = 8 };

/* A file whose header is being checked. */
struct parse {
    struct safetensors *file;
    uint64_t data_start, data_bytes;
    struct vit_error *err;
};

#define FAIL_FILE(p, status, ...) fail_file((p)->err, status, (p)->file->source.path, __VA_ARGS__)
#define FAIL_TENSOR(p, status, name, ...)                                                          \
    fail_tensor((p)->err, status, (p)->file->source.path, name, __VA_ARGS__)

static enum vit_status parse_dtype(const struct parse *p, const struct json *value,
                                   struct safetensors_entry *entry)
{
    const char *dtype = json_text(value);

    if (!dtype)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "dtype: expected a string, found %s",
                           json_kind(value));
    for (enum safetensors_dtype i = 0; i < DTYPES; i++)
        if (strcmp(dtype, safetensors_dtype_name(i)) == 0) {
            entry->dtype = i;
            return VIT_OK;
        }
    return FAIL_TENSOR(p, VIT_EUNSUPPORTED, entry->name,
                       "expected a dtype of whole bytes, such as F32, BF16, I64 or F8_E4M3, found "
                       "%s",
                       sanitize_name(dtype).text);
}

static enum vit_status parse_shape(const struct parse *p, const struct json *value,
                                   struct safetensors_entry *entry)
{
    if (!json_is_array(value))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name, "shape: expected an array, found %s",
                           json_kind(value));
    entry->rank = json_elements(value);
    if (entry->rank > SAFETENSORS_MAX_RANK)
        return FAIL_TENSOR(p, VIT_EUNSUPPORTED, entry->name,
                           "shape: expected at most %d dimensions, found %zu", SAFETENSORS_MAX_RANK,
                           entry->rank);
    entry->elements = 1;
    for (size_t i = 0; i < entry->rank; i++) {
        const struct json *size = json_element(value, i);
        if (!json_is_integer(size) || json_int(size) < 0 || json_int(size) == INT64_MAX)
            return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                               "shape: dimension %zu: expected a non-negative integer", i);
        entry->shape[i] = (size_t)json_int(size);
        if (!checked_mul(entry->elements, entry->shape[i], &entry->elements))
            return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                               "shape: the number of elements does not fit in %zu bits",
                               8 * sizeof(size_t));
    }
    return VIT_OK;
}

static enum vit_status parse_offsets(const struct parse *p, const struct json *value,
                                     struct safetensors_entry *entry)
{
    const struct json *ends[2] = { json_element(value, 0), json_element(value, 1) };
    size_t bytes;

    if (json_elements(value) != 2 || !json_is_integer(ends[0]) || !json_is_integer(ends[1]))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "data_offsets: expected two integers, found %s", json_kind(value));
    const int64_t begin = json_int(ends[0]), end = json_int(ends[1]);
    if (begin < 0 || begin > end || (uint64_t)end > p->data_bytes)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "data_offsets: expected a range within the %" PRIu64
                           " bytes of data, found [%" PRId64 ", %" PRId64 "]",
                           p->data_bytes, begin, end);
    if (!checked_mul(entry->elements, safetensors_dtype_bytes(entry->dtype), &bytes))
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "shape: the number of bytes does not fit in %zu bits",
                           8 * sizeof(size_t));
    if ((uint64_t)(end - begin) != bytes)
        return FAIL_TENSOR(p, VIT_EFORMAT, entry->name,
                           "data_offsets: expected %zu bytes for this dtype and shape, found "
                           "%" PRId64,
                           bytes, end - begin);
    entry->offset = p->data_start + (uint64_t)begin;
    return VIT_OK;
}

static enum vit_status parse_tensor(const struct parse *p, const char *name,
                                    const struct json *value, struct safetensors_entry *entry)
{
    enum vit_status status;

    entry->name = strdup(name);
    if (!entry->name)
        return fail_no_memory(p->err, p->file->source.path);
    if ((status = parse_dtype(p, json_member(value, "dtype"), entry)) ||
        (status = parse_shape(p, json_member(value, "shape"), entry)) ||
        (status = parse_offsets(p, json_member(value, "data_offsets"), entry)))
        return status;
    if (json_members(value) != 3)
        return FAIL_TENSOR(p, VIT_EFORMAT, name,
                           "expected the keys dtype, shape and data_offsets only, found %zu keys",
                           json_members(value));
    return VIT_OK;
}

static enum vit_status check_metadata(const struct parse *p, const struct json *metadata)
{
    const char *key;
    const struct json *value;

    if (json_is_null(metadata)) /* as some writers have it; the format's own reader accepts it */
        return VIT_OK;
    if (!json_is_object(metadata))
        return FAIL_FILE(p, VIT_EFORMAT, "__metadata__: expected an object, found %s",
                         json_kind(metadata));
    json_each_member(metadata, key, value) if (!json_is_string(value)) return FAIL_FILE(
        p, VIT_EFORMAT, "__metadata__.%s: expected a string, found %s", sanitize_name(key).text,
        json_kind(value));
    return VIT_OK;
}

static uint64_t entry_end(const struct safetensors_entry *entry)
{
    return entry->offset + entry->elements * safetensors_dtype_bytes(entry->dtype);
}

/* By offset; an empty tensor comes before others at the same offset: it overlaps none of them. */
static int compare_offsets(const void *a, const void *b)
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

/* The tensors must cover each byte of the data once: unread bytes could hide anything. */
static enum vit_status check_coverage(const struct parse *p)
{
    const struct safetensors *file = p->file;
    uint64_t at = p->data_start;

    qsort(file->entries, file->count, sizeof *file->entries, compare_offsets);
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        if (entry->offset != at)
            return FAIL_TENSOR(
                p, VIT_EFORMAT, entry->name,
                "data_offsets: expected a start at byte %" PRIu64 ", found %" PRIu64 ": %s %s",
                at - p->data_start, entry->offset - p->data_start,
                entry->offset < at ? "an overlap with" : "a gap after",
                i > 0 ? sanitize_name(file->entries[i - 1].name).text : "the header");
        at = entry_end(entry);
    }
    if (at != p->data_start + p->data_bytes)
        return FAIL_FILE(p, VIT_EFORMAT,
                         "expected tensors to the end of the data at byte %" PRIu64
                         ", found the last end at byte %" PRIu64,
                         p->data_bytes, at - p->data_start);
    return structs_sort_by_name(file->count, sizeof *file->entries, file->entries)
               ? VIT_OK
               : fail_no_memory(p->err, file->source.path);
}

/* Room for no more entries than the header has space for: an entry takes twice its text. */
static enum vit_status parse_entries(const struct parse *p, const struct json *root,
                                     size_t header_bytes)
{
    const size_t shortest = strlen("'':{'dtype':'U8','shape':[],'data_offsets':[0,0]},");
    const size_t members = json_members(root), most = header_bytes / shortest + 1;
    struct safetensors *file = p->file;
    const char *name;
    const struct json *value;
    enum vit_status status;

    file->entries = calloc((members < most ? members : most) + 1, sizeof *file->entries);
    if (!file->entries)
        return fail_no_memory(p->err, file->source.path);
    json_each_member(root, name, value)
    {
        if (strcmp(name, "__metadata__") == 0)
            status = check_metadata(p, value);
        else /* counted before it is parsed, so that safetensors_close frees a failed entry too */
            status = parse_tensor(p, name, value, &file->entries[file->count++]);
        if (status)
            return status;
    }
    return check_coverage(p);
}

static enum vit_status parse_header(const struct parse *p, const char *header, size_t bytes)
{
    struct json *root;
    enum vit_status status;

    if (bytes == 0 || header[0] != '{')
        return FAIL_FILE(p, VIT_EFORMAT, "header: expected '{' at its first byte");
    if ((status = json_parse(p->file->source.path, "header: ", header, bytes, &root, p->err)))
        return status;
    status = parse_entries(p, root, bytes);
    json_free(root);
    return status;
}

/* Decodes the length of the header from the first bytes of a file. */
static enum vit_status parse_length(const struct parse *p, const unsigned char *start,
                                    uint64_t file_bytes, size_t *header_bytes)
{
    uint64_t length = 0;

    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | start[i];
    if (length > SAFETENSORS_MAX_HEADER)
        return FAIL_FILE(p, VIT_EFORMAT, "header: expected at most %d bytes, found %" PRIu64,
                         SAFETENSORS_MAX_HEADER, length);
    if (length > file_bytes - LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EFORMAT,
                         "header: expected %" PRIu64 " bytes, found a file of %" PRIu64
                         " bytes: it is truncated",
                         length, file_bytes);
    *header_bytes = (size_t)length;
    return VIT_OK;
}

static enum vit_status check_file_length(const struct parse *p, uint64_t file_bytes)
{
    if (file_bytes < LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EFORMAT, "expected at least %d bytes, found %" PRIu64, LENGTH_BYTES,
                         file_bytes);
    return VIT_OK;
}

/* Reads the header of p->file->source and checks it. */
static enum vit_status read_header(struct parse *p)
{
    const struct input_file *source = &p->file->source;
    unsigned char start[LENGTH_BYTES];
    size_t bytes;
    enum vit_status status;

    if ((status = check_file_length(p, source->bytes)) ||
        (status = file_read(source, 0, LENGTH_BYTES, start, p->err)) ||
        (status = parse_length(p, start, source->bytes, &bytes)))
        return status;
    char *header = malloc(bytes + 1);
    if (!header)
        return fail_no_memory(p->err, source->path);
    p->data_start = LENGTH_BYTES + bytes;
    p->data_bytes = source->bytes - p->data_start;
    status = file_read(source, LENGTH_BYTES, bytes, header, p->err);
    if (!status)
        status = parse_header(p, header, bytes);
    free(header);
    return status;
}

enum vit_status safetensors_open_file(struct input_file *source, struct safetensors **file,
                                      struct vit_error *err)
{
    struct parse p = { .file = calloc(1, sizeof *p.file), .err = err };
    enum vit_status status;

    if (!p.file) {
        status = fail_no_memory(err, source->path);
        file_close(source);
        return status;
    }
    p.file->source = *source;
    if (!(status = read_header(&p)))
        *file = p.file;
    else
        safetensors_close(p.file);
    return status;
}

enum vit_status safetensors_open(const char *path, struct safetensors **file, struct vit_error *err)
{
    struct input_file source;
    const enum vit_status status = file_open(path, &source, err);

    return status ? status : safetensors_open_file(&source, file, err);
}

static enum vit_status parse_start(struct parse *p, const unsigned char *start, size_t bytes,
                                   uint64_t file_bytes)
{
    size_t header_bytes;
    enum vit_status status;

    if (bytes > file_bytes)
        return FAIL_FILE(p, VIT_EINVAL, "expected at most the file's %" PRIu64 " bytes, found %zu",
                         file_bytes, bytes);
    if ((status = check_file_length(p, file_bytes)))
        return status;
    if (bytes < LENGTH_BYTES)
        return FAIL_FILE(p, VIT_EINVAL, "expected the header, found %zu bytes", bytes);
    if ((status = parse_length(p, start, file_bytes, &header_bytes)))
        return status;
    if (bytes - LENGTH_BYTES < header_bytes)
        return FAIL_FILE(p, VIT_EINVAL, "expected the header up to byte %zu, found %zu bytes",
                         LENGTH_BYTES + header_bytes, bytes);
    p->data_start = LENGTH_BYTES + header_bytes;
    p->data_bytes = file_bytes - p->data_start;
    return parse_header(p, (const char *)start + LENGTH_BYTES, header_bytes);
}

enum vit_status safetensors_parse(const char *path, const void *start, size_t bytes,
                                  uint64_t file_bytes, struct safetensors **file,
                                  struct vit_error *err)
{
    struct parse p = { .file = calloc(1, sizeof *p.file), .err = err };
    enum vit_status status;

    if (!p.file)
        return fail_no_memory(err, path);
    p.file->source = (struct input_file){ .path = strdup(path), .fd = -1 };
    if (!p.file->source.path) {
        free(p.file);
        return fail_no_memory(err, path);
    }
    status = parse_start(&p, start, bytes, file_bytes);
    if (!status)
        *file = p.file;
    else
        safetensors_close(p.file);
    return status;
}

void safetensors_close_file(struct safetensors *file)
{
    file_close_descriptor(&file->source);
}

void safetensors_close(struct safetensors *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        free(file->entries[i].name);
    free(file->entries);
    file_close(&file->source);
    free(file);
}

const struct safetensors_entry *safetensors_find(const struct safetensors *file, const char *name)
{
    const struct safetensors_entry key = { .name = (char *)name }; /* only read */

    return bsearch(&key, file->entries, file->count, sizeof *file->entries, compare_names);
}
