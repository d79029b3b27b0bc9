/* zip_reader.c - the data of a member of a zip archive: stored or deflated, with a checksum */
#include <inttypes.h>
#include <string.h>

#include "base/status.h"
#include "files/zip_archive.h"
#include "files/zip_bytes.h"

enum { LOCAL_BYTES = 30 };

static enum vit_status damaged(const struct zip_reader *r, const char *what, struct vit_error *err)
{
    return fail(err, VIT_EFORMAT, "%s: cannot be read: %s", r->where, what);
}

enum vit_status zip_reader_open(struct zip_reader *r, const struct zip_archive *zip,
                                const struct zip_entry *entry, const char *where,
                                struct vit_error *err)
{
    unsigned char local[LOCAL_BYTES] = { 0 };
    enum vit_status status;

    *r = (struct zip_reader){ .zip = zip,
                              .entry = entry,
                              .where = where,
                              .packed_left = entry->packed_bytes,
                              .left = entry->bytes };
    if ((status = zip_read_at(zip, entry->header, LOCAL_BYTES, local, err)))
        return status;
    if (zip_u32(local) != 0x04034b50)
        return damaged(r, "its local header is missing", err);
    r->at = entry->header + LOCAL_BYTES + zip_u16(local + 26) + zip_u16(local + 28);
    if (entry->method == ZIP_METHOD_STORED)
        return VIT_OK;
    /* −15: a window of 32 KiB, and no zlib header */
    const int code = inflateInit2(&r->stream, -15);
    if (code == Z_MEM_ERROR)
        return fail(err, VIT_ENOMEM, "%s: out of memory", where);
    return code == Z_OK ? VIT_OK : damaged(r, "zlib does not start", err);
}

void zip_reader_close(struct zip_reader *r)
{
    if (r->stream.state)
        inflateEnd(&r->stream);
    r->stream.state = NULL;
}

/* Refills the buffer with packed bytes. */
static enum vit_status refill(struct zip_reader *r, struct vit_error *err)
{
    const size_t bytes =
        r->packed_left < sizeof r->buffer ? (size_t)r->packed_left : sizeof r->buffer;
    enum vit_status status;

    if ((status = zip_read_at(r->zip, r->at, bytes, r->buffer, err)))
        return status;
    r->at += bytes;
    r->packed_left -= bytes;
    r->stream.next_in = r->buffer;
    r->stream.avail_in = (uInt)bytes;
    return VIT_OK;
}

/* Unpacks `bytes` bytes, or to the end of the packed data: *got bytes. */
static enum vit_status unpack(struct zip_reader *r, size_t bytes, unsigned char *out, size_t *got,
                              struct vit_error *err)
{
    enum { STEP = 1 << 30 }; /* zlib counts in unsigned int */
    enum vit_status status;

    *got = 0;
    while (*got < bytes && !r->ended) {
        const size_t step = bytes - *got < STEP ? bytes - *got : STEP;
        if (r->stream.avail_in == 0 && r->packed_left > 0 && (status = refill(r, err)))
            return status;
        r->stream.next_out = out + *got;
        r->stream.avail_out = (uInt)step;
        const int code = inflate(&r->stream, Z_NO_FLUSH);
        *got += step - r->stream.avail_out;
        r->ended = code == Z_STREAM_END;
        if (code == Z_MEM_ERROR)
            return fail(err, VIT_ENOMEM, "%s: out of memory", r->where);
        if (code == Z_BUF_ERROR) /* no progress: all was read, and zlib holds back nothing */
            return damaged(r, "its packed data end too early", err);
        if (code != Z_OK && code != Z_STREAM_END)
            return damaged(r, "its packed data are damaged", err);
    }
    return VIT_OK;
}

static void add_to_checksum(struct zip_reader *r, const unsigned char *bytes, size_t count)
{
    enum { STEP = 1 << 30 };

    for (size_t n; count > 0; bytes += n, count -= n) {
        n = count < STEP ? count : STEP;
        r->crc = (uint32_t)crc32(r->crc, bytes, (uInt)n);
    }
}

enum vit_status zip_reader_read(struct zip_reader *r, size_t bytes, void *out,
                                struct vit_error *err)
{
    size_t got = bytes;
    enum vit_status status = VIT_OK;

    if (bytes > r->left)
        return fail(err, VIT_EFORMAT, "%s: expected %" PRIu64 " more bytes, found the end",
                    r->where, bytes - r->left);
    if (r->entry->method == ZIP_METHOD_STORED) {
        status = zip_read_at(r->zip, r->at, bytes, out, err);
        r->at += bytes;
    } else {
        status = unpack(r, bytes, out, &got, err);
    }
    if (status)
        return status;
    if (got < bytes)
        return fail(err, VIT_EFORMAT, "%s: expected %zu more bytes, found the end", r->where,
                    bytes - got);
    r->left -= bytes;
    add_to_checksum(r, out, bytes);
    return VIT_OK;
}

enum vit_status zip_reader_finish(struct zip_reader *r, struct vit_error *err)
{
    unsigned char more;
    size_t got = 0;
    enum vit_status status;

    if (r->left > 0)
        return fail(err, VIT_EFORMAT, "%s: expected the end, found more bytes", r->where);
    if (r->entry->method == ZIP_METHOD_DEFLATED && (status = unpack(r, 1, &more, &got, err)))
        return status;
    if (got > 0)
        return fail(err, VIT_EFORMAT, "%s: expected the end, found more bytes", r->where);
    if (r->crc != r->entry->crc)
        return damaged(r, "CRC error", err);
    return VIT_OK;
}
