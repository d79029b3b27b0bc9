/* zip_stream.c - unpacks a member of a zip archive from its beginning */
#include "files/zip_stream.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/status.h"

struct zip_stream {
    const struct input_file *source;
    struct zip_data data;
    const char *where;
    uint64_t at, left; /* packed bytes that are not read yet */
    uint32_t crc;
    bool ended; /* the deflated data */
    z_stream zlib;
    unsigned char packed[16384];
};

enum vit_status zip_stream_start(const struct input_file *source, const struct zip_data *data,
                                 const char *where, struct zip_stream **stream,
                                 struct vit_error *err)
{
    struct zip_stream *s = calloc(1, sizeof *s);

    if (s && data->deflated && inflateInit2(&s->zlib, -MAX_WBITS) != Z_OK) {
        free(s);
        s = NULL;
    }
    *stream = s;
    if (!s)
        return fail(err, VIT_ENOMEM, "%s: out of memory", where);
    s->source = source;
    s->data = *data;
    s->where = where;
    s->at = data->at;
    s->left = data->packed;
    return VIT_OK;
}

void zip_stream_free(struct zip_stream *s)
{
    if (s && s->data.deflated)
        inflateEnd(&s->zlib);
    free(s);
}

/* Reads packed bytes; the file may be shorter than it was. */
static enum vit_status read_packed(struct zip_stream *s, size_t bytes, void *out,
                                   struct vit_error *err)
{
    size_t count;
    const enum vit_status status = file_read_up_to(s->source, s->at, bytes, out, &count, err);

    if (status)
        return status;
    if (count < bytes)
        return fail(err, VIT_EFORMAT, "%s: cannot be read: Premature end of file", s->where);
    s->at += bytes;
    s->left -= bytes;
    return VIT_OK;
}

/* Unpacks up to `bytes` bytes: *got, fewer where the deflated data end. */
static enum vit_status unpack(struct zip_stream *s, size_t bytes, unsigned char *out, size_t *got,
                              struct vit_error *err)
{
    enum { MAX_STEP = 1 << 30 }; /* zlib counts in unsigned int */
    enum vit_status status;

    for (*got = 0; *got < bytes && !s->ended;) {
        const size_t step = bytes - *got < MAX_STEP ? bytes - *got : MAX_STEP;
        const size_t more = s->left < sizeof s->packed ? (size_t)s->left : sizeof s->packed;
        if (s->zlib.avail_in == 0 && more > 0) {
            if ((status = read_packed(s, more, s->packed, err)))
                return status;
            s->zlib.next_in = s->packed;
            s->zlib.avail_in = (uInt)more;
        }
        s->zlib.next_out = out + *got;
        s->zlib.avail_out = (uInt)step;
        const int code = inflate(&s->zlib, Z_NO_FLUSH);
        *got += step - s->zlib.avail_out;
        s->ended = code == Z_STREAM_END;
        if (code == Z_MEM_ERROR)
            return fail(err, VIT_ENOMEM, "%s: out of memory", s->where);
        if (code == Z_BUF_ERROR) /* no progress, and no more bytes */
            return fail(err, VIT_EFORMAT, "%s: cannot be read: Premature end of file", s->where);
        if (code != Z_OK && code != Z_STREAM_END)
            return fail(err, VIT_EFORMAT, "%s: cannot be read: Zlib error: %s", s->where,
                        zError(code));
    }
    return VIT_OK;
}

enum vit_status zip_stream_read(struct zip_stream *s, size_t bytes, void *out,
                                struct vit_error *err)
{
    size_t got = bytes;
    enum vit_status status;

    if (s->data.deflated) {
        status = unpack(s, bytes, out, &got, err);
    } else {
        got = s->left < bytes ? (size_t)s->left : bytes;
        status = read_packed(s, got, out, err);
    }
    if (status)
        return status;
    if (got < bytes)
        return fail(err, VIT_EFORMAT, "%s: expected %zu more bytes, found the end", s->where,
                    bytes - got);
    if (bytes > 0) /* else out may be NULL, which begins a new checksum */
        s->crc = (uint32_t)crc32_z(s->crc, out, bytes);
    return VIT_OK;
}

enum vit_status zip_stream_finish(struct zip_stream *s, struct vit_error *err)
{
    unsigned char more;
    size_t got = 0;
    enum vit_status status;

    if (s->data.deflated && (status = unpack(s, 1, &more, &got, err)))
        return status;
    if (got > 0 || (!s->data.deflated && s->left > 0))
        return fail(err, VIT_EFORMAT, "%s: expected the end, found more bytes", s->where);
    if (s->crc != s->data.crc)
        return fail(err, VIT_EFORMAT, "%s: cannot be read: CRC error", s->where);
    return VIT_OK;
}
