/* fail.c - preloaded: threads that cannot be started, a library that ends the process */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* The number in a variable of the environment; -1: none. */
static long number(const char *name)
{
    const char *const text = getenv(name);

    return text ? strtol(text, NULL, 10) : -1;
}

/* FAIL_THREAD=N: the first N threads can be started, no other. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg)
{
    static atomic_long calls;
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    const long limit = number("FAIL_THREAD");

    if (limit >= 0 && atomic_fetch_add(&calls, 1) >= limit)
        return EAGAIN;
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
    return next(thread, attr, start, arg);
}

/* EXIT_IN_RENAME=STATUS: ends the process, as OpenMP's runtime does, beside a temporary file. */
int rename(const char *from, const char *to)
{
    int (*next)(const char *, const char *);

    if (number("EXIT_IN_RENAME") >= 0)
        exit((int)number("EXIT_IN_RENAME"));
    *(void **)&next = dlsym(RTLD_NEXT, "rename");
    return next(from, to);
}
