/* progress.c - a progress bar on standard error */
#include "tools/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "measure/clock.h"

struct progress progress_start(size_t total)
{
    return (struct progress){ .total = total, .start = now(), .terminal = isatty(STDERR_FILENO) };
}

void progress_update(struct progress *progress, size_t done)
{
    enum { WIDTH = 40 };
    static const char full[WIDTH + 1] = "########################################";
    const double t = now();

    if (!progress->terminal || t - progress->start < 1 || t - progress->drawn < 0.1)
        return;
    const int filled = (int)(WIDTH * ((double)done / (double)progress->total));
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu, %.1f images/s\033[K", filled, full, WIDTH - filled, "",
            done, progress->total, (double)done / (t - progress->start));
    fflush(stderr);
    progress->drawn = t;
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn > 0)
        fputs("\r\033[K", stderr);
    progress->drawn = 0;
}
