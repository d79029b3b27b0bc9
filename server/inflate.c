/* inflate.c - a compressed body of a request, through zlib */
#include "server/inflate.h"

#include <limits.h>
#include <strings.h>
#include <zlib.h>

enum {
    ANY_WINDOW = 32 + MAX_WBITS, /* zlib finds out whether it is gzip or zlib */
    CHUNK = 8192                 /* on the stack */
};

static bool inflate_all(z_stream *z, size_t max_bytes, struct buffer *out, struct failure *f)
{
    const size_t padding = out->size;
    char chunk[CHUNK];
    int status;

    do {
        z->next_out = (Bytef *)chunk;
        z->avail_out = sizeof chunk;
        status = inflate(z, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END)
            return fail(f, status == Z_MEM_ERROR ? 503 : 400,
                        "Content-Encoding: expected a complete stream, found %s",
                        z->msg ? z->msg : "its end");
        const size_t size = sizeof chunk - z->avail_out;
        if (size > max_bytes - (out->size - padding))
            return fail(f, 413, "body: expected at most %zu bytes, found more", max_bytes);
        buffer_add(out, chunk, size);
    } while (status != Z_STREAM_END);
    if (z->avail_in)
        return fail(f, 400, "Content-Encoding: expected one stream, found %u bytes after it",
                    z->avail_in);
    return !out->failed || fail(f, 503, "body: out of memory");
}

bool inflate_body(const char *encoding, size_t max_bytes, size_t padding, struct buffer *body,
                  struct failure *f)
{
    const size_t size = body->size - padding;
    struct buffer out = { 0 };
    z_stream z = { .next_in = NULL };

    if (!encoding || strcasecmp(encoding, "identity") == 0)
        return true;
    if (strcasecmp(encoding, "gzip") != 0 && strcasecmp(encoding, "deflate") != 0)
        return fail(f, 415, "Content-Encoding: expected gzip or deflate, found '%.40s'", encoding);
    if (size > UINT_MAX)
        return fail(f, 413, "body: expected at most %u compressed bytes, found more", UINT_MAX);
    if (size) {
        z.next_in = (Bytef *)body->data + padding;
        z.avail_in = (uInt)size;
    }
    if (inflateInit2(&z, ANY_WINDOW) != Z_OK)
        return fail(f, 503, "body: out of memory");
    buffer_add(&out, "\0\0\0", padding);
    const bool ok = inflate_all(&z, max_bytes, &out, f);
    inflateEnd(&z);
    if (ok) {
        buffer_free(body);
        *body = out;
    } else
        buffer_free(&out);
    return ok;
}
