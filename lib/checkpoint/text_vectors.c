/* text_vectors.c - the vectors of texts in a file, which may be hostile, and the texts' names */
#include "checkpoint/text_vectors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "files/fail_file.h"
#include "files/file.h"
#include "files/name_order.h"
#include "files/npy_file.h"
#include "files/safetensors.h"
#include "files/sanitize.h"

/* A name of one byte takes 40 in memory: a hostile file must not make a gigabyte of a few MB. */
enum { MAX_COUNT = 1 << 20 };

/* --- what every list of texts must be */

static enum vit_status check_count(const char *path, size_t count, struct vit_error *err)
{
    return count <= MAX_COUNT ? VIT_OK
                              : fail_file(err, VIT_EUNSUPPORTED, path,
                                          "expected at most %d texts, found %zu", MAX_COUNT, count);
}

static enum vit_status check_names(const char *path, const struct labels *names,
                                   struct vit_error *err)
{
    struct named *const sorted = malloc((2 * names->count + 1) * sizeof *sorted);
    enum vit_status status = VIT_OK;

    if (!sorted)
        return fail_no_memory(err, path);
    for (size_t i = 0; !status && i < names->count; i++) {
        sorted[i] = (struct named){ .name = names->text[i], .index = i };
        if (!*names->text[i])
            status = fail_file(err, VIT_EFORMAT, path, "name %zu: expected text, found none", i);
    }
    if (!status)
        names_sort(names->count, sorted, sorted + names->count);
    for (size_t i = 1; !status && i < names->count; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
            status =
                fail_file(err, VIT_EFORMAT, path,
                          "name %zu: expected one that no other text has, found %s, as name "
                          "%zu",
                          sorted[i].index, sanitize_name(sorted[i].name).text, sorted[i - 1].index);
    free(sorted);
    return status;
}

static enum vit_status check_vectors(const char *path, const struct text_vectors *texts,
                                     struct vit_error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        const float *const x = texts->vectors + i * texts->width;
        const char *const name = texts->names.count ? texts->names.text[i] : "without a name";
        bool zeros = true;
        for (size_t j = 0; j < texts->width; j++) {
            if (!isfinite(x[j]))
                return fail_file(err, VIT_EFORMAT, path,
                                 "text %zu, %s: expected finite numbers, found %g at %zu", i,
                                 sanitize_name(name).text, (double)x[j], j);
            zeros = zeros && x[j] == 0.0f;
        }
        if (zeros)
            return fail_file(err, VIT_EFORMAT, path,
                             "text %zu, %s: expected a direction, found zeros alone", i,
                             sanitize_name(name).text);
    }
    return VIT_OK;
}

/* --- NAME.npy and NAME.txt */

/* NAME.txt for NAME.npy; the caller frees it. */
static char *names_of(const char *npy)
{
    const size_t bytes = strlen(npy) + 1;
    char *const names = malloc(bytes);

    if (names)
        snprintf(names, bytes, "%.*s.txt", (int)(bytes - sizeof ".npy"), npy);
    return names;
}

static enum vit_status read_names(const char *path, const char *npy, size_t count,
                                  struct labels *names, struct vit_error *err)
{
    struct text_file text = { .path = path };
    const char *const slash = strrchr(npy, '/');
    struct input_file file;
    char of[200];
    enum vit_status status;

    if ((status = file_open(path, &file, err)))
        return status;
    snprintf(of, sizeof of, "row of %s", sanitize_path(slash ? slash + 1 : npy).text);
    if (!(status = file_read_text(&file, LABELS_MAX_BYTES, &text, err)))
        status = lines_parse(&text, count, "name", of, names, err);
    free((char *)text.text);
    file_close(&file);
    return status ? status : check_names(path, names, err);
}

static enum vit_status read_npy(const char *path, struct text_vectors *texts, struct vit_error *err)
{
    struct npy_header header;
    char text[256], *names;
    enum vit_status status = npy_file_load(path, &header, &texts->vectors, err);

    if (status)
        return status;
    if (header.rank != 2 || header.elements == 0)
        return fail_file(err, VIT_EFORMAT, path,
                         "expected an array [texts, numbers] with a number at least, found %s",
                         npy_describe(header.dtype, header.rank, header.shape, text, sizeof text));
    if ((status = check_count(path, header.shape[0], err)))
        return status;
    texts->count = header.shape[0];
    texts->width = header.shape[1];
    if (!(names = names_of(path)))
        return fail_no_memory(err, path);
    status = read_names(names, path, texts->count, &texts->names, err);
    free(names);
    return status;
}

/* --- a tensor for each text */

static enum vit_status check_entry(const struct safetensors *file,
                                   const struct safetensors_entry *e, struct vit_error *err)
{
    const struct safetensors_entry *const first = &file->entries[0];

    if (e->elements == 0 || e->rank == 0 || e->rank > 2 || e->shape[e->rank - 1] != e->elements)
        return fail_tensor(err, VIT_EFORMAT, file->source.path, e->name,
                           "expected the vector of a text, [numbers] or [1, numbers], found %zu "
                           "numbers in %zu dimensions",
                           e->elements, e->rank);
    if (e->elements != first->elements)
        return fail_tensor(err, VIT_EFORMAT, file->source.path, e->name,
                           "expected %zu numbers, as %s has, found %zu", first->elements,
                           sanitize_name(first->name).text, e->elements);
    return VIT_OK;
}

static enum vit_status read_entries(const struct safetensors *file, struct text_vectors *texts,
                                    struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    size_t elements, bytes;

    if (file->count == 0)
        return fail_file(err, VIT_EFORMAT, file->source.path, "expected a tensor, found none");
    if ((status = check_count(file->source.path, file->count, err)))
        return status;
    for (size_t i = 0; i < file->count; i++)
        if ((status = check_entry(file, &file->entries[i], err)))
            return status;
    texts->count = file->count;
    texts->width = file->entries[0].elements;
    texts->names.text = calloc(texts->count, sizeof *texts->names.text);
    if (!texts->names.text || !checked_mul(texts->count, texts->width, &elements) ||
        !checked_mul(elements, sizeof *texts->vectors, &bytes) || !(texts->vectors = malloc(bytes)))
        return fail_no_memory(err, file->source.path);
    for (size_t i = 0; !status && i < file->count; i++) {
        status = safetensors_read_f32(file, &file->entries[i], 0, texts->width,
                                      texts->vectors + i * texts->width, err);
        texts->names.text[i] = strdup(file->entries[i].name);
        if (!texts->names.text[i])
            return fail_no_memory(err, file->source.path);
        texts->names.count = i + 1;
    }
    return status ? status : check_names(file->source.path, &texts->names, err);
}

static enum vit_status read_safetensors(const char *path, struct text_vectors *texts,
                                        struct vit_error *err)
{
    struct safetensors *file;
    enum vit_status status = safetensors_open(path, &file, err);

    if (status)
        return status;
    status = read_entries(file, texts, err);
    safetensors_close(file);
    return status;
}

/* --- from memory */

static const char in_memory[] = "texts in memory";

/* No names: an empty list. */
static enum vit_status copy_names(size_t count, const char *const *names, struct labels *copy,
                                  struct vit_error *err)
{
    if (!names)
        return VIT_OK;
    for (size_t i = 0; i < count; i++)
        if (!names[i])
            return fail_file(err, VIT_EINVAL, in_memory, "name %zu: expected text, found NULL", i);
    copy->text = calloc(count, sizeof *copy->text);
    while (copy->text && copy->count < count &&
           (copy->text[copy->count] = strdup(names[copy->count])))
        copy->count++;
    return copy->count == count ? check_names(in_memory, copy, err)
                                : fail_no_memory(err, in_memory);
}

enum vit_status text_vectors_copy(size_t count, size_t width, const float *vectors,
                                  const char *const *names, struct text_vectors *texts,
                                  struct vit_error *err)
{
    size_t elements, bytes;
    enum vit_status status;

    *texts = (struct text_vectors){ .count = count, .width = width };
    if (count == 0 || width == 0 || !checked_mul(count, width, &elements) ||
        !checked_mul(elements, sizeof *vectors, &bytes))
        return fail_file(err, VIT_EINVAL, in_memory,
                         "expected a vector of a number at least, and no more than memory holds, "
                         "found %zu of %zu numbers",
                         count, width);
    texts->path = strdup(in_memory);
    texts->vectors = malloc(bytes);
    if (texts->path && texts->vectors) {
        memcpy(texts->vectors, vectors, bytes);
        status = copy_names(count, names, &texts->names, err);
    } else {
        status = fail_no_memory(err, in_memory);
    }
    if (!status)
        status = check_vectors(in_memory, texts, err);
    if (status)
        text_vectors_free(texts);
    return status;
}

/* --- from a file */

enum vit_status text_vectors_read(const char *path, struct text_vectors *texts,
                                  struct vit_error *err)
{
    static const struct {
        const char *ending;
        enum vit_status (*read)(const char *path, struct text_vectors *texts,
                                struct vit_error *err);
    } formats[] = { { ".npy", read_npy }, { ".safetensors", read_safetensors } };
    enum { FORMATS = sizeof formats / sizeof *formats };
    const size_t length = strlen(path);
    enum vit_status status;
    size_t i = 0;

    for (; i < FORMATS; i++) {
        const size_t tail = strlen(formats[i].ending);
        if (length > tail && strcmp(path + length - tail, formats[i].ending) == 0)
            break;
    }
    if (i == FORMATS)
        return fail_file(err, VIT_EINVAL, path,
                         "expected vectors of texts in a file .npy or .safetensors, found another "
                         "ending");
    *texts = (struct text_vectors){ .path = strdup(path) };
    status = texts->path ? formats[i].read(path, texts, err) : fail_no_memory(err, path);
    if (!status)
        status = check_vectors(path, texts, err);
    if (status)
        text_vectors_free(texts);
    return status;
}

/* --- either */

enum vit_status text_vectors_have_width(const struct text_vectors *texts, size_t width,
                                        struct vit_error *err)
{
    if (texts->width == width)
        return VIT_OK;
    return fail_file(err, VIT_EINVAL, texts->path,
                     "expected vectors of %zu numbers, as the model's, found %zu", width,
                     texts->width);
}

void text_vectors_free(struct text_vectors *texts)
{
    labels_free(&texts->names);
    free(texts->vectors);
    free(texts->path);
    *texts = (struct text_vectors){ 0 };
}
