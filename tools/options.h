/* options.h - the command line: what can be asked for, and parsing it strictly */
#ifndef VIT_TOOLS_OPTIONS_H
#define VIT_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vit/vit.h"

/* Who takes an option. */
enum verb_bit {
    FOR_CLASSIFY = 1,
    FOR_RUN = 2,
    FOR_PREPROCESS = 4,
    FOR_INFO = 8,
    FOR_BENCH = 16,
    FOR_CHECK = 32,
    FOR_ALL = 63,
};

/* What was asked for; NULL and 0 where nothing was. */
struct options {
    unsigned given; /* bit i: option i of the table in options.c */
    const char *isa;
    size_t threads;
    bool help, version, json;
    size_t top;
    size_t batch;
    double seconds;
    const char *kernel, *repro;
    size_t seed;
    size_t cases; /* of each kernel on each level */
    bool list, digest;
    const char *out_path, *rgb_path, *model;
    enum vit_output output;
    size_t block;         /* of VIT_OUTPUT_BLOCK */
    bool recipe;          /* one of those that follow was given */
    size_t size[2];       /* height, width */
    size_t interpolation; /* enum vit_interpolation */
    size_t crop_mode;     /* enum vit_crop_mode */
    double crop_pct;
    double mean[3], std[3];
};

/*
 * Parses argv; options may stand before, between and behind the operands. Defaults are filled in.
 *   operands  room for argc pointers; *count of them are filled, the verb being the first
 * Names are taken in full; of an option given twice the last value counts.
 * VIT_EINVAL an unknown option, or a value other than expected: the message names both.
 */
enum vit_status parse_options(int argc, char **argv, struct options *options, char **operands,
                              size_t *count, struct vit_error *err);

/* VIT_EINVAL an option was given that the verb does not take. */
enum vit_status check_options(const struct options *options, const char *verb, enum verb_bit bit,
                              struct vit_error *err);

/* A line for each option that `verbs`, and only some verbs, take; FOR_ALL: those that all take. */
void print_options(FILE *file, unsigned verbs);

#endif
