/* npz.c - reading .npz files, zip archives of .npy files, hostile until proven otherwise */
#include "files/npz.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "files/file.h"
#include "files/npz_zip.h"
#include "files/sanitize.h"

/* An archive while its directory is checked. */
struct parse {
    struct npz *npz;
    uint64_t file_bytes;
    unsigned char *head; /* [NPY_PREAMBLE + NPY_MAX_HEADER] */
    struct vit_error *err;
};

/* What the directory says of a member, before any of it is read or allocated. */
static enum vit_status check_stat(const struct parse *p, const char *where, const zip_stat_t *stat)
{
    /* deflate makes 258 bytes of 2 bits at best: https://zlib.net/zlib_tech.html */
    enum { MOST_PER_BYTE = 1032 };
    const bool stored = stat->comp_method == ZIP_CM_STORE;

    if (stat->encryption_method != ZIP_EM_NONE)
        return fail(p->err, VIT_EUNSUPPORTED, "%s is encrypted, expected a plain one", where);
    if (!stored && stat->comp_method != ZIP_CM_DEFLATE)
        return fail(p->err, VIT_EUNSUPPORTED,
                    "%s is compressed by method %d, expected 0 (stored) or 8 (deflated)", where,
                    (int)stat->comp_method);
    if (stat->comp_size > p->file_bytes)
        return fail(p->err, VIT_EFORMAT,
                    "%s takes %" PRIu64 " bytes of a file of %" PRIu64 ": it is cut short", where,
                    stat->comp_size, p->file_bytes);
    if (stored && stat->size != stat->comp_size)
        return fail(p->err, VIT_EFORMAT,
                    "%s claims %" PRIu64 " bytes, expected the %" PRIu64 " that are stored", where,
                    stat->size, stat->comp_size);
    if (stat->size / MOST_PER_BYTE > stat->comp_size)
        return fail(p->err, VIT_EFORMAT,
                    "%s claims %" PRIu64 " bytes from %" PRIu64 ", expected %d from each at most",
                    where, stat->size, stat->comp_size, MOST_PER_BYTE);
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

static enum vit_status parse_member(const struct parse *p, uint64_t place,
                                    struct npz_member *member)
{
    static const char end[] = ".npy";
    const size_t tail = sizeof end - 1;
    zip_stat_t stat;
    enum vit_status status;

    if (zip_stat_index(p->npz->archive, place, ZIP_FL_ENC_RAW, &stat) != 0)
        return npz_fail(sanitize_path(p->npz->path).text, zip_get_error(p->npz->archive), p->err);
    const size_t length = strlen(stat.name);
    const struct npz_where where = npz_where(p->npz->path, stat.name, "");
    if (length < tail || strcmp(stat.name + length - tail, end) != 0)
        return fail(p->err, VIT_EFORMAT, "%s is unexpected, expected NAME.npy", where.text);
    member->place = place;
    member->name = malloc(length - tail + 1);
    if (!member->name)
        return file_no_memory(p->npz->path, p->err);
    memcpy(member->name, stat.name, length - tail);
    member->name[length - tail] = '\0';
    if ((status = check_stat(p, where.text, &stat)))
        return status;
    return read_header(p, where.text, &stat, &member->header);
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
        return fail(p->err, VIT_EUNSUPPORTED, "%s: %" PRId64 " members, expected %d at most",
                    sanitize_path(npz->path).text, (int64_t)count, NPZ_MAX_MEMBERS);
    npz->members = calloc((size_t)count + 1, sizeof *npz->members);
    if (!npz->members)
        return file_no_memory(npz->path, p->err);
    for (zip_int64_t i = 0; i < count; i++) /* counted first, for npz_close */
        if ((status = parse_member(p, (uint64_t)i, &npz->members[npz->count++])))
            return status;
    qsort(npz->members, npz->count, sizeof *npz->members, compare_names);
    for (size_t i = 1; i < npz->count; i++)
        if (strcmp(npz->members[i - 1].name, npz->members[i].name) == 0)
            return fail(p->err, VIT_EFORMAT, "%s: member \"%s.npy\" is there twice, expected once",
                        sanitize_path(npz->path).text, sanitize_name(npz->members[i].name).text);
    return VIT_OK;
}

static struct npz *create(const char *path)
{
    struct npz *npz = calloc(1, sizeof *npz);

    if (!npz)
        return NULL;
    npz->path = strdup(path);
    if (npz->path)
        return npz;
    free(npz);
    return NULL;
}

/* Checks an opened archive. */
static enum vit_status parse_archive(struct npz *npz, uint64_t file_bytes, struct vit_error *err)
{
    struct parse p = { npz, file_bytes, malloc(NPY_PREAMBLE + NPY_MAX_HEADER), err };
    const enum vit_status status = p.head ? parse_members(&p) : file_no_memory(npz->path, err);

    free(p.head);
    return status;
}

/* libzip takes no bytes at all for an archive without members. */
static enum vit_status check_length(const char *path, uint64_t file_bytes, struct vit_error *err)
{
    if (file_bytes > 0)
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: 0 bytes long, expected a zip archive",
                sanitize_path(path).text);
}

static enum vit_status open_archive(struct npz *npz, uint64_t *file_bytes, struct vit_error *err)
{
    zip_error_t error;
    enum vit_status status;
    int fd, code;

    if ((status = file_open(npz->path, &fd, file_bytes, err)))
        return status;
    if ((status = check_length(npz->path, *file_bytes, err)))
        goto close_fd;
    npz->archive = zip_fdopen(fd, 0, &code);
    if (npz->archive) /* which has closed fd, for a duplicate */
        return VIT_OK;
    zip_error_init_with_code(&error, code);
    status = npz_fail(sanitize_path(npz->path).text, &error, err);
    zip_error_fini(&error);

close_fd:
    close(fd);
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

enum vit_status npz_open(const char *path, struct npz **npz, struct vit_error *err)
{
    struct npz *opened = create(path);
    uint64_t file_bytes;
    enum vit_status status;

    if (!opened)
        return file_no_memory(path, err);
    status = open_archive(opened, &file_bytes, err);
    if (!status)
        status = parse_archive(opened, file_bytes, err);
    if (!status)
        *npz = opened;
    else
        npz_close(opened);
    return status;
}

enum vit_status npz_parse(const char *path, const void *bytes, size_t size, struct npz **npz,
                          struct vit_error *err)
{
    struct npz *opened = create(path);
    enum vit_status status;

    if (!opened)
        return file_no_memory(path, err);
    status = open_memory(opened, bytes, size, err);
    if (!status)
        status = parse_archive(opened, size, err);
    if (!status)
        *npz = opened;
    else
        npz_close(opened);
    return status;
}

void npz_close(struct npz *npz)
{
    if (!npz)
        return;
    for (size_t i = 0; i < npz->count; i++)
        free(npz->members[i].name);
    free(npz->members);
    free(npz->data);
    free(npz->path);
    if (npz->archive)
        zip_discard(npz->archive); /* zip_close would write */
    free(npz);
}
