/* failure.h - why a request fails: the HTTP status and the sentence of its error body */
#ifndef VIT_SERVER_FAILURE_H
#define VIT_SERVER_FAILURE_H

#include <stdbool.h>

#include "vit/status.h"

enum { HTTP_CLIENT_CLOSED = 499 }; /* nginx's number, for the log and the counts alone */

struct failure {
    int http; /* the status of the response, 400 or above; 0: no failure */
    char message[512];
};

/* Fills *f and returns false: return fail(f, 400, ...). The message becomes clean text. */
__attribute__((format(printf, 3, 4))) bool fail(struct failure *f, int http, const char *format,
                                                ...);

/* The same for what the library reported; `where` begins the message, unless it is NULL. */
bool fail_vit(struct failure *f, const char *where, const struct vit_error *err);

/* Replaces, in place, control characters and what is not UTF-8 by '?'. */
void clean_text(char *text);

#endif
