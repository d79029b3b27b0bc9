/* fuzz_safetensors.c - libFuzzer target: any bytes as a .safetensors file */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "files/safetensors.h"
#include "tests/fuzz/demand.h"

/* What safetensors.h promises of a file that it accepts, and that is not open. */
static void check(const struct safetensors *file, uint64_t size)
{
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        const uint64_t bytes = entry->elements * safetensors_dtype_bytes(entry->dtype);
        demand(entry->rank <= SAFETENSORS_MAX_RANK);
        demand(entry->offset <= size && bytes <= size - entry->offset);
        demand(i == 0 || strcmp(entry[-1].name, entry->name) < 0);
        demand(safetensors_find(file, entry->name) == entry);
        demand(safetensors_read(file, entry, entry->elements, 1, NULL, NULL) == VIT_EINVAL);
        demand(safetensors_read(file, entry, 0, entry->elements, NULL, NULL) == VIT_EINVAL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const uint8_t *start, size_t bytes, uint64_t file_bytes)
{
    struct safetensors *file;
    struct vit_error err = { .status = VIT_OK };

    if (safetensors_parse("fuzz.safetensors", start, bytes, file_bytes, &file, &err)) {
        demand(err.status != VIT_OK && strlen(err.message) > 0);
        return;
    }
    check(file, file_bytes);
    safetensors_close(file);
}

/*
 * Once as they are; once as a header alone, its length right and 1 to 256 bytes of data to come:
 * few mutations of a file keep its lengths correct.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(data, size, size);
    if (size == 0)
        return 0;
    const size_t header = size - 1;
    uint8_t *start = malloc(8 + header);
    demand(start != NULL);
    for (int i = 0; i < 8; i++)
        start[i] = (uint8_t)((uint64_t)header >> (8 * i));
    memcpy(start + 8, data + 1, header);
    parse(start, 8 + header, 8 + header + data[0] + 1);
    free(start);
    return 0;
}
