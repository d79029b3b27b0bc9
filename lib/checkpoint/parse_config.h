/* parse_config.h - reads the configuration of a model from the files of its checkpoint */
#ifndef VIT_CHECKPOINT_PARSE_CONFIG_H
#define VIT_CHECKPOINT_PARSE_CONFIG_H

#include "files/json.h"

#include "checkpoint/families.h"
#include "checkpoint/json_fields.h"
#include "checkpoint/labels.h"
#include "checkpoint/provenance.h"

#define CONFIG_MAX_BYTES (16 << 20) /* ImageNet-21k's labels take 1 MB */

/* The sources of a family's configuration. */
struct config_sources {
    const char *path;                /* of config.json, for messages */
    const struct json *root;         /* its object; NULL: no such file */
    const char *preprocessor_path;   /* of the image processor's file, and its object therein */
    const struct json *preprocessor; /* the image processor; NULL: no file has one */
    const struct tensors *tensors;   /* names and shapes hold a part of the configuration */
};

struct parsed_config {
    const struct family *family;
    struct vit_config config; /* what the tensors were made for; config_check accepts it */
    size_t height, width;     /* the size of the inputs if it is different, otherwise 0 */
    struct vit_preprocess_config preprocess; /* for that size */
    struct labels labels;                    /* from id2label; none without it */
    bool is_projection; /* the head's outputs are not classes, and id2label describes others */
    enum vit_scores scores;
    struct provenance provenance;
};

/* The files of a configuration; a NULL text is a file that does not exist. */
struct config_files {
    struct text_file config;       /* config.json */
    struct text_file preprocessor; /* preprocessor_config.json */
    struct text_file processor;    /* processor_config.json: an image_processor takes precedence */
};

/*
 * Parses the files. `tensors` may be NULL. VIT_ENOTFOUND: config.json does not exist and is needed;
 * VIT_EFORMAT: not JSON, a value of the wrong type or out of range, fields that contradict each
 * other or the tensors; VIT_EUNSUPPORTED: a model, a field or a value that the library does not
 * know; VIT_ENOMEM. On success the caller calls labels_free(&parsed->labels).
 */
enum vit_status parse_config(const struct config_files *files, const struct tensors *tensors,
                             struct parsed_config *parsed, struct vit_error *err);

/* --- for the families' parsers */

/* A string of config.json, or NULL. */
const char *sources_string(const struct config_sources *sources, const char *field);

/* config_check for a configuration from a file: VIT_EFORMAT, and the message names the file. */
enum vit_status check_file_config(const char *path, const struct vit_config *config,
                                  struct vit_error *err);

/* x/255 of an image resized to the input's size: for families that define no preprocessing. */
extern const struct vit_preprocess_config plain_preprocess;

/*
 * The last step of a parser: check_file_config for the main source of `config`, then pretrained_cfg
 * of config.json on top of the family's `preprocess`.
 */
enum vit_status finish_config(const struct config_sources *sources, const char *path,
                              const struct vit_config *config,
                              const struct vit_preprocess_config *preprocess,
                              struct parsed_config *parsed, struct vit_error *err);

/*
 * *mlp_dim = dim · ratio, truncated to an integer as the families do; `field` holds the ratio.
 * VIT_EFORMAT: an MLP cannot have that width.
 */
enum vit_status parse_mlp_ratio(const char *path, const char *field, double ratio, size_t dim,
                                size_t *mlp_dim, struct vit_error *err);

/*
 * Applies pretrained_cfg (timm's name) to the defaults in *preprocess. The size is the model's:
 * pretrained_cfg.input_size is ignored. `object` may be NULL. Only 1 or 3 channels can be
 * preprocessed: with another number vit_preprocess_image rejects the result. rgb_of_gray: a model
 * of one channel may have three means and stds, as timm writes them; unless the three are equal,
 * they are not its own, and vit_preprocess_image rejects the result, whose std is 0.
 */
enum vit_status parse_pretrained_cfg(const char *path, const struct json *object,
                                     const struct vit_config *config, bool rgb_of_gray,
                                     struct vit_preprocess_config *preprocess,
                                     struct vit_error *err);

/*
 * One mean or std per channel: checks `numbers`, which come from `field`, and writes them to out.
 * Nothing is written if there are no numbers or more than 3 channels. VIT_EFORMAT: another count
 * than `channels`, or a number that is not above min.
 */
enum vit_status parse_per_channel(const char *path, const char *field,
                                  const struct numbers *numbers, size_t channels, double min,
                                  float out[3], struct vit_error *err);

#endif
