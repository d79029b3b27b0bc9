/* fuzz_npy_array.c - libFuzzer over npy_parse(): any bytes are an array or an error */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/demand.h"
#include "tools/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void parse(const uint8_t *bytes, size_t size)
{
    struct vit_error err = { .status = VIT_OK };
    struct npy_array array;
    size_t offset = 0, elements = 1;
    char text[16];

    if (npy_parse("fuzz.npy", bytes, size, &array, &offset, &err)) {
        demand(err.status != VIT_OK && strncmp(err.message, "fuzz.npy: ", 10) == 0);
        return;
    }
    demand(array.rank <= NPY_MAX_RANK && offset <= size);
    for (size_t i = 0; i < array.rank; i++)
        elements *= array.shape[i]; /* exact: the data are that long, or a side is 0 */
    demand(elements == array.elements);
    demand(elements * (array.type == NPY_FLOAT32 ? 4 : 1) == size - offset);
    npy_describe_array(&array, text, sizeof text);
}

/*
 * The bytes as a file; then as the text of a version 1 header of the right length, because few
 * mutations of a file keep its lengths correct. The first byte gives the length of the data.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    parse(bytes, size);
    if (size < 1 || size - 1 > UINT16_MAX)
        return 0;

    const size_t length = size - 1, data = bytes[0];
    uint8_t *const file = calloc(12 + length + data, 1);
    demand(file != NULL);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)length;
    file[9] = (uint8_t)(length >> 8);
    memcpy(file + 10, bytes + 1, length);
    parse(file, 10 + length + data);
    free(file);
    return 0;
}
