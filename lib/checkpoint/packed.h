/* packed.h - the files of a checkpoint as a file of packed weights records them */
#ifndef VIT_CHECKPOINT_PACKED_H
#define VIT_CHECKPOINT_PACKED_H

#include "checkpoint/checkpoint.h"
#include "files/packed_file.h"

/*
 * Fills header->sources, which the caller frees: the names, sizes and times of the files of
 * weights. VIT_EUNSUPPORTED: a name is too long; VIT_ENOMEM.
 */
enum vit_status packed_sources(const struct checkpoint *checkpoint, struct packed_header *header,
                               struct vit_error *err);

/*
 * Reads the files of an open checkpoint for the digests of header->sources. VIT_ESTALE: a file
 * changes meanwhile; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status packed_sources_digest(const struct checkpoint *checkpoint,
                                      struct packed_header *header, struct vit_error *err);

/* VIT_ESTALE: the files of an open checkpoint have other digests than header->sources. */
enum vit_status packed_sources_verify(const struct checkpoint *checkpoint,
                                      const struct packed_header *header, struct vit_error *err);

/* The first 16 characters of the SHA-256 of some bytes. */
void packed_fingerprint(const void *bytes, size_t count, char text[17]);

#endif
