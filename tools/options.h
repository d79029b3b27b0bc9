/* options.h - command-line options: tables of them, a strict parser, the lines of --help */
#ifndef VIT_TOOLS_OPTIONS_H
#define VIT_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vit/status.h"

/* One of the words that an argument may be. */
struct option_choice {
    char word[64];
    char help[128]; /* its line of --help; "": none */
};

struct option {
    const char *name;  /* "top" for --top; NULL: the letter alone */
    char letter;       /* 'o' for -o; 0: the name alone */
    const char *value; /* the argument's name in --help; NULL: a flag */
    /* converts the argument of an option, "" of a flag; false: it is not what is expected */
    bool (*parse)(const struct option *option, const char *text, void *field);
    size_t field;             /* offset in the struct that the options fill */
    double min, max;          /* of a number */
    const char *expected;     /* the argument in words; NULL: one of the words below */
    const char *const *words; /* words that the argument may be, up to a NULL; or NULL */
    const char *enum_field;   /* a field of vit_value_name, which has the words; or NULL */
    /* Word i, zeroed before; false past the last. NULL: the words above, if there are any. */
    bool (*choice_at)(size_t i, struct option_choice *choice);
    const char *help; /* lines for --help */
};

/* Word i of enum_field or of `words`; NULL past the last. */
const char *option_word(const struct option *option, size_t i);

/* The options of a subcommand, or those of all, and the struct that they fill. */
struct option_table {
    const struct option *options; /* [count] */
    size_t count;
    void *target; /* already holds the defaults */
};

/*
 * The first operand of a command line, or NULL. An argument after an option counts as its value if
 * an option of that name in any of the tables takes one.
 */
const char *options_first_operand(int argc, char **argv, size_t tables,
                                  const struct option_table *table);

/*
 * Parses a whole command line. Options may be before, between and after the operands, and "--"
 * ends them. Names must be complete. The last value of an option counts.
 *   command   what `--help` of these options follows: "libvit info"
 *   operands  room for argc pointers, of which *count are filled
 * VIT_EINVAL: an unknown option, or an invalid value.
 */
enum vit_status options_parse(int argc, char **argv, size_t tables,
                              const struct option_table *table, const char *command,
                              char **operands, size_t *count, struct vit_error *err);

/* Prints the lines of --help. */
void options_print(FILE *file, const struct option_table *table);

#endif
