/* processes.c - ONNX Runtime under node and PyTorch under Python, as child processes */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "child.h"
#include "peers.h"

/* Debian's Python, not another one on the PATH: make deps installs Debian's packages. */
#define PYTHON "/usr/bin/python3"

/*
 * Memory in huge pages, as for the libraries in this process, and never returned to the system:
 * otherwise PyTorch has a page fault for every 4 KiB of every result.
 */
#define HUGE_PAGES "GLIBC_TUNABLES=glibc.malloc.hugetlb=1"
#define KEPT       "MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=100000000000"

/*
 * The system's BLAS serves PyTorch; OpenBLAS must use PyTorch's threads. Two pools that spin on the
 * same processors made two threads slower than one.
 */
#define OPENBLAS "LD_PRELOAD=/usr/$LIB/openblas-openmp/libopenblas.so.0"

static struct child models, onnxruntime, pytorch;

struct state {
    struct child *child;
    unsigned id; /* the id of the job in the child */
};

/* "matmul" and "197x768x768", as in requests to all child processes. */
static const char *shape_of(const struct work *work)
{
    static char text[64];

    if (work->kind == WORK_FORWARD)
        return work->model;
    snprintf(text, sizeof text, work->kind == WORK_MATMUL ? "%zux%zux%zu" : "%zux%zu", work->m,
             work->n, work->k);
    return text;
}

static double run(void *state, size_t repeats)
{
    const struct state *const s = state;
    char *const answer = child_ask(s->child, "run %u %zu", s->id, repeats), *end;
    const double seconds = strtod(answer, &end);

    /* after the overhead is subtracted, a small result may be below 0 */
    if (end == answer || *end || !isfinite(seconds))
        fatal("%s: expected seconds, found: %s", s->child->name, answer);
    return seconds;
}

static void read_result(void *state, size_t count, float *y)
{
    const struct state *const s = state;
    char *at = child_ask(s->child, "result %u", s->id);

    for (size_t i = 0; i < count; i++) {
        char *end;
        y[i] = strtof(at, &end);
        if (end == at)
            fatal("%s: expected %zu numbers, found %zu", s->child->name, count, i);
        at = end;
    }
}

static void fill(void *state, enum inputs inputs)
{
    const struct state *const s = state;

    child_ask(s->child, "fill %u %s", s->id, inputs_names[inputs]);
}

static void forget(void *state)
{
    const struct state *const s = state;

    child_ask(s->child, "forget %u", s->id);
    free(state);
}

/* way: "", or "-int8" and the like, which make_model.py describes. */
static void prepare(struct child *child, const struct work *work, const char *way, struct job *job)
{
    static unsigned ids;
    struct state *const s = allocate(sizeof *s);

    *s = (struct state){ child, ids++ };
    *job = (struct job){ run, read_result, fill, forget, s };
    child_ask(child, "%s%s %u %s %zu %zu", work_names[work->kind], way, s->id, shape_of(work),
              work->batch, work->threads);
}

/* The first line is "ready" and the version, or "missing" and the missing part. */
static bool greet(struct child *child, char *text)
{
    const char *const line = child_line(child);
    const bool ready = strncmp(line, "ready ", 6) == 0;

    if (!ready && strncmp(line, "missing ", 8) != 0)
        fatal("%s: expected ready or missing, found: %s", child->name, line);
    snprintf(text, TEXT_SIZE, "%s", line + (ready ? 6 : 8));
    if (!ready)
        child_end(child);
    return ready;
}

bool models_open(const struct machine *machine, char *text)
{
    char directory[4096];

    snprintf(directory, sizeof directory, "%s/peers", machine->build);
    child_start(&models, "make_model.py", (char *[]){ NULL },
                (char *[]){ PYTHON, "bench/peers/make_model.py", directory, NULL });
    return greet(&models, text);
}

static void make(const struct work *work, const char *way)
{
    child_ask(&models, "%s%s %s", work_names[work->kind], way, shape_of(work));
}

void models_make(const struct work *work)
{
    make(work, "");
}

static bool open_onnxruntime(const struct machine *machine, char *text)
{
    char directory[4096], worker[32];

    if (!models.to || *child_ask(&models, "onnx")) {
        snprintf(text, TEXT_SIZE, "its models need Python's numpy and onnx");
        return false;
    }
    snprintf(directory, sizeof directory, "%s/peers", machine->build);
    snprintf(worker, sizeof worker, "%d", machine->cpus[machine->cpu_count - 1]);
    child_start(&onnxruntime, "ONNX Runtime", (char *[]){ HUGE_PAGES, NULL },
                (char *[]){ "node", "bench/peers/onnxruntime.mjs", directory, worker, NULL });
    if (!greet(&onnxruntime, text))
        return false;
    bind_process(machine, onnxruntime.pid);
    return true;
}

static bool open_pytorch(const struct machine *machine, char *text)
{
    char directory[4096], threads[32];
    char *const settings[] = {
        OPENBLAS, HUGE_PAGES, KEPT, "OMP_PROC_BIND=true", threads, "OPENBLAS_NUM_THREADS=2", NULL
    };

    snprintf(directory, sizeof directory, "%s/peers", machine->build);
    snprintf(threads, sizeof threads, "OMP_NUM_THREADS=%zu", machine->cpu_count);
    child_start(&pytorch, "PyTorch", settings,
                (char *[]){ PYTHON, "bench/peers/pytorch.py", directory, NULL });
    return greet(&pytorch, text);
}

static bool prepare_way(const struct work *work, const char *way, struct job *job)
{
    make(work, way);
    prepare(&onnxruntime, work, way, job);
    return true;
}

static bool prepare_onnxruntime(const struct work *work, struct job *job)
{
    return prepare_way(work, work->precision == VIT_PRECISION_INT8 ? "-int8" : "", job);
}

static bool prepare_per_channel(const struct work *work, struct job *job)
{
    return prepare_way(work, "-int8-channels", job);
}

static bool prepare_7_bits(const struct work *work, struct job *job)
{
    return prepare_way(work, "-int8-channels-7", job);
}

static bool prepare_pytorch(const struct work *work, struct job *job)
{
    prepare(&pytorch, work, "", job);
    return true;
}

const struct peer peer_onnxruntime = { .name = "ONNX Runtime",
                                       .open = open_onnxruntime,
                                       .prepare = prepare_onnxruntime,
                                       .does = DOES_MATMUL | DOES_ROWS | DOES_FORWARD | DOES_INT8 |
                                               DOES_FORWARD_INT8,
                                       .elsewhere = true,
                                       .unheld = true };
const struct peer peer_ort_per_channel = { .name = "ORT per channel",
                                           .prepare = prepare_per_channel,
                                           .does = DOES_INT8 | DOES_FORWARD_INT8,
                                           .elsewhere = true,
                                           .unheld = true,
                                           .of = &peer_onnxruntime };
const struct peer peer_ort_7_bits = { .name = "ORT 7 bits",
                                      .prepare = prepare_7_bits,
                                      .does = DOES_INT8 | DOES_FORWARD_INT8,
                                      .elsewhere = true,
                                      .unheld = true,
                                      .of = &peer_onnxruntime };
const struct peer peer_pytorch = { .name = "PyTorch",
                                   .open = open_pytorch,
                                   .prepare = prepare_pytorch,
                                   .does = DOES_ROWS | DOES_FORWARD,
                                   .elsewhere = true };
