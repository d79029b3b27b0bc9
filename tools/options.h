/* options.h - the command line: what can be asked for, and parsing it strictly */
#ifndef VIT_TOOLS_OPTIONS_H
#define VIT_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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
    FOR_FEATURES = 64,
    FOR_ATTENTION = 128,
    FOR_PATCHES = 256,
    FOR_ALL = 511,
    /* those that open a model to compute with it or to tell of it */
    FOR_MODEL =
        FOR_CLASSIFY | FOR_RUN | FOR_INFO | FOR_BENCH | FOR_FEATURES | FOR_ATTENTION | FOR_PATCHES,
};

/* A block or head that nobody named, and one that a word stands for: rollout, mean. */
#define OPTION_NONE SIZE_MAX
#define OPTION_WORD (SIZE_MAX - 1)

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
    size_t block; /* or OPTION_NONE, or OPTION_WORD: rollout */
    size_t head;  /* or OPTION_WORD: mean */
    bool models;
    size_t size[2];       /* height, width */
    bool recipe;          /* one of those that follow was given */
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

/* An output as --output names it; NULL past the last. */
const char *output_name(enum vit_output output);

/* Whether it is one of a block or a stage, which has to be named. */
bool output_takes_block(enum vit_output output);

/* VIT_EINVAL an option was given that the verb does not take. */
enum vit_status check_options(const struct options *options, const char *verb, enum verb_bit bit,
                              struct vit_error *err);

/* A line for each option that `verbs`, and only some verbs, take; FOR_ALL: those that all take. */
void print_options(FILE *file, unsigned verbs);

#endif
