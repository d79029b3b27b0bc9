/* make_checkpoint.h - small checkpoints on disk for tests: any header, any tensors, any text */
#ifndef VIT_TESTS_MAKE_CHECKPOINT_H
#define VIT_TESTS_MAKE_CHECKPOINT_H

#include <stddef.h>

/* A folder under $TMPDIR or /tmp; a test that fails leaves it to be looked at. */
struct made_folder {
    char path[256];
};

struct made_folder make_folder(void);
/* Removes the folder and the files in it. */
void remove_folder(const struct made_folder *folder);

/* The path of a file in it; the text is overwritten by the next call. */
const char *made_path(const struct made_folder *folder, const char *name);
void make_file(const struct made_folder *folder, const char *name, const void *bytes, size_t count);
void make_text(const struct made_folder *folder, const char *name, const char *text);

/* A .safetensors file of that header, in its own length, and that data. */
void make_safetensors(const struct made_folder *folder, const char *name, const char *header,
                      const void *data, size_t data_bytes);

struct made_tensor {
    char name[64];
    const char *dtype; /* NULL: F32 */
    size_t rank, shape[5];
};

/* A .safetensors file of those tensors, whose data are zeros. */
void make_tensors(const struct made_folder *folder, const char *name,
                  const struct made_tensor *tensors, size_t count);
/* The same as model.safetensors. */
void make_model(const struct made_folder *folder, const struct made_tensor *tensors, size_t count);

/*
 * The tensors of a model of 2 blocks, dim 8, 2 heads, MLP 12, 3 classes, 8×8 images in patches of
 * 4, and the config.json that asks for them. They write MADE_MOST at most, and return how many.
 */
enum { MADE_MOST = 64 };
extern const char made_timm_config[], made_series_config[];
size_t made_timm(struct made_tensor tensors[MADE_MOST]);   /* 3 channels, qkv bias */
size_t made_series(struct made_tensor tensors[MADE_MOST]); /* 1 channel, no qkv bias */

#endif
