/* fuzz_texts.c - libFuzzer target: any bytes as a file of text vectors; accepted ones compute */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/demand.h"
#include "vit/texts.h"

/* The files, by the ending of what is opened. */
static char arrays[64], names[64], tensors[64];

static void remove_files(void)
{
    unlink(arrays);
    unlink(names);
    unlink(tensors);
}

static void choose_files(void)
{
    const char *const base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    const long id = (long)getpid();

    snprintf(arrays, sizeof arrays, "%s/vit-fuzz-texts-%ld.npy", base, id);
    snprintf(names, sizeof names, "%s/vit-fuzz-texts-%ld.txt", base, id);
    snprintf(tensors, sizeof tensors, "%s/vit-fuzz-texts-%ld.safetensors", base, id);
    atexit(remove_files);
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    demand(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/* Every text is a direction: its cosine with the axes is a number, and not all are 0. */
static void check_logits(const struct vit_texts *texts)
{
    enum { MAX_WIDTH = 64 };
    const size_t width = vit_texts_width(texts), count = vit_texts_count(texts);
    const struct vit_config config = { .size = sizeof config,
                                       .channels = 1,
                                       .height = 1,
                                       .width = 1,
                                       .patch = 1,
                                       .dim = width,
                                       .heads = 1,
                                       .head_dim = 1,
                                       .mlp_dim = 1,
                                       .eps = 1e-6f };
    float axis[MAX_WIDTH] = { 0 }, *const logits = malloc(count * sizeof *logits);
    double *const squares = calloc(count, sizeof *squares);
    struct vit_model *model;

    demand(logits && squares && width <= MAX_WIDTH);
    demand(vit_model_create_random(&config, 1, NULL, &model, NULL) == VIT_OK);
    for (size_t i = 0; i < width; i++) {
        axis[i] = 1.0f;
        demand(vit_text_logits(model, texts, 1, axis, logits, NULL) == VIT_OK);
        axis[i] = 0.0f;
        for (size_t t = 0; t < count; t++)
            squares[t] += (double)logits[t] * (double)logits[t];
    }
    for (size_t t = 0; t < count; t++)
        demand(fabs(squares[t] - 1.0) < 1e-5);
    vit_model_free(model);
    free(squares);
    free(logits);
}

static void open_texts(const char *path)
{
    struct vit_error err = { .status = VIT_OK };
    struct vit_texts *texts = NULL;
    const enum vit_status status = vit_texts_open(path, &texts, &err);

    if (status) {
        demand(!texts && err.status == status && strlen(err.message) > 0);
        demand(status != VIT_EINVAL && status != VIT_ENOTFOUND);
        return;
    }
    demand(vit_texts_count(texts) > 0 && vit_texts_width(texts) > 0);
    for (size_t i = 0; i < vit_texts_count(texts); i++)
        demand(vit_texts_name(texts, i) && *vit_texts_name(texts, i));
    if (vit_texts_width(texts) <= 64)
        check_logits(texts);
    vit_texts_free(texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A byte of 0: a .safetensors file follows. Otherwise it is the length of the names, which follow,
 * and then the array.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!*arrays)
        choose_files();
    if (size == 0)
        return 0;
    const size_t length = data[0] < size ? data[0] : size - 1;
    if (data[0] == 0) {
        write_file(tensors, data + 1, size - 1);
        open_texts(tensors);
        return 0;
    }
    write_file(names, data + 1, length);
    write_file(arrays, data + 1 + length, size - 1 - length);
    open_texts(arrays);
    return 0;
}
