/* http.h - connections: libmicrohttpd, the limits of requests, their answers */
#ifndef VIT_SERVER_HTTP_H
#define VIT_SERVER_HTTP_H

#include "server/server.h"

/* Listens and serves. *port becomes the port in use. A failure leaves nothing behind. */
bool http_start(struct server *server, unsigned *port, struct failure *f);

/* Accepts no more connections. */
void http_quiesce(struct server *server);

/* Closes every connection. No request may be in flight. */
void http_stop(struct server *server);

#endif
