/* values.h - the parsers of option values, and the options that several subcommands take */
#ifndef VIT_TOOLS_VALUES_H
#define VIT_TOOLS_VALUES_H

#include <stdint.h>

#include "tools/options.h"

/*
 * Each fills a field of the type that it names. Numbers are decimal digits: no spaces, no hex, no
 * inf, and no sign where a count is expected.
 */
bool parse_flag(const struct option *option, const char *text, void *field);    /* bool */
bool parse_text(const struct option *option, const char *text, void *field);    /* const char * */
bool parse_count(const struct option *option, const char *text, void *field);   /* size_t */
bool parse_number(const struct option *option, const char *text, void *field);  /* double */
bool parse_numbers(const struct option *option, const char *text, void *field); /* double[3] */
bool parse_size(const struct option *option, const char *text, void *field);    /* struct size */

/* Digits of a number up to max, one at least; moves *text after them. */
bool scan_digits(const char **text, double max, size_t *value);

/* int: the index of the option's word, which is the value of an enum */
bool parse_enum(const struct option *option, const char *text, void *field);

/* size_t: a number counted from 0, without leading zeros */
bool parse_index(const struct option *option, const char *text, void *field);

/* The same, or INDEX_WORD for the one word in `words` */
bool parse_index_or_word(const struct option *option, const char *text, void *field);

#define INDEX_NONE SIZE_MAX /* a default that no argument gives */
#define INDEX_WORD (SIZE_MAX - 1)

/* "HxW", or one number for a square; 0x0: not given. */
struct size {
    size_t height, width;
};

/* Rows of a table whose options fill a `type` with a field of the option's name. */
#define OPTION_SIZE(type)                                                                          \
    {                                                                                              \
        .name = "size", .value = "HxW", .parse = parse_size, .field = offsetof(type, size),        \
        .min = 1, .max = 65536,                                                                    \
        .expected = "HEIGHTxWIDTH or one number, each from 1 to 65536 and at most 2^28 pixels",    \
        .help = "height and width of the input, or one number for both; at another size\n"         \
                "than the model's, position embeddings are resized"                                \
    }
#define OPTION_JSON(type)                                                                          \
    {                                                                                              \
        .name = "json", .parse = parse_flag, .field = offsetof(type, json), .help = "print JSON"   \
    }
#define OPTION_KEEP_GOING(type)                                                                    \
    {                                                                                              \
        .name = "keep-going", .parse = parse_flag, .field = offsetof(type, keep_going),            \
        .help = "leave out an image that cannot be read, and print its error to standard\n"        \
                "error at once; the exit status is then 1"                                         \
    }
#define OPTION_OUT(type)                                                                           \
    {                                                                                              \
        .letter = 'o', .value = "OUT", .parse = parse_text, .field = offsetof(type, out),          \
        .expected = "the name of a file", .help = "the file to write"                              \
    }

#endif
