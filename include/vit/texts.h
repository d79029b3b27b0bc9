/* vit/texts.h - zero-shot: images scored against the vectors of texts, which are made elsewhere */
#ifndef VIT_TEXTS_H
#define VIT_TEXTS_H

#include "vit/inspect.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A model that was trained with texts, such as CLIP or SigLIP, turns an image into a vector that
 * can be compared with those of texts. libvit has no text tower: another program makes the vectors
 * of texts, once, and libvit scores images against them.
 *   logit = scale · cosine(image, text) + bias
 * The scale and the bias are the checkpoint's. A softmax over the texts (CLIP: Radford et al. 2021,
 * "Learning Transferable Visual Models From Natural Language Supervision") or a sigmoid of each
 * (SigLIP: Zhai et al. 2023, "Sigmoid Loss for Language Image Pre-Training") makes scores of them.
 *
 * Every function is thread-safe. Structs follow the ABI rule of vit/config.h: the caller sets size.
 */

/* The vectors of some texts, and the texts' names. It is immutable, and belongs to no model. */
struct vit_texts;

/*
 * Reads a file of vectors, of any length but 0: only their direction counts. Either
 *   NAME.npy          an array [texts][numbers], and NAME.txt beside it, which has the name of each
 *                     text in a line of its own
 *   NAME.safetensors  a tensor [numbers] or [1, numbers] per text, whose name is the text's; the
 *                     texts are sorted by name, as bytes
 * of float32, float16, bfloat16 or float64. Names differ, and are not empty. The files are hostile
 * input: lengths are checked, and memory is in proportion to theirs.
 * VIT_ENOTFOUND, VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED: a file; the message names it, what was
 * expected and what was found. VIT_EFORMAT also: a number that is not finite, or a vector of zeros.
 * VIT_EUNSUPPORTED also: more than 2^20 texts. VIT_EINVAL: the path ends in neither. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_texts_open(const char *path, struct vit_texts **texts,
                                       struct vit_error *err);

/*
 * The same from memory, which is copied.
 *   vectors  [count][width] float32
 *   names    [count], each of them a string; NULL: the texts have no names
 * VIT_EINVAL: count or width is 0, or more than a size_t holds, or a name is NULL. VIT_EFORMAT:
 * vectors or names as those of a file are refused. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_texts_create(size_t count, size_t width, const float *vectors,
                                         const char *const *names, struct vit_texts **texts,
                                         struct vit_error *err);

/* NULL is allowed. */
VIT_API void vit_texts_free(struct vit_texts *texts);

/* The number of texts, and of numbers in the vector of each. */
VIT_API size_t vit_texts_count(const struct vit_texts *texts);
VIT_API size_t vit_texts_width(const struct vit_texts *texts);

/* The name of a text, or NULL. Valid until the texts are freed. */
VIT_API const char *vit_texts_name(const struct vit_texts *texts, size_t text);

/* How a model compares an image with texts. */
struct vit_text_scoring {
    size_t size;            /* sizeof(struct vit_text_scoring) */
    size_t width;           /* numbers of a vector, of an image's as of a text's */
    enum vit_output output; /* an image's vector: the logits of a head that projects (CLIP), or the
                               embedding of a model without a head (SigLIP) */
    enum vit_scores scores; /* what makes scores of logits; _NONE: they are the scores */
    float scale, bias;      /* logit = scale · cosine + bias */
    unsigned char reserved[8];
};

/*
 * From logit_scale, whose exponential is the scale, and logit_bias, if the family has one, in the
 * files of a checkpoint. Without either, as in a checkpoint of a vision tower alone, the scores are
 * VIT_SCORES_NONE, the scale is 1 and the bias 0: the logits are the cosines.
 * VIT_EINVAL: the model's head classifies, or its tokens are not pooled; an impossible size.
 */
VIT_API enum vit_status vit_model_text_scoring(const struct vit_model *model,
                                               struct vit_text_scoring *scoring,
                                               struct vit_error *err);

/*
 * Logits of images against all texts.
 *   vectors  [images][width] float32: the model's output that its scoring names; only their
 *            direction counts
 *   logits   [images][texts] float32
 * Sums are of double precision, in the order of docs/numerics.md: the bits do not depend on the
 * instruction set. The logits of a vector of zeros, or with a number that is not finite, are NaN.
 * Allocates nothing.
 * VIT_EINVAL: the vectors of the texts have another width than the model's, whose error also is
 * that of vit_model_text_scoring.
 */
VIT_API enum vit_status vit_text_logits(const struct vit_model *model,
                                        const struct vit_texts *texts, size_t images,
                                        const float *vectors, float *logits, struct vit_error *err);

/*
 * The best texts of one image, best first, and their scores: as vit_top_k, for the logits of
 * vit_text_logits and the scores of vit_model_text_scoring.
 *   logits  [texts]
 *   best    [k]
 *   scores  [k]; NULL: none
 * VIT_EINVAL: k is 0 or above the number of texts; errors of vit_text_logits.
 */
VIT_API enum vit_status vit_text_top_k(const struct vit_model *model, const struct vit_texts *texts,
                                       size_t k, const float *logits, size_t *best, float *scores,
                                       struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
