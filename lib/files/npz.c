/* npz.c - reading .npz files: zip archives of .npy files, which may be hostile */
#include "files/npz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/fail_file.h"
#include "files/npz_where.h"
#include "files/sanitize.h"

/* An archive whose directory is being checked. */
struct parse {
    struct npz *npz;
    uint64_t file_bytes;
    unsigned char *head; /* [NPY_PREAMBLE + NPY_MAX_HEADER] */
    struct vit_error *err;
};

/* Checks a member's entry in the directory before anything is read or allocated for it. */
static enum vit_status check_stat(const struct parse *p, const char *where,
                                  const struct zip_entry *stat)
{
    /* deflate expands 2 bits to at most 258 bytes: https://zlib.net/zlib_tech.html */
    enum { MAX_EXPANSION = 1032 };
    const bool stored = stat->method == ZIP_METHOD_STORED;

    if (stat->flags & ZIP_FLAG_ENCRYPTED)
        return fail(p->err, VIT_EUNSUPPORTED,
                    "%s: expected no encryption, found an encrypted member", where);
    if (!stored && stat->method != ZIP_METHOD_DEFLATED)
        return fail(p->err, VIT_EUNSUPPORTED,
                    "%s: expected compression method 0 (stored) or 8 (deflated), found %d", where,
                    (int)stat->method);
    if (stat->packed_bytes > p->file_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected %" PRIu64 " bytes of data, found a file of %" PRIu64
                    " bytes: it is truncated",
                    where, stat->packed_bytes, p->file_bytes);
    if (stored && stat->bytes != stat->packed_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected a size of %" PRIu64 " bytes, as stored, found %" PRIu64, where,
                    stat->packed_bytes, stat->bytes);
    if (stat->bytes / MAX_EXPANSION > stat->packed_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected at most %d bytes from each of %" PRIu64
                    " compressed bytes, found a size of %" PRIu64,
                    where, MAX_EXPANSION, stat->packed_bytes, stat->bytes);
    return VIT_OK;
}

static enum vit_status read_header(const struct parse *p, const char *where,
                                   const struct zip_entry *stat, struct npy_header *header)
{
    const size_t start = stat->bytes < NPY_PREAMBLE ? (size_t)stat->bytes : NPY_PREAMBLE;
    struct zip_reader file;
    size_t end = 0;
    enum vit_status status;

    if (!(status = zip_reader_open(&file, &p->npz->archive, stat, where, p->err)) &&
        !(status = zip_reader_read(&file, start, p->head, p->err)) &&
        !(status = npy_data_offset(where, p->head, start, stat->bytes, &end, p->err)) &&
        !(status = zip_reader_read(&file, end - start, p->head + start, p->err)))
        status = npy_parse_header(where, p->head, end, stat->bytes, header, p->err);
    zip_reader_close(&file);
    return status;
}

/* Lists a member whose header p->err is about; the dtype is one that is not readable. */
static enum vit_status keep_unread(const struct parse *p, struct npz_member *member)
{
    member->header = (struct npy_header){ .dtype = NPY_BOOL };
    member->unread = strdup(p->err->message);
    return member->unread ? VIT_OK : fail_no_memory(p->err, p->npz->path);
}

static enum vit_status parse_member(const struct parse *p, uint64_t index,
                                    struct npz_member *member)
{
    static const char end[] = ".npy";
    const size_t tail = sizeof end - 1;
    const struct zip_entry *const stat = &p->npz->archive.entries[index];
    const size_t length = strlen(stat->name);
    const struct npz_where where = npz_where(p->npz->path, stat->name, "");
    if (length < tail || strcmp(stat->name + length - tail, end) != 0)
        return fail(p->err, VIT_EFORMAT, "%s: expected a name that ends in .npy", where.text);
    member->index = index;
    member->name = malloc(length - tail + 1);
    if (!member->name)
        return fail_no_memory(p->err, p->npz->path);
    memcpy(member->name, stat->name, length - tail);
    member->name[length - tail] = '\0';
    return check_stat(p, where.text, stat);
}

static int compare_names(const void *a, const void *b)
{
    const struct npz_member *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static enum vit_status parse_members(const struct parse *p)
{
    struct npz *npz = p->npz;
    const size_t count = npz->archive.count;
    enum vit_status status;

    npz->members = calloc(count + 1, sizeof *npz->members);
    if (!npz->members)
        return fail_no_memory(p->err, npz->path);
    for (size_t i = 0; i < count; i++) /* counted before it is parsed, for npz_close */
        if ((status = parse_member(p, i, &npz->members[npz->count++])))
            return status;
    if ((status = zip_archive_check(&npz->archive, p->err)))
        return status;
    for (size_t i = 0; i < count; i++) {
        const struct zip_entry *const entry = &npz->archive.entries[i];
        const struct npz_where where = npz_where(npz->path, entry->name, "");
        struct npz_member *const member = &npz->members[i];
        status = read_header(p, where.text, entry, &member->header);
        if (status == VIT_EUNSUPPORTED)
            status = keep_unread(p, member);
        if (status)
            return status;
    }
    qsort(npz->members, npz->count, sizeof *npz->members, compare_names);
    for (size_t i = 1; i < npz->count; i++)
        if (strcmp(npz->members[i - 1].name, npz->members[i].name) == 0)
            return fail(p->err, VIT_EFORMAT, "%s: expected one member of this name, found two",
                        npz_where(npz->path, npz->members[i].name, ".npy").text);
    return VIT_OK;
}

/* Checks an archive in a file or in memory. */
static enum vit_status parse_archive(struct npz *npz, struct vit_error *err)
{
    struct vit_error why = { .status = VIT_OK };
    struct parse p = { npz, npz->archive.size, malloc(NPY_PREAMBLE + NPY_MAX_HEADER), &why };
    enum vit_status status = p.head ? VIT_OK : fail_no_memory(&why, npz->path);

    npz->archive.path = npz->path;
    if (!status && npz->archive.size == 0)
        status = fail_file(&why, VIT_EFORMAT, npz->path, "expected a zip archive, found 0 bytes");
    if (!status && !(status = zip_archive_open(&npz->archive, NPZ_MAX_MEMBERS, &why)))
        status = parse_members(&p);
    if (status && err)
        *err = why;
    free(p.head);
    return status;
}

static struct npz *create(const char *path)
{
    struct npz *npz = calloc(1, sizeof *npz);

    if (npz)
        npz->path = strdup(path);
    if (npz && !npz->path) {
        free(npz);
        npz = NULL;
    }
    if (npz)
        npz->file.fd = npz->archive.fd = -1;
    return npz;
}

enum vit_status npz_open_file(struct input_file *file, struct npz **npz, struct vit_error *err)
{
    struct npz *opened = create(file->path);
    enum vit_status status;

    if (!opened) {
        status = fail_no_memory(err, file->path);
        file_close(file);
        return status;
    }
    opened->file = *file;
    opened->archive.fd = file->fd;
    opened->archive.size = file->bytes;
    if (!(status = parse_archive(opened, err)))
        *npz = opened;
    else
        npz_close(opened);
    return status;
}

enum vit_status npz_open(const char *path, struct npz **npz, struct vit_error *err)
{
    struct input_file file;
    const enum vit_status status = file_open(path, &file, err);

    return status ? status : npz_open_file(&file, npz, err);
}

enum vit_status npz_parse(const char *path, const void *bytes, size_t size, struct npz **npz,
                          struct vit_error *err)
{
    struct npz *opened = create(path);
    enum vit_status status;

    if (!opened)
        return fail_no_memory(err, path);
    opened->archive.memory = bytes;
    opened->archive.size = size;
    if (!(status = parse_archive(opened, err)))
        *npz = opened;
    else
        npz_close(opened);
    return status;
}

void npz_close_file(struct npz *npz)
{
    free(npz->data);
    npz->data = NULL;
    npz->unpacked = NULL;
    zip_archive_close(&npz->archive);
    file_close(&npz->file);
}

void npz_close(struct npz *npz)
{
    if (!npz)
        return;
    npz_close_file(npz);
    for (size_t i = 0; i < npz->count; i++) {
        free(npz->members[i].unread);
        free(npz->members[i].name);
    }
    free(npz->members);
    free(npz->path);
    free(npz);
}
