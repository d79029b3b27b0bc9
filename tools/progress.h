/* progress.h - a progress bar on standard error, with the rate and the time left */
#ifndef VIT_TOOLS_PROGRESS_H
#define VIT_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress {
    size_t total;
    const char *unit; /* what `total` counts; "": images */
    double start;     /* of now() */
    double drawn;     /* the time of the last drawing; 0: none */
    bool terminal;
};

/* Of `total` images. */
struct progress progress_start(size_t total);

/* Draws the bar on a terminal, after the first second, at most ten times a second. */
void progress_update(struct progress *progress, size_t done);

/* The same where `total` counts shards: the share of them that is done, from 0 to 1. */
void progress_update_shards(struct progress *progress, size_t done, double share, size_t images);

/* As progress_update_shards, at the time t of now(). */
void progress_draw(struct progress *progress, double t, size_t done, double share, size_t images);

/* Removes the bar; to be called before other output. */
void progress_clear(struct progress *progress);

#endif
