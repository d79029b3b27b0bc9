/* open_checkpoint.h - what checkpoint.c fills and checkpoint_read.c reads from */
#ifndef VIT_CHECKPOINT_OPEN_CHECKPOINT_H
#define VIT_CHECKPOINT_OPEN_CHECKPOINT_H

#include "checkpoint/contrast.h"
#include "checkpoint/parse_config.h"
#include "files/sha256.h"

enum { MAX_TEXTS = 4 }; /* those of open_config and open_labels */

struct checkpoint {
    char *path; /* of the directory; NULL: files in memory */
    uint64_t max_file_bytes;
    bool digest;
    struct file_digest texts[MAX_TEXTS]; /* [text_count], if `digest` */
    size_t text_count;
    struct parsed_config parsed;
    struct vit_config config; /* parsed.config at the requested size */
    struct tensors *tensors;
    struct tensor_source *sources; /* [slots_count][TENSOR_PARTS] */
    struct tensor_use *uses;       /* [tensors->count] */
    char (*use_names)[64];         /* [tensors->count] */
    struct contrast contrast;
    const struct tensor *kept; /* the tensor whose data are in memory, or NULL */
    float *kept_data;          /* in the stored layout */
};

/* Frees what checkpoint_read keeps. */
void checkpoint_forget(struct checkpoint *checkpoint);

#endif
