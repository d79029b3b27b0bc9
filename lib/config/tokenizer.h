/* tokenizer.h - the tokenizers as configurations see them: a row of functions for each */
#ifndef VIT_CONFIG_TOKENIZER_H
#define VIT_CONFIG_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/config.h"
#include "vit/status.h"

struct config_grid {
    size_t rows, columns;
};

struct tokenizer_facts {
    uint64_t traits;      /* of traits.h */
    bool patches_overlap; /* if not, each is a square of config.patch pixels */
    /* What the tokenizer requires of a configuration whose fields are in range. VIT_EINVAL. */
    enum vit_status (*check)(const struct vit_config *config, struct vit_error *err);
    /* The fields below need a configuration that passed `check`. */
    struct config_grid (*grid)(const struct vit_config *config); /* of patches */
    size_t (*patch_length)(const struct vit_config *config);     /* numbers that become one token */
    double (*multiply_adds)(const struct vit_config *config); /* from the image to patch tokens */
};

/* The row of config->tokenizer, a known value. */
const struct tokenizer_facts *config_tokenizer(const struct vit_config *config);

/* The grid of patches. */
struct config_grid config_grid(const struct vit_config *config);

/* T2T: soft split i makes rows of config_split_length numbers; a token transformer follows each but
 * the last. */
enum { SPLITS = 3, T2T_BLOCKS = 2 };
size_t config_split_length(const struct vit_config *config, size_t i);
struct config_grid config_split_grid(const struct vit_config *config, size_t i);
size_t config_split_stride(size_t kernel);
size_t config_split_padding(size_t kernel);
/* Random features of a performer. */
size_t config_features(const struct vit_config *config);

#endif
