/* copy_checkpoint.c - copies of checkpoints in safetensors, with other numbers or another dtype */
#include "copy_checkpoint.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"

/* A whole file; free it. NULL: there is none. */
static uint8_t *read_file(const char *directory, const char *name, size_t *bytes)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *const f = fopen(path, "rb");
    if (!f)
        return NULL;
    cr_assert(fseek(f, 0, SEEK_END) == 0, "%s", path);
    *bytes = (size_t)ftell(f);
    rewind(f);
    uint8_t *const data = malloc(*bytes + 1);
    cr_assert(data && fread(data, 1, *bytes, f) == *bytes, "%s", path);
    fclose(f);
    return data;
}

/* Copies the files of text that there are. */
static void copy_texts(const char *directory, const struct made_directory *copy)
{
    static const char *const names[] = { "config.json", "preprocessor_config.json",
                                         "processor_config.json" };
    size_t bytes;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint8_t *const text = read_file(directory, names[i], &bytes);
        if (text)
            make_file(copy, names[i], text, bytes);
        free(text);
    }
}

/* The layer whose weight is used as "blocks[3].qkv.weight": "blocks.3.qkv". False: none is. */
static bool layer_of(const struct vit_model *model, const char *use, char name[64])
{
    struct vit_layer_info layer = { .size = sizeof layer };
    const char *const weight = use ? strstr(use, ".weight") : NULL;
    size_t length = 0;

    for (const char *p = use; weight && p < weight; p++)
        if (*p != ']')
            name[length++] = (char)(*p == '[' ? '.' : *p);
    name[length] = '\0';
    for (size_t i = 0; weight && vit_model_layer_at(model, i, &layer); i++)
        if (strcmp(layer.name, name) == 0)
            return true;
    return false;
}

static const char *use_of(const struct vit_model *model, const char *name)
{
    struct vit_tensor_info tensor = { .size = sizeof tensor };
    size_t i = 0;

    while (vit_model_tensor_at(model, i, &tensor) && strcmp(tensor.name, name) != 0)
        i++;
    return tensor.use;
}

/* Appends a tensor's bytes to `out`; float32 as float16 if it is to be. Returns their number. */
static size_t append(const char *dtype, bool float16, const uint8_t *data, size_t bytes,
                     uint8_t *out)
{
    if (strcmp(dtype, "F32") != 0 || !float16) {
        memcpy(out, data, bytes);
        return bytes;
    }
    for (size_t i = 0; i < bytes / 4; i++) {
        float x;
        memcpy(&x, data + 4 * i, sizeof x);
        const uint16_t half = half_bits(half_rounded(x));
        memcpy(out + 2 * i, &half, sizeof half);
    }
    return bytes / 2;
}

static void change_data(const struct vit_model *model, const char *name, size_t bytes,
                        uint8_t *data, change_tensor *change, void *arg)
{
    float *const x = malloc(bytes + 1);
    char layer[64];

    memcpy(x, data, bytes);
    change(arg, name, layer_of(model, use_of(model, name), layer) ? layer : NULL, bytes / 4, x);
    memcpy(data, x, bytes);
    free(x);
}

struct made_directory copy_checkpoint(const char *directory, bool float16, change_tensor *change,
                                      void *arg)
{
    const struct made_directory copy = make_directory();
    size_t bytes, used = 0;
    struct vit_model *model;
    const char *name;
    json_t *entry;
    uint8_t *const file = read_file(directory, "model.safetensors", &bytes);
    uint64_t length = 0;

    copy_texts(directory, &copy);
    cr_assert(file, "%s", directory);
    for (size_t i = 0; i < 8; i++)
        length |= (uint64_t)file[i] << 8 * i;
    uint8_t *const out = malloc(bytes);
    json_t *const header = json_loadb((const char *)file + 8, length, 0, NULL);
    cr_assert(header && out && vit_model_open(directory, NULL, &model, NULL) == VIT_OK);
    json_object_del(header, "__metadata__");
    json_object_foreach (header, name, entry) {
        const char *const dtype = json_string_value(json_object_get(entry, "dtype"));
        json_t *const offsets = json_object_get(entry, "data_offsets");
        const size_t begin = (size_t)json_integer_value(json_array_get(offsets, 0));
        const size_t end = (size_t)json_integer_value(json_array_get(offsets, 1));
        uint8_t *const data = file + 8 + length + begin;
        if (change && strcmp(dtype, "F32") == 0)
            change_data(model, name, end - begin, data, change, arg);
        const size_t written = append(dtype, float16, data, end - begin, out + used);
        json_array_set_new(offsets, 0, json_integer((json_int_t)used));
        const size_t written_end = used + written;
        json_array_set_new(offsets, 1, json_integer((json_int_t)written_end));
        if (float16 && strcmp(dtype, "F32") == 0)
            json_object_set_new(entry, "dtype", json_string("F16"));
        used += written;
    }
    char *const text = json_dumps(header, JSON_COMPACT);
    make_safetensors(&copy, "model.safetensors", text, out, used);
    vit_model_free(model);
    json_decref(header);
    free(text);
    free(out);
    free(file);
    return copy;
}
