/* npz.c - reading .npz files: zip archives of .npy files, which may be hostile */
#include "files/npz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/fail_file.h"
#include "files/name_order.h"
#include "files/npz_where.h"
#include "files/sanitize.h"
#include "files/zip_directory.h"

static const char suffix[] = ".npy";

/* An archive whose directory is being checked. */
struct parse {
    struct npz *npz;
    const char *path;
    uint64_t file_bytes;
    unsigned char *head; /* [NPY_PREAMBLE + NPY_MAX_HEADER] */
    struct vit_error *err;
};

/* Checks a member's entry in the directory before anything is read or allocated for it. */
static enum vit_status check_stat(const struct parse *p, const char *where,
                                  const struct zip_member *stat)
{
    /* deflate expands 2 bits to at most 258 bytes: https://zlib.net/zlib_tech.html */
    enum { MAX_EXPANSION = 1032 };
    const bool stored = stat->method == ZIP_METHOD_STORED;

    if (stat->flags & ZIP_FLAG_ENCRYPTED)
        return fail(p->err, VIT_EUNSUPPORTED, "%s: expected no encryption, found method %d", where,
                    ZIP_FLAG_ENCRYPTED);
    if (!stored && stat->method != ZIP_METHOD_DEFLATED)
        return fail(p->err, VIT_EUNSUPPORTED,
                    "%s: expected compression method 0 (stored) or 8 (deflated), found %d", where,
                    (int)stat->method);
    if (stat->packed > p->file_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected %" PRIu64 " bytes of data, found a file of %" PRIu64
                    " bytes: it is truncated",
                    where, stat->packed, p->file_bytes);
    if (stored && stat->size != stat->packed)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected a size of %" PRIu64 " bytes, as stored, found %" PRIu64, where,
                    stat->packed, stat->size);
    if (stat->size / MAX_EXPANSION > stat->packed)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected at most %d bytes from each of %" PRIu64
                    " compressed bytes, found a size of %" PRIu64,
                    where, MAX_EXPANSION, stat->packed, stat->size);
    return VIT_OK;
}

static enum vit_status list_member(const struct parse *p, struct zip_directory *directory,
                                   struct npz_member *member)
{
    const size_t tail = sizeof suffix - 1;
    struct zip_member found;
    enum vit_status status;

    if ((status = zip_directory_next(directory, &found, p->err)))
        return status;
    const size_t length = strlen(found.name);
    const struct npz_where where = npz_where(p->path, found.name, "");
    if (length < tail || strcmp(found.name + length - tail, suffix) != 0 ||
        length != found.name_bytes)
        return fail(p->err, VIT_EFORMAT, "%s: expected a name that ends in .npy", where.text);
    member->name = strndup(found.name, length - tail);
    if (!member->name)
        return fail_no_memory(p->err, p->path);
    if ((status = check_stat(p, where.text, &found)) ||
        (status = zip_directory_locate(directory, &found, where.text, p->err)))
        return status;
    member->place = found.header;
    member->data = (struct zip_data){ .deflated = found.method == ZIP_METHOD_DEFLATED,
                                      .crc = found.crc,
                                      .at = found.data,
                                      .packed = found.packed,
                                      .size = found.size };
    return VIT_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct npz_member *x = a, *y = b;

    return (x->place > y->place) - (x->place < y->place);
}

/* Members that share bytes could unpack to any multiple of the file. */
static enum vit_status check_overlaps(const struct parse *p)
{
    struct npz *const npz = p->npz;

    if (npz->count > 0)
        qsort(npz->members, npz->count, sizeof *npz->members, compare_places);
    for (size_t i = 1; i < npz->count; i++) {
        const struct npz_member *const last = &npz->members[i - 1], *const m = &npz->members[i];
        if (m->place < last->data.at + last->data.packed)
            return fail(p->err, VIT_EFORMAT, "%s: expected bytes of its own, found those of %s%s",
                        npz_where(p->path, m->name, suffix).text, sanitize_name(last->name).text,
                        suffix);
    }
    return VIT_OK;
}

static enum vit_status fail_expansion(const struct parse *p, const char *what, uint64_t limit)
{
    return fail_file(p->err, VIT_EFORMAT, p->path,
                     "expected at most %" PRIu64 " bytes %s, %d for each of the file's %" PRIu64
                     " and %d more, found more",
                     limit, what, NPZ_MAX_EXPANSION, p->file_bytes, NPZ_FREE_BYTES);
}

static uint64_t max_unpacked(const struct parse *p)
{
    const uint64_t most = (UINT64_MAX - NPZ_FREE_BYTES) / NPZ_MAX_EXPANSION;

    return NPZ_MAX_EXPANSION * (p->file_bytes < most ? p->file_bytes : most) + NPZ_FREE_BYTES;
}

/* Before anything is unpacked. Each member's header is unpacked twice: here and with the data. */
static enum vit_status check_unpacked(const struct parse *p)
{
    const uint64_t limit = max_unpacked(p);
    uint64_t left = limit;

    for (size_t i = 0; i < p->npz->count; i++) {
        const uint64_t size = p->npz->members[i].data.size, head = NPY_PREAMBLE + NPY_MAX_HEADER;
        const uint64_t again = p->npz->members[i].data.deflated ? (size < head ? size : head) : 0;
        if (size > left || again > left - size)
            return fail_expansion(p, "in all unpacked members", limit);
        left -= size + again;
    }
    return VIT_OK;
}

static enum vit_status read_header(const struct parse *p, const char *where,
                                   struct npz_member *member)
{
    const uint64_t size = member->data.size;
    const size_t start = size < NPY_PREAMBLE ? (size_t)size : NPY_PREAMBLE;
    struct zip_stream *stream;
    size_t end = 0;
    enum vit_status status;

    if (!(status = zip_stream_start(&p->npz->source, &member->data, where, &stream, p->err)) &&
        !(status = zip_stream_read(stream, start, p->head, p->err)) &&
        !(status = npy_data_offset(where, p->head, start, size, &end, p->err)) &&
        !(status = zip_stream_read(stream, end - start, p->head + start, p->err)))
        status = npy_parse_header(where, p->head, end, size, &member->header, p->err);
    zip_stream_free(stream);
    return status;
}

/* Lists a member whose header p->err is about; the dtype is one that is not readable. */
static enum vit_status keep_unread(const struct parse *p, struct npz_member *member)
{
    member->header = (struct npy_header){ .dtype = NPY_BOOL };
    member->unread = strdup(p->err->message);
    return member->unread ? VIT_OK : fail_no_memory(p->err, p->path);
}

static enum vit_status read_headers(const struct parse *p)
{
    const uint64_t limit = max_unpacked(p);
    uint64_t left = limit / sizeof(float);
    enum vit_status status;

    for (size_t i = 0; i < p->npz->count; i++) {
        struct npz_member *const member = &p->npz->members[i];
        const struct npz_where where = npz_where(p->path, member->name, suffix);
        status = read_header(p, where.text, member);
        if (status == VIT_EUNSUPPORTED)
            status = keep_unread(p, member);
        if (status)
            return status;
        if (!npz_readable(member->header.dtype))
            continue;
        if (member->header.elements > left)
            return fail_expansion(p, "of float32 in all members", limit);
        left -= member->header.elements;
    }
    return VIT_OK;
}

static enum vit_status sort_by_name(const struct parse *p)
{
    struct npz *const npz = p->npz;

    if (!structs_sort_by_name(npz->count, sizeof *npz->members, npz->members))
        return fail_no_memory(p->err, p->path);
    for (size_t i = 1; i < npz->count; i++)
        if (strcmp(npz->members[i - 1].name, npz->members[i].name) == 0)
            return fail(p->err, VIT_EFORMAT, "%s: expected one member of this name, found two",
                        npz_where(p->path, npz->members[i].name, suffix).text);
    return VIT_OK;
}

static enum vit_status list_members(const struct parse *p)
{
    struct npz *const npz = p->npz;
    struct zip_directory *directory;
    uint64_t count;
    enum vit_status status;

    if ((status = zip_directory_open(&npz->source, &directory, &count, p->err)))
        return status;
    if (count > NPZ_MAX_MEMBERS) {
        status = fail_file(p->err, VIT_EUNSUPPORTED, p->path,
                           "expected at most %d members, found %" PRIu64, NPZ_MAX_MEMBERS, count);
        goto close_directory;
    }
    npz->members = calloc((size_t)count + 1, sizeof *npz->members);
    if (!npz->members) {
        status = fail_no_memory(p->err, p->path);
        goto close_directory;
    }
    while (!status && npz->count < count) /* counted before it is parsed, for npz_close */
        status = list_member(p, directory, &npz->members[npz->count++]);

close_directory:
    zip_directory_close(directory);
    return status;
}

static enum vit_status parse_archive(struct npz *npz, struct vit_error *err)
{
    struct vit_error why = { .status = VIT_OK };
    struct parse p = { npz, npz->source.path, npz->source.bytes, NULL, &why };
    enum vit_status status;

    p.head = malloc(NPY_PREAMBLE + NPY_MAX_HEADER);
    if (!p.head)
        status = fail_no_memory(&why, p.path);
    else if (p.file_bytes == 0)
        status = fail_file(&why, VIT_EFORMAT, p.path, "expected a zip archive, found 0 bytes");
    else if (!(status = list_members(&p)) && !(status = check_overlaps(&p)) &&
             !(status = check_unpacked(&p)) && !(status = read_headers(&p)))
        status = sort_by_name(&p);
    if (status && err)
        *err = why;
    free(p.head);
    return status;
}

enum vit_status npz_open_file(struct input_file *file, struct npz **npz, struct vit_error *err)
{
    struct npz *const opened = calloc(1, sizeof *opened);
    enum vit_status status;

    if (!opened) {
        status = fail_no_memory(err, file->path);
        file_close(file);
        return status;
    }
    opened->source = *file;
    *file = (struct input_file){ .fd = -1 };
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
    const struct memory_file from = { path, bytes, size };
    struct input_file file;
    const enum vit_status status = file_open_memory(&from, strdup(path), &file, err);

    return status ? status : npz_open_file(&file, npz, err);
}

void npz_close_file(struct npz *npz)
{
    free(npz->data);
    npz->data = NULL;
    npz->unpacked = NULL;
    file_close_descriptor(&npz->source);
}

void npz_close(struct npz *npz)
{
    if (!npz)
        return;
    for (size_t i = 0; i < npz->count; i++) {
        free(npz->members[i].unread);
        free(npz->members[i].name);
    }
    free(npz->members);
    npz_close_file(npz);
    file_close(&npz->source);
    free(npz);
}
