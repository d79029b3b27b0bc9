/* test_packed_file.c - models from files of packed weights have the bits of their checkpoints */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "counts.h"
#include "golden_models.h"
#include "mapped_directory.h"
#include "model_config.h"
#include "packed_model.h"

enum { PRECISIONS = VIT_PRECISION_INT8 + 1 };

#define MODEL "tests/golden/timm-vit"

static struct made_directory scratch;
static char path[300];

static void begin(void)
{
    scratch = make_directory();
    snprintf(path, sizeof path, "%s", made_path(&scratch, "model.packed"));
}

static void end(void)
{
    remove_directory(&scratch);
}

TestSuite(packed_file, .init = begin, .fini = end);

static void has_the_same_bits(struct packed_case c)
{
    char what[300];

    snprintf(what, sizeof what, "%s, %s, %s, keep %s, %zu × %zu", c.directory,
             c.isa ? c.isa : "the default", vit_value_name("precision", (int)c.precision),
             c.keep ? c.keep : "nothing", c.height, c.width);
    struct vit_model *const unpacked = opened(&c);
    c.packed = path;
    struct vit_model *const packed = opened(&c);
    cr_assert_eq(vit_model_verify_packed(packed, NULL), VIT_OK, "%s", what);
    expect_same_model(unpacked, packed, what);
}

static void is_saved_with_the_same_bits(const struct packed_case *c)
{
    save_packed(c, path);
    has_the_same_bits(*c);
}

Test(packed_file, every_golden_model_has_the_bits_of_its_checkpoint_in_each_precision)
{
    glob_t found = golden_models();

    for (size_t i = 0; i < found.gl_pathc; i++)
        for (int p = 0; p < PRECISIONS; p++)
            is_saved_with_the_same_bits(&(struct packed_case){
                .directory = found.gl_pathv[i], .precision = (enum vit_precision)p });
    globfree(&found);
}

Test(packed_file, every_level_has_the_bits_of_its_checkpoint_in_each_precision)
{
    const char *isa;
    int usable;

    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++)
        for (int p = 0; usable && p < PRECISIONS; p++)
            is_saved_with_the_same_bits(&(struct packed_case){
                .directory = MODEL, .isa = isa, .precision = (enum vit_precision)p });
}

Test(packed_file, layers_that_stay_in_float32_do_so_in_the_file)
{
    is_saved_with_the_same_bits(&(struct packed_case){
        .directory = MODEL, .keep = "blocks.1.fc2,blocks.0.qkv", .precision = VIT_PRECISION_INT8 });
}

/* Position tables are resized, and the class token gets its own position. */
Test(packed_file, one_file_serves_every_image_size)
{
    static const char *const models[] = { MODEL, "tests/golden/timm-reg4-ls" };

    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        struct packed_case c = { .directory = models[i] };
        struct vit_config config = { .size = sizeof config };
        struct vit_model *const model = opened(&c);
        vit_model_get_config(model, &config, NULL);
        vit_model_free(model);
        c.height = 2 * config.height;
        c.width = config.width;
        save_packed(&c, path);
        has_the_same_bits(c);
        has_the_same_bits((struct packed_case){ .directory = models[i] });
    }
}

Test(packed_file, a_model_from_a_file_is_saved_as_the_same_bytes)
{
    struct packed_case c = { .directory = MODEL, .precision = VIT_PRECISION_INT8 };
    size_t count;

    save_packed(&c, path);
    unsigned char *const first = file_bytes(path, &count);
    c.packed = path;
    save_packed(&c, path); /* over the file that it maps */
    expect_file(path, count, first);
}

/* Of memory with other bytes before: nothing in the file is left to chance. */
Test(packed_file, two_models_are_saved_as_the_same_bytes)
{
    char other[300];
    size_t count;

    snprintf(other, sizeof other, "%s", made_path(&scratch, "other"));
    for (int p = 0; p < PRECISIONS; p++) {
        const struct packed_case c = { .directory = MODEL, .precision = (enum vit_precision)p };
        save_packed(&c, path);
        void *const used = malloc(1 << 20);
        memset(used, 0xa5, 1 << 20);
        free(used);
        save_packed(&c, other);
        unsigned char *const first = file_bytes(path, &count);
        expect_file(other, count, first);
    }
}

Test(packed_file, a_model_keeps_its_weights_when_the_file_is_replaced_or_removed)
{
    const struct packed_case c = { .directory = MODEL };
    struct packed_case from = c, other = c;

    save_packed(&c, path);
    from.packed = path;
    struct vit_model *const first = opened(&from), *const second = opened(&from);
    other.directory = "tests/golden/timm-reg4-ls";
    save_packed(&other, path);
    expect_same_model(opened(&c), first, "after another file took its place");
    unlink(path);
    expect_same_model(opened(&c), second, "after the file was removed");
}

Test(packed_file, contexts_keep_the_file_mapped)
{
    struct packed_case c = { .directory = MODEL };
    const struct vit_context_options options = { .size = sizeof options, .threads = 1 };
    struct vit_context *context;
    static float image[3 * 512 * 512], logits[4096];

    save_packed(&c, path);
    c.packed = path;
    struct vit_model *const model = opened(&c);
    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    vit_model_free(model);
    cr_assert_eq(vit_forward(context, 1, image, logits, NULL), VIT_OK);
    vit_context_free(context);
    count_checks(1);
}

Test(packed_file, the_tables_of_positions_and_layers_are_those_of_the_checkpoint)
{
    struct packed_case c = { .directory = MODEL, .precision = VIT_PRECISION_FLOAT16 };
    struct vit_layer_info a = { .size = sizeof a }, b = { .size = sizeof b };
    static float expected[1 << 20], found[1 << 20];
    size_t rows, columns, layers = 0;

    save_packed(&c, path);
    struct vit_model *const unpacked = opened(&c);
    c.packed = path;
    struct vit_model *const packed = opened(&c);
    for (; vit_model_layer_at(unpacked, layers, &a); layers++)
        cr_assert(vit_model_layer_at(packed, layers, &b) && memcmp(&a, &b, sizeof a) == 0);
    cr_assert(layers > 0 && !vit_model_layer_at(packed, layers, &b));
    vit_model_grid(unpacked, &rows, &columns);
    cr_assert_eq(vit_model_positions(unpacked, expected, NULL), VIT_OK);
    cr_assert_eq(vit_model_positions(packed, found, NULL), VIT_OK);
    expect_same_bits(rows * columns, expected, found, "positions");
    vit_model_free(unpacked);
    vit_model_free(packed);
}

Test(packed_file, has_the_layout_that_its_page_documents)
{
    static const unsigned char magic[8] = { 0x89, 'V', 'I', 'T', 'P', '\r', '\n', 0x1a };
    const struct packed_case c = { .directory = MODEL };
    uint32_t version, sources, arrays, text;
    uint64_t data, size;
    struct stat info;
    size_t count;

    save_packed(&c, path);
    unsigned char *const bytes = file_bytes(path, &count);
    memcpy(&version, bytes + 8, 4);
    memcpy(&sources, bytes + 12, 4);
    memcpy(&arrays, bytes + 16, 4);
    memcpy(&text, bytes + 20, 4);
    memcpy(&data, bytes + 24, 8);
    memcpy(&size, bytes + 32, 8);
    cr_assert(memcmp(bytes, magic, sizeof magic) == 0 && version == 1 && sources == 1);
    cr_assert(data % 4096 == 0 && size == count && data < size);
    cr_assert(strstr((char *)bytes + 128, "\nlevel ") && strstr((char *)bytes + 128, "\nmatmul "));
    const unsigned char *at = bytes + 128 + (text + 63) / 64 * 64;
    cr_assert_str_eq((const char *)at, "model.safetensors");
    cr_assert_eq(stat(MODEL "/model.safetensors", &info), 0);
    memcpy(&size, at + 256, 8);
    cr_assert_eq(size, (uint64_t)info.st_size);
    memcpy(&size, at + 264, 8);
    cr_assert_eq(size, (uint64_t)info.st_mtim.tv_sec);
    at += 320;
    uint64_t end = data;
    for (uint32_t i = 0; i < arrays; i++, at += 128) {
        uint64_t offset, bytes_of;
        memcpy(&offset, at + 104, 8);
        memcpy(&bytes_of, at + 112, 8);
        cr_assert(offset % 64 == 0 && offset == end && bytes_of <= count - offset);
        end = (offset + bytes_of + 63) / 64 * 64;
    }
    cr_assert(end == count && (uint64_t)(at - bytes) <= data);
    free(bytes);
    count_checks(8 + arrays);
}

/* --- what cannot be saved or opened */

Test(packed_file, a_random_model_is_neither_saved_nor_opened)
{
    const struct vit_config config = divisible_config(1);
    const struct vit_model_options options = { .size = sizeof options, .packed = path };
    struct vit_error err = { .message = "" };
    struct vit_model *model = NULL;

    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), VIT_EINVAL);
    cr_assert(!model && strstr(err.message, "packed: expected NULL for a random model"), "%s",
              err.message);
    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, &err), VIT_OK);
    cr_assert_eq(vit_model_save_packed(model, path, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "found a random one") && access(path, F_OK) != 0);
    cr_assert_eq(vit_model_verify_packed(model, &err), VIT_EINVAL);
    vit_model_free(model);
    count_checks(3);
}

Test(packed_file, a_model_of_files_in_memory_is_neither_saved_nor_opened)
{
    struct mapped_directory files = map_directory(MODEL);
    const struct vit_model_options options = { .size = sizeof options, .packed = path };
    struct vit_error err = { .message = "" };
    struct vit_model *model = NULL;

    cr_assert_eq(vit_model_open_files(files.count, files.files, &options, &model, &err),
                 VIT_EINVAL);
    cr_assert(!model && strstr(err.message, "packed: expected NULL for files in memory, found \""),
              "%s", err.message);
    cr_assert_eq(vit_model_open_files(files.count, files.files, NULL, &model, &err), VIT_OK, "%s",
                 err.message);
    unmap_directory(&files);
    cr_assert_eq(vit_model_save_packed(model, path, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "found one of files in memory") && access(path, F_OK) != 0);
    cr_assert_eq(vit_model_verify_packed(model, &err), VIT_EINVAL);
    vit_model_free(model);
    count_checks(3);
}

Test(packed_file, options_with_a_byte_in_the_gap_are_of_a_later_version)
{
    struct vit_model_options options = { .size = sizeof options, .zeros = { 0, 0, 1 } };
    struct vit_error err = { .message = "" };
    struct vit_model *model = NULL;

    cr_assert_eq(vit_model_open(MODEL, &options, &model, &err), VIT_EUNSUPPORTED);
    cr_assert(!model && strstr(err.message, "expected 0 after digest, found 1"), "%s", err.message);
    count_checks(1);
}
