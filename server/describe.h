/* describe.h - the JSON about the server and its models: metadata, configuration, statistics */
#ifndef VIT_SERVER_DESCRIBE_H
#define VIT_SERVER_DESCRIBE_H

#include "server/buffer.h"
#include "server/registry.h"

/* Each writes one JSON object or array; out->failed says that memory ran out. */
void describe_server(bool explicit_control, struct buffer *out);
void describe_model(const struct served *s, struct buffer *out);
void describe_config(const struct served *s, struct buffer *out);
void describe_index(struct registry *r, bool ready, struct buffer *out);
void describe_model_stats(const struct served *s, struct buffer *out);
void describe_stats(struct registry *r, struct buffer *out); /* of all that are loaded */
void describe_error(const char *message, struct buffer *out);

#endif
