/* tar_source.c - the pictures of a tar archive, which may be compressed, through libarchive */
#include "tools/tar_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/find_images.h"
#include "tools/regular_file.h"

struct tar_source {
    char *path;
    FILE *file;
    struct archive *archive;
    double bytes; /* of the file */
};

/* The error of the last call. */
static enum vit_status archive_failed(const struct tar_source *s, struct vit_error *err)
{
    const int number = archive_errno(s->archive);
    const char *const why = archive_error_string(s->archive);

    if (number == ENOMEM)
        return tool_no_memory(err);
    return tool_fail(err, number == EIO ? VIT_EIO : VIT_EFORMAT,
                     "%s: expected a whole tar archive, found: %s", path_end(s->path),
                     why ? why : "a damaged one");
}

/* Only formats and filters of kinds[] in shard_list.c, none of which starts a program. */
static enum vit_status open_archive(struct tar_source *s, struct vit_error *err)
{
    enum { BLOCK = 1 << 16 };

    s->archive = archive_read_new();
    if (!s->archive)
        return tool_no_memory(err);
    if (archive_read_support_format_tar(s->archive) != ARCHIVE_OK ||
        archive_read_support_filter_gzip(s->archive) != ARCHIVE_OK ||
        archive_read_support_filter_zstd(s->archive) != ARCHIVE_OK)
        return tool_fail(err, VIT_EUNSUPPORTED, "%s: libarchive lacks tar, gzip or zstd",
                         path_end(s->path));
    if (archive_read_open_fd(s->archive, fileno(s->file), BLOCK) != ARCHIVE_OK)
        return archive_failed(s, err);
    return VIT_OK;
}

enum vit_status tar_source_open(const char *path, struct tar_source **source, struct vit_error *err)
{
    struct tar_source *const s = calloc(1, sizeof *s);
    enum vit_status status;
    size_t bytes;

    *source = s;
    if (!s)
        return tool_no_memory(err);
    s->path = strdup(path);
    status = s->path ? regular_file_open(path, &s->file, &bytes, err) : tool_no_memory(err);
    if (!status) {
        s->bytes = (double)bytes;
        status = open_archive(s, err);
    }
    if (status) {
        tar_source_close(s);
        *source = NULL;
    }
    return status;
}

/*
 * UTF-8 of pax headers, or the bytes of older ones. The command sets no locale, so neither depends
 * on it.
 */
static const char *name_of(struct archive_entry *entry)
{
    const char *const name = archive_entry_pathname_utf8(entry);

    return name ? name : archive_entry_pathname(entry);
}

/* The words for a member whose bytes are not a picture, or NULL. */
static const char *other_kind(struct archive_entry *entry)
{
    static const struct {
        unsigned type;
        const char *words;
    } types[] = {
        { AE_IFLNK, "a symbolic link" }, { AE_IFDIR, "a directory" }, { AE_IFIFO, "a named pipe" },
        { AE_IFCHR, "a device" },        { AE_IFBLK, "a device" },    { AE_IFSOCK, "a socket" },
    };

    if (archive_entry_hardlink(entry))
        return "a hard link";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (archive_entry_filetype(entry) == types[i].type)
            return types[i].words;
    /* holes: a header of 512 bytes could ask for any number of zeros */
    return archive_entry_sparse_count(entry) > 0 ? "a sparse file" : NULL;
}

/* Fills the error of a member that is refused by its header. */
static void check_member(struct archive_entry *entry, size_t name, struct picture *p)
{
    const char *const kind = other_kind(entry);
    const la_int64_t size = archive_entry_size(entry);

    if (name > PICTURE_MAX_NAME)
        tool_fail(&p->error, VIT_EFORMAT, "expected a name of at most %d bytes, found %zu",
                  PICTURE_MAX_NAME, name);
    else if (kind)
        tool_fail(&p->error, VIT_EUNSUPPORTED, "%s: expected a regular file, found %s",
                  path_end(p->key), kind);
    else if (size < 0 || size > PICTURE_MAX_BYTES)
        tool_fail(&p->error, VIT_EUNSUPPORTED, "%s: expected at most %d bytes, found %lld",
                  path_end(p->key), PICTURE_MAX_BYTES, (long long)size);
}

/* Reads a member's bytes; memory grows with those that exist, whatever the header says. */
static enum vit_status read_member(struct tar_source *s, struct picture *p, struct vit_error *err)
{
    size_t capacity = 0;

    for (;;) {
        if (p->size == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            unsigned char *const grown = realloc(p->bytes, capacity);
            if (!grown)
                return tool_no_memory(err);
            p->bytes = grown;
        }
        const la_ssize_t got =
            archive_read_data(s->archive, p->bytes + p->size, capacity - p->size);
        if (got < 0)
            return archive_failed(s, err);
        if (got == 0)
            return VIT_OK;
        p->size += (size_t)got;
    }
}

enum vit_status tar_source_next(struct tar_source *s, bool wanted, struct picture *p, bool *found,
                                struct vit_error *err)
{
    struct archive_entry *entry;

    for (;;) {
        const int result = archive_read_next_header(s->archive, &entry);
        *found = result != ARCHIVE_EOF;
        if (!*found)
            return VIT_OK;
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
            return archive_failed(s, err);
        const char *const name = name_of(entry);
        if (!name || !is_image_name(name) || archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        const size_t length = strlen(name);
        p->key = strndup(name, PICTURE_MAX_NAME);
        if (!p->key)
            return tool_no_memory(err);
        check_member(entry, length, p);
        return p->error.status || !wanted ? VIT_OK : read_member(s, p, err);
    }
}

double tar_source_position(const struct tar_source *s)
{
    const double share = (double)archive_filter_bytes(s->archive, -1) / s->bytes;

    return share < 1 ? share : 1;
}

void tar_source_close(struct tar_source *s)
{
    if (!s)
        return;
    archive_read_free(s->archive);
    if (s->file)
        fclose(s->file);
    free(s->path);
    free(s);
}
