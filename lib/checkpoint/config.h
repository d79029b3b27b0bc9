/* config.h - config.json: what a checkpoint's folder says about its model */
#ifndef VIT_CHECKPOINT_CONFIG_H
#define VIT_CHECKPOINT_CONFIG_H

#include <jansson.h>

#include "checkpoint/keys.h"
#include "checkpoint/labels.h"
#include "checkpoint/names.h"
#include "vit/vit.h"

#define CONFIG_MAX_BYTES (16 << 20) /* ImageNet-21k's labels are 1 MB */

struct config_file {
    const struct name_family *family;
    struct vit_config config; /* passes config_check */
    struct vit_recipe recipe;
    struct labels labels; /* of id2label; none without it */
};

/*
 * Parses the text of a config.json, which `path` names in messages. VIT_EFORMAT not JSON, a value
 * of the wrong type or out of its range, fields that contradict each other; VIT_EUNSUPPORTED a
 * model, a key or a value that this library does not know; VIT_ENOMEM. On success the caller frees
 * file->labels.
 */
enum vit_status config_parse(const char *path, const char *text, size_t bytes,
                             struct config_file *file, struct vit_error *err);

/* A family's own part: fills file->config and file->recipe, zeroed but for their sizes. */
enum vit_status config_parse_timm(const char *path, json_t *root, struct config_file *file,
                                  struct vit_error *err);
enum vit_status config_parse_series(const char *path, json_t *root, struct config_file *file,
                                    struct vit_error *err);

/* config_check for a configuration from a file: VIT_EFORMAT, and the message names the file. */
enum vit_status config_check_file(const char *path, const struct vit_config *config,
                                  struct vit_error *err);

/*
 * dim · ratio, cut to an integer as both families do; `key` names the ratio. VIT_EFORMAT it is not
 * a width that an MLP can have.
 */
enum vit_status config_mlp_dim(const char *path, const char *key, double ratio,
                               struct vit_config *config, struct vit_error *err);

/* The activations by timm's names, for take_choice. */
extern const struct choice config_activations[];

/*
 * How pictures become inputs: what pretrained_cfg (timm's name for it) says, over the family's
 * defaults in *recipe. The size is the model's, whatever pretrained_cfg.input_size says. `object`
 * may be NULL. There are recipes for 1 and 3 channels; a model of another number gets one that
 * vit_preprocess refuses.
 */
enum vit_status config_parse_recipe(const char *path, json_t *object,
                                    const struct vit_config *config, struct vit_recipe *recipe,
                                    struct vit_error *err);

#endif
