/* infer_reply.h - the response of an inference request, as JSON with or without binary tensors */
#ifndef VIT_SERVER_INFER_REPLY_H
#define VIT_SERVER_INFER_REPLY_H

#include "server/buffer.h"
#include "server/infer_parse.h"
#include "server/served.h"

/* Checks the outputs that a request asks for; none asked for means all that the model has. */
bool infer_choose(const struct served *s, struct parsed_request *r, struct failure *f);

/* Allocates the results of what infer_choose left in the request. Freed with infer_free. */
bool infer_allocate(const struct served *s, const struct parsed_request *r, struct job *job,
                    struct failure *f);
void infer_free(struct job *job);

/*
 * Writes the response of a finished job. json_size becomes the bytes of its JSON, which precede the
 * binary tensors, or 0 if there are none.
 * 400: a number that JSON cannot have. 503: no memory.
 */
bool infer_reply(const struct served *s, const struct parsed_request *r, const struct job *job,
                 struct buffer *out, size_t *json_size, struct failure *f);

#endif
