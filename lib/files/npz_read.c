/* npz_read.c - reading the data of a member of a .npz file */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/convert.h"
#include "files/npz.h"
#include "files/npz_where.h"
#include "files/sanitize.h"

struct npz_where npz_where(const char *path, const char *name, const char *suffix)
{
    struct npz_where where;

    snprintf(where.text, sizeof where.text, "%s: member %s%s", sanitize_path(path).text,
             sanitize_name(name).text, suffix);
    return where;
}

bool npz_readable(enum npy_dtype dtype)
{
    return dtype == NPY_F32 || dtype == NPY_F16 || dtype == NPY_F64 || dtype == NPY_BF16;
}

/* Reads and discards the next bytes of a member. */
static enum vit_status skip(struct zip_stream *stream, size_t bytes, struct vit_error *err)
{
    char chunk[512];
    enum vit_status status = VIT_OK;

    for (size_t n; bytes > 0 && !status; bytes -= n) {
        n = bytes < sizeof chunk ? bytes : sizeof chunk;
        status = zip_stream_read(stream, n, chunk, err);
    }
    return status;
}

/* Unpacks a member's data into npz->data. */
static enum vit_status unpack_member(struct npz *npz, const struct npz_member *member,
                                     const char *where, struct vit_error *err)
{
    const struct npy_header *header = &member->header;
    const size_t bytes = header->elements * npy_dtype_bytes(header->dtype);
    enum vit_status status;
    struct zip_stream *stream;

    if (npz->unpacked == member)
        return VIT_OK;
    if (!file_is_open(&npz->source))
        return fail(err, VIT_EINVAL, "%s: the file is not open: the data cannot be read", where);
    free(npz->data);
    npz->unpacked = NULL;
    npz->data = malloc(bytes > 0 ? bytes : 1);
    if (!npz->data)
        return fail(err, VIT_ENOMEM, "%s: out of memory for %zu bytes", where, bytes);
    if (!(status = zip_stream_start(&npz->source, &member->data, where, &stream, err)) &&
        !(status = skip(stream, header->data_offset, err)) &&
        !(status = zip_stream_read(stream, bytes, npz->data, err)) &&
        !(status = zip_stream_finish(stream, err)))
        npz->unpacked = member;
    zip_stream_free(stream);
    return status;
}

enum vit_status npz_read_f32(struct npz *npz, const struct npz_member *member, size_t first,
                             size_t count, float *out, struct vit_error *err)
{
    const struct npy_header *header = &member->header;
    const struct npz_where where = npz_where(npz->source.path, member->name, ".npy");
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
