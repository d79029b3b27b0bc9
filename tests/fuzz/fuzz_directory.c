/* fuzz_directory.c - libFuzzer target: any files as a checkpoint's directory, up to its logits */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "tests/fuzz/demand.h"
#include "tests/fuzz/folder.h"
#include "tests/fuzz/memory.h"
#include "vit/inspect.h"

/* What is computed: more would take longer than the opening that is tested. */
static const double max_flops = 2e7;
enum { MAX_FLOATS = 1 << 20 };

static char directory[256];

static void remove_scratch(void)
{
    rmdir(directory);
}

/* In memory, where Linux has it. */
static int open_scratch(void)
{
    static int fd = -1;

    if (fd < 0) {
        const char *const temporary = getenv("TMPDIR");
        snprintf(directory, sizeof directory, "%s/vit-fuzz-XXXXXX",
                 temporary                       ? temporary
                 : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                 : "/tmp");
        demand(mkdtemp(directory) != NULL);
        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        demand(fd >= 0);
        atexit(remove_scratch);
    }
    return fd;
}

/* UTF-8 without control characters, which a terminal obeys. */
static void check_text(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned code;

    while (*at) {
        const size_t bytes = utf8_character(at, strlen((const char *)at), &code);
        demand(bytes > 0 && code >= 0x20 && (code < 0x7f || code >= 0xa0));
        at += bytes;
    }
}

static void check_error(enum vit_status status, const struct vit_error *err, int sized)
{
    demand(err->status == status && err->message[0]);
    demand(status == VIT_EIO || status == VIT_ENOTFOUND || status == VIT_EFORMAT ||
           status == VIT_EUNSUPPORTED || status == VIT_ENOMEM || (status == VIT_EINVAL && sized));
    check_text(err->message);
    /* which file it is about */
    demand(status == VIT_ENOMEM || strncmp(err->message, directory, strlen(directory)) == 0);
}

static float *floats(size_t count)
{
    float *const array = calloc(count + 1, sizeof *array);

    demand(array != NULL);
    return array;
}

/* --- what a model says about itself */

static void check_entries(const struct vit_model *model)
{
    struct vit_config_entry entry = { .size = sizeof entry };
    struct vit_tensor_info tensor = { .size = sizeof tensor };
    size_t count = 0;

    for (size_t i = 0; vit_model_config_entry(model, i, &entry); i++) {
        demand(entry.name && entry.source && memchr(entry.value, 0, sizeof entry.value));
        check_text(entry.value);
    }
    for (; vit_model_tensor_at(model, count, &tensor); count++)
        demand(tensor.name && tensor.file && tensor.dtype && tensor.rank <= 8);
    demand(count > 0 && vit_model_kernels(model) && vit_model_family(model));
    demand(vit_model_parameter_count(model) > 0);
    demand(vit_model_scores(model) <= VIT_SCORES_NONE);
    vit_model_is_classifier(model);
    vit_model_patches_overlap(model);
}

static void check_labels(const struct vit_model *model, size_t classes)
{
    for (size_t i = 0; i < classes && vit_model_label(model, i); i++)
        (void)!vit_model_label_description(model, i);
    demand(!vit_model_label(model, classes) && !vit_model_label_description(model, classes));
}

static void check_positions(const struct vit_model *model, const struct vit_config *config)
{
    size_t rows, columns;

    vit_model_grid(model, &rows, &columns);
    demand(rows > 0 && columns > 0);
    if (rows * columns * config->dim > MAX_FLOATS)
        return;
    float *const out = floats(rows * columns * config->dim);
    const enum vit_status status = vit_model_positions(model, out, NULL);
    demand(status == VIT_OK || status == VIT_EINVAL);
    free(out);
}

/* --- what it computes */

/* The model's input for a small image; the caller frees it. */
static float *preprocess(const struct vit_model *model, const struct vit_config *config)
{
    static const char *const fields[] = { "interpolation", "crop_mode", "crop_pct", "mean", "std" };
    uint8_t pixels[5 * 7 * 3];
    const struct vit_image image = { .pixels = pixels, .height = 5, .width = 7, .stride = 21 };
    struct vit_preprocess_config preprocess = { .size = sizeof preprocess };
    float *const out = floats(config->channels * config->height * config->width);

    memset(pixels, 0x55, sizeof pixels);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        demand(vit_model_preprocess_source(model, fields[i]) != NULL);
    demand(vit_model_get_preprocess_config(model, &preprocess, NULL) == VIT_OK);
    demand(preprocess.height == config->height && preprocess.width == config->width);
    demand(preprocess.channels == config->channels);
    /* mean and std of three channels are none for a model of one */
    const bool undefined = preprocess.channels != 3 && preprocess.std[0] == 0;
    const enum vit_status status = vit_preprocess_image(&preprocess, &image, NULL, out, NULL);
    demand(status == (undefined ? VIT_EINVAL : VIT_OK));
    return out;
}

/* Every output that the model has, of its first block, in one pass. */
static void compute(const struct vit_model *model, const float *image)
{
    enum { OUTPUTS = 16 };
    const struct vit_context_options options = { .size = sizeof options, .threads = 1 };
    struct vit_output_request requests[OUTPUTS] = { { 0 } };
    struct vit_call call = {
        .size = sizeof call, .batch = 1, .images = image, .outputs = requests
    };
    struct vit_output_info info = { .size = sizeof info };
    struct vit_context *context;

    for (size_t i = 0; vit_output_at(i, &info); i++) {
        size_t rows, columns;
        vit_output_shape(model, (enum vit_output)i, 0, &rows, &columns);
        demand(call.output_count < OUTPUTS);
        if (rows * columns > 0)
            requests[call.output_count++] =
                (struct vit_output_request){ .size = sizeof *requests,
                                             .output = (enum vit_output)i,
                                             .data = floats(rows * columns) };
    }
    demand(call.output_count > 0);
    demand(vit_context_create(model, &options, &context, NULL) == VIT_OK);
    demand(vit_forward_call(context, &call, NULL) == VIT_OK);
    vit_context_free(context);
    for (size_t i = 0; i < call.output_count; i++)
        free(requests[i].data);
}

static void check_model(const struct vit_model *model)
{
    struct vit_config config = { .size = sizeof config };
    double flops;

    demand(vit_model_get_config(model, &config, NULL) == VIT_OK);
    check_entries(model);
    check_labels(model, config.classes);
    check_positions(model, &config);
    demand(vit_config_flops(&config, &flops, NULL) == VIT_OK);
    if (flops > max_flops || config.channels * config.height * config.width > MAX_FLOATS)
        return;
    float *const image = preprocess(model, &config);
    compute(model, image);
    free(image);
}

/* --- the same files from memory */

enum { MAX_LISTED = 64 };

/* The files of the scratch directory; false if it has something that memory cannot hold. */
static int read_files(int scratch, size_t *count, struct vit_file files[MAX_LISTED])
{
    DIR *const stream = fdopendir(dup(scratch));
    const struct dirent *entry;
    int regular = 1;

    demand(stream != NULL);
    rewinddir(stream);
    for (*count = 0; regular && (entry = readdir(stream));) {
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        regular = fstatat(scratch, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
                  S_ISREG(info.st_mode) && info.st_size <= 1 << 24 && *count < MAX_LISTED;
        if (!regular)
            break;
        const int fd = openat(scratch, entry->d_name, O_RDONLY | O_CLOEXEC);
        const size_t bytes = (size_t)info.st_size;
        char *const data = malloc(bytes + 1);
        demand(fd >= 0 && data && read(fd, data, bytes) == (ssize_t)bytes);
        close(fd);
        files[(*count)++] = (struct vit_file){
            .size = sizeof *files, .name = strdup(entry->d_name), .data = data, .bytes = bytes
        };
    }
    closedir(stream);
    return regular;
}

/* The directory has the digest of the model in memory, which it frees. */
static void expect_digest(const struct vit_model_options *options, enum vit_status expected,
                          struct vit_model *memory)
{
    struct vit_model *model = NULL;
    struct vit_error err;

    demand(vit_model_open(directory, options, &model, &err) == expected);
    demand(!model == !memory);
    if (model)
        demand(strcmp(vit_model_digest(model), vit_model_digest(memory)) == 0);
    vit_model_free(memory);
    vit_model_free(model);
}

/*
 * The status and the digest are the directory's, except that a list may not be empty, and that
 * names have what sha256sum escapes.
 */
static void open_from_memory(int scratch, const struct vit_model_options *options,
                             enum vit_status expected)
{
    struct vit_model_options hashed = *options;
    struct vit_file files[MAX_LISTED];
    struct vit_model *model = NULL;
    struct vit_error err;
    size_t count;

    if (read_files(scratch, &count, files) && count > 0) {
        demand(vit_model_open_files(count, files, options, &model, &err) == expected);
        demand(expected ? !model && err.message[0] : model != NULL);
        vit_model_free(model);
        model = NULL;
        hashed.digest = true;
        const enum vit_status status = vit_model_open_files(count, files, &hashed, &model, &err);
        demand(status == expected || status == VIT_EUNSUPPORTED);
        expect_digest(&hashed, status, model);
    }
    for (size_t i = 0; i < count; i++) {
        free((void *)files[i].data);
        free((void *)files[i].name);
    }
}

static size_t count_descriptors(void)
{
    size_t count = 0;

    for (int fd = 0; fd < 64; fd++) /* far fewer are open */
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int scratch = open_scratch();
    struct vit_model_options options = { .size = sizeof options };
    struct vit_error err = { .status = VIT_OK };
    struct vit_model *model = NULL;
    struct folder folder;

    folder_parse(data, size, &folder);
    const size_t bytes = folder_write(&folder, scratch);
    if (folder.rows > 0 && folder.columns > 0) {
        options.height = 4 * (size_t)folder.rows;
        options.width = 4 * (size_t)folder.columns;
    }
    const size_t descriptors = count_descriptors();
    memory_begin();
    const enum vit_status status = vit_model_open(directory, &options, &model, &err);
    const size_t peak = memory_end();
    demand(count_descriptors() == descriptors);
    if (options.height == 0) /* docs/correctness.md */
        demand(peak <= 16 * bytes + ((size_t)64 << 20));
    if (status) {
        check_error(status, &err, options.height > 0);
        demand(!model);
    } else {
        demand(model != NULL);
        check_model(model);
    }
    vit_model_free(model);
    open_from_memory(scratch, &options, status);
    folder_clear(scratch);
    return 0;
}
