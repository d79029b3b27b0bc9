/* deadlines.h - closes connections that take too long to send a request or to take its answer */
#ifndef VIT_SERVER_DEADLINES_H
#define VIT_SERVER_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A limit of inactivity, which libmicrohttpd has, does not stop a client that sends a byte now and
 * then. Here the whole time counts.
 */
struct deadlines;
struct deadline; /* of one connection */

bool deadlines_create(size_t seconds, struct deadlines **deadlines);
void deadlines_free(struct deadlines *d); /* NULL is allowed */

/* A new connection, whose time begins; NULL without memory, which the others allow. */
struct deadline *deadline_add(struct deadlines *d, int fd);
/* Before the descriptor is closed. */
void deadline_remove(struct deadlines *d, struct deadline *one);

void deadline_begin(struct deadlines *d, struct deadline *one); /* the client has to act */
void deadline_end(struct deadlines *d, struct deadline *one);   /* the server has to */

#endif
