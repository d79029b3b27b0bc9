/* make_npz.h - small .npz files for tests: any header, any data, and lies told afterwards */
#ifndef VIT_TESTS_MAKE_NPZ_H
#define VIT_TESTS_MAKE_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct made_member {
    const char *name; /* "w.npy" */
    const char *dict; /* the header's: "{'descr': '<f4', …}"; NULL: there is none, only data */
    const void *data;
    size_t bytes;
    bool deflated;
    unsigned version; /* of the header; 0: 1 */
};

/* Of C-ordered float32 for `dict`: F4("(2, 3)"). */
#define DICT(descr, shape) "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"
#define F4(shape)          DICT("<f4", shape)

struct made_npz {
    unsigned char *bytes; /* which the caller frees */
    size_t size;
};
struct made_npz make_npz(size_t count, const struct made_member *members);

/* Fields of a member's entry in the directory, for patch_npz. */
enum made_field {
    FIELD_FLAGS = 8,
    FIELD_METHOD = 10,
    FIELD_PACKED = 20,
    FIELD_SIZE = 24,
    FIELD_NAME = 46,
};
/* Overwrites `bytes` little-endian bytes of a field of the member at `place`. */
void patch_npz(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
               uint64_t value);

#endif
