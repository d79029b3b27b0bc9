/* paint.c - the stack that a call uses: the part of a painted stack whose bytes changed */
#include "paint.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "counts.h"
#include "sanitized.h"

enum { STACK_BYTES = 1 << 20, PAINT = 0x5a };

/* A call on a stack of its own. */
struct painted {
    void (*call)(void *arg);
    void *arg;
    char *frame; /* where the call's stack begins */
};

static void *call_painted(void *arg)
{
    struct painted *const p = arg;

    p->frame = __builtin_frame_address(0);
    p->call(p->arg);
    return NULL;
}

/* The bytes of stack that a call uses: those below its frame whose paint changed. */
static size_t stack_of(void (*call)(void *arg), void *arg)
{
    struct painted p = { call, arg, NULL };
    char *const stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    size_t untouched = 0;

    cr_assert(stack != MAP_FAILED);
    memset(stack, PAINT, STACK_BYTES);
    cr_assert(!pthread_attr_init(&attributes));
    cr_assert(!pthread_attr_setstack(&attributes, stack, STACK_BYTES));
    cr_assert(!pthread_create(&thread, &attributes, call_painted, &p));
    cr_assert(!pthread_join(thread, NULL));
    pthread_attr_destroy(&attributes);
    while (untouched < STACK_BYTES && stack[untouched] == PAINT)
        untouched++;
    const size_t used = (size_t)(p.frame - (stack + untouched));
    munmap(stack, STACK_BYTES);
    return used;
}

void paint_call(struct peak *peak, size_t bound, void (*call)(void *arg), void *arg,
                const char *what)
{
    const size_t bytes = stack_of(call, arg);

#ifdef SANITIZED
    (void)bound; /* instrumented frames are larger */
    count_skipped("the sanitizers enlarge the stack", 1);
#else
    cr_assert_leq(bytes, bound, "%s: %zu bytes of stack", what, bytes);
    count_checks(1);
#endif
    if (bytes > peak->bytes) {
        peak->bytes = bytes;
        snprintf(peak->what, sizeof peak->what, "%s", what);
    }
}

void paint_report(const struct peak *peak, const char *part)
{
    if (getenv("VIT_STACK"))
        fprintf(stderr, "stack: %s: %zu bytes (%s)\n", part, peak->bytes, peak->what);
}

struct task {
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t i;
};

static void call_task(void *arg)
{
    const struct task *const t = arg;
    t->task(t->arg, t->i);
}

void paint_run(void *user, size_t count, void (*task)(void *arg, size_t i), void *arg)
{
    struct painter *const p = user;

    for (size_t i = 0; i < count; i++)
        paint_call(&p->peak, STACK_OF_TASK, call_task, &(struct task){ task, arg, i }, p->what);
}

void each_entry(const char *directory, void (*use)(const char *path, struct peak *peak),
                struct peak *peak)
{
    DIR *const d = opendir(directory);
    char path[1024];

    cr_assert(d, "%s", directory);
    for (const struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        if (e->d_name[0] != '.')
            use(path, peak);
    }
    closedir(d);
}
