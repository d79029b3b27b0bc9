/* digests.h - what every kernel and some models give over a fixed set, as a number each */
#ifndef VIT_CHECK_DIGESTS_H
#define VIT_CHECK_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

#include "vit/vit.h"

/*
 * The inputs are whole numbers times powers of two, made without a rounding and without the C
 * library's mathematics, so that a digest depends on the kernels alone: on every level, at any
 * number of threads, from every compiler the same. All NaNs count as one. check/digests.txt has
 * the digests that are right, check/digests-models.txt those of models in this repository.
 */
enum { DIGESTS_MOST = 64 };
struct digests {
    struct {
        const char *name;
        uint64_t value;
    } of[DIGESTS_MOST];
    size_t count;
};

/* Where digests are taken: a level and a number of threads. */
struct digest_place {
    const struct vit_kernels *level;
    size_t threads;
};

/* Adds a digest; more than DIGESTS_MOST end the process. */
void digests_add(struct digests *digests, const char *name, uint64_t value);

/* Goes on with floats; a NaN is taken for the one NaN. */
uint64_t digest_floats(uint64_t hash, size_t count, const float *x);

/* Adds those of the kernels. VIT_ENOMEM. */
enum vit_status digest_kernels(const struct digest_place *place, struct digests *digests,
                               struct vit_error *err);

/*
 * Adds those of the logits of a small model at three image sizes: checkpoints that it writes to a
 * folder under TMPDIR or /tmp, opens as any other, and removes. VIT_EIO and as vit_model_open.
 */
enum vit_status digest_small_models(const struct digest_place *place, struct digests *digests,
                                    struct vit_error *err);

/* Adds that of the logits of a checkpoint folder for two images; `folder` names it. */
enum vit_status digest_model(const struct digest_place *place, const char *name, const char *folder,
                             struct digests *digests, struct vit_error *err);

#endif
