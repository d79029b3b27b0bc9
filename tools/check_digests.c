/* check_digests.c - `libvit check --digest`: digests that no level or thread count changes */
#include "tools/check_digests.h"

#include <stdio.h>
#include <string.h>

#include "check/digests.h"
#include "tools/check_levels.h"
#include "tools/error.h"
#include "tools/print.h"
#include "vit/inspect.h"

enum { MAX_THREAD_COUNTS = 3 };
static const size_t default_threads[MAX_THREAD_COUNTS] = { 1, 2, 7 };

/* Models, and the names of their digests: "models/digits.int8" */
struct models {
    size_t count;
    char **path;
    char name[DIGESTS_MAX][160];
};

static enum vit_status name_models(enum vit_precision precision, struct models *models,
                                   struct vit_error *err)
{
    const bool suffix = precision != VIT_PRECISION_FLOAT32;
    const size_t size = sizeof models->name[0];

    for (size_t i = 0; i < models->count && i < DIGESTS_MAX; i++) {
        const int length =
            snprintf(models->name[i], size, "%s%s%s", models->path[i], suffix ? "." : "",
                     suffix ? vit_value_name("precision", (int)precision) : "");
        if ((size_t)length >= size)
            return tool_fail(err, VIT_EINVAL,
                             "check: expected a folder's path of at most %zu bytes, found %zu",
                             size - 10, strlen(models->path[i]));
    }
    return VIT_OK;
}

/* The digests of the models or, without models, of the kernels and the small model. */
static enum vit_status compute(const struct digest_setup *setup, const struct models *models,
                               struct digests *digests, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (models->count == 0 && !(status = digest_kernels(setup, digests, err)))
        status = digest_small_models(setup, digests, err);
    for (size_t i = 0; !status && i < models->count; i++)
        status = digest_model(setup, models->name[i], models->path[i], digests, err);
    return status;
}

/* What each setup computed. */
struct runs {
    struct {
        struct digest_setup setup;
        struct digests found;
    } of[CHECK_MAX_LEVELS * MAX_THREAD_COUNTS];
    size_t count;
};

static enum vit_status run_all(const struct common_options *common, const struct models *models,
                               struct runs *runs, struct vit_error *err)
{
    const size_t *const threads = common->threads ? &common->threads : default_threads;
    const size_t thread_counts = common->threads ? 1 : MAX_THREAD_COUNTS;
    const struct vit_kernels *levels[CHECK_MAX_LEVELS];
    const size_t level_count = check_levels(common->isa, levels);

    runs->count = 0;
    for (size_t l = 0; l < level_count; l++)
        for (size_t t = 0; t < thread_counts; t++) {
            const struct digest_setup setup = { levels[l], threads[t],
                                                (enum vit_precision)common->precision,
                                                common->keep };
            runs->of[runs->count].setup = setup;
            runs->of[runs->count].found.count = 0;
            const enum vit_status status =
                compute(&setup, models, &runs->of[runs->count++].found, err);
            if (status)
                return status;
        }
    return VIT_OK;
}

/* VIT_EUNSUPPORTED: a digest is not that of the first run. */
static enum vit_status compare(const struct runs *runs, struct vit_error *err)
{
    const struct digests *const first = &runs->of[0].found;

    for (size_t r = 1; r < runs->count; r++)
        for (size_t i = 0; i < first->count; i++) {
            const unsigned long long expected = first->of[i].value;
            const unsigned long long found = runs->of[r].found.of[i].value;
            if (found != expected)
                return tool_fail(
                    err, VIT_EUNSUPPORTED,
                    "check: %s on %s with %zu threads: expected digest %016llx, found %016llx",
                    first->of[i].name, runs->of[r].setup.level->isa, runs->of[r].setup.threads,
                    expected, found);
        }
    return VIT_OK;
}

static void print_runs(const struct runs *runs)
{
    const struct digests *const first = &runs->of[0].found;
    const char *level = NULL;

    for (size_t i = 0; i < first->count; i++)
        printf("%-33s %016llx\n", first->of[i].name, (unsigned long long)first->of[i].value);
    for (size_t r = 0; r < runs->count; r++)
        if (runs->of[r].setup.level->isa != level) {
            fprintf(stderr, "%s%s", level ? ", " : "equal on ", runs->of[r].setup.level->isa);
            level = runs->of[r].setup.level->isa;
        }
    fprintf(stderr, ", with");
    for (size_t r = 0; r < runs->count && runs->of[r].setup.level == runs->of[0].setup.level; r++)
        fprintf(stderr, "%s %zu", r ? "," : "", runs->of[r].setup.threads);
    fprintf(stderr, " threads\n");
}

static json_t *digests_json(const struct digests *digests)
{
    json_t *object = json_object();
    char hex[17];

    for (size_t i = 0; i < digests->count; i++) {
        snprintf(hex, sizeof hex, "%016llx", (unsigned long long)digests->of[i].value);
        object = json_set(object, digests->of[i].name, json_string(hex));
    }
    return object;
}

static json_t *runs_json(const struct runs *runs)
{
    json_t *array = json_array();

    for (size_t r = 0; r < runs->count; r++)
        array = json_with(array, json_pack("{s:s, s:I, s:o}", "level", runs->of[r].setup.level->isa,
                                           "threads", (json_int_t)runs->of[r].setup.threads,
                                           "digests", digests_json(&runs->of[r].found)));
    return array;
}

enum vit_status check_digests_json(const struct common_options *common, json_t **json,
                                   struct vit_error *err)
{
    static const struct models none;
    static struct runs runs;
    const enum vit_status status = run_all(common, &none, &runs, err);

    *json = status ? NULL : runs_json(&runs);
    return status ? status : compare(&runs, err);
}

enum vit_status check_digests(const struct common_options *common, size_t count, char **models,
                              bool json, struct vit_error *err)
{
    static struct models named;
    static struct runs runs;

    named.count = count;
    named.path = models;
    enum vit_status status = name_models((enum vit_precision)common->precision, &named, err);
    if (status || (status = run_all(common, &named, &runs, err)) != VIT_OK)
        return status;
    if (json && (status = print_json(runs_json(&runs), err)) != VIT_OK)
        return status;
    status = compare(&runs, err);
    if (!status && !json)
        print_runs(&runs);
    return status;
}
