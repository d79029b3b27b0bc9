/* tensor_names.h - a family's names for its tensors: which it must have, and in which shape */
#ifndef VIT_CHECKPOINT_TENSOR_NAMES_H
#define VIT_CHECKPOINT_TENSOR_NAMES_H

#include "checkpoint/checkpoint.h"
#include "config/derived.h"
#include "files/tensors.h"

/* A side of a shape, as the configuration gives it. */
enum side {
    NO_SIDE, /* past the last */
    ONE,
    D,   /* dim */
    D2,  /* 2·dim */
    D3,  /* 3·dim */
    H,   /* heads */
    HD,  /* head_dim */
    I,   /* heads·head_dim */
    I3,  /* 3·heads·head_dim */
    M,   /* mlp_dim */
    M1,  /* rows of fc1: mlp_dim, or 2·mlp_dim of a gated MLP */
    C,   /* channels */
    P,   /* patch */
    CPP, /* channels·patch² */
    K,   /* classes */
    W,   /* numbers pooled */
    L,   /* pre_logits */
    E,   /* what the head sees */
    T,   /* rows of positions */
    R,   /* registers */
    S,   /* T2T: length of the stage's input */
    S3,  /* T2T: length of the last split's rows */
    Z,   /* t2t_dim */
    Z3,  /* 3·t2t_dim */
    Z_M, /* t2t_mlp_dim */
    Z_F, /* features of a performer */
    SIDES
};

/* How a stored tensor becomes the slot's, which is [out][in], a patch in the order channel, row,
 * column. */
enum layout {
    AS_STORED,
    IN_OUT,         /* [in][out, on any number of axes] */
    IN_IN_OUT,      /* [in on two axes][out] */
    ROW_COL_IN_OUT, /* [row][column][channel][out] of a patch */
    CHANNEL_LAST,   /* [out, if any][row · column · channel] */
};

struct name_rule {
    const char *pattern; /* %u is the block or stage, %1 the same counted from 1; @ at the beginning
                            is the family's prefix, which a file may have or not */
    enum tensor_slot slot;
    enum side shape[4];
    unsigned needs; /* enum config_traits, all of which a model must have to have the tensor */
    unsigned part;  /* which of a slot's parts, one under the other, where a file keeps them in
                           several tensors: 0 to 2 */
    enum layout layout;
    bool unless_fixed; /* may be left out where positions are fixed, not learned */
};

enum { PARTS = 3 };

#define SHAPE(...)                                                                                 \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* RULE("blocks.%u.attn.qkv.bias", SLOT_QKV_BIAS, SHAPE(I3), .needs = HAS_QKV_BIAS) */
#define RULE(name, tensor, ...)                                                                    \
    {                                                                                              \
        .pattern = name, .slot = tensor, .shape = __VA_ARGS__                                      \
    }

/* Of several rules for the same part of a slot the first whose tensor is there counts. */
struct name_family {
    const char *name;
    const struct name_rule *rules;
    size_t count;
    const char *const *prefixes; /* for @, in the order they are looked for; ends with NULL; NULL:
                                    none */
    const char *const *passed_over; /* what files hold and nothing here uses; a * at the end is any
                                       rest; ends with NULL; NULL: nothing */
    enum positions_resize resize;
};

extern const struct name_family names_timm, names_series, names_t2t, names_google,
    names_vit_pytorch, names_simple_vit, names_hf_vit, names_hf_dinov2, names_hf_dinov2_registers,
    names_hf_clip, names_hf_siglip;

/* Where a part of a slot's tensor is. */
struct tensor_source {
    const struct tensor *tensor; /* NULL: left out */
    const struct name_rule *rule;
};

/* What became of a file's tensor. */
struct tensor_use {
    const struct name_rule *rule; /* NULL: none yet */
    size_t index;
    bool passed_over;
};

/* The family's prefix that the file's names have, "" if none. */
const char *names_prefix(const struct name_family *family, const struct tensors *tensors);

/* Whether the file has a tensor of the slot, stage or block 0, whatever the configuration says. */
const struct tensor *names_find(const struct name_family *family, const struct tensors *tensors,
                                enum tensor_slot slot);

/* How many of the family's names, of stage and block 0, a file has. */
size_t names_known(const struct name_family *family, const struct tensors *tensors);

/* How many blocks, from the first on, a file has any tensor of. */
size_t names_blocks(const struct name_family *family, const struct tensors *tensors);

/*
 * Finds every tensor of a configuration: sources[slots_count][PARTS] and uses[tensors->count], both
 * zeroed. All or nothing: VIT_EFORMAT a tensor is missing, not in its shape, or in the file and not
 * asked for; VIT_EUNSUPPORTED its dtype is none that can be read. The message names the file and
 * the tensor.
 */
enum vit_status names_resolve(const struct name_family *family, const struct vit_config *config,
                              const struct tensors *tensors, struct tensor_source *sources,
                              struct tensor_use *uses, struct vit_error *err);

#endif
