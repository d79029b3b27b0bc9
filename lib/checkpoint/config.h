/* config.h - config.json: what a checkpoint's folder says about its model */
#ifndef VIT_CHECKPOINT_CONFIG_H
#define VIT_CHECKPOINT_CONFIG_H

#include <jansson.h>

#include "checkpoint/json_fields.h"
#include "checkpoint/labels.h"
#include "checkpoint/provenance.h"
#include "checkpoint/tensor_names.h"
#include "vit/inspect.h"

#define CONFIG_MAX_BYTES (16 << 20) /* ImageNet-21k's labels are 1 MB */

/* What a family's configuration is read from. */
struct config_input {
    const char *path; /* config.json, for messages */
    json_t *root;     /* its object; NULL: there is no such file */
    const char *preprocessor_path;
    json_t *preprocessor;          /* preprocessor_config.json, Hugging Face's; or NULL */
    const struct tensors *tensors; /* some of the configuration is in names and shapes alone */
};

struct config_file {
    const struct name_family *family;
    struct vit_config config; /* what the tensors are of; passes config_check */
    size_t height, width; /* the size that inputs are prepared for, where it is another: 0 else */
    struct vit_preprocess_config recipe; /* at that size */
    struct labels labels;                /* of id2label; none without it */
    bool unlabelled; /* the head's outputs are no classes: id2label is of something else */
    struct provenance provenance;
};

/*
 * Parses the text of a config.json, and of a preprocessor_config.json if there is one; either that
 * or the tensors may be NULL. VIT_EFORMAT
 * not JSON, a value of the wrong type or out of its range, fields that contradict each other or the
 * tensors; VIT_EUNSUPPORTED a model, a key or a value that this library does not know; VIT_ENOMEM.
 * On success the caller frees file->labels.
 */
enum vit_status config_parse(const struct text_file *config, const struct text_file *preprocessor,
                             const struct tensors *tensors, struct config_file *file,
                             struct vit_error *err);

/*
 * A family's own part: fills file->config, recipe, provenance and, where it wants, height and
 * width,
 * all zeroed but for sizes. file->family is set, and names_find knows its tensors.
 */
enum vit_status config_parse_timm(const struct config_input *in, struct config_file *file,
                                  struct vit_error *err);
enum vit_status config_parse_series(const struct config_input *in, struct config_file *file,
                                    struct vit_error *err);
enum vit_status config_parse_t2t(const struct config_input *in, struct config_file *file,
                                 struct vit_error *err);
enum vit_status config_parse_vit_pytorch(const struct config_input *in, struct config_file *file,
                                         struct vit_error *err);
enum vit_status config_parse_google(const struct config_input *in, struct config_file *file,
                                    struct vit_error *err);
enum vit_status config_parse_hf(const struct config_input *in, struct config_file *file,
                                struct vit_error *err);

/* The family whose names most of the tensors have. */
const struct name_family *config_guess(const struct tensors *tensors);

/* A string of the root, or NULL. */
const char *config_string(const struct config_input *in, const char *key);

/* config_check for a configuration from a file: VIT_EFORMAT, and the message names the file. */
enum vit_status config_check_file(const char *path, const struct vit_config *config,
                                  struct vit_error *err);

/* x/255 of a picture that is resized to its size, for families that say nothing of it. */
extern const struct vit_preprocess_config plain_preprocess_config;

/*
 * What is left of a family once its configuration is read: config_check_file by the file that says
 * the most of it, then the recipe of config.json's pretrained_cfg over the family's own.
 */
enum vit_status config_finish(const struct config_input *in, const char *path,
                              const struct vit_config *config,
                              const struct vit_preprocess_config *recipe, struct config_file *file,
                              struct vit_error *err);

/*
 * dim · ratio, cut to an integer as the families do; `key` names the ratio. VIT_EFORMAT it is not a
 * width that an MLP can have.
 */
enum vit_status config_mlp_dim(const char *path, const char *key, double ratio, size_t dim,
                               size_t *mlp_dim, struct vit_error *err);

/* The activations by timm's names, for take_choice. */
extern const struct choice config_activations[];

/*
 * How pictures become inputs: what pretrained_cfg (timm's name for it) says, over the family's
 * defaults in *recipe. The size is the model's, whatever pretrained_cfg.input_size says. `object`
 * may be NULL. There are recipes for 1 and 3 channels; a model of another number gets one that
 * vit_preprocess_image refuses.
 */
enum vit_status preprocess_config_parse(const char *path, json_t *object,
                                        const struct vit_config *config,
                                        struct vit_preprocess_config *recipe,
                                        struct vit_error *err);

#endif
