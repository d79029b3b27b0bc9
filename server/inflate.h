/* inflate.h - a compressed body of a request */
#ifndef VIT_SERVER_INFLATE_H
#define VIT_SERVER_INFLATE_H

#include "server/buffer.h"
#include "server/failure.h"

/*
 * Replaces a body in gzip or deflate by what it holds; encoding NULL or "identity" changes nothing.
 * Before and after it are `padding` bytes, at most 3, in front of the body.
 * 415: another encoding. 413: more than max_bytes. 400: malformed or truncated.
 */
bool inflate_body(const char *encoding, size_t max_bytes, size_t padding, struct buffer *body,
                  struct failure *f);

#endif
