/* names.h - a family's names for its tensors: which a checkpoint must have, and in which shape */
#ifndef VIT_NAMES_H
#define VIT_NAMES_H

#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"

/* A side of a shape, as the configuration gives it. */
enum side {
    NO_SIDE, /* past the last */
    ONE,
    D,   /* dim */
    D3,  /* 3·dim */
    M,   /* mlp_dim */
    C,   /* channels */
    P,   /* patch */
    CPP, /* channels·patch² */
    K,   /* classes */
    T,   /* patches + 1 */
    SIDES
};

enum name_flags {
    IF_QKV_BIAS = 1,    /* there if config.qkv_bias */
    IF_LAYER_SCALE = 2, /* there if config.layer_scale */
    OR_SINUSOID = 4,    /* may be left out where positions are the sinusoid */
};

struct name_rule {
    const char *pattern; /* %u is the block */
    enum tensor_role role;
    enum side shape[4];
    unsigned flags; /* enum name_flags; 0: always there */
};

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

struct name_family {
    const char *name;
    const struct name_rule *rules;
    size_t count;
};

extern const struct name_family names_timm, names_series;

/* Where a role's tensor of a block stands among names_count of them. */
size_t names_count(const struct vit_config *config);
size_t names_index(enum tensor_role role, size_t block);

/* Whether the file has a layer scale by this family's names, which no configuration need say. */
bool names_layer_scale(const struct name_family *family, const struct safetensors *file);

/*
 * Finds every tensor of a configuration: entries[names_count], NULL where one is left out. All or
 * nothing: VIT_EFORMAT a tensor is missing, not in its shape, or in the file and not asked for;
 * VIT_EUNSUPPORTED its dtype is not F32, F16 or BF16; VIT_ENOMEM. The message names the file and
 * the tensor.
 */
enum vit_status names_resolve(const struct name_family *family, const struct vit_config *config,
                              const struct safetensors *file,
                              const struct safetensors_entry **entries, struct vit_error *err);

#endif
