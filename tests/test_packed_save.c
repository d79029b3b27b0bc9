/* test_packed_save.c - what vit_model_save_packed refuses to save, and what it replaces and how */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy_checkpoint.h"
#include "counts.h"
#include "packed_model.h"

/* A copy of a golden model, and a path beside its files. */
static struct made_directory copy;
static char path[300];
static struct packed_case unpacked, packed;

static void begin(void)
{
    copy = copy_checkpoint("tests/golden/timm-vit", false, NULL, NULL);
    snprintf(path, sizeof path, "%s", made_path(&copy, "model.packed"));
    unpacked = packed = (struct packed_case){ .directory = copy.path };
    packed.packed = path;
}

static void end(void)
{
    remove_directory(&copy);
}

TestSuite(packed_save, .init = begin, .fini = end);

/* Ends the test unless saving at `to` fails so. */
static void refuses_to_save(const struct vit_model *model, const char *to, enum vit_status status,
                            const char *fragment)
{
    struct vit_error err = { .message = "" };
    const enum vit_status found = vit_model_save_packed(model, to, &err);

    cr_assert_eq(found, status, "%s: found %s: %s", to, vit_status_name(found), err.message);
    cr_assert(strstr(err.message, fragment), "expected \"%s\" in: %s", fragment, err.message);
    cr_assert(access(made_path(&copy, "other.packed.tmp"), F_OK) != 0);
    count_checks(3);
}

static void saves(const struct vit_model *model, const char *to)
{
    struct vit_error err = { .message = "" };

    cr_assert_eq(vit_model_save_packed(model, to, &err), VIT_OK, "%s", err.message);
    count_checks(1);
}

/* Changes a byte at `at`, or that far before the end, and keeps the time. */
static void damage(const char *file, long at)
{
    struct stat info;
    unsigned char byte;
    const int fd = open(file, O_RDWR);

    cr_assert(fd >= 0 && fstat(fd, &info) == 0);
    const off_t offset = at < 0 ? info.st_size + at : at;
    cr_assert_eq(pread(fd, &byte, 1, offset), 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, offset), 1);
    const struct timespec times[2] = { info.st_atim, info.st_mtim };
    cr_assert(futimens(fd, times) == 0 && close(fd) == 0);
}

/* --- what gets no valid digest */

Test(packed_save, damaged_data_of_a_mapped_file_are_not_saved)
{
    char other[300];
    size_t count;

    save_packed(&unpacked, path);
    snprintf(other, sizeof other, "%s", made_path(&copy, "other.packed"));
    struct vit_model *const model = opened(&packed);
    saves(model, other);
    cr_assert_eq(unlink(other), 0);
    unsigned char *const file = file_bytes(path, &count);
    damage(path, (long)header_bytes(file) + 1000);
    refuses_to_save(model, other, VIT_ESTALE, "model.packed: data: expected SHA-256 ");
    cr_assert(access(other, F_OK) != 0);
    vit_model_free(model);
    free(file);
    count_checks(1);
}

/* The data are those of the old weights: the digest of the new ones would be a lie. */
Test(packed_save, a_mapped_file_of_weights_that_kept_their_time_is_not_saved)
{
    char other[300];

    save_packed(&unpacked, path);
    snprintf(other, sizeof other, "%s", made_path(&copy, "other.packed"));
    struct vit_model *const model = opened(&packed);
    damage(made_path(&copy, "model.safetensors"), -1);
    refuses_to_save(model, other, VIT_ESTALE, "model.safetensors: expected SHA-256 ");
    vit_model_free(model);
}

Test(packed_save, weights_of_another_configuration_than_the_file_has_are_not_saved)
{
    struct vit_model *const model = opened(&unpacked);

    change_heads(&copy);
    refuses_to_save(model, path, VIT_ESTALE, ": heads: expected ");
    cr_assert(access(path, F_OK) != 0);
    vit_model_free(model);
    count_checks(1);
}

/* --- what is not replaced */

Test(packed_save, the_files_of_the_checkpoint_are_not_replaced)
{
    static const char *const names[] = { "model.safetensors", "config.json" };
    struct vit_model *const model = opened(&unpacked);
    char file[300];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file, sizeof file, "%s", made_path(&copy, names[i]));
        refuses_to_save(model, file, VIT_EINVAL,
                        "cannot be written: expected a file of packed weights or none, found "
                        "another format");
    }
    vit_model_free(opened(&unpacked));
    vit_model_free(model);
}

Test(packed_save, links_pipes_devices_and_directories_are_not_replaced)
{
    struct vit_model *const model = opened(&unpacked);
    char link[300];

    snprintf(link, sizeof link, "%s", made_path(&copy, "link"));
    cr_assert_eq(symlink("model.packed", link), 0);
    refuses_to_save(model, link, VIT_EINVAL, "or none, found a symbolic link");
    save_packed(&unpacked, path);
    refuses_to_save(model, link, VIT_EINVAL, "or none, found a symbolic link");
    cr_assert_eq(unlink(link), 0);
    cr_assert_eq(mkfifo(link, 0600), 0);
    refuses_to_save(model, link, VIT_EINVAL, "or none, found a device or a pipe");
    cr_assert_eq(unlink(link), 0);
    refuses_to_save(model, copy.path, VIT_EINVAL, "or none, found a directory");
    vit_model_free(model);
}

/* --- how a file is replaced */

Test(packed_save, a_file_that_is_replaced_keeps_its_permissions)
{
    struct vit_model *const model = opened(&unpacked);
    const mode_t before = umask(0077);
    struct stat info;

    saves(model, path);
    cr_assert(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    cr_assert_eq(chmod(path, 0664), 0);
    saves(model, path);
    cr_assert(stat(path, &info) == 0 && (info.st_mode & 0777) == 0664, "found %o",
              (unsigned)info.st_mode);
    umask(before);
    vit_model_free(model);
    count_checks(2);
}

/* It may be that of a process which runs elsewhere, under the same number. */
Test(packed_save, a_temporary_file_of_another_process_is_neither_used_nor_in_the_way)
{
    struct vit_model *const model = opened(&unpacked);
    size_t count;

    make_text(&copy, "model.packed.tmp", "another's");
    saves(model, path);
    unsigned char *const file = file_bytes(made_path(&copy, "model.packed.tmp"), &count);
    cr_assert(count == 9 && memcmp(file, "another's", 9) == 0);
    free(file);
    vit_model_free(opened(&packed));
    vit_model_free(model);
    count_checks(1);
}

Test(packed_save, a_name_of_255_bytes_is_written)
{
    struct vit_model *const model = opened(&unpacked);
    char name[256], file[600];

    for (size_t length = 225; length <= 255; length += 5) {
        memset(name, 'n', length);
        name[length] = '\0';
        snprintf(file, sizeof file, "%s/%s", copy.path, name);
        saves(model, file);
        cr_assert_eq(access(file, F_OK), 0);
        cr_assert_eq(unlink(file), 0);
    }
    vit_model_free(model);
    count_checks(7);
}
