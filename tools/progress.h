/* progress.h - a progress bar on standard error */
#ifndef VIT_TOOLS_PROGRESS_H
#define VIT_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    size_t total;
    double start; /* of now() */
    double drawn; /* the time of the last drawing; 0: none */
    bool terminal;
};

struct progress progress_start(size_t total);

/* Draws the bar on a terminal, after the first second, at most ten times a second. */
void progress_update(struct progress *progress, size_t done);

/* Removes the bar; to be called before other output. */
void progress_clear(struct progress *progress);

#endif
