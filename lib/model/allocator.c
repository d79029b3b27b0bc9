/* allocator.c - the caller's allocator, as this version has it */
#include "model/allocator.h"

#include "base/sized.h"
#include "base/status.h"

enum vit_status allocator_read(const struct vit_allocator *from, struct memory *memory,
                               struct vit_error *err)
{
    struct vit_allocator a;
    enum vit_status status;

    *memory = memory_of_c;
    if (!from)
        return VIT_OK;
    if ((status = sized_read(&a, from, SIZED(vit_allocator), err)))
        return status;
    if (!a.allocate || !a.release)
        return fail(err, VIT_EINVAL, "struct vit_allocator: expected both hooks, found no %s",
                    a.allocate ? "release" : "allocate");
    *memory = (struct memory){ a.allocate, a.release, a.user };
    return VIT_OK;
}
