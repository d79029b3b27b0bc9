/* route.h - the table of paths, and what answers each */
#ifndef VIT_SERVER_ROUTE_H
#define VIT_SERVER_ROUTE_H

#include "server/request.h"

struct route {
    const char *method;
    const char *path; /* '*' stands for a model's name, '#' for a version */
    /* true: the answer is in *r; false: the request is suspended, and may be gone already */
    bool (*handle)(struct request *r);
    bool body; /* it takes one of --max-body; otherwise 64 KiB */
};

enum { SMALL_BODY = 65536 };

/* Sets r->route, name and version, or r->failure: 404: no such path, 405: another method. */
void route_find(struct request *r, const char *method, const char *url);

#endif
