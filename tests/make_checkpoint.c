/* make_checkpoint.c - small checkpoints on disk for tests: any header, any tensors, any text */
#include "tests/make_checkpoint.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/tensors.h"

struct made_directory make_directory(void)
{
    const char *base = getenv("TMPDIR");
    struct made_directory directory;

    snprintf(directory.path, sizeof directory.path, "%s/vit-test-XXXXXX", base ? base : "/tmp");
    cr_assert_not_null(mkdtemp(directory.path));
    return directory;
}

void remove_directory(const struct made_directory *directory)
{
    DIR *dir = opendir(directory->path);

    cr_assert_not_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlink(made_path(directory, entry->d_name));
    closedir(dir);
    rmdir(directory->path);
}

const char *made_path(const struct made_directory *directory, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s", directory->path, name);
    return path;
}

void make_file(const struct made_directory *directory, const char *name, const void *bytes,
               size_t count)
{
    FILE *f = fopen(made_path(directory, name), "wb");

    cr_assert_not_null(f);
    cr_assert_eq(fwrite(bytes, 1, count, f), count);
    cr_assert_eq(fclose(f), 0);
}

void make_text(const struct made_directory *directory, const char *name, const char *text)
{
    make_file(directory, name, text, strlen(text));
}

void make_safetensors(const struct made_directory *directory, const char *name, const char *header,
                      const void *data, size_t data_bytes)
{
    const uint64_t length = strlen(header);
    char *bytes = malloc(8 + length + data_bytes);

    cr_assert_not_null(bytes);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, header, length);
    if (data_bytes > 0)
        memcpy(bytes + 8 + length, data, data_bytes);
    make_file(directory, name, bytes, 8 + length + data_bytes);
    free(bytes);
}

static size_t dtype_bytes(const char *dtype)
{
    const size_t bits = strtoul(dtype + strcspn(dtype, "0123456789"), NULL, 10);

    return bits / 8;
}

void make_tensors(const struct made_directory *directory, const char *name,
                  const struct made_tensor *tensors, size_t count)
{
    const size_t max_bytes = 64 + 256 * count;
    char *header = malloc(max_bytes);
    size_t length = 0, at = 0;

    cr_assert_not_null(header);
    for (size_t i = 0; i < count; i++) {
        const struct made_tensor *t = &tensors[i];
        const char *dtype = t->dtype ? t->dtype : "F32";
        size_t bytes = dtype_bytes(dtype);
        length += (size_t)snprintf(header + length, max_bytes - length,
                                   "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i > 0 ? "," : "{",
                                   t->name, dtype);
        for (size_t r = 0; r < t->rank; r++) {
            length += (size_t)snprintf(header + length, max_bytes - length, "%s%zu",
                                       r > 0 ? "," : "", t->shape[r]);
            bytes *= t->shape[r];
        }
        length += (size_t)snprintf(header + length, max_bytes - length,
                                   "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
        at += bytes;
    }
    snprintf(header + length, max_bytes - length, "%s", count > 0 ? "}" : "{}");
    char *data = calloc(1, at + 1);
    cr_assert_not_null(data);
    make_safetensors(directory, name, header, data, at);
    free(data);
    free(header);
}

void make_model(const struct made_directory *directory, const struct made_tensor *tensors,
                size_t count)
{
    make_tensors(directory, "model.safetensors", tensors, count);
}

enum vit_status open_tensors(const char *path, struct tensors **tensors, struct vit_error *err)
{
    struct directory directory;
    enum vit_status status = directory_open(path, &directory, err);

    if (status)
        return status;
    status = tensors_open(&directory, tensors, err);
    directory_close(&directory);
    return status;
}

const char made_timm_config[] =
    "{\"architecture\":\"vit_tiny_patch16_224\",\"num_classes\":3,\"model_args\":{\"img_size\":8,"
    "\"patch_size\":4,\"embed_dim\":8,\"depth\":2,\"num_heads\":2,\"mlp_ratio\":1.5}}";

const char made_series_config[] =
    "{\"model_type\":\"series_vit\",\"img_size\":[1,8,8],\"patch_size\":4,\"token_len\":8,"
    "\"preds\":3,\"num_heads\":2,\"hidden_chan_mul\":1.5,\"depth\":2}";

/* %d is the block: each such row makes a tensor for each of the two blocks */
static const struct made_tensor timm[] = {
    { "cls_token", NULL, 3, { 1, 1, 8 } },
    { "pos_embed", NULL, 3, { 1, 5, 8 } },
    { "patch_embed.proj.weight", NULL, 4, { 8, 3, 4, 4 } },
    { "patch_embed.proj.bias", NULL, 1, { 8 } },
    { "blocks.%d.norm1.weight", NULL, 1, { 8 } },
    { "blocks.%d.norm1.bias", NULL, 1, { 8 } },
    { "blocks.%d.attn.qkv.weight", NULL, 2, { 24, 8 } },
    { "blocks.%d.attn.qkv.bias", NULL, 1, { 24 } },
    { "blocks.%d.attn.proj.weight", NULL, 2, { 8, 8 } },
    { "blocks.%d.attn.proj.bias", NULL, 1, { 8 } },
    { "blocks.%d.norm2.weight", NULL, 1, { 8 } },
    { "blocks.%d.norm2.bias", NULL, 1, { 8 } },
    { "blocks.%d.mlp.fc1.weight", NULL, 2, { 12, 8 } },
    { "blocks.%d.mlp.fc1.bias", NULL, 1, { 12 } },
    { "blocks.%d.mlp.fc2.weight", NULL, 2, { 8, 12 } },
    { "blocks.%d.mlp.fc2.bias", NULL, 1, { 8 } },
    { "norm.weight", NULL, 1, { 8 } },
    { "norm.bias", NULL, 1, { 8 } },
    { "head.weight", NULL, 2, { 3, 8 } },
    { "head.bias", NULL, 1, { 3 } },
};

static const struct made_tensor series[] = {
    { "patch_tokens.project.weight", NULL, 2, { 8, 16 } },
    { "patch_tokens.project.bias", NULL, 1, { 8 } },
    { "backbone.cls_token", NULL, 3, { 1, 1, 8 } },
    { "backbone.blocks.%d.norm1.weight", NULL, 1, { 8 } },
    { "backbone.blocks.%d.norm1.bias", NULL, 1, { 8 } },
    { "backbone.blocks.%d.attn.qkv.weight", NULL, 2, { 24, 8 } },
    { "backbone.blocks.%d.attn.proj.weight", NULL, 2, { 8, 8 } },
    { "backbone.blocks.%d.attn.proj.bias", NULL, 1, { 8 } },
    { "backbone.blocks.%d.norm2.weight", NULL, 1, { 8 } },
    { "backbone.blocks.%d.norm2.bias", NULL, 1, { 8 } },
    { "backbone.blocks.%d.neuralnet.fc1.weight", NULL, 2, { 12, 8 } },
    { "backbone.blocks.%d.neuralnet.fc1.bias", NULL, 1, { 12 } },
    { "backbone.blocks.%d.neuralnet.fc2.weight", NULL, 2, { 8, 12 } },
    { "backbone.blocks.%d.neuralnet.fc2.bias", NULL, 1, { 8 } },
    { "backbone.norm.weight", NULL, 1, { 8 } },
    { "backbone.norm.bias", NULL, 1, { 8 } },
    { "backbone.head.weight", NULL, 2, { 3, 8 } },
    { "backbone.head.bias", NULL, 1, { 3 } },
};

static size_t expand(const struct made_tensor *patterns, size_t count, struct made_tensor *tensors)
{
    size_t made = 0;

    for (size_t i = 0; i < count; i++) {
        const char *at = strstr(patterns[i].name, "%d");
        for (int block = 0; block < (at ? 2 : 1); block++) {
            tensors[made] = patterns[i];
            if (at)
                snprintf(tensors[made].name, sizeof tensors[made].name, "%.*s%d%s",
                         (int)(at - patterns[i].name), patterns[i].name, block, at + 2);
            made++;
        }
    }
    return made;
}

size_t made_timm(struct made_tensor tensors[MADE_MAX])
{
    return expand(timm, sizeof timm / sizeof *timm, tensors);
}

size_t made_series(struct made_tensor tensors[MADE_MAX])
{
    return expand(series, sizeof series / sizeof *series, tensors);
}

const char *make_two_shards(const struct made_directory *d, const char *a, const char *b)
{
    static char index[16384];
    struct made_tensor tensors[MADE_MAX];
    const size_t count = made_timm(tensors);

    snprintf(index, sizeof index, "{\"weight_map\": {");
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(index);
        snprintf(index + length, sizeof index - length, "%s\"%s\": \"%s\"", i ? ", " : "",
                 tensors[i].name, i < 5 ? a : b);
    }
    strcat(index, "}}");
    make_text(d, "config.json", made_timm_config);
    make_tensors(d, "a.safetensors", tensors, 5);
    make_tensors(d, "b.safetensors", tensors + 5, count - 5);
    return index;
}
