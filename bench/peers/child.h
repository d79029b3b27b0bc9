/* child.h - a child process that answers each request line with one line */
#ifndef VIT_BENCH_PEERS_CHILD_H
#define VIT_BENCH_PEERS_CHILD_H

#include <stdio.h>
#include <sys/types.h>

struct child {
    const char *name; /* of the library, for messages */
    pid_t pid;
    FILE *to, *from;
    char *line; /* the last one it wrote */
    size_t line_size;
};

/*
 * Starts a program on every processor that this process was allowed at its start. NULL ends the
 * arguments, and the settings NAME=VALUE that are added to its environment.
 */
void child_start(struct child *child, const char *name, char *const settings[],
                 char *const arguments[]);

/*
 * The next line that the child writes, without its newline; valid until the next call. If the child
 * has died, the program ends with an error.
 */
char *child_line(struct child *child);

/* Sends a line; returns what follows "ok " in its answer. Any other answer ends the program. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
char *
child_ask(struct child *child, const char *format, ...);

/* Closes its input, which ends it, and waits for the end. */
void child_end(struct child *child);

#endif
