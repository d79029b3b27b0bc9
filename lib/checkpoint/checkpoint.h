/* checkpoint.h - a checkpoint folder as the model sees it: a configuration, and tensors by slot */
#ifndef VIT_CHECKPOINT_CHECKPOINT_H
#define VIT_CHECKPOINT_CHECKPOINT_H

#include "checkpoint/provenance.h"
#include "checkpoint/slots.h"
#include "vit/inspect.h"

struct checkpoint;

/*
 * Reads the configuration and labels, and the headers of the weights; checks that every tensor is
 * accounted for. height and width: the image size to compute at; 0, 0: the checkpoint's own.
 */
enum vit_status checkpoint_open(const char *path, size_t height, size_t width,
                                struct checkpoint **checkpoint, struct vit_error *err);
void checkpoint_close(struct checkpoint *checkpoint);

const char *checkpoint_family(const struct checkpoint *checkpoint);
/* What is computed, at the size asked for. */
const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint);
/* What the tensors are of: the same but for the image's size. */
const struct vit_config *checkpoint_stored(const struct checkpoint *checkpoint);
const struct vit_preprocess_config *checkpoint_preprocess_config(
    const struct checkpoint *checkpoint);
const struct provenance *checkpoint_provenance(const struct checkpoint *checkpoint);
/* Whether the head's outputs, if it has a head, are classes. */
bool checkpoint_is_classifier(const struct checkpoint *checkpoint);
/* The label of a class, or NULL. */
const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index);

/* How a family brings its table of positions to another grid. */
enum positions_resize {
    RESIZE_NEVER,             /* it has no way to */
    RESIZE_BICUBIC_ANTIALIAS, /* timm: a = −1/2, the filter widened when shrinking */
    RESIZE_BICUBIC,           /* Hugging Face: a = −3/4 */
    RESIZE_BILINEAR,          /* T2T-ViT */
    RESIZE_BILINEAR_CORNERS,  /* Google: corner patches stay corner patches */
};
enum positions_resize checkpoint_resize(const struct checkpoint *checkpoint);

/* Tensor i of the files, by name; false past the last. */
bool checkpoint_tensor(const struct checkpoint *checkpoint, size_t i,
                       struct vit_tensor_info *tensor);

/* Whether the file has the tensor; index is the stage or the block, else 0. */
bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_slot slot, size_t index);

/*
 * Elements first .. first + count − 1 of a tensor that checkpoint_has, as float32 in the slot's own
 * layout, whatever they are stored in. Keeps the last tensor that had to be laid out anew: one
 * thread at a time. VIT_EIO the file ends early or cannot be read; VIT_ENOMEM.
 */
enum vit_status checkpoint_read(struct checkpoint *checkpoint, enum tensor_slot slot, size_t index,
                                size_t first, size_t count, float *out, struct vit_error *err);

/* Frees what reading keeps. */
void checkpoint_forget(struct checkpoint *checkpoint);

#endif
