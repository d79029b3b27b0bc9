/* read_f32.h - numbers of a file as float32, from the number types that checkpoints store */
#ifndef VIT_FILES_READ_F32_H
#define VIT_FILES_READ_F32_H

#include "files/file.h"

/* How a file stores a number, in little-endian order. */
enum stored { STORED_F32, STORED_F16, STORED_BF16, STORED_F64 };

/*
 * `count` numbers from byte `offset` on: exact, but from float64, which is rounded to nearest.
 * Thread-safe. VIT_EIO: the file is truncated or cannot be read.
 */
enum vit_status read_f32(const struct input_file *file, enum stored stored, uint64_t offset,
                         size_t count, float *out, struct vit_error *err);

#endif
