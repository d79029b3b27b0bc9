/* child.h - a program that is started once and answers one line for every line it is sent */
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
 * On every processor that this process was allowed at its start. NULL ends the arguments, and the
 * settings, NAME=VALUE, that the child's environment has beside this one's.
 */
void child_start(struct child *child, const char *name, char *const settings[],
                 char *const arguments[]);

/*
 * The next line that the child writes, without its end. A child that has died is an error that ends
 * the program; the line is valid until the next.
 */
char *child_line(struct child *child);

/* Sends a line; returns what follows "ok " in its answer. Any other answer ends the program. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
char *
child_ask(struct child *child, const char *format, ...);

/* Closes its input, at which it ends, and waits for that. */
void child_end(struct child *child);

#endif
