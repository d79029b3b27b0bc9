/* paint.h - the stack that a call uses: the part of a painted stack whose bytes changed */
#ifndef VIT_TESTS_PAINT_H
#define VIT_TESTS_PAINT_H

#include <stddef.h>

/* What vit/vit.h promises. */
enum { STACK_OF_FORWARD = 16 << 10, STACK_OF_TASK = 16 << 10, STACK_OF_FILE = 64 << 10 };

/* The largest so far, and what it was. */
struct peak {
    size_t bytes;
    char what[256];
};

/* Runs call(arg) on a painted stack; it must use at most `bound` bytes. */
void paint_call(struct peak *peak, size_t bound, void (*call)(void *arg), void *arg,
                const char *what);

/* With VIT_STACK=1 the tests print their peaks. */
void paint_report(const struct peak *peak, const char *part);

/* The largest stack of the tasks of a hook, and what they belong to. */
struct painter {
    struct peak peak;
    const char *what;
};

/* A hook `run` whose user is a painter: each task runs on a painted stack. */
void paint_run(void *user, size_t count, void (*task)(void *arg, size_t i), void *arg);

/* Calls use(path, peak) for every entry of a directory; `peak` is passed on. */
void each_entry(const char *directory, void (*use)(const char *path, struct peak *peak),
                struct peak *peak);

#endif
