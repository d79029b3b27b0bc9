/* digests.h - one number each for the results of every kernel and some models over fixed inputs */
#ifndef VIT_CHECK_DIGESTS_H
#define VIT_CHECK_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

#include "vit/vit.h"

/*
 * The inputs are whole numbers times powers of two, computed without rounding and without the C
 * library's mathematics. So a digest depends on the kernels alone, and is the same on every level,
 * with any number of threads, from every compiler. All NaNs count as the same NaN.
 * check/digests.txt has the expected digests of kernels, check/digests-models.txt those of models
 * in this repository.
 */
enum { DIGESTS_MAX = 128 };
struct digests {
    struct {
        const char *name;
        uint64_t value;
    } of[DIGESTS_MAX];
    size_t count;
};

/* What computes the digests: a level with a number of threads, and a precision. */
struct digest_setup {
    const struct vit_kernels *level;
    size_t threads;
    enum vit_precision precision; /* of digest_model */
    const char *keep;
};

/* Adds a digest; aborts if there are more than DIGESTS_MAX. */
void digests_add(struct digests *digests, const char *name, uint64_t value);

/* Continues a hash over floats; every NaN counts as the same one. */
uint64_t digest_floats(uint64_t hash, size_t count, const float *x);

/* Adds the digests of the kernels. VIT_ENOMEM. */
enum vit_status digest_kernels(const struct digest_setup *setup, struct digests *digests,
                               struct vit_error *err);

/*
 * Adds the digests of the logits of a small model at three image sizes, in each precision: it
 * writes checkpoints to a directory under TMPDIR or /tmp, opens and removes them. VIT_EIO; other
 * errors as vit_model_open.
 */
enum vit_status digest_small_models(const struct digest_setup *setup, struct digests *digests,
                                    struct vit_error *err);

/* Adds the digest of a checkpoint's logits for two images, under the name `name`. */
enum vit_status digest_model(const struct digest_setup *setup, const char *name,
                             const char *directory, struct digests *digests, struct vit_error *err);

#endif
