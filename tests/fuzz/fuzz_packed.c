/* fuzz_packed.c - libFuzzer target: any bytes as a file of packed weights, and a changed one */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/packed_header.h"
#include "tests/fuzz/demand.h"
#include "vit/vit.h"

#define MODEL "models/digits"

/* --- any bytes, against the header of a small file */

static void check_header(const uint8_t *data, size_t size)
{
    struct packed_source source = { .name = "model.safetensors", .bytes = 100, .seconds = 7 };
    struct packed_array arrays[2] = { { .name = "a", .type = "f32", .rows = 1, .bytes = 4 },
                                      { .name = "b", .type = "matmul", .bytes = 100 } };
    struct packed_header header = { .text = "libvit 1\nlevel scalar\n",
                                    .sources = &source,
                                    .source_count = 1,
                                    .arrays = arrays,
                                    .array_count = 2 };
    struct vit_error err = { .status = VIT_OK };

    demand(packed_header_place(&header));
    unsigned char *const found = malloc(header.data + 1), *const own = malloc(header.data);
    demand(found && own);
    const size_t bytes = size < header.data ? size : header.data;
    memcpy(found, data, bytes);
    const enum vit_status status = packed_header_check(&header, "file", found, bytes, size, &err);
    if (status) {
        demand(status == VIT_EFORMAT || status == VIT_ESTALE);
        demand(err.status == status && strncmp(err.message, "file: ", 6) == 0);
    } else { /* with the digests that it says, it is what is expected */
        demand(size == header.file_bytes);
        packed_header_write(&header, own);
        demand(memcmp(own, found, header.data) == 0);
    }
    free(own);
    free(found);
}

/* --- a model's file with changes */

static char path[64];
static int fd = -1;
static unsigned char whole[1 << 20], now[1 << 20]; /* the file as it was written, and changed */
static size_t file_bytes, header_bytes;

static void remove_file(void)
{
    unlink(path);
}

static void make_file(void)
{
    struct vit_model *model;
    struct stat info;
    uint64_t data = 0;

    snprintf(path, sizeof path, "%s/vit-fuzz-packed-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    demand(vit_model_open(MODEL, NULL, &model, NULL) == VIT_OK);
    demand(vit_model_save_packed(model, path, NULL) == VIT_OK);
    atexit(remove_file);
    vit_model_free(model);
    fd = open(path, O_RDWR | O_CLOEXEC);
    demand(fd >= 0 && fstat(fd, &info) == 0 && pread(fd, &data, 8, 24) == 8);
    file_bytes = (size_t)info.st_size;
    header_bytes = (size_t)data;
    demand(file_bytes <= sizeof whole && pread(fd, whole, file_bytes, 0) == (ssize_t)file_bytes);
}

/* Changes bytes at offsets of 24 bits. True: the header is another. */
static bool change_bytes(const uint8_t *edits, size_t count)
{
    memcpy(now, whole, file_bytes);
    for (size_t i = 0; i + 4 <= count; i += 4) {
        const size_t at = edits[i] | (size_t)edits[i + 1] << 8 | (size_t)edits[i + 2] << 16;
        now[at % file_bytes] ^= edits[i + 3];
    }
    demand(pwrite(fd, now, file_bytes, 0) == (ssize_t)file_bytes);
    return memcmp(now, whole, header_bytes) != 0;
}

static void compute(const struct vit_model *model)
{
    static float image[3 * 64 * 64], logits[4096];
    const struct vit_context_options options = { .size = sizeof options, .threads = 1 };
    struct vit_context *context;

    demand(vit_context_create(model, &options, &context, NULL) == VIT_OK);
    demand(vit_forward(context, 1, image, logits, NULL) == VIT_OK);
    vit_context_free(context);
}

/* The first two bytes are how much shorter the file is; the others change it. */
static void open_changed(const uint8_t *data, size_t size)
{
    const struct vit_model_options options = { .size = sizeof options, .packed = path };
    const size_t shorter = data[0] | (size_t)data[1] << 8;
    struct vit_error err = { .status = VIT_OK };
    struct vit_model *model = NULL;

    const bool of_header = change_bytes(data + 2, size - 2);
    demand(ftruncate(fd, (off_t)(file_bytes - shorter)) == 0);
    const enum vit_status status = vit_model_open(MODEL, &options, &model, &err);
    demand(status == VIT_OK || status == VIT_EFORMAT || status == VIT_ESTALE);
    demand((status == VIT_OK) == (!of_header && shorter == 0));
    if (status) {
        demand(!model && strncmp(err.message, path, strlen(path)) == 0);
    } else {
        const bool same = memcmp(now, whole, file_bytes) == 0;
        demand(vit_model_verify_packed(model, NULL) == (same ? VIT_OK : VIT_ESTALE));
        compute(model);
    }
    vit_model_free(model);
    demand(ftruncate(fd, (off_t)file_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fd < 0)
        make_file();
    check_header(data, size);
    if (size >= 2)
        open_changed(data, size);
    return 0;
}
