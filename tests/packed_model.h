/* packed_model.h - models in files of packed weights, for tests: saved, opened, computed */
#ifndef VIT_TESTS_PACKED_MODEL_H
#define VIT_TESTS_PACKED_MODEL_H

#include <stdint.h>

#include "make_checkpoint.h"
#include "vit/inspect.h"

/* A model in a level and precision, from the file at `packed` if that is not NULL. */
struct packed_case {
    const char *directory, *isa, *keep, *packed;
    enum vit_precision precision;
    size_t height, width;
};

/* The status of opening it; the caller frees the model. */
enum vit_status open_status(const struct packed_case *c, struct vit_model **model,
                            struct vit_error *err);

/* Ends the test unless the model opens. */
struct vit_model *opened(const struct packed_case *c);

/* Ends the test unless opening it fails with that status and a message that has the fragment. */
void refuses_packed(const struct packed_case *c, enum vit_status status, const char *fragment);

/* Saves the model at `path`; ends the test if that fails. */
void save_packed(const struct packed_case *c, const char *path);

/* Ends the test unless both models have the same bits in every output. Frees both. */
void expect_same_model(struct vit_model *expected, struct vit_model *found, const char *what);

/* Ends the test unless the file has these bytes; frees them. */
void expect_file(const char *path, size_t count, unsigned char *bytes);

/* Gives the config.json of a copy another number of heads that divides the width. */
void change_heads(const struct made_directory *copy);

/* A whole file; the caller frees it. */
unsigned char *file_bytes(const char *path, size_t *count);

/* The bytes of the header of a file of packed weights: docs/packed.md. */
size_t header_bytes(const unsigned char *file);

/*
 * A checkpoint of timm's names in a directory: depth 4, dim 384, some 7 million weights, which are
 * zeros: 28 MB in "F32", half in "F16".
 */
struct made_directory large_checkpoint(const char *dtype);

#endif
