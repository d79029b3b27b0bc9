/* fuzz_npz.c - libFuzzer target: any bytes as a .npz file, all of whose numbers are read */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files/npz.h"
#include "tests/fuzz/demand.h"

/*
 * Reads all of a member. Its data must have the length of its shape, and deflate must be able to
 * expand to it.
 */
static void read_member(struct npz *npz, const struct npz_member *member, size_t size)
{
    const size_t elements = member->header.elements;
    const size_t bytes = elements * npy_dtype_bytes(member->header.dtype);
    struct vit_error err = { .status = VIT_OK };

    demand(member->header.rank <= NPY_MAX_RANK);
    demand(bytes / 1032 <= size);
    float *out = malloc(elements > 0 ? elements * sizeof *out : 1);
    demand(out != NULL);
    const enum vit_status status = npz_read_f32(npz, member, 0, elements, out, &err);
    demand(status == err.status && (status == VIT_OK) == (strlen(err.message) == 0));
    demand(npz_readable(member->header.dtype) ? status != VIT_EUNSUPPORTED
                                              : status == VIT_EUNSUPPORTED);
    demand(npz_read_f32(npz, member, elements, 1, out, NULL) == VIT_EINVAL);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct npz *npz = NULL;
    struct vit_error err = { .status = VIT_OK };

    if (npz_parse("fuzz.npz", data, size, &npz, &err)) {
        demand(err.status != VIT_OK && strncmp(err.message, "fuzz.npz: ", 10) == 0 && !npz);
        return 0;
    }
    for (size_t i = 0; i < npz->count; i++) {
        demand(i == 0 || strcmp(npz->members[i - 1].name, npz->members[i].name) < 0);
        read_member(npz, &npz->members[i], size);
    }
    npz_close(npz);
    return 0;
}
