/* rotary.h - rotary positions as configurations see them: facts of each, and the tables */
#ifndef VIT_CONFIG_ROTARY_H
#define VIT_CONFIG_ROTARY_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/config.h"
#include "vit/status.h"

struct rotary_facts {
    bool neighbors; /* the pairs are 2j and 2j + 1, not j and j + head_dim/2 */
    bool series;    /* the frequencies are a geometric series */
    bool learned;   /* a checkpoint has them */
};

/* The row of config->rotary, a known value. */
const struct rotary_facts *config_rotary(const struct vit_config *config);

/* How many tables of cosines, each [patches][head_dim], a model has; as many of sines. */
size_t config_rotation_tables(const struct vit_config *config);

/* What rotary positions require of a configuration whose fields are in range. VIT_EINVAL. */
enum vit_status rotary_check(const struct vit_config *config, struct vit_error *err);

/*
 * cosines and sines[patches][head_dim] of a head, with the signs of struct vit_kernels; its
 * frequencies f0 and f1[head_dim/2] if they are learned, otherwise NULL.
 */
void rotary_tables(const struct vit_config *config, const float *f0, const float *f1,
                   float *cosines, float *sines);

#endif
