/* progress.h - a bar on standard error for work that takes long */
#ifndef VIT_TOOLS_PROGRESS_H
#define VIT_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    size_t total;
    double start; /* as now() gives it */
    double drawn; /* when last; 0: never */
    bool terminal;
};

struct progress progress_start(size_t total);

/* Draws, but only on a terminal, after the first second, and at most ten times a second. */
void progress_update(struct progress *progress, size_t done);

/* Wipes the bar; to be called before anything else is printed. */
void progress_clear(struct progress *progress);

#endif
