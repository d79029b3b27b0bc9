/* files.h - a small file as text */
#ifndef VIT_SERVER_FILES_H
#define VIT_SERVER_FILES_H

#include "server/failure.h"

/* The contents of a file of less than 1 MiB, with a NUL; the caller frees them. */
bool file_text(const char *path, char **text, struct failure *f);

#endif
