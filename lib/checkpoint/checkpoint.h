/* checkpoint.h - a checkpoint folder as the model sees it: a configuration, and tensors by role */
#ifndef VIT_CHECKPOINT_H
#define VIT_CHECKPOINT_H

#include "vit/vit.h"

/* What a tensor is for, whatever a family calls it. Linear weights are [out][in]. */
enum tensor_role {
    T_CLS_TOKEN,    /* [dim] */
    T_POSITIONS,    /* [patches + 1][dim] */
    T_PATCH_WEIGHT, /* [dim][channels·patch·patch] */
    T_PATCH_BIAS,   /* [dim] */
    T_NORM_WEIGHT,  /* [dim], the final norm */
    T_NORM_BIAS,
    T_HEAD_WEIGHT, /* [classes][dim] */
    T_HEAD_BIAS,
    T_NORM1_WEIGHT, /* from here on one per block */
    T_NORM1_BIAS,
    T_QKV_WEIGHT, /* [3·dim][dim] */
    T_QKV_BIAS,
    T_PROJ_WEIGHT, /* [dim][dim] */
    T_PROJ_BIAS,
    T_GAMMA1, /* [dim], layer scale of the attention branch */
    T_NORM2_WEIGHT,
    T_NORM2_BIAS,
    T_FC1_WEIGHT, /* [mlp_dim][dim] */
    T_FC1_BIAS,
    T_FC2_WEIGHT, /* [dim][mlp_dim] */
    T_FC2_BIAS,
    T_GAMMA2, /* [dim], layer scale of the MLP branch */
    T_ROLES,
    T_FIRST_OF_BLOCK = T_NORM1_WEIGHT,
};

struct checkpoint;

/*
 * Reads config.json and labels, and the header of model.safetensors; checks that every tensor is
 * accounted for.
 */
enum vit_status checkpoint_open(const char *folder, struct checkpoint **checkpoint,
                                struct vit_error *err);
void checkpoint_close(struct checkpoint *checkpoint);

const char *checkpoint_family(const struct checkpoint *checkpoint);
const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint);
const struct vit_recipe *checkpoint_recipe(const struct checkpoint *checkpoint);
/* The label of a class, or NULL. */
const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index);

/* Whether the file has the tensor; block is ignored before T_FIRST_OF_BLOCK. */
bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_role role, size_t block);

/*
 * Elements first .. first + count − 1 of a tensor that checkpoint_has, as float32, whatever they
 * are stored in. VIT_EIO the file ends early or cannot be read.
 */
enum vit_status checkpoint_read(const struct checkpoint *checkpoint, enum tensor_role role,
                                size_t block, size_t first, size_t count, float *out,
                                struct vit_error *err);

#endif
