/* test_packed_stale.c - files of packed weights that do not fit are refused, never half written */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy_checkpoint.h"
#include "counts.h"
#include "files/packed_header.h"
#include "packed_model.h"
#include "vit/kernels.h"

#define GOLDEN "tests/golden/timm-vit"

/* A copy of a golden model, and the file of its packed weights beside it. */
static struct made_directory copy;
static char path[300], weights[300];
static struct packed_case model;

static void begin(void)
{
    copy = copy_checkpoint(GOLDEN, false, NULL, NULL);
    snprintf(path, sizeof path, "%s", made_path(&copy, "model.packed"));
    snprintf(weights, sizeof weights, "%s", made_path(&copy, "model.safetensors"));
    model = (struct packed_case){ .directory = copy.path };
    save_packed(&model, path);
    model.packed = path;
}

static void end(void)
{
    remove_directory(&copy);
}

TestSuite(packed_stale, .init = begin, .fini = end);

/* Changes a byte of a file, and gives the file its old time again. */
static void flip(const char *file, size_t at, unsigned char bits)
{
    struct stat info;
    unsigned char byte;
    const int fd = open(file, O_RDWR);

    cr_assert(fd >= 0 && fstat(fd, &info) == 0);
    cr_assert(pread(fd, &byte, 1, (off_t)at) == 1);
    byte ^= bits;
    cr_assert(pwrite(fd, &byte, 1, (off_t)at) == 1);
    const struct timespec times[2] = { info.st_atim, info.st_mtim };
    cr_assert(futimens(fd, times) == 0 && close(fd) == 0);
}

static void set_time(const char *file, long seconds, long nanoseconds)
{
    const struct timespec times[2] = { { seconds, nanoseconds }, { seconds, nanoseconds } };

    cr_assert_eq(utimensat(AT_FDCWD, file, times, 0), 0);
}

/* --- files of weights that have changed */

Test(packed_stale, another_time_of_the_weights_is_refused)
{
    struct stat info;

    cr_assert_eq(stat(weights, &info), 0);
    set_time(weights, info.st_mtim.tv_sec + 1, info.st_mtim.tv_nsec);
    refuses_packed(&model, VIT_ESTALE, "expected weights of model.safetensors of the time ");
    set_time(weights, info.st_mtim.tv_sec, (info.st_mtim.tv_nsec + 1) % 1000000000);
    refuses_packed(&model, VIT_ESTALE, "expected weights of model.safetensors of the time ");
    set_time(weights, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    vit_model_free(opened(&model));
}

/* The same tensors, with spaces behind the header. */
Test(packed_stale, another_size_of_the_weights_is_refused)
{
    size_t count;
    uint64_t length;
    struct stat info;
    unsigned char *const file = file_bytes(weights, &count);
    unsigned char *const longer = malloc(count + 8);

    memcpy(&length, file, 8);
    memcpy(longer, file, 8 + length);
    memset(longer + 8 + length, ' ', 8);
    memcpy(longer + 16 + length, file + 8 + length, count - 8 - length);
    length += 8;
    memcpy(longer, &length, 8);
    cr_assert_eq(stat(weights, &info), 0);
    make_file(&copy, "model.safetensors", longer, count + 8);
    set_time(weights, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    vit_model_free(opened(&(struct packed_case){ .directory = copy.path }));
    refuses_packed(&model, VIT_ESTALE, "expected weights of model.safetensors of ");
    free(longer);
    free(file);
}

Test(packed_stale, weights_that_kept_their_size_and_time_are_found_by_their_digest)
{
    struct vit_error err = { .message = "" };
    struct stat info;

    struct vit_model *found = opened(&model);
    cr_assert_eq(vit_model_verify_packed(found, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(stat(weights, &info), 0);
    flip(weights, (size_t)info.st_size - 1, 1);
    cr_assert_eq(vit_model_verify_packed(found, &err), VIT_ESTALE);
    cr_assert(strstr(err.message, "model.safetensors: expected SHA-256 "), "%s", err.message);
    vit_model_free(found);
    found = opened(&model); /* opening compares sizes and times */
    vit_model_free(found);
    count_checks(3);
}

Test(packed_stale, a_changed_weight_in_the_file_is_found_by_its_digest)
{
    struct vit_error err = { .message = "" };
    struct stat info;

    cr_assert_eq(stat(path, &info), 0);
    flip(path, (size_t)info.st_size - 1, 0x80);
    struct vit_model *const found = opened(&model);
    cr_assert_eq(vit_model_verify_packed(found, &err), VIT_ESTALE);
    cr_assert(strstr(err.message, "model.packed: data: expected SHA-256 "), "%s", err.message);
    cr_assert(strstr(err.message, "; remove the damaged file"), "%s", err.message);
    vit_model_free(found);
    count_checks(3);
}

Test(packed_stale, weights_that_change_between_opening_and_saving_are_not_saved)
{
    struct vit_error err = { .message = "" };
    struct packed_case unpacked = model;
    struct stat info;

    unpacked.packed = NULL;
    struct vit_model *const found = opened(&unpacked);
    unlink(path);
    cr_assert_eq(stat(weights, &info), 0);
    set_time(weights, info.st_mtim.tv_sec + 1, 0);
    cr_assert_eq(vit_model_save_packed(found, path, &err), VIT_ESTALE);
    cr_assert(strstr(err.message, "as it was when the model was opened"), "%s", err.message);
    cr_assert(access(path, F_OK) != 0);
    vit_model_free(found);
    count_checks(3);
}

/* --- other models, kernels and files */

Test(packed_stale, another_precision_or_another_kept_layer_is_refused)
{
    struct packed_case other = model;

    other.precision = VIT_PRECISION_FLOAT16;
    refuses_packed(&other, VIT_ESTALE,
                   "expected \"precision float16\", found \"precision float32\"");
    other.precision = VIT_PRECISION_INT8;
    other.packed = NULL;
    save_packed(&other, path);
    other.packed = path;
    other.keep = "blocks.1.fc2";
    refuses_packed(&other, VIT_ESTALE, "expected array blocks[1].fc2.weight, matmul [");
    refuses_packed(&other, VIT_ESTALE, ", found blocks[1].fc2.weight, matmul.u8_s8 [");
}

Test(packed_stale, the_name_of_other_weights_is_in_the_message)
{
    size_t count;
    unsigned char *const file = file_bytes(path, &count);
    for (size_t i = 128; i + 17 < header_bytes(file); i++)
        if (memcmp(file + i, "model.safetensors", 17) == 0)
            memcpy(file + i, "m\x1b", 2);
    make_file(&copy, "model.packed", file, count);
    free(file);
    refuses_packed(&model, VIT_ESTALE,
                   "expected weights of model.safetensors, found those of m?del.safetensors");
}

Test(packed_stale, another_level_is_refused)
{
    struct packed_case other = model;
    char fragment[100];
    const char *isa;
    int usable;

    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
        other.isa = isa;
        if (!usable || strcmp(isa, vit_isa_default(NULL)) == 0)
            continue;
        snprintf(fragment, sizeof fragment, "expected \"level %s\", found \"level %s\"", isa,
                 vit_isa_default(NULL));
        refuses_packed(&other, VIT_ESTALE, fragment);
    }
}

Test(packed_stale, another_configuration_is_refused)
{
    change_heads(&copy);
    refuses_packed(&model, VIT_ESTALE, "expected \"heads ");
}

Test(packed_stale, the_file_of_another_model_is_refused)
{
    struct packed_case other = { .directory = "tests/golden/timm-reg4-ls", .packed = path };

    refuses_packed(&other, VIT_ESTALE, "model.packed: expected \"");
}

Test(packed_stale, another_format_is_refused_as_such)
{
    static const char *const texts[] = { "", "x", "\x89VITP\r\n", "a text that is long enough" };
    char fragment[400];

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make_text(&copy, "model.packed", texts[i]);
        refuses_packed(&model, VIT_EFORMAT,
                       "model.packed: expected a file of packed weights, found another format");
    }
    unlink(path);
    snprintf(fragment, sizeof fragment, "%s: cannot be opened: No such file", path);
    refuses_packed(&model, VIT_ENOTFOUND, fragment);
    cr_assert_eq(mkfifo(path, 0600), 0);
    refuses_packed(&model, VIT_EIO, "not a regular file"); /* and no wait for a writer */
}

/* --- every byte, every length */

Test(packed_stale, every_changed_byte_of_the_header_is_refused)
{
    struct vit_error err;
    struct vit_model *found;
    size_t count;
    unsigned char *const file = file_bytes(path, &count);
    const size_t header = header_bytes(file);

    cr_assert(header > 4096 && header < count);
    for (size_t i = 0; i < header; i++) {
        flip(path, i, (unsigned char)(1u << i % 8));
        const enum vit_status status = open_status(&model, &found, &err);
        cr_assert(status == (i < 8 ? VIT_EFORMAT : VIT_ESTALE) && !found,
                  "byte %zu of the header: found %s: %s", i, vit_status_name(status), err.message);
        flip(path, i, (unsigned char)(1u << i % 8));
    }
    free(file);
    vit_model_free(opened(&model));
    count_checks(header);
}

Test(packed_stale, every_shorter_and_a_longer_file_is_refused)
{
    struct vit_error err;
    struct vit_model *found;
    size_t count, lengths = 0;
    unsigned char *const file = file_bytes(path, &count);
    const size_t header = header_bytes(file);

    for (size_t length = count + 1; length > 0; lengths++) {
        length -= length > header + 1000 && length < count ? 997 : 1;
        if (length == count)
            continue;
        cr_assert_eq(truncate(path, (off_t)length), 0);
        const enum vit_status status = open_status(&model, &found, &err);
        cr_assert(status == (length < 8 ? VIT_EFORMAT : VIT_ESTALE) && !found,
                  "%zu of %zu bytes: found %s", length, count, vit_status_name(status));
    }
    make_file(&copy, "model.packed", file, count);
    vit_model_free(opened(&model));
    cr_assert_eq(truncate(path, (off_t)count + 1), 0);
    refuses_packed(&model, VIT_ESTALE, " bytes, found ");
    free(file);
    count_checks(lengths);
}

/* --- headers that lie about themselves */

Test(packed_stale, lengths_in_a_hostile_header_are_not_followed)
{
    static const struct {
        size_t at, bytes;
        const char *fragment;
    } numbers[] = {
        { 8, 4, "expected version 1 of the format, found " },
        { 12, 4, "expected weights of 1 files, found those of " },
        { 16, 4, "damaged: expected " },
        { 20, 4, "model.packed: expected \"" },
        { 24, 8, "damaged: expected " },
        { 32, 8, "damaged: expected " },
    };
    static const uint64_t values[] = { 0, 2, 127, 0x7fffffff, 0xffffffff, UINT64_MAX, 1ull << 63 };
    size_t count;
    unsigned char *const file = file_bytes(path, &count);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            unsigned char *const bad = malloc(count);
            memcpy(bad, file, count);
            memcpy(bad + numbers[i].at, &values[v], numbers[i].bytes);
            make_file(&copy, "model.packed", bad, count);
            refuses_packed(&model, VIT_ESTALE, numbers[i].fragment);
            free(bad);
        }
    free(file);
}

/* A text without an end, and one with control characters, up to the last byte that was read. */
Test(packed_stale, a_hostile_text_is_read_within_its_bytes)
{
    struct packed_header header = { .text = "libvit 1\nlevel a\n" };
    struct vit_error err = { .message = "" };

    cr_assert(packed_header_place(&header));
    unsigned char *const start = calloc(1, header.data);
    packed_header_write(&header, start);
    memset(start + 20, 0xff, 4);
    for (size_t bytes = 128; bytes < 300; bytes++) {
        unsigned char *const found = malloc(bytes); /* sanitizers watch its end */
        memcpy(found, start, 128);
        memset(found + 128, '\x1b', bytes - 128);
        cr_assert_eq(packed_header_check(&header, "file", found, bytes, bytes, &err), VIT_ESTALE);
        cr_assert(strncmp(err.message, "file: expected \"libvit 1\", found \"", 33) == 0, "%s",
                  err.message);
        cr_assert(!strchr(err.message, '\x1b'));
        free(found);
    }
    free(start);
    count_checks(300 - 128);
}

Test(packed_stale, sizes_that_do_not_fit_have_no_place)
{
    struct packed_array arrays[2] = { { .bytes = INT64_MAX - 3 * 4096 }, { .bytes = 4096 } };
    struct packed_header header = { .text = "", .arrays = arrays, .array_count = 1 };

    cr_assert(packed_header_place(&header));
    header.array_count = 2;
    cr_assert(!packed_header_place(&header));
    arrays[0].bytes = arrays[1].bytes = (uint64_t)1 << 63; /* their sum is 0 in 64 bits */
    cr_assert(!packed_header_place(&header));
    count_checks(3);
}

/* --- writing: whole or not at all */

static size_t temporary_files(void)
{
    glob_t found;
    char pattern[300];

    snprintf(pattern, sizeof pattern, "%s", made_path(&copy, "*.tmp"));
    const size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

Test(packed_stale, a_write_that_fails_leaves_the_old_file_and_no_other)
{
    struct packed_case unpacked = model;
    struct vit_error err = { .message = "" };
    struct rlimit limit;
    size_t count, again;

    unpacked.packed = NULL;
    unsigned char *const before = file_bytes(path, &count);
    struct vit_model *const found = opened(&unpacked);
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit fails with EFBIG */
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    for (rlim_t bytes = 0; bytes < count; bytes += count / 7) {
        const struct rlimit low = { bytes, limit.rlim_max };
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
        const enum vit_status status = vit_model_save_packed(found, path, &err);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_assert_eq(status, VIT_EIO, "at %zu bytes: %s", (size_t)bytes, err.message);
        cr_assert(strstr(err.message, "model.packed: cannot be written: File too large"), "%s",
                  err.message);
        cr_assert_eq(temporary_files(), 0);
        unsigned char *const after = file_bytes(path, &again);
        cr_assert(again == count && memcmp(before, after, count) == 0);
        free(after);
    }
    vit_model_free(found);
    free(before);
    count_checks(8);
}

Test(packed_stale, a_path_that_cannot_be_written_is_an_error_that_names_it)
{
    struct packed_case unpacked = model;
    struct vit_error err = { .message = "" };
    char other[300];

    unpacked.packed = NULL;
    struct vit_model *const found = opened(&unpacked);
    snprintf(other, sizeof other, "%s", made_path(&copy, "none/model.packed"));
    cr_assert_eq(vit_model_save_packed(found, other, &err), VIT_ENOTFOUND);
    cr_assert(strstr(err.message, "none/model.packed: cannot be written: No such"), "%s",
              err.message);
    cr_assert_eq(temporary_files(), 0);
    vit_model_free(found);
    count_checks(3);
}

/* Wherever a process is killed, the file is the old one or the new one. */
Test(packed_stale, a_process_that_is_killed_leaves_no_half_file)
{
    enum { KILLS = 12 };
    const struct made_directory large = large_checkpoint("F32");
    struct packed_case c = { .directory = large.path };
    struct vit_model *const unpacked = opened(&c);
    char file[300];
    size_t interrupted = 0;

    snprintf(file, sizeof file, "%s", made_path(&large, "model.packed"));
    c.packed = file;
    for (int i = 0; i < KILLS; i++) {
        const pid_t child = fork();
        if (child == 0)
            for (;;)
                vit_model_save_packed(unpacked, file, NULL);
        usleep((useconds_t)(3000 + 11000 * i));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        if (access(file, F_OK) != 0) {
            interrupted++;
            continue;
        }
        struct vit_model *const packed = opened(&c);
        cr_assert_eq(vit_model_verify_packed(packed, NULL), VIT_OK);
        vit_model_free(packed);
        unlink(file);
    }
    cr_assert_gt(interrupted, 0, "no kill came before the first file");
    vit_model_free(unpacked);
    remove_directory(&large);
    count_checks(KILLS);
}
