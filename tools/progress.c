/* progress.c - a progress bar on standard error, with the rate and the time left */
#include "tools/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "measure/clock.h"

struct progress progress_start(size_t total)
{
    return (struct progress){
        .total = total, .unit = "", .start = now(), .terminal = isatty(STDERR_FILENO)
    };
}

/* "1:02:03": at the mean speed so far */
static void print_time_left(double seconds, double share)
{
    const double left = share > 0 ? seconds * (1 - share) / share : 0;

    if (share > 0 && left < 1e6)
        fprintf(stderr, ", %d:%02d:%02d left", (int)(left / 3600), (int)(left / 60) % 60,
                (int)left % 60);
}

void progress_draw(struct progress *progress, double t, size_t done, double share, size_t images)
{
    enum { WIDTH = 40 };
    static const char full[WIDTH + 1] = "########################################";

    if (!progress->terminal || t - progress->start < 1 || t - progress->drawn < 0.1)
        return;
    const int filled = (int)(WIDTH * share);
    fprintf(stderr, "\r[%.*s%*s] %zu of %zu%s, %.1f images/s", filled, full, WIDTH - filled, "",
            done, progress->total, progress->unit, (double)images / (t - progress->start));
    print_time_left(t - progress->start, share);
    fputs("\033[K", stderr);
    fflush(stderr);
    progress->drawn = t;
}

void progress_update_shards(struct progress *progress, size_t done, double share, size_t images)
{
    progress_draw(progress, now(), done, share, images);
}

void progress_update(struct progress *progress, size_t done)
{
    progress_update_shards(progress, done, (double)done / (double)progress->total, done);
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn > 0)
        fputs("\r\033[K", stderr);
    progress->drawn = 0;
}
