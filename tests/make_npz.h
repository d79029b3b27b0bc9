/* make_npz.h - small .npz files for tests: any header, any data, any wrong field */
#ifndef VIT_TESTS_MAKE_NPZ_H
#define VIT_TESTS_MAKE_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct made_member {
    const char *name; /* "w.npy" */
    const char *dict; /* of the header: "{'descr': '<f4', …}"; NULL: no header, only data */
    const void *data;
    size_t bytes;
    bool deflated;
    unsigned version; /* of the header; 0: 1 */
};

/* A dict of an array in C order; F4("(2, 3)") is float32. */
#define DICT(descr, shape) "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"
#define F4(shape)          DICT("<f4", shape)

struct made_npz {
    unsigned char *bytes; /* the caller frees them */
    size_t size;
};
struct made_npz make_npz(size_t count, const struct made_member *members);

/*
 * The float tensors of a checkpoint's directory, to be deflated; returns how many. Their names,
 * dicts and data are freed by free_made_members.
 */
enum { MADE_MEMBERS = 64 };
size_t read_made_members(const char *directory, struct made_member members[MADE_MEMBERS]);
void free_made_members(size_t count, struct made_member *members);

/*
 * Writes the end of an archive in 64 bits, after `count` directory entries of `bytes` from `start`
 * on. Returns its length.
 */
enum { MADE_END_OF_64_BITS = 56 + 20 + 22 };
size_t put_end_of_64_bits(uint64_t count, uint64_t start, uint64_t bytes, unsigned char *out);

/* Offsets of the fields in a member's directory entry. */
enum made_field {
    FIELD_FLAGS = 8,
    FIELD_METHOD = 10,
    FIELD_CRC = 16,
    FIELD_PACKED = 20,
    FIELD_SIZE = 24,
    FIELD_PLACE = 42, /* of the local header, which does not have this field */
    FIELD_NAME = 46,
};
/*
 * Overwrites `bytes` little-endian bytes of a field of the member at `place`, in the directory and
 * in the local header.
 */
void patch_npz(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
               uint64_t value);
/* The same in the directory alone: the two then disagree. */
void patch_directory(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
                     uint64_t value);

#endif
