/* npz_read.c - reading the data of a member of a .npz file */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/convert.h"
#include "files/npz.h"
#include "files/npz_zip.h"
#include "files/sanitize.h"

struct npz_where npz_where(const char *path, const char *name, const char *suffix)
{
    struct npz_where where;

    snprintf(where.text, sizeof where.text, "%s: member %s%s", sanitize_path(path).text,
             sanitize_name(name).text, suffix);
    return where;
}

/* libzip, the system and zlib each have their own code for it. */
static bool is_out_of_memory(const zip_error_t *error)
{
    enum { ZLIB_MEM_ERROR = -4 }; /* zlib.h */

    switch (zip_error_system_type(error)) {
    case ZIP_ET_SYS:
        return zip_error_code_system(error) == ENOMEM;
    case ZIP_ET_ZLIB:
        return zip_error_code_system(error) == ZLIB_MEM_ERROR;
    default:
        return zip_error_code_zip(error) == ZIP_ER_MEMORY;
    }
}

enum vit_status npz_fail(const char *where, zip_error_t *error, struct vit_error *err)
{
    enum vit_status status = VIT_EFORMAT;

    if (is_out_of_memory(error))
        return fail(err, VIT_ENOMEM, "%s: out of memory", where);
    if (zip_error_system_type(error) == ZIP_ET_SYS)
        status = VIT_EIO;
    if (zip_error_code_zip(error) == ZIP_ER_MULTIDISK)
        status = VIT_EUNSUPPORTED;
    return fail(err, status, "%s: cannot be read: %s", where, zip_error_strerror(error));
}

enum vit_status npz_fread(const char *where, zip_file_t *file, uint64_t bytes, void *out,
                          struct vit_error *err)
{
    char *to = out;

    for (uint64_t done = 0; done < bytes;) {
        const zip_int64_t got = zip_fread(file, to + done, bytes - done);
        if (got < 0)
            return npz_fail(where, zip_file_get_error(file), err);
        if (got == 0)
            return fail(err, VIT_EFORMAT, "%s: expected %" PRIu64 " more bytes, found the end",
                        where, bytes - done);
        done += (uint64_t)got;
    }
    return VIT_OK;
}

bool npz_readable(enum npy_dtype dtype)
{
    return dtype == NPY_F32 || dtype == NPY_F16 || dtype == NPY_F64 || dtype == NPY_BF16;
}

/* Reads and discards the next bytes of a member. */
static enum vit_status skip(const char *where, zip_file_t *file, size_t bytes,
                            struct vit_error *err)
{
    char chunk[512];
    enum vit_status status = VIT_OK;

    for (size_t n; bytes > 0 && !status; bytes -= n) {
        n = bytes < sizeof chunk ? bytes : sizeof chunk;
        status = npz_fread(where, file, n, chunk, err);
    }
    return status;
}

/* Reads to the end: there libzip compares the checksum and the size. */
static enum vit_status check_end(const char *where, zip_file_t *file, struct vit_error *err)
{
    char more;
    const zip_int64_t got = zip_fread(file, &more, 1);

    if (got < 0)
        return npz_fail(where, zip_file_get_error(file), err);
    if (got > 0)
        return fail(err, VIT_EFORMAT, "%s: expected the end, found more bytes", where);
    return VIT_OK;
}

/* Unpacks a member's data into npz->data. */
static enum vit_status unpack_member(struct npz *npz, const struct npz_member *member,
                                     const char *where, struct vit_error *err)
{
    const struct npy_header *header = &member->header;
    const size_t bytes = header->elements * npy_dtype_bytes(header->dtype);
    enum vit_status status;
    zip_file_t *file;

    if (npz->unpacked == member)
        return VIT_OK;
    if (!npz->archive)
        return fail(err, VIT_EINVAL, "%s: the file is not open: the data cannot be read", where);
    free(npz->data);
    npz->unpacked = NULL;
    npz->data = malloc(bytes > 0 ? bytes : 1);
    if (!npz->data)
        return fail(err, VIT_ENOMEM, "%s: out of memory for %zu bytes", where, bytes);
    file = zip_fopen_index(npz->archive, member->index, 0);
    if (!file)
        return npz_fail(where, zip_get_error(npz->archive), err);
    if (!(status = skip(where, file, header->data_offset, err)) &&
        !(status = npz_fread(where, file, bytes, npz->data, err)) &&
        !(status = check_end(where, file, err)))
        npz->unpacked = member;
    zip_fclose(file);
    return status;
}

enum vit_status npz_read_f32(struct npz *npz, const struct npz_member *member, size_t first,
                             size_t count, float *out, struct vit_error *err)
{
    const struct npy_header *header = &member->header;
    const struct npz_where where = npz_where(npz->path, member->name, ".npy");
    enum vit_status status;

    if (first > header->elements || count > header->elements - first)
        return fail(err, VIT_EINVAL,
                    "%s: expected at least %zu elements from element %zu on, found %zu in all",
                    where.text, count, first, header->elements);
    if (member->unread)
        return fail(err, VIT_EUNSUPPORTED, "%s", member->unread);
    if (!npz_readable(header->dtype))
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: expected dtype <f4, <f2, <f8 or <V2 (bfloat16), found %s", where.text,
                    npy_dtype_descr(header->dtype));
    if ((status = unpack_member(npz, member, where.text, err)))
        return status;
    if (header->dtype == NPY_F32)
        memcpy(out, (const float *)npz->data + first, count * sizeof *out);
    else if (header->dtype == NPY_F16)
        widen_f16(count, (const uint16_t *)npz->data + first, out);
    else if (header->dtype == NPY_BF16)
        widen_bf16(count, (const uint16_t *)npz->data + first, out);
    else
        narrow_f64(count, (const double *)npz->data + first, out);
    return VIT_OK;
}
