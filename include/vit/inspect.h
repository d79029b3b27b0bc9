/* vit/inspect.h - describes a model; configuration fields, enum values and outputs by name */
#ifndef VIT_INSPECT_H
#define VIT_INSPECT_H

#include "vit/vit.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every function here is thread-safe. Strings of a model are valid until it is freed; all other
 * strings are static. Structs follow the ABI rule of vit/config.h: the caller sets size.
 */

struct vit_kernels;

/* One field of a model's configuration, and where its value comes from. */
struct vit_config_entry {
    size_t size;        /* sizeof(struct vit_config_entry) */
    const char *name;   /* as in struct vit_config, such as "mlp_dim" */
    const char *source; /* "config.json: hidden_size", "the default", … */
    char value[64];     /* such as "3072" */
    unsigned char reserved[8];
};

/*
 * Entry i of a model's configuration, in the order of the forward pass; false past the last, or if
 * entry->size is impossible.
 */
VIT_API bool vit_model_config_entry(const struct vit_model *model, size_t i,
                                    struct vit_config_entry *entry);

/*
 * Where "interpolation", "crop_mode", "crop_pct", "mean" or "std" of the preprocess config comes
 * from, in the form of vit_config_entry.source; NULL for any other field.
 */
VIT_API const char *vit_model_preprocess_source(const struct vit_model *model, const char *field);

/* A tensor of the checkpoint, and what it is used for. */
struct vit_tensor_info {
    size_t size; /* sizeof(struct vit_tensor_info) */
    const char *name, *file, *dtype;
    const char *use; /* "blocks[3].qkv.weight"; NULL: the family's rules ignore this tensor */
    size_t rank, shape[8];
    unsigned char reserved[8];
};

/* Tensor i by name; false past the last, in a random model, or if tensor->size is impossible. */
VIT_API bool vit_model_tensor_at(const struct vit_model *model, size_t i,
                                 struct vit_tensor_info *tensor);

/* The kernels that the model computes with: vit/kernels.h. */
VIT_API const struct vit_kernels *vit_model_kernels(const struct vit_model *model);

/* What vit_model_options.precision was. */
VIT_API enum vit_precision vit_model_precision(const struct vit_model *model);

/* A linear layer, and the number types that it computes with. */
struct vit_layer_info {
    size_t size;            /* sizeof(struct vit_layer_info) */
    char name[64];          /* "blocks.3.qkv", as vit_model_options.keep has it */
    size_t inputs, outputs; /* the weight is [outputs][inputs] */
    size_t bytes;           /* of the packed weight */
    const char *arithmetic; /* in words: "float32 inputs, ..." */
    enum vit_precision precision;
    unsigned char reserved[4];
};

/* Layer i, in the order of the forward pass; false past the last or for an impossible size. */
VIT_API bool vit_model_layer_at(const struct vit_model *model, size_t i,
                                struct vit_layer_info *layer);

/* The id of the checkpoint's family, such as "timm" or "hf-vit"; "random" without a checkpoint. */
VIT_API const char *vit_model_family(const struct vit_model *model);

/* The number of trained parameters; fixed position tables do not count. */
VIT_API size_t vit_model_parameter_count(const struct vit_model *model);

/* Whether the head's outputs are classes: false without a head, or if it is a projection (CLIP). */
VIT_API bool vit_model_is_classifier(const struct vit_model *model);

/* How a classifier's logits become scores. The values never change. */
enum vit_scores {
    VIT_SCORES_SOFTMAX = 0, /* one label fits: the scores of all classes sum to 1 */
    VIT_SCORES_SIGMOID = 1, /* each class on its own: several labels fit, or there is one class */
    VIT_SCORES_NONE = 2,    /* regression: the logits are the result */
};

/*
 * From Hugging Face's problem_type in config.json; without it, softmax or, for a single class,
 * sigmoid.
 */
VIT_API enum vit_scores vit_model_scores(const struct vit_model *model);

/*
 * The longer label of a class, from timm's label_descriptions; NULL if there is none. Valid until
 * the model is freed.
 */
VIT_API const char *vit_model_label_description(const struct vit_model *model, size_t class_index);

/* Rows and columns of the grid of patches, each optional. Patches are the last tokens. */
VIT_API void vit_model_grid(const struct vit_model *model, size_t *rows, size_t *columns);

/* Whether patches share pixels, as in T2T. If not, each is a square of config.patch pixels. */
VIT_API bool vit_model_patches_overlap(const struct vit_model *model);

/*
 * The position embeddings of the patches as they are added to the patch tokens: resized if the
 * model computes at another size than its checkpoint's, computed if they are fixed.
 *   out  [rows · columns of the grid][dim] float32; NULL: only the status
 * VIT_EINVAL: the model has no position embeddings.
 */
VIT_API enum vit_status vit_model_positions(const struct vit_model *model, float *out,
                                            struct vit_error *err);

enum vit_field_type {
    VIT_FIELD_SIZE = 0, /* size_t */
    VIT_FIELD_FLOAT = 1,
    VIT_FIELD_BOOL = 2,
    VIT_FIELD_ENUM = 3, /* an int, which vit_value_name names */
    VIT_FIELD_DOUBLE = 4,
};

/* A field of struct vit_config. */
struct vit_field {
    size_t size;      /* sizeof(struct vit_field) */
    const char *name; /* such as "mlp_dim" */
    enum vit_field_type type;
    size_t count;     /* elements: more than 1 in an array */
    double min, max;  /* of each element; of an enum 0 and its last value */
    const char *zero; /* what 0 means, such as "dim/heads"; NULL: the number 0 */
    const char *description;
    unsigned char reserved[8];
};

/*
 * Field i, in the order of the forward pass; false past the last, or if field->size is impossible.
 */
VIT_API bool vit_config_field_at(size_t i, struct vit_field *field);

/*
 * Reads or writes a field by name, such as "dim"; an element of an array as "t2t_kernels[1]". Every
 * value is a double: a size, 0 or 1 for a flag, the number of an enum's value.
 * VIT_EINVAL: an unknown name, a value out of the field's range, or an impossible config->size.
 * VIT_EUNSUPPORTED: the struct is too short for the field.
 */
VIT_API enum vit_status vit_config_get(const struct vit_config *config, const char *name,
                                       double *value, struct vit_error *err);
VIT_API enum vit_status vit_config_set(struct vit_config *config, const char *name, double value,
                                       struct vit_error *err);

/*
 * The name of an enum's value in a field of struct vit_config, struct vit_preprocess_config or
 * struct vit_model_options: ("activation", VIT_ACTIVATION_GELU) is "gelu", ("precision",
 * VIT_PRECISION_INT8) is "int8". NULL for an unknown value or any other field.
 */
VIT_API const char *vit_value_name(const char *field, int value);

/* The name of an output, such as "last_hidden_state"; NULL for an unknown one. */
VIT_API const char *vit_output_name(enum vit_output output);

/* An output of a forward pass, whatever the model. */
struct vit_output_info {
    size_t size;             /* sizeof(struct vit_output_info) */
    const char *name;        /* as vit_output_name */
    const char *shape;       /* of one image's output, such as "[tokens, dim]" */
    const char *description; /* N is the request's block */
    /* of that shape; 1: a row; 2: a matrix; 3: square matrices, one after the other */
    size_t rank;
    bool per_block; /* the request's block selects one of several */
    unsigned char reserved[7];
};

/* Describes the output of enum value i; false past the last, or if info->size is impossible. */
VIT_API bool vit_output_at(size_t i, struct vit_output_info *info);

/* The output that has this name. VIT_EINVAL: no output has it. */
VIT_API enum vit_status vit_output_from_name(const char *name, enum vit_output *output,
                                             struct vit_error *err);

/*
 * Floating-point operations of the matrix products in one image's forward pass; a multiply-add
 * counts as two. VIT_EINVAL: an invalid configuration.
 */
VIT_API enum vit_status vit_config_flops(const struct vit_config *config, double *flops,
                                         struct vit_error *err);

/*
 * Fills the caller's configuration from timm's name of an architecture, such as
 * "vit_base_patch16_224", with 1000 classes. The name may have a ".tag". The caller sets
 * config->size.
 * VIT_EUNSUPPORTED: an unknown name, or an architecture that the library does not compute.
 * VIT_EINVAL: an impossible size.
 */
VIT_API enum vit_status vit_config_from_name(const char *name, struct vit_config *config,
                                             struct vit_error *err);

/*
 * The configuration of a checkpoint's directory without its weights: reads and checks what
 * vit_model_open does, but no weight. options as for vit_model_open; NULL: the defaults. With
 * vit_model_bytes: what the model will take. The caller sets config->size.
 * Errors as vit_model_open.
 */
VIT_API enum vit_status vit_config_from_directory(const char *directory,
                                                  const struct vit_model_options *options,
                                                  struct vit_config *config, struct vit_error *err);

/*
 * Pattern i of the names that vit_config_from_name accepts. Each # stands for a number: first the
 * side of a patch, then the side of the image. NULL past the last.
 */
VIT_API const char *vit_architecture_at(size_t i);

/* A family of checkpoints that vit_model_open reads: docs/models.md describes each. */
struct vit_family {
    size_t size;            /* sizeof(struct vit_family) */
    const char *id;         /* "hf-vit": what vit_model_family returns */
    const char *title;      /* "Hugging Face ViT": for people */
    const char *model_type; /* the model_type in config.json that selects the family, or NULL */
    unsigned char reserved[8];
};

/*
 * Entry i of the families; a family with several model_types has an entry for each. False past the
 * last, or if family->size is impossible.
 */
VIT_API bool vit_family_at(size_t i, struct vit_family *family);

#ifdef __cplusplus
}
#endif
#endif
