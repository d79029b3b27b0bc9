/* picture_source.c - the pictures of a shard, one after the other */
#include "tools/picture_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/error.h"
#include "tools/find_images.h"
#include "tools/regular_file.h"
#include "tools/tar_source.h"

struct picture_source {
    const struct shard *shard;
    struct tar_source *tar;
    FILE *list;
    double list_bytes;
    struct image_paths paths; /* of a directory */
    size_t next, line;        /* the next path; the last line of the list */
};

static enum vit_status open_list(struct picture_source *s, struct vit_error *err)
{
    size_t bytes;
    const enum vit_status status = regular_file_open(s->shard->path, &s->list, &bytes, err);

    s->list_bytes = (double)bytes;
    return status;
}

static enum vit_status open_directory(struct picture_source *s, struct vit_error *err)
{
    struct stat info;

    if (stat(s->shard->path, &info) == 0 && !S_ISDIR(info.st_mode))
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected a directory, .tar, .tar.gz, .tgz, .tar.zst or .txt, found "
                         "another file",
                         path_end(s->shard->path));
    return find_images(s->shard->path, &s->paths, err);
}

enum vit_status picture_source_open(const struct shard *shard, struct picture_source **source,
                                    struct vit_error *err)
{
    struct picture_source *const s = calloc(1, sizeof *s);
    enum vit_status status;

    *source = s;
    if (!s)
        return tool_no_memory(err);
    s->shard = shard;
    if (shard->kind == SHARD_TAR)
        status = tar_source_open(shard->path, &s->tar, err);
    else
        status = shard->kind == SHARD_LIST ? open_list(s, err) : open_directory(s, err);
    if (status) {
        picture_source_close(s);
        *source = NULL;
    }
    return status;
}

/* The picture at a path. */
static enum vit_status set_path(struct picture *p, const char *path, const char *key,
                                struct vit_error *err)
{
    p->path = strdup(path);
    p->key = strdup(key);
    return p->path && p->key ? VIT_OK : tool_no_memory(err);
}

/* A line without its end, at most PICTURE_MAX_NAME bytes; false: past the last, or an error. */
static bool read_line(FILE *file, char line[PICTURE_MAX_NAME + 1], size_t *length)
{
    int c = getc(file);
    const bool any = c != EOF;

    for (*length = 0; c != EOF && c != '\n'; c = getc(file), ++*length)
        if (*length < PICTURE_MAX_NAME)
            line[*length] = (char)c;
    if (*length > 0 && *length <= PICTURE_MAX_NAME && line[*length - 1] == '\r')
        --*length;
    line[*length < PICTURE_MAX_NAME ? *length : PICTURE_MAX_NAME] = '\0';
    return any;
}

/* The next line that is not empty. */
static enum vit_status next_line(struct picture_source *s, struct picture *p, bool *found,
                                 struct vit_error *err)
{
    char line[PICTURE_MAX_NAME + 1];
    size_t length = 0;

    while (length == 0 && (*found = read_line(s->list, line, &length)))
        s->line++;
    if (ferror(s->list))
        return tool_fail(err, VIT_EIO, "cannot read %s: %s", path_end(s->shard->path),
                         strerror(errno));
    if (!*found)
        return VIT_OK;
    if (length > PICTURE_MAX_NAME || strlen(line) != length)
        tool_fail(&p->error, VIT_EFORMAT, "line %zu: expected a path of at most %d bytes, found %s",
                  s->line, PICTURE_MAX_NAME,
                  length > PICTURE_MAX_NAME ? "a longer one" : "a zero byte");
    return set_path(p, line, line, err);
}

static enum vit_status next_file(struct picture_source *s, struct picture *p, bool *found,
                                 struct vit_error *err)
{
    *found = s->next < s->paths.count;
    if (!*found)
        return VIT_OK;
    const char *const path = s->paths.path[s->next++];
    const char *key = path + strlen(s->shard->path);
    return set_path(p, path, key + (*key == '/'), err);
}

enum vit_status picture_source_next(struct picture_source *s, bool wanted, struct picture *p,
                                    bool *found, struct vit_error *err)
{
    enum vit_status status;

    *p = (struct picture){ 0 };
    if (s->tar)
        status = tar_source_next(s->tar, wanted, p, found, err);
    else
        status = s->list ? next_line(s, p, found, err) : next_file(s, p, found, err);
    if (status)
        picture_free(p);
    return status;
}

double picture_source_position(const struct picture_source *s)
{
    if (s->tar)
        return tar_source_position(s->tar);
    if (s->list)
        return s->list_bytes > 0 ? (double)ftell(s->list) / s->list_bytes : 1;
    return s->paths.count ? (double)s->next / (double)s->paths.count : 1;
}

void picture_source_close(struct picture_source *s)
{
    if (!s)
        return;
    tar_source_close(s->tar);
    if (s->list)
        fclose(s->list);
    image_paths_free(&s->paths);
    free(s);
}
