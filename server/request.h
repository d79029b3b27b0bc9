/* request.h - one HTTP request from its header to its answer */
#ifndef VIT_SERVER_REQUEST_H
#define VIT_SERVER_REQUEST_H

#include <microhttpd.h>

#include "server/buffer.h"
#include "server/infer_input.h"
#include "server/infer_reply.h"
#include "server/server.h"

struct route;

struct request {
    struct server *server;
    struct MHD_Connection *connection;
    const struct route *route; /* NULL: none fits */
    char name[NAME_BYTES];     /* of the model in the path */
    uint64_t version;          /* 0: none in the path */
    struct buffer body;
    size_t padding; /* bytes before the body, so that the tensors behind its JSON are aligned */
    bool started;   /* the handler was called */

    /* the answer */
    struct failure failure; /* http 0: none */
    struct buffer out;
    const char *type;  /* of the content; NULL: no content */
    const char *allow; /* the methods of the path, where another was found; or NULL */
    size_t json_size;  /* of a response with binary tensors; 0: none */
    /* called on the connection's thread before the answer is sent; NULL: nothing is left to do */
    void (*finish)(struct request *r);

    /* an inference */
    struct served *served;
    const char *json_header; /* what the request says of the bytes of its JSON; or NULL */
    uint64_t json_bytes;     /* of the JSON in the body; UINT64_MAX: the header is no number */
    struct parsed_request parsed;
    struct infer_input input;
    struct job job;
    struct work work;

    /* for the access log */
    const char *method;
    char *path;
    int status;
    uint64_t begin_ns;
    size_t bytes_in, bytes_out;
};

/* The value of a header, or NULL. */
const char *request_header(const struct request *r, const char *name);

/*
 * Detaches the request from its connection's thread; request_resume sends the answer, from any
 * thread, once. Nothing may touch the request after it.
 */
void request_suspend(struct request *r);
void request_resume(struct request *r);

/* Before its body arrives: reads the header of an inference. */
void infer_begin(struct request *r);

/* Releases what an inference holds. */
void infer_end(struct request *r);

/* The handler of inference, which suspends the request. */
bool handle_infer(struct request *r);

#endif
