/* allocator.h - the caller's allocator, as this version has it */
#ifndef VIT_MODEL_ALLOCATOR_H
#define VIT_MODEL_ALLOCATOR_H

#include "base/memory.h"
#include "vit/vit.h"

/* Reads the caller's hooks; NULL: the C library. VIT_EINVAL: a hook is missing; as sized_read. */
enum vit_status allocator_read(const struct vit_allocator *from, struct memory *memory,
                               struct vit_error *err);

#endif
