/* make_checkpoint.h - small checkpoints on disk for tests: any header, any tensors, any text */
#ifndef VIT_TESTS_MAKE_CHECKPOINT_H
#define VIT_TESTS_MAKE_CHECKPOINT_H

#include <stddef.h>

#include "vit/status.h"

/* A directory under $TMPDIR or /tmp; a test that fails leaves it for inspection. */
struct made_directory {
    char path[256];
};

struct made_directory make_directory(void);
/* Removes the directory and the files in it. */
void remove_directory(const struct made_directory *directory);

/* The path of a file in it; the next call overwrites the text. */
const char *made_path(const struct made_directory *directory, const char *name);
void make_file(const struct made_directory *directory, const char *name, const void *bytes,
               size_t count);
void make_text(const struct made_directory *directory, const char *name, const char *text);

/* A .safetensors file of this header, with its true length, and this data. */
void make_safetensors(const struct made_directory *directory, const char *name, const char *header,
                      const void *data, size_t data_bytes);

struct made_tensor {
    char name[64];
    const char *dtype; /* NULL: F32 */
    size_t rank, shape[5];
};

/* A .safetensors file of these tensors, whose data are zeros. */
void make_tensors(const struct made_directory *directory, const char *name,
                  const struct made_tensor *tensors, size_t count);
/* The same as model.safetensors. */
void make_model(const struct made_directory *directory, const struct made_tensor *tensors,
                size_t count);

struct tensors;
/* tensors_open for the directory at a path. */
enum vit_status open_tensors(const char *path, struct tensors **tensors, struct vit_error *err);

/*
 * The tensors of a model of 2 blocks, dim 8, 2 heads, MLP 12, 3 classes, 8×8 images in patches of
 * 4, and its config.json. The functions write at most MADE_MAX tensors and return their number.
 */
enum { MADE_MAX = 64 };
extern const char made_timm_config[], made_series_config[];
size_t made_timm(struct made_tensor tensors[MADE_MAX]);   /* 3 channels, qkv bias */
size_t made_series(struct made_tensor tensors[MADE_MAX]); /* 1 channel, no qkv bias */

/*
 * a.safetensors and b.safetensors with the tensors of made_timm, and its config.json. Returns their
 * index, in which the shards have the names a and b, written as JSON; the next call overwrites it.
 */
const char *make_two_shards(const struct made_directory *directory, const char *a, const char *b);

#endif
