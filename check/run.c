/* run.c - runs a case: operands, faults, result */
#include "check/run.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/compare_bits.h"

/* The case that is running, for the signal handler; there is only one at a time. */
static struct {
    struct check_run *run;
    pthread_t thread;
    sigjmp_buf escape;
    char *volatile address; /* of the fault */
    volatile int signal;
    char message[CHECK_NAME_BYTES + 80]; /* for a fault that ends the process */
} current;

static void add_text(char *text, size_t bytes, const char *format, va_list args)
{
    const size_t length = strlen(text);
    vsnprintf(text + length, bytes - length, format, args);
}

void check_shape(struct check_run *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(c->result.shape, sizeof c->result.shape, format, args);
    va_end(args);
}

void check_fail(struct check_run *c, const char *format, ...)
{
    if (!c->result.passed)
        return;
    c->result.passed = false;
    va_list args;
    va_start(args, format);
    add_text(c->result.reason, sizeof c->result.reason, format, args);
    va_end(args);
}

size_t check_draw(struct check_run *c, size_t n)
{
    return next_random(&c->state) % n;
}

/* --- operands */

void *check_bytes(struct check_run *c, const char *name, size_t rows, size_t row_bytes,
                  size_t stride_bytes, size_t alignment)
{
    /* no gap after the last row */
    const size_t bytes = rows > 0 ? (rows - 1) * stride_bytes + row_bytes : 0;

    if (c->count == CHECK_MOST_OPERANDS) {
        fputs("check: a case of too many operands\n", stderr);
        abort();
    }
    c->operands[c->count] = (struct check_operand){ .name = name,
                                                    .guard = guard_new(bytes, alignment, c->side),
                                                    .rows = rows,
                                                    .row_bytes = row_bytes,
                                                    .stride_bytes = stride_bytes };
    return c->operands[c->count++].guard.at;
}

void check_freeze(struct check_run *c, const void *at)
{
    for (size_t i = 0; i < c->count; i++) {
        struct check_operand *const o = &c->operands[i];
        if (o->guard.at != at)
            continue;
        o->kept = malloc(o->guard.bytes + 1);
        if (!o->kept) {
            perror("check");
            exit(2);
        }
        memcpy(o->kept, at, o->guard.bytes);
    }
}

const float *check_input(struct check_run *c, const char *name, size_t rows, size_t columns,
                         size_t ld, enum pattern pattern)
{
    float *const at = check_output(c, name, rows, columns, ld);

    for (size_t i = 0; i < rows; i++)
        fill_pattern(columns, at + i * ld, pattern, next_random(&c->state));
    check_freeze(c, at);
    return at;
}

float *check_output(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld)
{
    return check_bytes(c, name, rows, columns * sizeof(float), ld * sizeof(float), sizeof(float));
}

float *check_inout(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld,
                   const float *from, size_t ld_from)
{
    float *const at = check_output(c, name, rows, columns, ld);

    for (size_t i = 0; i < rows; i++)
        memcpy(at + i * ld, from + i * ld_from, columns * sizeof *at);
    return at;
}

static void check_untouched(struct check_run *c, const struct check_operand *o)
{
    if (o->kept && memcmp(o->kept, o->guard.at, o->guard.bytes) != 0)
        check_fail(c, "%s, an input, was changed", o->name);
    if (!guard_intact(&o->guard))
        check_fail(c, "memory around %s was written to", o->name);
    for (size_t i = 0; i + 1 < o->rows; i++)
        if (!guard_filled((const char *)o->guard.at + i * o->stride_bytes + o->row_bytes,
                          o->stride_bytes - o->row_bytes))
            check_fail(c, "the gap after row %zu of %s was written to", i, o->name);
}

static void free_operands(struct check_run *c)
{
    for (size_t i = 0; i < c->count; i++) {
        guard_free(&c->operands[i].guard);
        free(c->operands[i].kept);
    }
    c->count = 0;
}

/* --- verdicts */

void check_equal(struct check_run *c, const char *name, size_t rows, size_t columns,
                 const float *expected, size_t ld_expected, const float *found, size_t ld_found)
{
    for (size_t i = 0; i < rows; i++) {
        const float *const e = expected + i * ld_expected, *const f = found + i * ld_found;
        const size_t j = first_difference(columns, e, f);
        if (j < columns) {
            check_fail(c, "%s, row %zu, column %zu: %a, scalar gives %a", name, i, j, (double)f[j],
                       (double)e[j]);
            return;
        }
    }
}

void check_measured(struct check_run *c, double error, double bound, const char *unit,
                    const char *format, ...)
{
    struct check_result *const r = &c->result;
    va_list args;

    r->measured = true;
    r->error = error;
    r->bound = bound;
    r->unit = unit;
    r->where[0] = '\0';
    va_start(args, format);
    add_text(r->where, sizeof r->where, format, args);
    va_end(args);
    if (!(error <= bound))
        check_fail(c, "%g %s at %s, at most %g allowed", error, unit, r->where, bound);
}

/* Runs tasks in reverse: results must not depend on their order. */
static void run_backwards(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    (void)user;
    while (tasks-- > 0)
        task(arg, tasks);
}

static void run_elsewhere(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct check_run *const c = user;

    c->elsewhere = true;
    vit_parallel_openmp(NULL, tasks, task, arg);
    c->elsewhere = false;
}

void check_each_way(struct check_run *c, bool cut,
                    void (*operate)(void *arg, const struct vit_parallel *parallel), void *arg)
{
    for (size_t i = 0; i < c->thread_counts; i++) {
        const size_t threads = c->threads[i];
        if (threads == 1 || !cut) {
            operate(arg, NULL);
        } else {
            operate(arg, &(struct vit_parallel){ run_backwards, NULL, threads });
            operate(arg, &(struct vit_parallel){ run_elsewhere, c, threads });
        }
        if (!cut)
            return;
    }
}

/* --- faults */

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (current.run->elsewhere || !pthread_equal(pthread_self(), current.thread)) {
        (void)!write(STDERR_FILENO, current.message, strlen(current.message));
        _exit(2);
    }
    current.address = info->si_addr;
    current.signal = number;
    siglongjmp(current.escape, 1);
}

/* Names the operand whose guard page was accessed, and the distance. */
static void name_fault(struct check_run *c)
{
    if (current.signal == SIGILL) {
        check_fail(c, "an instruction that this CPU does not have");
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct check_operand *const o = &c->operands[i];
        const char *const map = o->guard.map, *const at = (const char *)o->guard.at;
        const char *const end = at + o->guard.bytes;
        if (current.address < map || current.address >= map + o->guard.map_bytes)
            continue;
        if (current.address < at)
            check_fail(c, "read or wrote %td bytes before the beginning of %s",
                       at - current.address, o->name);
        else
            check_fail(c, "read or wrote %td bytes past the end of %s", current.address - end,
                       o->name);
        return;
    }
    check_fail(c, "read or wrote at %p, which belongs to no operand", (void *)current.address);
}

static const int faults[] = { SIGSEGV, SIGBUS, SIGILL };
enum { FAULTS = sizeof faults / sizeof *faults };

static void catch_faults(struct sigaction before[FAULTS])
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FAULTS; i++)
        sigaction(faults[i], &action, &before[i]);
}

static void release_faults(const struct sigaction before[FAULTS])
{
    for (size_t i = 0; i < FAULTS; i++)
        sigaction(faults[i], &before[i], NULL);
}

/* --- the case */

void check_case_name(const struct check_case *which, char name[CHECK_NAME_BYTES])
{
    snprintf(name, CHECK_NAME_BYTES, "%s/%s/%llu/%zu", which->level->isa, which->kernel.name,
             (unsigned long long)which->seed, which->index);
}

/* Prepares the case for one side; both sides draw the same random numbers. */
static void begin(struct check_run *c, enum guard_side side)
{
    const struct check_case *const which = c->which;

    c->side = side;
    c->elsewhere = false;
    c->result.shape[0] = '\0';
    c->state = which->seed * 0x9e3779b97f4a7c15 + which->index;
    for (const char *p = which->kernel.name; *p; p++)
        c->state = (c->state ^ (unsigned char)*p) * 0x100000001b3;
    if (which->threads) {
        c->threads[0] = which->threads;
        c->thread_counts = 1;
    } else {
        memcpy(c->threads, (const size_t[]){ 1, 2, 7 }, sizeof c->threads);
        c->thread_counts = 3;
    }
}

struct check_result check_case(const struct check_case *which)
{
    static struct check_run c; /* static: siglongjmp must not clobber it */
    static enum guard_side side;
    struct sigaction before[FAULTS];
    char name[CHECK_NAME_BYTES];

    c = (struct check_run){ .which = which, .level = which->level };
    c.result.passed = true;
    if (vit_kernels_get("scalar", &c.scalar, NULL) != VIT_OK)
        abort(); /* every build has it */
    if (which->kernel.oracle)
        c.scalar = c.level;
    current.run = &c;
    current.thread = pthread_self();
    check_case_name(which, name);
    snprintf(current.message, sizeof current.message,
             "check: a thread read or wrote outside its operands:\n  libvit check --repro %s\n",
             name);

    catch_faults(before);
    for (side = 0; side < GUARD_SIDES && c.result.passed; side++) {
        begin(&c, side);
        if (sigsetjmp(current.escape, 0) == 0) { /* SA_NODEFER: no mask to restore */
            which->kernel.run(&c, which->index);
            for (size_t i = 0; i < c.count; i++)
                check_untouched(&c, &c.operands[i]);
        } else {
            name_fault(&c);
        }
        free_operands(&c);
        if (which->kernel.oracle)
            break;
    }
    release_faults(before);
    return c.result;
}
