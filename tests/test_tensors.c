/* test_tensors.c - a checkpoint folder's tensors, whatever files they are in */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/safetensors.h"
#include "checkpoint/tensors.h"
#include "tests/make_checkpoint.h"
#include "tests/tally.h"

Test(tensors, a_folder_has_the_tensors_of_its_file)
{
    struct safetensors *file;
    struct tensors *tensors;
    struct vit_error err;
    static float a[1 << 20], b[1 << 20];

    cr_assert_eq(tensors_open("tests/golden/timm-vit", &tensors, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(safetensors_open("tests/golden/timm-vit/model.safetensors", &file, &err), VIT_OK);
    cr_assert_eq(tensors->format, TENSORS_SAFETENSORS);
    cr_assert_str_eq(tensors->path, "tests/golden/timm-vit/model.safetensors");
    cr_assert_eq(tensors->count, file->count);
    for (size_t i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        const struct tensor *t = tensors_find(tensors, entry->name);
        cr_assert_eq(t, &tensors->entries[i], "%s", entry->name);
        cr_assert(t->rank == entry->rank && t->elements == entry->elements && t->readable);
        cr_assert_eq(memcmp(t->shape, entry->shape, t->rank * sizeof *t->shape), 0);
        cr_assert_str_eq(t->dtype, "F32");
        cr_assert_str_eq(t->path, tensors->path);
        cr_assert_eq(tensors_read_f32(tensors, t, 0, t->elements, a, &err), VIT_OK);
        cr_assert_eq(safetensors_read_f32(file, entry, 0, entry->elements, b, &err), VIT_OK);
        cr_assert_eq(memcmp(a, b, t->elements * sizeof *a), 0, "%s", t->name);
        tally(7);
    }
    cr_assert_null(tensors_find(tensors, "blocks.2.norm1.weight"));
    safetensors_close(file);
    tensors_close(tensors);
    tensors_close(NULL);
    tally(4);
}

Test(tensors, integers_are_listed_and_not_read)
{
    const struct made_folder folder = make_folder();
    const struct made_tensor made[] = { { "ids", "I64", 1, { 4 } }, { "w", "BF16", 0, { 0 } } };
    struct tensors *tensors;
    struct vit_error err;
    float out[4] = { 1 };

    make_model(&folder, made, 2);
    cr_assert_eq(tensors_open(folder.path, &tensors, &err), VIT_OK, "%s", err.message);
    const struct tensor *ids = tensors_find(tensors, "ids"), *w = tensors_find(tensors, "w");
    cr_assert(!ids->readable && w->readable && w->rank == 0 && w->elements == 1);
    cr_assert_eq(tensors_read_f32(tensors, ids, 0, 4, out, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "\"ids\" is I64, expected F32, F16 or BF16"), "%s", err.message);
    cr_assert_eq(tensors_read_f32(tensors, w, 0, 2, out, &err), VIT_EINVAL);
    cr_assert_eq(tensors_read_f32(tensors, w, 0, 1, out, &err), VIT_OK);
    cr_assert_eq(out[0], 0);
    tensors_close(tensors);
    remove_folder(&folder);
    tally(7);
}
