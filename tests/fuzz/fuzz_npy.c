/* fuzz_npy.c - libFuzzer target: any bytes as a .npy file; an accepted header must be consistent */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files/npy_header.h"
#include "tests/fuzz/demand.h"

/* What npy_header.h promises of a header that it accepts. */
static void check(const struct npy_header *header, uint64_t file_bytes)
{
    const size_t each = npy_dtype_bytes(header->dtype);
    size_t elements = 1;

    demand(header->dtype < NPY_DTYPES && strlen(npy_dtype_descr(header->dtype)) == 3);
    demand(header->rank <= NPY_MAX_RANK);
    for (size_t i = 0; i < header->rank; i++)
        elements *= header->shape[i]; /* whole: the data are that long, or there are none */
    demand(elements == header->elements);
    demand(header->data_offset <= file_bytes);
    demand(header->elements == (file_bytes - header->data_offset) / each);
    demand((file_bytes - header->data_offset) % each == 0);
}

static void parse(const uint8_t *bytes, size_t size, uint64_t file_bytes)
{
    struct vit_error err = { .status = VIT_OK };
    struct npy_header header;

    if (npy_parse_header("fuzz.npy", bytes, size, file_bytes, &header, &err))
        demand(err.status != VIT_OK && strlen(err.message) > 0);
    else
        check(&header, file_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Once as they are; once as the text of a version 1 header of the right length, the first two bytes
 * saying how much data follow, since few mutations of a file keep its lengths correct.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, size);
    if (size < 2 || size - 2 > UINT16_MAX)
        return 0;

    const size_t length = size - 2;
    uint8_t *const file = malloc(12 + length);
    demand(file != NULL);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, data + 2, length);
    parse(file, 10 + length, 10 + length + (data[0] | (uint64_t)data[1] << 8));
    free(file);
    return 0;
}
