/* describe.h - what a model computes, as text or JSON */
#ifndef VIT_TOOLS_DESCRIBE_H
#define VIT_TOOLS_DESCRIBE_H

#include "tools/print.h"
#include "tools/session.h"

/* Prints a description to standard output; `directory` is the user's name of the model. */
void describe_model(const char *directory, const struct session *session);

/* The same as JSON; NULL: out of memory. */
json_t *describe_model_json(const char *directory, const struct session *session);

#endif
