/* shard_record.c - NAME.jsonl as a run wrote it, and whether NAME.npy is what it describes */
#include "tools/shard_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/npy.h"
#include "tools/regular_file.h"
#include "tools/shard_output.h"

/* --- lines */

static enum vit_status grow(struct shard_record *r, struct vit_error *err)
{
    if (r->count < r->capacity)
        return VIT_OK;
    const size_t capacity = r->capacity ? 2 * r->capacity : 1024;
    struct shard_line *const grown = realloc(r->lines, capacity * sizeof *grown);
    if (!grown)
        return tool_no_memory(err);
    r->lines = grown;
    r->capacity = capacity;
    return VIT_OK;
}

/* A line of a picture, or the last one, which sets r->path. False: neither. */
static bool parse_line(json_t *root, struct shard_record *r)
{
    const char *const status = json_string_value(json_object_get(root, "status"));
    const char *const key = json_string_value(json_object_get(root, "key"));
    const char *const path = json_string_value(json_object_get(root, "shard"));
    const char *const digest = json_string_value(json_object_get(root, "digest"));
    const json_t *const row = json_object_get(root, "row");
    struct shard_line *const line = &r->lines[r->count];

    if (!status)
        return false;
    if (strcmp(status, "done") == 0) {
        const json_t *const pictures = json_object_get(root, "pictures");
        const json_t *const rows = json_object_get(root, "rows");
        if (!path || !json_is_integer(pictures) || !json_is_integer(rows) ||
            json_integer_value(pictures) != (json_int_t)r->count ||
            json_integer_value(rows) != (json_int_t)r->rows ||
            !sha256_from_text(digest, &r->digest))
            return false;
        r->path = strdup(path);
        return true;
    }
    *line = (struct shard_line){ .ok = strcmp(status, "ok") == 0 };
    if (!key || (!line->ok && strcmp(status, "error") != 0))
        return false;
    if (line->ok && (!json_is_integer(row) || json_integer_value(row) != (json_int_t)r->rows ||
                     !sha256_from_text(digest, &line->digest)))
        return false;
    line->key = strdup(key);
    if (!line->key)
        return false;
    r->rows += line->ok;
    r->count++;
    return true;
}

/* Fills the record from a file, whose last line must be the last. */
static enum vit_status read_lines(FILE *file, const char *path, struct shard_record *r,
                                  struct vit_error *err)
{
    enum { MAX_LINE = 1 << 16 }; /* a name of 4096 bytes, each of them six characters of JSON */
    char *const text = malloc(MAX_LINE);
    enum vit_status status = text ? VIT_OK : tool_no_memory(err);

    for (size_t number = 1; !status && fgets(text, MAX_LINE, file); number++) {
        json_error_t why;
        status = grow(r, err);
        json_t *const root = strchr(text, '\n') ? json_loads(text, 0, &why) : NULL;
        if (!status && (r->path || !root || !parse_line(root, r)))
            status = tool_fail(err, VIT_EFORMAT,
                               "%s: line %zu: expected what a run writes, found another text",
                               path_end(path), number);
        json_decref(root);
    }
    if (!status && ferror(file))
        status = tool_fail(err, VIT_EIO, "cannot read %s: %s", path_end(path), strerror(errno));
    if (!status && !r->path)
        status = tool_fail(err, VIT_EFORMAT, "%s: expected a last line of the shard, found none",
                           path_end(path));
    free(text);
    return status;
}

enum vit_status shard_record_load(const char *directory, const char *name, struct shard_record *r,
                                  struct vit_error *err)
{
    char *const path = shard_output_path(directory, name, ".jsonl");
    FILE *file;
    size_t bytes;
    enum vit_status status =
        path ? regular_file_open(path, &file, &bytes, err) : tool_no_memory(err);

    *r = (struct shard_record){ 0 };
    if (!status) {
        status = read_lines(file, path, r, err);
        fclose(file);
    }
    free(path);
    return status;
}

void shard_record_free(struct shard_record *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->lines[i].key);
    free(r->lines);
    free(r->path);
    *r = (struct shard_record){ 0 };
}

/* --- rows */

static enum vit_status check_digest(const char *path, const char *bytes, size_t size,
                                    const struct sha256 *expected, struct vit_error *err)
{
    const struct sha256 found = sha256_of(bytes, size);

    if (strcmp(found.text, expected->text) != 0)
        return tool_fail(err, VIT_EFORMAT, "%s: expected SHA-256 %s, found %s", path_end(path),
                         expected->text, found.text);
    return VIT_OK;
}

/* row: the bytes of the first one */
static enum vit_status check_rows(const char *path, const char *row, size_t row_bytes,
                                  const struct shard_record *r, struct vit_error *err)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct shard_line *const line = &r->lines[i];
        if (!line->ok)
            continue;
        const struct sha256 digest = sha256_of(row, row_bytes);
        if (strcmp(digest.text, line->digest.text) != 0)
            return tool_fail(err, VIT_EFORMAT, "%s: %s: expected a row with SHA-256 %s, found %s",
                             path_end(path), path_end(line->key), line->digest.text, digest.text);
        row += row_bytes;
    }
    return VIT_OK;
}

enum vit_status shard_record_check(const char *directory, const char *name, size_t length,
                                   const struct shard_record *r, struct vit_error *err)
{
    char *const path = shard_output_path(directory, name, ".npy");
    struct npy_array array = { .rank = 0 };
    char *bytes = NULL, found[256];
    size_t size, offset;
    enum vit_status status =
        path ? regular_file_read(path, SIZE_MAX, &bytes, &size, err) : tool_no_memory(err);

    if (!status)
        status = check_digest(path, bytes, size, &r->digest, err);
    if (!status)
        status = npy_parse(path, bytes, size, &array, &offset, err);
    if (!status && (array.type != NPY_FLOAT32 || array.rank != 2 || array.shape[0] != r->rows ||
                    array.shape[1] != length))
        status =
            tool_fail(err, VIT_EFORMAT, "%s: expected float32 [%zu, %zu], found %s", path_end(path),
                      r->rows, length, npy_describe_array(&array, found, sizeof found));
    if (!status)
        status = check_rows(path, bytes + offset, length * sizeof(float), r, err);
    free(bytes);
    free(path);
    return status;
}
