/* hostile.c - checkpoints that are small on disk, or look large */
#include "tests/budgets/hostile.h"

#include <dirent.h>
#include <minizip/zip.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/deflate.h"

static void stop(const char *what)
{
    perror(what);
    exit(2);
}

static FILE *create(const char *directory, const char *name)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *const file = fopen(path, "wb");
    if (!file)
        stop(path);
    return file;
}

static size_t finish(FILE *file)
{
    const long bytes = ftell(file);

    if (bytes < 0 || fclose(file) != 0)
        stop("budget");
    return (size_t)bytes;
}

static size_t make_config(const char *directory, const char *golden)
{
    char path[200], text[8192];

    snprintf(path, sizeof path, "tests/golden/%s/config.json", golden);
    FILE *const from = fopen(path, "rb");
    if (!from)
        stop(path);
    const size_t count = fread(text, 1, sizeof text, from);
    fclose(from);
    FILE *const to = create(directory, "config.json");
    fwrite(text, 1, count, to);
    return finish(to);
}

/* --- .safetensors */

static FILE *begin_header(const char *directory, const char *name)
{
    FILE *const file = create(directory, name);

    fwrite("\0\0\0\0\0\0\0\0{", 1, 9, file);
    return file;
}

static size_t end_header(FILE *file)
{
    fputc('}', file);
    const uint64_t bytes = (uint64_t)ftell(file) - 8;
    rewind(file);
    fwrite(&bytes, 1, 8, file);
    fseek(file, 0, SEEK_END);
    return finish(file);
}

static void put_tensor(FILE *file, bool first, const char *prefix, size_t i)
{
    fprintf(file, "%s\"%s%zu\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}",
            first ? "" : ",", prefix, i);
}

static size_t many_tensors(const char *directory, const char *prefix, size_t count)
{
    FILE *const file = begin_header(directory, "model.safetensors");

    for (size_t i = 0; i < count; i++) /* not in order: 7,919 is a prime number */
        put_tensor(file, i == 0, prefix, (i + 1) * 7919 % (count + 1) + (i + 1) / (count + 1));
    return end_header(file) + make_config(directory, "timm-vit");
}

static size_t short_names(const char *directory, size_t count)
{
    return many_tensors(directory, "", count);
}

static size_t long_names(const char *directory, size_t count)
{
    return many_tensors(directory,
                        "blocks.0.a.name.that.all.tensors.of.this.file.begin.with.and.that.takes.a."
                        "while.to.compare.",
                        count);
}

/* A header that repeats a text. */
static size_t repeated(const char *directory, const char *begin, const char *unit, const char *end,
                       size_t count)
{
    FILE *const file = begin_header(directory, "model.safetensors");

    fputs(begin, file);
    for (size_t i = 0; i < count; i++)
        fputs(unit, file);
    fputs(end, file);
    return end_header(file) + make_config(directory, "timm-vit");
}

static size_t array_of_numbers(const char *directory, size_t count)
{
    return repeated(directory, "\"__metadata__\":[", "0,", "0]", count);
}

static size_t array_of_objects(const char *directory, size_t count)
{
    return repeated(directory, "\"w\":[", "{},", "0]", count);
}

static size_t colons(const char *directory, size_t count)
{
    return repeated(directory, "", ":,", "", count);
}

static size_t escapes(const char *directory, size_t count)
{
    return repeated(directory, "\"__metadata__\":{\"a\":\"", "\\u0041", "\"}", count);
}

/* What is no tensor must not take the memory of one. */
static size_t members_that_are_numbers(const char *directory, size_t count)
{
    FILE *const file = begin_header(directory, "model.safetensors");

    for (size_t i = 0; i < count; i++)
        fprintf(file, "%s\"%zx\":0", i == 0 ? "" : ",", i);
    return end_header(file) + make_config(directory, "timm-vit");
}

/* --- several files */

#define INDEX "model.safetensors.index.json"

static void shard_name(size_t i, char name[48])
{
    snprintf(name, 48, "model-%05zu.safetensors", i);
}

/* `size` names of one file: its tensors are those of the first. */
static size_t links(const char *directory, size_t size)
{
    enum { TENSORS = 20000 };
    char name[48], first[48], path[400];

    shard_name(0, first);
    FILE *const file = begin_header(directory, first), *const index = create(directory, INDEX);
    fputs("{\"weight_map\":{", index);
    for (size_t i = 0; i < TENSORS; i++) {
        put_tensor(file, i == 0, "t", i);
        fprintf(index, "%s\"t%zu\":\"%s\"", i == 0 ? "" : ",", i, first);
    }
    for (size_t i = 1; i < size; i++) {
        shard_name(i, name);
        fprintf(index, ",\"u%zu\":\"%s\"", i, name);
        snprintf(path, sizeof path, "%s/%s", directory, name);
        if (symlink(first, path) != 0)
            stop(path);
    }
    fputs("}}", index);
    return end_header(file) + finish(index) + make_config(directory, "timm-vit");
}

/* `size` shards of 80 tensors, dealt out in turn. */
static size_t many_shards(const char *directory, size_t size)
{
    enum { EACH = 80 };
    FILE *const index = create(directory, INDEX);
    size_t bytes = 0;
    char name[48];

    fputs("{\"weight_map\":{", index);
    for (size_t s = 0; s < size; s++) {
        shard_name(s, name);
        FILE *const file = begin_header(directory, name);
        for (size_t i = 0; i < EACH; i++) {
            put_tensor(file, i == 0, "blocks.weight.", i * size + s);
            fprintf(index, "%s\"blocks.weight.%zu\":\"%s\"", s + i == 0 ? "" : ",", i * size + s,
                    name);
        }
        bytes += end_header(file);
    }
    fputs("}}", index);
    return bytes + finish(index) + make_config(directory, "timm-vit");
}

/* --- .npz */

static zipFile begin_npz(const char *directory)
{
    char path[400];

    snprintf(path, sizeof path, "%s/model.npz", directory);
    zipFile const zip = zipOpen64(path, APPEND_STATUS_CREATE);
    if (!zip)
        stop(path);
    return zip;
}

static size_t end_npz(const char *directory, zipFile zip)
{
    char path[400];

    snprintf(path, sizeof path, "%s/model.npz", directory);
    FILE *const file = zipClose(zip, NULL) == ZIP_OK ? fopen(path, "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END) != 0)
        stop(path);
    return finish(file) + make_config(directory, "google-npz");
}

/* A member of an array of zeros, whose header begins with `spaces` spaces. */
static void put_member(zipFile zip, const char *name, bool deflated, const size_t shape[4],
                       int spaces)
{
    static const char zeros[1 << 16];
    char text[100] = "", dict[70000];
    size_t bytes = 4;
    int length = 0;

    for (size_t i = 0; i < 4 && shape[i] != SIZE_MAX; i++) {
        length += snprintf(text + length, sizeof text - (size_t)length, "%zu,", shape[i]);
        bytes *= shape[i];
    }
    length =
        snprintf(dict, sizeof dict, "%*s{'descr': '<f4', 'fortran_order': False, 'shape': (%s)}",
                 spaces, "", text);
    const unsigned char start[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)length, (unsigned char)(length >> 8)
    };

    if (zipOpenNewFileInZip64(zip, name, NULL, NULL, 0, NULL, 0, NULL, deflated ? Z_DEFLATED : 0, 6,
                              0) != ZIP_OK)
        stop(name);
    zipWriteInFileInZip(zip, start, sizeof start);
    zipWriteInFileInZip(zip, dict, (unsigned)length);
    for (size_t n; bytes > 0; bytes -= n) {
        n = bytes < sizeof zeros ? bytes : sizeof zeros;
        zipWriteInFileInZip(zip, zeros, (unsigned)n);
    }
    if (zipCloseFileInZip(zip) != ZIP_OK)
        stop(name);
}

static void put_numbered(zipFile zip, size_t i, bool deflated, int spaces)
{
    static const size_t empty[4] = { 0, SIZE_MAX };
    char name[48];

    snprintf(name, sizeof name, "%zu.npy", i);
    put_member(zip, name, deflated, empty, spaces);
}

/* A model of zeros, which deflate makes 1,000 times as small: one block, `size` times 28 MB. */
static size_t zeros(const char *directory, size_t size)
{
#define BLOCK     "Transformer/encoderblock_0/"
#define ATTENTION BLOCK "MultiHeadDotProductAttention_1/"
    size_t side = 1;
    while (side * side < size)
        side++;
    const size_t d = 768 * side, m = 4 * d, h = d / 3, end = SIZE_MAX;
    const struct {
        const char *name;
        size_t shape[4];
    } members[] = {
        { "cls.npy", { 1, 1, d, end } },
        { "embedding/kernel.npy", { 8, 8, 3, d } },
        { "embedding/bias.npy", { d, end } },
        { "Transformer/posembed_input/pos_embedding.npy", { 1, 37, d, end } },
        { "Transformer/encoder_norm/scale.npy", { d, end } },
        { "Transformer/encoder_norm/bias.npy", { d, end } },
        { "head/kernel.npy", { d, 11, end } },
        { "head/bias.npy", { 11, end } },
        { BLOCK "LayerNorm_0/scale.npy", { d, end } },
        { BLOCK "LayerNorm_0/bias.npy", { d, end } },
        { BLOCK "LayerNorm_2/scale.npy", { d, end } },
        { BLOCK "LayerNorm_2/bias.npy", { d, end } },
        { ATTENTION "query/kernel.npy", { d, 3, h, end } },
        { ATTENTION "query/bias.npy", { 3, h, end } },
        { ATTENTION "key/kernel.npy", { d, 3, h, end } },
        { ATTENTION "key/bias.npy", { 3, h, end } },
        { ATTENTION "value/kernel.npy", { d, 3, h, end } },
        { ATTENTION "value/bias.npy", { 3, h, end } },
        { ATTENTION "out/kernel.npy", { 3, h, d, end } },
        { ATTENTION "out/bias.npy", { d, end } },
        { BLOCK "MlpBlock_3/Dense_0/kernel.npy", { d, m, end } },
        { BLOCK "MlpBlock_3/Dense_0/bias.npy", { m, end } },
        { BLOCK "MlpBlock_3/Dense_1/kernel.npy", { m, d, end } },
        { BLOCK "MlpBlock_3/Dense_1/bias.npy", { d, end } },
    };
    zipFile const zip = begin_npz(directory);

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        put_member(zip, members[i].name, true, members[i].shape, 0);
    return end_npz(directory, zip);
}

/* Headers of 64 KB, nothing else. */
static size_t long_headers(const char *directory, size_t size)
{
    zipFile const zip = begin_npz(directory);

    for (size_t i = 0; i < size; i++)
        put_numbered(zip, i, true, 65000);
    return end_npz(directory, zip);
}

static size_t many_members(const char *directory, size_t size)
{
    zipFile const zip = begin_npz(directory);

    for (size_t i = 0; i < size; i++)
        put_numbered(zip, i, false, 0);
    return end_npz(directory, zip);
}

/* A model that opens; its size is its own. */
static size_t deflated_model(const char *directory, size_t size)
{
    char path[400];

    (void)size;
    snprintf(path, sizeof path, "%s/model.npz", directory);
    FILE *const file =
        copy_deflated("tests/golden/google-npz/model.npz", path) ? fopen(path, "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END) != 0)
        stop(path);
    return finish(file) + make_config(directory, "google-npz");
}

const struct hostile hostiles[] = {
    { "short names", 10000, VIT_EFORMAT, short_names },
    { "long names", 5000, VIT_EFORMAT, long_names },
    { "numbers", 500000, VIT_EFORMAT, array_of_numbers },
    { "objects", 300000, VIT_EFORMAT, array_of_objects },
    { "colons", 500000, VIT_EFORMAT, colons },
    { "escapes", 150000, VIT_EFORMAT, escapes },
    { "no tensors", 100000, VIT_EFORMAT, members_that_are_numbers },
    { "links", 64, VIT_EFORMAT, links },
    { "shards", 128, VIT_EFORMAT, many_shards },
    { "npz: zeros", 1, VIT_EFORMAT, zeros },
    { "npz: long headers", 1000, VIT_EFORMAT, long_headers },
    { "npz: members", 10000, VIT_EFORMAT, many_members },
    { "npz: a model", 1, VIT_OK, deflated_model },
    { 0 },
};

void hostile_remove(const char *directory)
{
    DIR *const dir = opendir(directory);
    const struct dirent *entry;
    char path[700];

    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path); /* fails on . and .. */
    }
    if (dir)
        closedir(dir);
    rmdir(directory);
}
