/* access_log.h - one line of JSON for each request */
#ifndef VIT_SERVER_ACCESS_LOG_H
#define VIT_SERVER_ACCESS_LOG_H

#include "server/request.h"

/* Opens the log: a file to append to, "-" for standard error, or NULL for none. */
bool access_log_open(const char *path, struct failure *f);
/* Opens the file again, which another program may have renamed. */
void access_log_reopen(void);
void access_log_close(void);

/* Writes the line of a request, with one system call. `complete`: its answer was sent whole. */
void access_log_request(const struct request *r, struct MHD_Connection *connection, bool complete);

#endif
