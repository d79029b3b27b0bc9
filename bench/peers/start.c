/* start.c - answers requests for the time to the first logits of a program, and its peak memory */
#include <stdio.h>
#include <stdlib.h>

#include "child.h"
#include "measure/clock.h"
#include "session.h"

struct starts {
    double first[MAX_ROUNDS]; /* seconds from the start of the process to its first logits */
    double warm[MAX_ROUNDS];  /* of a later forward pass in the same process */
    double bytes[MAX_ROUNDS]; /* peak resident set */
};

static void start_once(const struct session *session, const char *model, size_t round,
                       struct starts *s)
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

json_t *answer_start(const struct session *session, const json_t *request)
{
    static struct starts s;
    const size_t rounds = request_rounds(request);
    const char *const model = request_text(request, "model");

    models_make(&(struct work){ .kind = WORK_FORWARD, .model = model });
    start_once(session, model, 0, &s); /* brings the files into the page cache */
    for (size_t r = 0; r < rounds; r++)
        start_once(session, model, r, &s);
    return json_pack("{s:o, s:o, s:o}", "first", numbers(s.first, rounds), "warm",
                     numbers(s.warm, rounds), "bytes", numbers(s.bytes, rounds));
}
