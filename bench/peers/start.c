/*
 * start.c - the group start: the time from a program's start to its first logits, and its peak
 * memory
 */
#include <stdio.h>
#include <stdlib.h>

#include "child.h"
#include "measure/clock.h"
#include "session.h"

static const char model[] = "vit_base_patch16_224";

struct starts {
    double first[MAX_ROUNDS]; /* seconds from the start of the process to its first logits */
    double warm[MAX_ROUNDS];  /* of a later forward pass in the same process */
    double bytes[MAX_ROUNDS]; /* peak resident set */
};

static void start_once(const struct session *session, size_t round, struct starts *s)
{
    char program[4096], directory[4096];
    struct child child;

    snprintf(program, sizeof program, "%s/bench/peers/first", session->machine.build);
    snprintf(directory, sizeof directory, "%s/peers/%s", session->machine.build, model);
    const double begin = now();
    child_start(&child, "first", (char *[]){ NULL },
                (char *[]){ program, directory, (char *)session->machine.kernels->isa, NULL });
    child_line(&child);
    s->first[round] = now() - begin;
    const char *const line = child_line(&child);
    if (sscanf(line, "%lf %lf", &s->warm[round], &s->bytes[round]) != 2)
        fatal("first: expected seconds and bytes, found: %s", line);
    child_end(&child);
}

void measure_start(struct session *session)
{
    static struct starts s;
    const size_t rounds = session->rounds;

    models_make(&(struct work){ .kind = WORK_FORWARD, .model = model });
    start_once(session, 0, &s); /* brings the files into the page cache */
    for (size_t r = 0; r < rounds; r++)
        start_once(session, r, &s);
    sort_numbers(s.first, rounds);
    sort_numbers(s.warm, rounds);
    sort_numbers(s.bytes, rounds);

    const double first = sorted_median(s.first, rounds), warm = sorted_median(s.warm, rounds);
    const double bytes = sorted_median(s.bytes, rounds);
    printf(
        "\n%s from its directory, files in the page cache, one thread: %.3f s to the first logits\n"
        "(best decile %.3f s), %.3f s of it more than a warm forward pass; peak RSS %.0f MB\n",
        model, first, sorted_decile(s.first, rounds), first - warm, 1e-6 * bytes);
    json_array_append_new(session->results,
                          json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:f, s:f, s:f}", "group",
                                    "start", "case", model, "library", "libvit", "level",
                                    session->machine.kernels->isa, "threads", 1, "batch", 1,
                                    "seconds_median", first, "seconds_best_decile",
                                    sorted_decile(s.first, rounds), "warm_forward_seconds_median",
                                    warm, "peak_rss_bytes", bytes));
}
