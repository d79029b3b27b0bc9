/* files.h - a small file as text */
#ifndef VIT_SERVER_FILES_H
#define VIT_SERVER_FILES_H

#include "server/buffer.h"
#include "server/failure.h"

/*
 * Fills an empty buffer with a file of less than 1 MiB; the caller frees it in every case.
 * 404: there is none. 400: it is longer. 500: it cannot be read. 503: no memory.
 */
bool file_text(const char *path, struct buffer *text, struct failure *f);

#endif
