/* copy_checkpoint.h - copies of checkpoints in safetensors, with other numbers or another dtype */
#ifndef VIT_TESTS_COPY_CHECKPOINT_H
#define VIT_TESTS_COPY_CHECKPOINT_H

#include <stdbool.h>

#include "make_checkpoint.h"
#include "vit/inspect.h"

/*
 * Changes the numbers of a tensor in place. `layer` is the name of the linear layer whose weight it
 * is, whole or in part; NULL: another tensor.
 */
typedef void change_tensor(void *arg, const char *name, const char *layer, size_t count, float *x);

/* A copy of a directory: its configurations and model.safetensors. `change` may be NULL. */
struct made_directory copy_checkpoint(const char *directory, bool float16, change_tensor *change,
                                      void *arg);

#endif
