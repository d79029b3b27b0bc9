/* bandwidth.c - how fast memory can be read and copied: the limit of memory-bound kernels */
#include "measure/bandwidth.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "measure/clock.h"
#include "vit/kernels.h"

/*
 * A cache line in as many registers as it needs; integers, which add without rounding. The command
 * runs on every CPU of its architecture, so these are the vectors that all of them have.
 */
typedef uint32_t line __attribute__((vector_size(64)));

/*
 * Reads four streams in turn, two lines from each, and prefetches 1 KiB ahead: 20 % faster from
 * memory than one stream, and no slower from L2.
 */
enum { STREAMS = 4, AHEAD = 1024 };

static uint32_t sum(const line *x, size_t bytes)
{
    const size_t lines = bytes / sizeof *x, part = lines / STREAMS / 2 * 2;
    const uint32_t *const words = (const uint32_t *)x;
    line sums[2] = { 0 };
    uint32_t total = 0;

    for (size_t i = 0; i < part; i += 2)
        for (size_t j = 0; j < STREAMS; j++) {
            const line *const from = x + j * part + i;
            __builtin_prefetch((const char *)from + AHEAD);
            __builtin_prefetch((const char *)(from + 1) + AHEAD);
            sums[0] += from[0];
            sums[1] += from[1];
        }
    for (size_t i = STREAMS * part; i < lines; i++)
        sums[0] += x[i];
    for (size_t i = lines * (sizeof *x / sizeof *words); i < bytes / sizeof *words; i++)
        total += words[i];
    for (size_t j = 0; j < 2; j++)
        for (size_t l = 0; l < sizeof(line) / sizeof total; l++)
            total += sums[j][l];
    return total;
}

static void copy(const line *restrict x, line *restrict y, size_t bytes)
{
    const size_t part = bytes / sizeof *x / STREAMS / 2 * 2, copied = STREAMS * part;

    for (size_t i = 0; i < part; i += 2)
        for (size_t j = 0; j < STREAMS; j++) {
            const size_t at = j * part + i;
            y[at] = x[at];
            y[at + 1] = x[at + 1];
        }
    memcpy(y + copied, x + copied, bytes - copied * sizeof *x);
}

static void run_sum(const struct vit_kernels *unused, const struct stream *s)
{
    (void)unused;
    volatile uint32_t sink = sum(s->x, s->bytes);
    (void)sink;
}

/* The kernels of the strongest level of this machine, whatever level is measured. */
static const struct vit_kernels *widest(void)
{
    const struct vit_kernels *kernels = NULL;
    const char *isa;
    int usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++)
        if (usable)
            vit_kernels_get(isa, &kernels, NULL);
    return kernels;
}

/*
 * Adds both halves. The sums go to 2 KiB that stay in L1, so that reading x takes the time; with 2
 * KiB at once the start of a kernel is negligible.
 */
static void run_add(const struct vit_kernels *kernels, const struct stream *s)
{
    enum { PART = 512 }; /* floats */
    const float *const x = s->x;
    const size_t half = s->bytes / sizeof *x / 2;
    float sums[PART];

    for (size_t i = 0; i < half; i += PART)
        kernels->add(half - i < PART ? half - i : PART, x + i, x + half + i, sums);
    volatile float sink = half ? sums[0] : *x;
    (void)sink;
}

static void run_copy(const struct vit_kernels *unused, const struct stream *s)
{
    (void)unused;
    if (s->y) /* which only a sum lacks */
        copy(s->x, s->y, s->bytes);
}

static void run_memcpy(const struct vit_kernels *unused, const struct stream *s)
{
    (void)unused;
    memcpy(s->y, s->x, s->bytes);
}

/* What the threads of a burst do: `repeats` streams in turn, of each a part of their own. */
struct burst {
    void (*run)(const struct vit_kernels *kernels, const struct stream *s);
    const struct vit_kernels *kernels;
    const struct stream *streams; /* [count] */
    size_t count, next, threads, repeats;
};

/* The part of a stream that belongs to a thread, which may be empty. */
static struct stream part_of(const struct stream *s, size_t thread, size_t threads)
{
    const size_t lines = (s->bytes + sizeof(line) - 1) / sizeof(line);
    const size_t part = (lines + threads - 1) / threads * sizeof(line);
    const size_t first = thread * part < s->bytes ? thread * part : s->bytes;
    const size_t rest = s->bytes - first;

    return (struct stream){ (const char *)s->x + first, s->y ? (char *)s->y + first : NULL,
                            rest < part ? rest : part };
}

static void run_parts(void *arg, size_t thread)
{
    const struct burst *const b = arg;

    for (size_t i = 0; i < b->repeats; i++) {
        const struct stream part =
            part_of(&b->streams[(b->next + i) % b->count], thread, b->threads);
        if (part.bytes)
            b->run(b->kernels, &part);
    }
}

/* Streams per second: the maximum of several bursts of a millisecond or one stream. */
static double best_rate(struct burst b)
{
    enum { BURSTS = 4 };
    const double burst_seconds = 1e-3;
    double (*const clock)(void) = b.threads > 1 ? now : thread_now;
    double best = 0;

    for (int i = 0; i < BURSTS; i++) {
        const double begin = clock();
        double elapsed, runs = 0;
        b.repeats = 1;
        do {
            if (b.threads > 1)
                vit_parallel_openmp(NULL, b.threads, run_parts, &b);
            else
                run_parts(&b, 0);
            b.next = (b.next + b.repeats) % b.count;
            runs += (double)b.repeats;
            b.repeats *= 2;
            elapsed = clock() - begin;
        } while (elapsed < burst_seconds);
        best = runs / elapsed > best ? runs / elapsed : best;
    }
    return best;
}

double bandwidth_measure(const struct stream *streams, size_t count, size_t first, size_t threads)
{
    const bool writes = streams->y != NULL;
    struct burst b = { writes ? run_copy : run_sum, widest(), streams, count, first, threads, 1 };
    const double plain = best_rate(b);

    b.run = writes ? run_memcpy : run_add;
    const double other = best_rate(b);
    return (writes ? 2.0 : 1.0) * (double)streams->bytes * (plain > other ? plain : other);
}
