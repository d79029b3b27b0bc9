/* check_digests.c - `libvit check --digest`: digests that no level or thread count changes */
#include "tools/check_digests.h"

#include <stdio.h>

#include "check/digests.h"
#include "tools/check_levels.h"
#include "tools/error.h"

/* The digests of the models or, without models, of the kernels and the small model. */
static enum vit_status compute(const struct digest_setup *setup, size_t count, char **models,
                               struct digests *digests, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (count == 0 && !(status = digest_kernels(setup, digests, err)))
        status = digest_small_models(setup, digests, err);
    for (size_t i = 0; !status && i < count; i++)
        status = digest_model(setup, models[i], models[i], digests, err);
    return status;
}

static enum vit_status compare(const struct digest_setup *setup, const struct digests *first,
                               const struct digests *found, struct vit_error *err)
{
    for (size_t i = 0; i < first->count; i++)
        if (found->of[i].value != first->of[i].value)
            return tool_fail(
                err, VIT_EUNSUPPORTED,
                "check: %s on %s with %zu threads: expected digest %016llx, found %016llx",
                first->of[i].name, setup->level->isa, setup->threads,
                (unsigned long long)first->of[i].value, (unsigned long long)found->of[i].value);
    return VIT_OK;
}

enum vit_status check_digests(const struct common_options *common, size_t count, char **models,
                              struct vit_error *err)
{
    static const size_t default_threads[] = { 1, 2, 7 };
    const size_t *const threads = common->threads ? &common->threads : default_threads;
    const size_t thread_counts =
        common->threads ? 1 : sizeof default_threads / sizeof *default_threads;
    const struct vit_kernels *levels[CHECK_MAX_LEVELS];
    const size_t level_count = check_levels(common->isa, levels);
    struct digests first = { .count = 0 };

    for (size_t l = 0; l < level_count; l++)
        for (size_t t = 0; t < thread_counts; t++) {
            const struct digest_setup setup = { levels[l], threads[t] };
            struct digests found = { .count = 0 };
            enum vit_status status = compute(&setup, count, models, &found, err);
            if (first.count == 0)
                first = found;
            if (!status)
                status = compare(&setup, &first, &found, err);
            if (status)
                return status;
        }
    for (size_t i = 0; i < first.count; i++)
        printf("%-33s %016llx\n", first.of[i].name, (unsigned long long)first.of[i].value);
    for (size_t l = 0; l < level_count; l++)
        fprintf(stderr, "%s%s", l ? ", " : "equal on ", levels[l]->isa);
    fprintf(stderr, ", with");
    for (size_t t = 0; t < thread_counts; t++)
        fprintf(stderr, "%s %zu", t ? "," : "", threads[t]);
    fprintf(stderr, " threads\n");
    return VIT_OK;
}
