/* npz.c - reading .npz files: zip archives of .npy files, which may be hostile */
#include "files/npz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/fail_file.h"
#include "files/npz_zip.h"
#include "files/sanitize.h"

/* An archive whose directory is being checked. */
struct parse {
    struct npz *npz;
    uint64_t file_bytes;
    unsigned char *head; /* [NPY_PREAMBLE + NPY_MAX_HEADER] */
    struct vit_error *err;
};

/* Checks a member's entry in the directory before anything is read or allocated for it. */
static enum vit_status check_stat(const struct parse *p, const char *where, const zip_stat_t *stat)
{
    /* deflate expands 2 bits to at most 258 bytes: https://zlib.net/zlib_tech.html */
    enum { MAX_EXPANSION = 1032 };
    const bool stored = stat->comp_method == ZIP_CM_STORE;

    if (stat->encryption_method != ZIP_EM_NONE)
        return fail(p->err, VIT_EUNSUPPORTED, "%s: expected no encryption, found method %d", where,
                    (int)stat->encryption_method);
    if (!stored && stat->comp_method != ZIP_CM_DEFLATE)
        return fail(p->err, VIT_EUNSUPPORTED,
                    "%s: expected compression method 0 (stored) or 8 (deflated), found %d", where,
                    (int)stat->comp_method);
    if (stat->comp_size > p->file_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected %" PRIu64 " bytes of data, found a file of %" PRIu64
                    " bytes: it is truncated",
                    where, stat->comp_size, p->file_bytes);
    if (stored && stat->size != stat->comp_size)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected a size of %" PRIu64 " bytes, as stored, found %" PRIu64, where,
                    stat->comp_size, stat->size);
    if (stat->size / MAX_EXPANSION > stat->comp_size)
        return fail(p->err, VIT_EFORMAT,
                    "%s: expected at most %d bytes from each of %" PRIu64
                    " compressed bytes, found a size of %" PRIu64,
                    where, MAX_EXPANSION, stat->comp_size, stat->size);
    return VIT_OK;
}

static enum vit_status read_header(const struct parse *p, const char *where, const zip_stat_t *stat,
                                   struct npy_header *header)
{
    const size_t start = stat->size < NPY_PREAMBLE ? (size_t)stat->size : NPY_PREAMBLE;
    zip_file_t *file = zip_fopen_index(p->npz->archive, stat->index, 0);
    size_t end = 0;
    enum vit_status status;

    if (!file)
        return npz_fail(where, zip_get_error(p->npz->archive), p->err);
    if (!(status = npz_fread(where, file, start, p->head, p->err)) &&
        !(status = npy_data_offset(where, p->head, start, stat->size, &end, p->err)) &&
        !(status = npz_fread(where, file, end - start, p->head + start, p->err)))
        status = npy_parse_header(where, p->head, end, stat->size, header, p->err);
    zip_fclose(file);
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
    zip_stat_t stat;
    enum vit_status status;

    if (zip_stat_index(p->npz->archive, index, ZIP_FL_ENC_RAW, &stat) != 0)
        return npz_fail(sanitize_path(p->npz->path).text, zip_get_error(p->npz->archive), p->err);
    const size_t length = strlen(stat.name);
    const struct npz_where where = npz_where(p->npz->path, stat.name, "");
    if (length < tail || strcmp(stat.name + length - tail, end) != 0)
        return fail(p->err, VIT_EFORMAT, "%s: expected a name that ends in .npy", where.text);
    member->index = index;
    member->name = malloc(length - tail + 1);
    if (!member->name)
        return fail_no_memory(p->err, p->npz->path);
    memcpy(member->name, stat.name, length - tail);
    member->name[length - tail] = '\0';
    if ((status = check_stat(p, where.text, &stat)))
        return status;
    status = read_header(p, where.text, &stat, &member->header);
    return status == VIT_EUNSUPPORTED ? keep_unread(p, member) : status;
}

static int compare_names(const void *a, const void *b)
{
    const struct npz_member *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static enum vit_status parse_members(const struct parse *p)
{
    struct npz *npz = p->npz;
    const zip_int64_t count = zip_get_num_entries(npz->archive, 0);
    enum vit_status status;

    if (count > NPZ_MAX_MEMBERS)
        return fail_file(p->err, VIT_EUNSUPPORTED, npz->path,
                         "expected at most %d members, found %" PRId64, NPZ_MAX_MEMBERS,
                         (int64_t)count);
    npz->members = calloc((size_t)count + 1, sizeof *npz->members);
    if (!npz->members)
        return fail_no_memory(p->err, npz->path);
    for (zip_int64_t i = 0; i < count; i++) /* counted before it is parsed, for npz_close */
        if ((status = parse_member(p, (uint64_t)i, &npz->members[npz->count++])))
            return status;
    qsort(npz->members, npz->count, sizeof *npz->members, compare_names);
    for (size_t i = 1; i < npz->count; i++)
        if (strcmp(npz->members[i - 1].name, npz->members[i].name) == 0)
            return fail(p->err, VIT_EFORMAT, "%s: expected one member of this name, found two",
                        npz_where(npz->path, npz->members[i].name, ".npy").text);
    return VIT_OK;
}

/* Checks an opened archive. */
static enum vit_status parse_archive(struct npz *npz, uint64_t file_bytes, struct vit_error *err)
{
    struct vit_error why = { .status = VIT_OK };
    struct parse p = { npz, file_bytes, malloc(NPY_PREAMBLE + NPY_MAX_HEADER), &why };
    const enum vit_status status = p.head ? parse_members(&p) : fail_no_memory(&why, npz->path);

    if (status && err)
        *err = why;
    free(p.head);
    return status;
}

/* libzip accepts an empty file as an archive without members. */
static enum vit_status check_length(const char *path, uint64_t file_bytes, struct vit_error *err)
{
    if (file_bytes > 0)
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, path, "expected a zip archive, found 0 bytes");
}

/* Opens the archive of an open file, whose descriptor it takes over. */
static enum vit_status open_archive(struct npz *npz, struct input_file *file, struct vit_error *err)
{
    zip_error_t error;
    enum vit_status status = check_length(npz->path, file->bytes, err);
    int code;

    if (status)
        return status;
    npz->archive = zip_fdopen(file->fd, 0, &code);
    if (npz->archive) {
        file->fd = -1; /* libzip has duplicated and closed it */
        return VIT_OK;
    }
    zip_error_init_with_code(&error, code);
    status = npz_fail(sanitize_path(npz->path).text, &error, err);
    zip_error_fini(&error);
    return status;
}

static enum vit_status open_memory(struct npz *npz, const void *bytes, size_t size,
                                   struct vit_error *err)
{
    zip_error_t error;
    zip_source_t *source;
    enum vit_status status = check_length(npz->path, size, err);

    if (status)
        return status;
    zip_error_init(&error);
    source = zip_source_buffer_create(bytes, size, 0, &error);
    if (source)
        npz->archive = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (!npz->archive) {
        status = npz_fail(sanitize_path(npz->path).text, &error, err);
        zip_source_free(source);
    }
    zip_error_fini(&error);
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
    return npz;
}

enum vit_status npz_open_file(struct input_file *file, struct npz **npz, struct vit_error *err)
{
    struct npz *opened = create(file->path);
    enum vit_status status;

    if (!opened) {
        status = fail_no_memory(err, file->path);
        goto close_file;
    }
    if (!(status = open_archive(opened, file, err)) &&
        !(status = parse_archive(opened, file->bytes, err)))
        *npz = opened;
    else
        npz_close(opened);

close_file:
    file_close(file);
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
    if (!(status = open_memory(opened, bytes, size, err)) &&
        !(status = parse_archive(opened, size, err)))
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
    if (npz->archive)
        zip_discard(npz->archive); /* zip_close could write */
    npz->archive = NULL;
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
