/* shard_output.c - the two files of a shard: NAME.npy has its vectors, NAME.jsonl its pictures */
#include "tools/shard_output.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/error.h"
#include "tools/npy.h"
#include "tools/print.h"

char *shard_output_path(const char *directory, const char *name, const char *suffix)
{
    const size_t length = strlen(directory);
    const size_t size = length + strlen(name) + strlen(suffix) + 2;
    char *const path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s%s", directory, directory[length - 1] == '/' ? "" : "/", name,
                 suffix);
    return path;
}

enum vit_status shard_is_done(const char *directory, const char *name, bool *done,
                              struct vit_error *err)
{
    char *const path = shard_output_path(directory, name, ".npy");
    enum vit_status status = VIT_OK;
    struct stat info;

    if (!path)
        return tool_no_memory(err);
    *done = stat(path, &info) == 0;
    if (!*done && errno != ENOENT)
        status = tool_fail(err, VIT_EIO, "cannot open %s: %s", path_end(path), strerror(errno));
    else if (*done && !S_ISREG(info.st_mode))
        status = tool_fail(err, VIT_EIO, "%s: expected a regular file, found another kind",
                           path_end(path));
    free(path);
    return status;
}

/* The header has one length, whatever the number of rows: it is written again at the end. */
static void write_header(struct shard_output *out)
{
    const struct npy_array array = { .rank = 2, .shape = { out->count, out->length } };

    npy_save_header(&array, out->rows.file);
}

static enum vit_status open_one(const struct shard_output *out, const char *suffix,
                                struct atomic_file *file, struct vit_error *err)
{
    char *const path = shard_output_path(out->directory, out->shard->name, suffix);
    const enum vit_status status = path ? atomic_file_open(path, file, err) : tool_no_memory(err);

    free(path);
    if (!status && !file->temporary)
        return tool_fail(err, VIT_EIO, "%s: expected a regular file, found another kind",
                         path_end(file->target));
    return status;
}

enum vit_status shard_output_open(const char *directory, const struct shard *shard, size_t length,
                                  struct shard_output *out, struct vit_error *err)
{
    *out = (struct shard_output){ .shard = shard, .directory = directory, .length = length };
    enum vit_status status = open_one(out, ".npy", &out->rows, err);
    if (!status)
        status = open_one(out, ".jsonl", &out->lines, err);
    if (!status)
        write_header(out);
    return status;
}

/* Writes an object as a line and releases it. The FILE keeps an error for atomic_file_sync. */
static enum vit_status write_line(struct shard_output *out, json_t *object, struct vit_error *err)
{
    char *const text = object ? json_dumps(object, JSON_ENSURE_ASCII) : NULL;

    json_decref(object);
    if (!text)
        return tool_no_memory(err);
    fprintf(out->lines.file, "%s\n", text);
    free(text);
    return VIT_OK;
}

enum vit_status shard_output_row(struct shard_output *out, const char *key, const float *row,
                                 struct vit_error *err)
{
    const struct sha256 digest = sha256_of(row, out->length * sizeof *row);

    out->pictures++;
    fwrite(row, sizeof *row, out->length, out->rows.file);
    return write_line(out,
                      json_pack("{s:o, s:s, s:I, s:s}", "key", json_text(key), "status", "ok",
                                "row", (json_int_t)out->count++, "digest", digest.text),
                      err);
}

enum vit_status shard_output_error(struct shard_output *out, const char *key, const char *message,
                                   struct vit_error *err)
{
    out->pictures++;
    return write_line(out,
                      json_pack("{s:o, s:s, s:o}", "key", json_text(key), "status", "error",
                                "error", json_text(message)),
                      err);
}

/* Writes the names of a directory through to the disk. Some file systems cannot. */
static void sync_directory(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

enum vit_status shard_output_commit(struct shard_output *out, struct sha256 *digest,
                                    struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (fseek(out->rows.file, 0, SEEK_SET) != 0)
        return tool_fail(err, VIT_EIO, "cannot write %s: %s", path_end(out->rows.target),
                         strerror(errno));
    write_header(out);
    status = atomic_file_sync(&out->rows, err);
    if (!status)
        status = sha256_of_file(out->rows.temporary, digest, err); /* whole, with another name */
    if (!status)
        status =
            write_line(out,
                       json_pack("{s:o, s:s, s:I, s:I, s:s}", "shard", json_text(out->shard->path),
                                 "status", "done", "pictures", (json_int_t)out->pictures, "rows",
                                 (json_int_t)out->count, "digest", digest->text),
                       err);
    if (!status)
        status = atomic_file_sync(&out->lines, err);
    if (!status)
        status = atomic_file_commit(&out->lines, err);
    sync_directory(out->directory); /* the lines have their name before the rows have theirs */
    if (!status)
        status = atomic_file_commit(&out->rows, err);
    sync_directory(out->directory);
    return status;
}

void shard_output_discard(struct shard_output *out)
{
    atomic_file_discard(&out->rows);
    atomic_file_discard(&out->lines);
}
