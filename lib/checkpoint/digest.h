/* digest.h - what identifies the files that a checkpoint was read from: their names and SHA-256 */
#ifndef VIT_CHECKPOINT_DIGEST_H
#define VIT_CHECKPOINT_DIGEST_H

#include "checkpoint/checkpoint.h"
#include "files/packed_header.h"
#include "files/sha256.h"

/*
 * The digest of vit_model_digest: SHA-256 of a line for each file of text and of weights, sorted by
 * name, as sha256sum prints it. The checkpoint was opened with `digest`. The files of weights are
 * read for it, or have the digests of `known` if that is not NULL.
 * VIT_ESTALE: a file changes meanwhile; VIT_EUNSUPPORTED: a name that sha256sum does not print as
 * it is, or that is too long; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status checkpoint_digest(const struct checkpoint *checkpoint,
                                  const struct packed_header *known, struct sha256_text *digest,
                                  struct vit_error *err);

#endif
