/* make_npz.c - small .npz files for tests: any header, any data, any wrong field */
#include "tests/make_npz.h"

#include <criterion/criterion.h>
#include <minizip/zip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/tensors.h"
#include "tests/make_checkpoint.h"

/* A .npy file, which the caller frees; NULL for an empty file. */
static void *make_npy(const struct made_member *member, size_t *size)
{
    const size_t text = member->dict ? strlen(member->dict) : 0;
    const unsigned version = member->version ? member->version : 1;
    const size_t start = member->dict ? (version == 1 ? 10 : 12) : 0;

    *size = start + text + member->bytes;
    if (*size == 0)
        return NULL;
    unsigned char *npy = malloc(*size);
    cr_assert_not_null(npy);
    if (member->dict) {
        memcpy(npy, "\x93NUMPY", 6);
        memcpy(npy + 6, (unsigned char[]){ (unsigned char)version, 0 }, 2);
        for (size_t i = 8; i < start; i++)
            npy[i] = (unsigned char)(text >> (8 * (i - 8)));
        memcpy(npy + start, member->dict, text);
    }
    if (member->bytes > 0)
        memcpy(npy + start + text, member->data, member->bytes);
    return npy;
}

/* --- an archive in memory, for minizip */

struct buffer {
    struct made_npz *npz;
    size_t at, capacity;
};

static voidpf open_buffer(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

static uLong read_buffer(voidpf opaque, voidpf stream, void *out, uLong bytes)
{
    (void)opaque;
    (void)stream;
    (void)out;
    (void)bytes;
    return 0;
}

static uLong write_buffer(voidpf opaque, voidpf stream, const void *bytes, uLong size)
{
    struct buffer *const buffer = opaque;
    struct made_npz *const npz = buffer->npz;

    (void)stream;
    if (buffer->at + size > buffer->capacity) {
        buffer->capacity = 2 * (buffer->at + size);
        npz->bytes = realloc(npz->bytes, buffer->capacity);
        cr_assert_not_null(npz->bytes);
    }
    memcpy(npz->bytes + buffer->at, bytes, size);
    buffer->at += size;
    npz->size = buffer->at > npz->size ? buffer->at : npz->size;
    return size;
}

static ZPOS64_T tell_buffer(voidpf opaque, voidpf stream)
{
    (void)stream;
    return ((struct buffer *)opaque)->at;
}

static long seek_buffer(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    struct buffer *const buffer = opaque;

    (void)stream;
    buffer->at = (origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                  : origin == ZLIB_FILEFUNC_SEEK_CUR ? buffer->at
                                                     : buffer->npz->size) +
                 offset;
    return 0;
}

static int done(voidpf opaque, voidpf stream)
{
    (void)opaque;
    (void)stream;
    return 0;
}

struct made_npz make_npz(size_t count, const struct made_member *members)
{
    struct made_npz npz = { 0 };
    struct buffer buffer = { &npz, 0, 0 };
    zlib_filefunc64_def functions = { open_buffer, read_buffer, write_buffer, tell_buffer,
                                      seek_buffer, done,        done,         &buffer };
    zipFile const zip = zipOpen2_64("", APPEND_STATUS_CREATE, NULL, &functions);

    cr_assert_not_null(zip);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        void *const npy = make_npy(&members[i], &size);
        cr_assert_eq(zipOpenNewFileInZip64(zip, members[i].name, NULL, NULL, 0, NULL, 0, NULL,
                                           members[i].deflated ? Z_DEFLATED : 0,
                                           Z_DEFAULT_COMPRESSION, 0),
                     ZIP_OK);
        cr_assert_eq(zipWriteInFileInZip(zip, npy, (unsigned)size), ZIP_OK);
        cr_assert_eq(zipCloseFileInZip(zip), ZIP_OK);
        free(npy);
    }
    cr_assert_eq(zipClose(zip, NULL), ZIP_OK);
    return npz;
}

size_t read_made_members(const char *directory, struct made_member members[MADE_MEMBERS])
{
    struct tensors *tensors;
    struct vit_error err;

    cr_assert_eq(open_tensors(directory, &tensors, &err), VIT_OK, "%s", err.message);
    const size_t count = tensors->count;
    cr_assert_leq(count, MADE_MEMBERS);
    for (size_t i = 0; i < count; i++) {
        const struct tensor *const t = &tensors->entries[i];
        float *const data = malloc(t->elements * sizeof *data);
        char *const name = malloc(strlen(t->name) + 5), *const dict = malloc(256);
        cr_assert(data && name && dict);
        int length = sprintf(dict, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
        for (size_t r = 0; r < t->rank; r++)
            length += sprintf(dict + length, "%zu,", t->shape[r]);
        strcpy(dict + length, ")}");
        sprintf(name, "%s.npy", t->name);
        cr_assert_eq(tensors_read_f32(tensors, t, 0, t->elements, data, &err), VIT_OK);
        members[i] = (struct made_member){ name, dict, data, t->elements * sizeof *data, true, 0 };
    }
    tensors_close(tensors);
    return count;
}

void free_made_members(size_t count, struct made_member *members)
{
    for (size_t i = 0; i < count; i++) {
        free((void *)members[i].name);
        free((void *)members[i].dict);
        free((void *)members[i].data);
    }
}

/* The entry of a member in the directory. */
static size_t find_entry(const struct made_npz *npz, size_t place)
{
    for (size_t i = 0; i + 46 < npz->size; i++)
        if (memcmp(npz->bytes + i, "PK\1\2", 4) == 0 && place-- == 0)
            return i;
    cr_assert_fail("no such member");
    return 0;
}

/* Little-endian. */
static void put(unsigned char **at, size_t bytes, uint64_t value)
{
    memcpy(*at, &value, bytes);
    *at += bytes;
}

size_t put_end_of_64_bits(uint64_t count, uint64_t start, uint64_t bytes, unsigned char *out)
{
    unsigned char *at = out;

    put(&at, 4, 0x06064b50);
    put(&at, 8, 44); /* the length of what follows */
    put(&at, 4, 45 | 45 << 16);
    put(&at, 8, 0); /* the number of disks */
    put(&at, 8, count);
    put(&at, 8, count);
    put(&at, 8, bytes);
    put(&at, 8, start);
    put(&at, 4, 0x07064b50);
    put(&at, 4, 0);
    put(&at, 8, start + bytes);
    put(&at, 4, 1);
    put(&at, 4, 0x06054b50);
    put(&at, 4, 0);
    put(&at, 8, UINT64_MAX);
    put(&at, 4, UINT32_MAX);
    put(&at, 2, 0); /* no comment */
    return (size_t)(at - out);
}

void patch_directory(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
                     uint64_t value)
{
    memcpy(npz->bytes + find_entry(npz, place) + field, &value, bytes);
}

void patch_npz(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
               uint64_t value)
{
    uint32_t local;

    memcpy(&local, npz->bytes + find_entry(npz, place) + FIELD_PLACE, sizeof local);
    patch_directory(npz, place, field, bytes, value);
    /* the local header has no version of the writer, and its name begins at byte 30 */
    memcpy(npz->bytes + local + (field == FIELD_NAME ? 30 : field - 2), &value, bytes);
}
