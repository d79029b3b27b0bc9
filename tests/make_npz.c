/* make_npz.c - small .npz files for tests: any header, any data, any wrong field */
#include "tests/make_npz.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

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

struct made_npz make_npz(size_t count, const struct made_member *members)
{
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, NULL);
    zip_t *zip = zip_open_from_source(target, ZIP_TRUNCATE, NULL);
    struct made_npz npz = { 0 };
    void **npy = calloc(count + 1, sizeof *npy);
    zip_stat_t stat;

    cr_assert(zip && npy);
    zip_source_keep(target);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        npy[i] = make_npy(&members[i], &size);
        zip_source_t *const source = zip_source_buffer(zip, npy[i], size, 0);
        cr_assert_not_null(source);
        const zip_int64_t at = zip_file_add(zip, members[i].name, source, 0);
        cr_assert_geq(at, 0);
        cr_assert_eq(zip_set_file_compression(zip, (zip_uint64_t)at,
                                              members[i].deflated ? ZIP_CM_DEFLATE : ZIP_CM_STORE,
                                              0),
                     0);
    }
    cr_assert_eq(zip_close(zip), 0); /* reads the members */
    for (size_t i = 0; i < count; i++)
        free(npy[i]);
    free(npy);
    cr_assert(zip_source_open(target) == 0 && zip_source_stat(target, &stat) == 0);
    npz.size = (size_t)stat.size;
    npz.bytes = malloc(npz.size);
    cr_assert_not_null(npz.bytes);
    cr_assert_eq(zip_source_read(target, npz.bytes, npz.size), (zip_int64_t)npz.size);
    zip_source_close(target);
    zip_source_free(target);
    return npz;
}

void patch_npz(struct made_npz *npz, size_t place, enum made_field field, size_t bytes,
               uint64_t value)
{
    for (size_t i = 0; i + 46 < npz->size; i++)
        if (memcmp(npz->bytes + i, "PK\1\2", 4) == 0 && place-- == 0) {
            memcpy(npz->bytes + i + field, &value, bytes);
            return;
        }
    cr_assert_fail("no such member");
}
