/* checkpoint.h - a checkpoint's directory as the model sees it: a configuration, tensors by slot */
#ifndef VIT_CHECKPOINT_CHECKPOINT_H
#define VIT_CHECKPOINT_CHECKPOINT_H

#include "checkpoint/contrast.h"
#include "checkpoint/positions_resize.h"
#include "checkpoint/provenance.h"
#include "checkpoint/slots.h"
#include "files/file.h"
#include "files/sha256.h"
#include "vit/inspect.h"

struct checkpoint;

/* Where a checkpoint is: a directory on disk, or else files in memory. */
struct checkpoint_place {
    const char *path; /* NULL: in memory */
    size_t count;
    const struct memory_file *files; /* [count], of different names */
    uint64_t max_file_bytes;         /* of each file; 0: no limit */
    bool digest;                     /* checkpoint_text has digests */
};

/*
 * Reads the configuration, the labels and the headers of the weights, and checks that every tensor
 * is used. height and width: the image size to compute at; 0, 0: the checkpoint's own.
 */
enum vit_status checkpoint_open(const struct checkpoint_place *place, size_t height, size_t width,
                                struct checkpoint **checkpoint, struct vit_error *err);
void checkpoint_close(struct checkpoint *checkpoint);

/* The family's id. */
const char *checkpoint_family(const struct checkpoint *checkpoint);
/* The configuration at the requested size. */
const struct vit_config *checkpoint_config(const struct checkpoint *checkpoint);
/* The configuration that the tensors were made for: it differs in the image size only. */
const struct vit_config *checkpoint_stored(const struct checkpoint *checkpoint);
const struct vit_preprocess_config *checkpoint_preprocess_config(
    const struct checkpoint *checkpoint);
const struct provenance *checkpoint_provenance(const struct checkpoint *checkpoint);
/* Whether the outputs of the head, if there is one, are classes. */
bool checkpoint_is_classifier(const struct checkpoint *checkpoint);
/* What the files say about the scores; softmax if they say nothing. */
enum vit_scores checkpoint_scores(const struct checkpoint *checkpoint);
/* What they say about texts. */
const struct contrast *checkpoint_contrast(const struct checkpoint *checkpoint);
/* The description of a class's label, or NULL. */
const char *checkpoint_label_description(const struct checkpoint *checkpoint, size_t class_index);
/* The label of a class, or NULL. */
const char *checkpoint_label(const struct checkpoint *checkpoint, size_t class_index);

enum positions_resize checkpoint_resize(const struct checkpoint *checkpoint);

/* Tensor i of the files, by name; false past the last. */
bool checkpoint_tensor(const struct checkpoint *checkpoint, size_t i,
                       struct vit_tensor_info *tensor);

/*
 * Whether the files have the tensor; index is that of the token transformer or block, otherwise 0.
 */
bool checkpoint_has(const struct checkpoint *checkpoint, enum tensor_slot slot, size_t index);

/*
 * Elements first .. first + count − 1 of a tensor that checkpoint_has, as float32 in the slot's
 * layout, converted from the stored dtype and layout. Not thread-safe: it keeps the last tensor
 * whose layout differs. VIT_EIO: the file is truncated or cannot be read; VIT_ENOMEM.
 */
enum vit_status checkpoint_read(struct checkpoint *checkpoint, enum tensor_slot slot, size_t index,
                                size_t first, size_t count, float *out, struct vit_error *err);

/*
 * VIT_EUNSUPPORTED, for a reason that element `element` of a tensor that was read gives; the
 * message names the file and the tensor in it.
 */
enum vit_status checkpoint_refuse(const struct checkpoint *checkpoint, enum tensor_slot slot,
                                  size_t index, size_t element, const char *reason,
                                  struct vit_error *err);

/* Whether it is a directory on disk, not files in memory. */
bool checkpoint_is_directory(const struct checkpoint *checkpoint);

/* File i of the weights; NULL past the last. */
const struct input_file *checkpoint_file(const struct checkpoint *checkpoint, size_t i);

/* File i of text that was read, in no order; NULL past the last, or without place->digest. */
const struct file_digest *checkpoint_text(const struct checkpoint *checkpoint, size_t i);

/*
 * Opens a checkpoint that is a directory a second time, at the checkpoint's own size. VIT_ESTALE: a
 * file of weights has another size or another time than it had, or the stored configuration is
 * another. Other errors as checkpoint_open.
 */
enum vit_status checkpoint_open_again(const struct checkpoint *checkpoint,
                                      struct checkpoint **again, struct vit_error *err);

/* Closes the files of weights, and frees what checkpoint_read keeps: it cannot read any more. */
void checkpoint_close_files(struct checkpoint *checkpoint);

#endif
