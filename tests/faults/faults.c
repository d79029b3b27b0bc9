/* faults.c - memory that runs out, at each allocation: of models, of decoding images */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/allocator.h"
#include "tests/faults/deflate.h"
#include "vit/image.h"
#include "vit/inspect.h"
#include "vit/parallel.h"
#include "vit/vit.h"

/*
 * While the allocator is armed it counts, and fails the allocation `fail_at`, or all from it on.
 * One thread allocates: the others of a pool only compute.
 *
 *   run [EVERY [OFFSET]]   every EVERYth allocation (1), from OFFSET (0) on
 */
static bool armed, persistent;
static size_t calls, fail_at;
static char now[300];

static bool fails(void)
{
    if (!armed)
        return false;
    const size_t call = calls++;
    return persistent ? call >= fail_at : call == fail_at;
}

/* --- what runs out of memory; each returns a digest of its result */

enum { MAX_VALUES = 3 * 512 * 512, MAX_LOGITS = 4096 };

static uint64_t digest(const void *data, size_t bytes)
{
    const unsigned char *const at = data;
    uint64_t hash = 0xcbf29ce484222325;

    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ at[i]) * 0x100000001b3;
    return hash;
}

/* Opens a model, from a packed file or NULL, computes one image: alone, or on a pool's threads. */
static enum vit_status compute(const char *path, const char *packed, struct vit_thread_pool *pool,
                               uint64_t *result, struct vit_error *err)
{
    const struct vit_model_options model_options = { .size = sizeof model_options,
                                                     .packed = packed };
    static float input[MAX_VALUES], logits[MAX_LOGITS];
    const struct vit_context_options options = { .size = sizeof options,
                                                 .threads = pool ? vit_pool_threads(pool) : 1,
                                                 .run = pool ? vit_pool_run : NULL,
                                                 .user = pool };
    struct vit_config config = { .size = sizeof config };
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;
    enum vit_status status;

    if ((status = vit_model_open(path, &model_options, &model, err)) ||
        (status = vit_context_create(model, &options, &context, err)))
        goto free_model;
    vit_model_get_config(model, &config, NULL);
    if (config.channels * config.height * config.width > MAX_VALUES ||
        config.classes > MAX_LOGITS) {
        fprintf(stderr, "faults: %s: too large for this test\n", path);
        exit(2);
    }
    for (size_t i = 0; i < config.channels * config.height * config.width; i++)
        input[i] = (float)(i % 17) / 16;
    logits[0] = 0;
    status = config.classes > 0 ? vit_forward(context, 1, input, logits, err) : VIT_OK;
    *result = digest(logits, (config.classes ? config.classes : 1) * sizeof *logits) ^
              digest(&config, sizeof config);
    for (size_t i = 0; i < config.classes; i++) {
        const char *const label = vit_model_label(model, i);
        *result ^= label ? digest(label, strlen(label)) + i : i;
    }
    vit_context_free(context);

free_model:
    vit_model_free(model);
    return status;
}

static enum vit_status open_model(const char *path, uint64_t *result, struct vit_error *err)
{
    return compute(path, NULL, NULL, result, err);
}

/* OpenMP's runtime would end the process. */
static enum vit_status open_with_pool(const char *path, uint64_t *result, struct vit_error *err)
{
    const struct vit_pool_options options = { .size = sizeof options, .threads = 3 };
    struct vit_thread_pool *pool = NULL;
    enum vit_status status = vit_pool_create(&options, &pool, err);

    if (!status)
        status = compute(path, NULL, pool, result, err);
    vit_pool_free(pool);
    return status;
}

/* --- a file of packed weights */

static char packed[] = "/tmp/vit-faults-packed-XXXXXX";

/* A save that fails leaves no file. */
static enum vit_status save_packed(const char *path, uint64_t *result, struct vit_error *err)
{
    struct vit_model *model = NULL;
    enum vit_status status = vit_model_open(path, NULL, &model, err);

    unlink(packed);
    if (!status)
        status = vit_model_save_packed(model, packed, err);
    vit_model_free(model);
    *result = 1;
    if (status && access(packed, F_OK) == 0) {
        snprintf(err->message, sizeof err->message, "%s: the file of a save that failed", packed);
        return VIT_EIO;
    }
    return status;
}

static enum vit_status open_packed(const char *path, uint64_t *result, struct vit_error *err)
{
    return compute(path, packed, NULL, result, err);
}

static enum vit_status verify_packed(const char *path, uint64_t *result, struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options, .packed = packed };
    struct vit_model *model = NULL;
    enum vit_status status = vit_model_open(path, &options, &model, err);

    if (!status)
        status = vit_model_verify_packed(model, err);
    vit_model_free(model);
    *result = 1;
    return status;
}

/* With the digest of the files: read, or from the file of packed weights. */
static enum vit_status take_digest(const char *path, const char *from, uint64_t *result,
                                   struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .packed = from,
                                               .digest = true };
    struct vit_model *model = NULL;
    const enum vit_status status = vit_model_open(path, &options, &model, err);

    *result = model ? digest(vit_model_digest(model), 64) : 0;
    vit_model_free(model);
    return status;
}

static enum vit_status open_for_digest(const char *path, uint64_t *result, struct vit_error *err)
{
    return take_digest(path, NULL, result, err);
}

static enum vit_status open_packed_for_digest(const char *path, uint64_t *result,
                                              struct vit_error *err)
{
    return take_digest(path, packed, result, err);
}

/* Hooks over the same memory, which therefore fail too. */
static void *allocate_hook(void *user, size_t alignment, size_t bytes)
{
    (void)user;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release_hook(void *user, void *memory, size_t bytes)
{
    (void)user;
    (void)bytes;
    free(memory);
}

static const struct vit_allocator hooks = { .size = sizeof hooks,
                                            .allocate = allocate_hook,
                                            .release = release_hook };

static enum vit_status take_from_hooks(const char *path, const char *from, uint64_t *result,
                                       struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .packed = from,
                                               .allocator = &hooks };
    const struct vit_context_options one = { .size = sizeof one,
                                             .threads = 1,
                                             .allocator = &hooks };
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;
    size_t bytes = 0;
    enum vit_status status;

    if (!(status = vit_model_open(path, &options, &model, err)) &&
        !(status = vit_context_bytes(model, &one, &bytes, err)))
        status = vit_context_create(model, &one, &context, err);
    *result = bytes;
    vit_context_free(context);
    vit_model_free(model);
    return status;
}

static enum vit_status open_with_hooks(const char *path, uint64_t *result, struct vit_error *err)
{
    return take_from_hooks(path, NULL, result, err);
}

static enum vit_status open_packed_with_hooks(const char *path, uint64_t *result,
                                              struct vit_error *err)
{
    return take_from_hooks(path, packed, result, err);
}

/* What is said before memory is taken. */
static enum vit_status measure(const char *path, uint64_t *result, struct vit_error *err)
{
    struct vit_config config = { .size = sizeof config };
    size_t bytes = 0;
    enum vit_status status = vit_config_from_directory(path, NULL, &config, err);

    if (!status)
        status = vit_model_bytes(&config, NULL, &bytes, err);
    *result = bytes;
    return status;
}

/* The files of the digits in memory, which is not part of what fails. */
static enum vit_status open_from_memory(const char *path, uint64_t *result, struct vit_error *err)
{
    static char config[1 << 16], weights[1 << 20];
    static struct vit_file files[2] = {
        { .size = sizeof *files, .name = "config.json", .data = config },
        { .size = sizeof *files, .name = "model.safetensors", .data = weights },
    };
    struct vit_model *model = NULL;
    bool was_armed = armed;

    armed = false;
    for (size_t i = 0; i < 2 && files[i].bytes == 0; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s/%s", path, files[i].name);
        FILE *const file = fopen(name, "rb");
        files[i].bytes =
            file ? fread((char *)files[i].data, 1, i ? sizeof weights : sizeof config, file) : 0;
        if (file)
            fclose(file);
    }
    allocator.blocks = 0;
    armed = was_armed;
    const enum vit_status status = vit_model_open_files(2, files, NULL, &model, err);
    *result = model ? vit_model_parameter_count(model) : 0;
    vit_model_free(model);
    return status;
}

static enum vit_status decode_image(const char *path, uint64_t *result, struct vit_error *err)
{
    struct vit_image image = { 0 };
    const enum vit_status status = vit_image_decode_file(path, NULL, &image, err);

    *result = status ? 0 : digest(image.pixels, image.height * image.stride) ^ image.width;
    vit_image_free(&image);
    return status;
}

/* --- the points of failure */

typedef enum vit_status operation(const char *path, uint64_t *result, struct vit_error *err);

struct outcome {
    enum vit_status status;
    uint64_t result;
    long leaked;
    struct vit_error err;
};

static struct outcome run(operation *run_operation, const char *path, size_t point, bool all)
{
    struct outcome o = { 0 };

    snprintf(now, sizeof now, "%s, allocation %zu%s", path, point, all ? " and all after it" : "");
    calls = 0;
    allocator.blocks = 0;
    fail_at = point;
    persistent = all;
    armed = true;
    o.status = run_operation(path, &o.result, &o.err);
    armed = false;
    o.leaked = allocator.blocks;
    return o;
}

static size_t points, wrong, cases, skipped;

static void check(const struct outcome *expected, const struct outcome *o)
{
    const bool valid =
        o->status == VIT_ENOMEM || (o->status == expected->status && o->result == expected->result);

    points++;
    if (valid && o->leaked == 0)
        return;
    if (wrong++ < 40)
        printf("%s: %ld blocks leaked, status %s%s%s\n", now, o->leaked, vit_status_name(o->status),
               o->status                       ? ": "
               : o->result == expected->result ? ", as expected"
                                               : ", another result",
               o->status ? o->err.message : "");
}

/*
 * Files whose library corrupts the heap itself when an allocation fails, and takes no allocator:
 * libwebp 1.2.4 frees an uninitialized pointer (lossless files).
 */
static const char *const beyond_help[] = { "lossless" };

static void inject(operation *run_operation, const char *path, size_t every, size_t offset)
{
    for (size_t i = 0; i < sizeof beyond_help / sizeof *beyond_help; i++)
        if (strstr(path, beyond_help[i])) {
            skipped++;
            return;
        }
    cases++;
    run(run_operation, path, SIZE_MAX, false); /* what libraries allocate once */
    const struct outcome expected = run(run_operation, path, SIZE_MAX, false);
    const size_t total = calls;

    for (size_t point = offset % every; point < total; point += every)
        for (int all = 0; all < 2; all++) {
            const struct outcome o = run(run_operation, path, point, all);
            check(&expected, &o);
        }
    check(&expected, &expected);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every entry of a directory, sorted: the offset moves from one to the next. */
static void inject_all(operation *run_operation, const char *directory, const char *const ends[],
                       size_t every, size_t *offset)
{
    char *names[200], path[300];
    size_t count = 0;
    DIR *const dir = opendir(directory);
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)) && count < 200)
        for (size_t i = 0; ends[i]; i++) {
            snprintf(path, sizeof path, "%s/%s%s", directory, entry->d_name,
                     *ends[i] == '/' ? ends[i] : "");
            const size_t length = strlen(path), tail = strlen(ends[i]);
            if (entry->d_name[0] != '.' && length > tail &&
                strcmp(path + length - tail, ends[i]) == 0 && access(path, R_OK) == 0)
                names[count++] = strdup(entry->d_name);
        }
    if (dir)
        closedir(dir);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        inject(run_operation, path, every, (*offset)++);
        free(names[i]);
    }
}

/* google-npz is stored: the same model, deflated. */
static void inject_deflated(size_t every, size_t offset)
{
    static const char config[] = "tests/golden/google-npz/config.json";
    char directory[] = "/tmp/vit-faults-XXXXXX", npz[64], link[64], target[4096];

    if (!mkdtemp(directory) || !realpath(config, target)) {
        perror("faults");
        exit(2);
    }
    snprintf(npz, sizeof npz, "%s/model.npz", directory);
    snprintf(link, sizeof link, "%s/config.json", directory);
    if (symlink(target, link) != 0 || !copy_deflated("tests/golden/google-npz/model.npz", npz)) {
        fprintf(stderr, "faults: %s: cannot be written\n", npz);
        exit(2);
    }
    inject(open_model, directory, every, offset);
    unlink(npz);
    unlink(link);
    rmdir(directory);
}

/* Models of two formats, with few arrays and with many. */
static void inject_packed(size_t every, size_t *offset)
{
    static const char *const models[] = { "models/digits", "tests/golden/series-t2t",
                                          "tests/golden/google-npz" };
    const int fd = mkstemp(packed);

    if (fd < 0) {
        perror("faults");
        exit(2);
    }
    close(fd);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        inject(save_packed, models[i], every, (*offset)++);
        if (run(save_packed, models[i], SIZE_MAX, false).status != VIT_OK) {
            fprintf(stderr, "faults: %s: cannot be written\n", packed);
            exit(2);
        }
        inject(open_packed, models[i], every, (*offset)++);
        inject(open_packed_with_hooks, models[i], every, (*offset)++);
        inject(open_packed_for_digest, models[i], every, (*offset)++);
        inject(verify_packed, models[i], every, (*offset)++);
    }
    unlink(packed);
}

static void on_crash(int signal_number)
{
    static const char crashed[] = ": crashed\n";

    if (write(STDERR_FILENO, now, strlen(now)) > 0 && write(STDERR_FILENO, crashed, 10) > 0)
        _exit(128 + signal_number);
    _exit(1);
}

int main(int argc, char **argv)
{
    static const char *const models[] = { "/config.json", NULL };
    static const char *const images[] = { ".jpg", ".png", ".webp", NULL };
    const size_t every = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    size_t offset = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    allocator.fails = fails;
    signal(SIGSEGV, on_crash);
    signal(SIGABRT, on_crash);
    inject_all(open_model, "tests/golden", models, every, &offset);
    inject_all(open_model, "models", models, every, &offset);
    inject(open_with_pool, "models/digits", every, offset++);
    inject_deflated(every, offset++);
    inject_packed(every, &offset);
    inject(open_with_hooks, "models/digits", every, offset++);
    inject(open_for_digest, "models/digits", every, offset++);
    inject(measure, "models/digits", every, offset++);
    inject(open_from_memory, "models/digits", every, offset++);
    inject_all(decode_image, "tests/golden/decode", images, every, &offset);
    inject_all(decode_image, "tests/golden/preprocess", images, every, &offset);
    printf("faults: %zu of %zu points as expected; %zu of %zu files\n", points - wrong, points,
           cases, cases + skipped);
    return wrong > 0 || points == 0;
}
