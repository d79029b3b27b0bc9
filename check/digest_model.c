/*
 * digest_model.c - digests of the results of models: given checkpoints, and a small one that it
 * writes
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/digest.h"
#include "check/digests.h"
#include "check/test_data.h"
#include "vit/kernels.h"

static enum vit_status fail_path(struct vit_error *err, enum vit_status status, const char *path,
                                 const char *what)
{
    const char *const reason = strerror(errno);

    if (err) {
        err->status = status;
        snprintf(err->message, sizeof err->message, "%.200s: %s%s%s", path, what,
                 status == VIT_EIO ? ": " : "", status == VIT_EIO ? reason : "");
    }
    return status;
}

/* Computes two images and releases the model. */
static enum vit_status digest_logits(const struct digest_setup *setup, const char *name,
                                     struct vit_model *model, struct digests *digests,
                                     struct vit_error *err)
{
    const struct vit_context_options in = { .size = sizeof in,
                                            .max_batch = 2,
                                            .threads = setup->threads };
    struct vit_context *context = NULL;
    float *images = NULL, *logits = NULL;
    size_t rows, columns;
    enum vit_status status;

    if ((status = vit_context_create(model, &in, &context, err)) != VIT_OK)
        goto close;
    struct vit_config c = { .size = sizeof c };
    vit_model_get_config(model, &c, NULL);
    const size_t pixels = 2 * c.channels * c.height * c.width;
    const enum vit_output output = c.classes > 0             ? VIT_OUTPUT_LOGITS
                                   : c.pool != VIT_POOL_NONE ? VIT_OUTPUT_EMBEDDING
                                                             : VIT_OUTPUT_LAST_HIDDEN_STATE;
    vit_output_shape(model, output, 0, &rows, &columns);
    images = malloc(pixels * sizeof *images);
    logits = malloc(2 * rows * columns * sizeof *logits);
    if (!images || !logits) {
        status = fail_path(err, VIT_ENOMEM, name, "out of memory for two images");
        goto close;
    }
    fill_pattern(pixels, images, PATTERN_NORMAL, 1);
    for (size_t i = 0; i < pixels; i++)
        images[i] *= 0.25f;
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = output,
                                                .data = logits };
    const struct vit_call call = {
        .size = sizeof call, .batch = 2, .images = images, .outputs = &request, .output_count = 1
    };
    status = vit_forward_call(context, &call, err);
    if (status == VIT_OK)
        digests_add(digests, name, digest_floats(DIGEST_BEGIN, 2 * rows * columns, logits));

close:
    free(images);
    free(logits);
    vit_context_free(context);
    vit_model_free(model);
    return status;
}

static enum vit_status open_model(const struct digest_setup *setup, const char *directory,
                                  struct vit_model **model, struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .isa = setup->level->isa,
                                               .keep = setup->keep,
                                               .precision = setup->precision };

    return vit_model_open(directory, &options, model, err);
}

enum vit_status digest_model(const struct digest_setup *setup, const char *name,
                             const char *directory, struct digests *digests, struct vit_error *err)
{
    struct vit_model *model;
    const enum vit_status status = open_model(setup, directory, &model, err);

    return status ? status : digest_logits(setup, name, model, digests, err);
}

/* The small model: patches of 8, 2 blocks of 3 heads of 16, an MLP of 120, 11 classes. */
enum { PATCH = 8, DIM = 48, MLP = 120, CLASSES = 11 };
static const char config_format[] =
    "{\"architecture\": \"vit_tiny_patch16_224\", \"num_classes\": 11, \"model_args\": {"
    "\"img_size\": [%zu, %zu], \"patch_size\": 8, \"embed_dim\": 48, \"depth\": 2,"
    " \"num_heads\": 3, \"mlp_ratio\": 2.5, \"init_values\": 1.0}}";

/* timm's names; "*" is the block. */
static const struct tensor {
    const char *name;
    const char *shape;
    size_t count;
    float factor; /* of numbers within ±4 */
} tensors[] = {
    { "cls_token", "1,1,48", DIM, 0.25f },
    { "patch_embed.proj.weight", "48,3,8,8", DIM * 3 * PATCH *PATCH, 0x1p-6f },
    { "patch_embed.proj.bias", "48", DIM, 0.25f },
    { "blocks.*.norm1.weight", "48", DIM, 0.25f },
    { "blocks.*.norm1.bias", "48", DIM, 0.25f },
    { "blocks.*.attn.qkv.weight", "144,48", 3 * DIM *DIM, 0x1p-4f },
    { "blocks.*.attn.qkv.bias", "144", 3 * DIM, 0.25f },
    { "blocks.*.attn.proj.weight", "48,48", DIM *DIM, 0x1p-4f },
    { "blocks.*.attn.proj.bias", "48", DIM, 0.25f },
    { "blocks.*.ls1.gamma", "48", DIM, 0.25f },
    { "blocks.*.norm2.weight", "48", DIM, 0.25f },
    { "blocks.*.norm2.bias", "48", DIM, 0.25f },
    { "blocks.*.mlp.fc1.weight", "120,48", MLP *DIM, 0x1p-4f },
    { "blocks.*.mlp.fc1.bias", "120", MLP, 0.25f },
    { "blocks.*.mlp.fc2.weight", "48,120", DIM *MLP, 0x1p-4f },
    { "blocks.*.mlp.fc2.bias", "48", DIM, 0.25f },
    { "blocks.*.ls2.gamma", "48", DIM, 0.25f },
    { "norm.weight", "48", DIM, 0.25f },
    { "norm.bias", "48", DIM, 0.25f },
    { "head.weight", "11,48", CLASSES *DIM, 0x1p-4f },
    { "head.bias", "11", CLASSES, 0.25f },
};
enum { TENSORS = sizeof tensors / sizeof *tensors, BLOCKS = 2 };

struct writer {
    char header[8192];
    size_t length, data; /* bytes of both so far */
    float *numbers;      /* the data of all tensors, concatenated */
};

static void write_tensor(struct writer *w, const struct tensor *t, size_t block)
{
    const char *const star = strchr(t->name, '*');
    const size_t bytes = t->count * sizeof(float);
    char name[64];

    if (star)
        snprintf(name, sizeof name, "%.*s%zu%s", (int)(star - t->name), t->name, block, star + 1);
    else
        snprintf(name, sizeof name, "%s", t->name);
    w->length +=
        (size_t)snprintf(w->header + w->length, sizeof w->header - w->length,
                         "%c\"%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
                         w->data ? ',' : '{', name, t->shape, w->data, w->data + bytes);
    float *const x = w->numbers + w->data / sizeof(float);
    fill_pattern(t->count, x, PATTERN_NORMAL, w->data);
    for (size_t i = 0; i < t->count; i++)
        x[i] *= t->factor;
    w->data += bytes;
}

static void write_tensors(struct writer *w, size_t tokens)
{
    char shape[32];

    snprintf(shape, sizeof shape, "1,%zu,48", tokens);
    write_tensor(w, &(struct tensor){ "pos_embed", shape, tokens * DIM, 0.125f }, 0);
    for (size_t i = 0; i < TENSORS; i++)
        for (size_t block = 0; block < (strchr(tensors[i].name, '*') ? BLOCKS : 1); block++)
            write_tensor(w, &tensors[i], block);
    w->header[w->length++] = '}';
}

static bool write_file(const char *path, size_t pieces, const void *const piece[],
                       const size_t bytes[])
{
    FILE *const f = fopen(path, "wb");
    bool written = f != NULL;

    for (size_t i = 0; written && i < pieces; i++)
        written = fwrite(piece[i], 1, bytes[i], f) == bytes[i];
    const int reason = errno;
    const bool closed = f && fclose(f) == 0;
    if (!written)
        errno = reason;
    return written && closed;
}

/* Writes the checkpoint for one size of image. */
static bool write_checkpoint(const char *config_path, const char *tensors_path, size_t height,
                             size_t width)
{
    const size_t tokens = height / PATCH * (width / PATCH) + 1;
    char config[512];
    size_t numbers = tokens * DIM;
    for (size_t i = 0; i < TENSORS; i++)
        numbers += tensors[i].count * BLOCKS;
    struct writer w = { .numbers = malloc(numbers * sizeof(float)) };

    if (!w.numbers)
        return false;
    write_tensors(&w, tokens);
    const uint64_t length = w.length;
    uint8_t little[8];
    for (size_t i = 0; i < 8; i++)
        little[i] = (uint8_t)(length >> 8 * i);
    const int config_bytes = snprintf(config, sizeof config, config_format, height, width);
    const bool written =
        write_file(config_path, 1, (const void *[]){ config },
                   (size_t[]){ (size_t)config_bytes }) &&
        write_file(tensors_path, 3, (const void *[]){ little, w.header, w.numbers },
                   (size_t[]){ 8, w.length, w.data });
    free(w.numbers);
    return written;
}

/*
 * Writes the checkpoint into a directory of its own, opens it and removes both. No signal comes
 * between: nothing is left behind.
 */
static enum vit_status open_small_model(const struct digest_setup *setup, size_t height,
                                        size_t width, struct vit_model **model,
                                        struct vit_error *err)
{
    const char *const base = getenv("TMPDIR");
    char directory[256], config[300], weights[300];
    enum vit_status status;
    sigset_t all, before;

    snprintf(directory, sizeof directory, "%.200s/vit-check-XXXXXX", base && *base ? base : "/tmp");
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    if (!mkdtemp(directory)) {
        status = fail_path(err, VIT_EIO, directory, "cannot create the directory");
        goto unblock;
    }
    snprintf(config, sizeof config, "%s/config.json", directory);
    snprintf(weights, sizeof weights, "%s/model.safetensors", directory);
    status = write_checkpoint(config, weights, height, width)
                 ? open_model(setup, directory, model, err)
                 : fail_path(err, VIT_EIO, directory, "cannot write the checkpoint");
    unlink(config);
    unlink(weights);
    rmdir(directory);

unblock:
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

enum vit_status digest_small_models(const struct digest_setup *setup, struct digests *digests,
                                    struct vit_error *err)
{
#define NAMES(size)                                                                                \
    {                                                                                              \
        "model/" size, "model/" size ".float16", "model/" size ".int8"                             \
    }
    static const struct {
        const char *names[3]; /* by precision */
        size_t height, width;
    } sizes[] = { { NAMES("32x32"), 32, 32 },
                  { NAMES("40x72"), 40, 72 },
                  { NAMES("112x112"), 112, 112 } }; /* 17, 46 and 197 tokens */
#undef NAMES
    enum { SIZES = sizeof sizes / sizeof *sizes };
    enum vit_status status = VIT_OK;

    for (size_t i = 0; status == VIT_OK && i < 3 * SIZES; i++) {
        const size_t size = i % SIZES, precision = i / SIZES;
        const struct digest_setup of_precision = { setup->level, setup->threads,
                                                   (enum vit_precision)precision, NULL };
        struct vit_model *model;
        status =
            open_small_model(&of_precision, sizes[size].height, sizes[size].width, &model, err);
        if (status == VIT_OK)
            status = digest_logits(setup, sizes[size].names[precision], model, digests, err);
    }
    return status;
}
