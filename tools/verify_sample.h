/* verify_sample.h - computes a sample of pictures again, and compares with their records */
#ifndef VIT_TOOLS_VERIFY_SAMPLE_H
#define VIT_TOOLS_VERIFY_SAMPLE_H

#include <stddef.h>

#include "tools/run_record.h"

/* A shard whose files agree with each other. */
struct verified {
    const char *name;
    char *path;
    size_t pictures; /* 0: it is left out */
};

struct sample {
    const char *directory, *model;
    size_t count;
    const struct verified *shards; /* [count] */
    size_t pictures;               /* of all of them, at least 1 */
    double share;                  /* above 0, at most 1 */
    size_t seed;
};

struct sample_result {
    size_t computed, differences;
};

/*
 * Chooses a share of the pictures, at least one, each with the same chance, and computes them with
 * the options of the record. Each difference is a line of standard output. VIT_EINVAL: the model is
 * not that of the record. The errors of vit_model_open.
 */
enum vit_status verify_sample(const struct invocation *in, const struct sample *sample,
                              const struct run_record *record, struct sample_result *result,
                              struct vit_error *err);

#endif
