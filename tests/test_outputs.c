/* test_outputs.c - several outputs of one pass: the same bits as each alone, no block twice */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_counter.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "vit/inspect.h"

enum { BATCH = 3, DEPTH = 3, PIXELS = 3 * 32 * 48 };

#define BASE                                                                                       \
    .size = sizeof(struct vit_config), .channels = 3, .height = 32, .width = 48, .dim = 48,        \
    .depth = DEPTH, .heads = 3, .mlp_dim = 64, .classes = 10, .eps = 1e-6f,                        \
    .activation = VIT_ACTIVATION_GELU

static const struct vit_config configs[] = {
    { BASE, .patch = 8 },
    { BASE, .patch = 8, .class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION, .registers = 2,
      .pre_norm = true, .patch_norms = true },
    { BASE, .patch = 8, .class_tokens = VIT_CLASS_TOKENS_NONE, .pool = VIT_POOL_MAP,
      .qk_norm = true },
    { BASE, .patch = 16, .tokenizer = VIT_TOKENIZER_T2T_PERFORMER, .t2t_kernels = { 7, 3, 3 },
      .t2t_dim = 24, .t2t_heads = 1, .t2t_mlp_dim = 24, .pos_embed = VIT_POS_EMBED_SINUSOID },
    { BASE, .patch = 16, .tokenizer = VIT_TOKENIZER_T2T_TRANSFORMER, .t2t_kernels = { 7, 3, 3 },
      .t2t_dim = 24, .t2t_heads = 2, .t2t_mlp_dim = 24, .pre_logits = 20 },
};
enum { CONFIGS = sizeof configs / sizeof *configs };

static const float *images(void)
{
    static float pixels[BATCH * PIXELS];
    fill_pattern(BATCH * PIXELS, pixels, PATTERN_NORMAL, 5);
    return pixels;
}

static struct vit_model *new_model(const struct vit_config *config)
{
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(vit_model_create_random(config, 1, NULL, &model, &err), VIT_OK, "%s", err.message);
    return model;
}

static struct vit_context *new_context(const struct vit_model *model, size_t threads,
                                       bool (*cancel)(void *), void *user)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = threads,
                                                 .cancel = cancel,
                                                 .user = user };
    struct vit_context *context = NULL;

    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    return context;
}

/* Every output of a model at every block, with memory for BATCH images. */
struct requests {
    size_t count;
    struct vit_output_request *at;
};

static struct requests all_requests(const struct vit_model *model)
{
    struct requests r = { 0 };
    size_t rows, columns;

    for (int output = 0; vit_output_name((enum vit_output)output); output++)
        for (size_t block = 0;; block++) {
            vit_output_shape(model, (enum vit_output)output, block, &rows, &columns);
            if (rows == 0)
                break;
            r.at = realloc(r.at, (r.count + 1) * sizeof *r.at);
            r.at[r.count++] = (struct vit_output_request){
                .size = sizeof *r.at,
                .output = (enum vit_output)output,
                .block = block,
                .data = calloc(BATCH * rows * columns, sizeof(float)),
            };
        }
    return r;
}

static void free_requests(struct requests r)
{
    for (size_t i = 0; i < r.count; i++)
        free(r.at[i].data);
    free(r.at);
}

static enum vit_status call(struct vit_context *context, size_t count,
                            const struct vit_output_request *requests, struct vit_error *err)
{
    const struct vit_call c = { .size = sizeof c,
                                .batch = BATCH,
                                .images = images(),
                                .outputs = requests,
                                .output_count = count };
    return vit_forward_call(context, &c, err);
}

Test(outputs, of_one_pass_have_the_bits_that_each_has_alone)
{
    for (size_t m = 0; m < CONFIGS; m++)
        for (size_t threads = 1; threads <= 4; threads++) {
            struct vit_model *const model = new_model(&configs[m]);
            struct vit_context *const context = new_context(model, threads, NULL, NULL);
            const struct requests together = all_requests(model), alone = all_requests(model);
            size_t rows, columns;

            cr_assert_eq(call(context, together.count, together.at, NULL), VIT_OK);
            for (size_t i = 0; i < alone.count; i++) {
                const struct vit_output_request *const r = &alone.at[i];
                cr_assert_eq(call(context, 1, r, NULL), VIT_OK);
                vit_output_shape(model, r->output, r->block, &rows, &columns);
                expect_same_bits(BATCH * rows * columns, r->data, together.at[i].data,
                                 "model %zu, %zu threads, %s %zu", m, threads,
                                 vit_output_name(r->output), r->block);
            }
            free_requests(together);
            free_requests(alone);
            vit_context_free(context);
            vit_model_free(model);
        }
}

static bool count_block(void *user)
{
    ++*(size_t *)user;
    return false;
}

/* Blocks that a call begins, for each image. */
static size_t blocks_of(const struct vit_model *model, size_t count,
                        const struct vit_output_request *requests)
{
    size_t blocks = 0;
    struct vit_context *const context = new_context(model, 1, count_block, &blocks);

    cr_assert_eq(call(context, count, requests, NULL), VIT_OK);
    vit_context_free(context);
    cr_assert_eq(blocks % BATCH, 0);
    return blocks / BATCH;
}

Test(outputs, a_call_computes_each_block_once_and_none_after_the_last_it_needs)
{
    struct vit_model *const model = new_model(&configs[3]);
    const struct requests all = all_requests(model);
    struct vit_output_request attention[DEPTH];
    size_t attentions = 0;

    cr_assert_eq(blocks_of(model, all.count, all.at), DEPTH);
    for (size_t i = 0; i < all.count; i++) {
        const enum vit_output output = all.at[i].output;
        const bool of_block = output == VIT_OUTPUT_BLOCK || output == VIT_OUTPUT_ATTENTION;
        const bool early = output == VIT_OUTPUT_PATCH_EMBEDDING || output == VIT_OUTPUT_T2T_BLOCK;
        if (output == VIT_OUTPUT_ATTENTION)
            attention[attentions++] = all.at[i];
        cr_assert_eq(blocks_of(model, 1, &all.at[i]), early      ? 0
                                                      : of_block ? all.at[i].block + 1
                                                                 : DEPTH);
    }
    /* the requests of an attention rollout */
    cr_assert_eq(attentions, DEPTH);
    cr_assert_eq(blocks_of(model, DEPTH, attention), DEPTH);
    free_requests(all);
    vit_model_free(model);
    count_checks(all.count + 3);
}

Test(outputs, a_call_for_all_of_them_allocates_nothing)
{
    for (size_t m = 0; m < CONFIGS; m++) {
        struct vit_model *const model = new_model(&configs[m]);
        struct vit_context *const context = new_context(model, 2, NULL, NULL);
        const struct requests all = all_requests(model);
        const size_t before = watched_allocations();

        cr_assert_gt(before, 0);
        cr_assert_eq(call(context, all.count, all.at, NULL), VIT_OK);
        cr_assert_eq(watched_allocations(), before);
        free_requests(all);
        vit_context_free(context);
        vit_model_free(model);
        count_checks(1);
    }
}

Test(outputs, names_lead_back_to_their_output)
{
    enum vit_output found;
    int output = VIT_OUTPUT_LOGITS;

    for (; vit_output_name((enum vit_output)output); output++) {
        cr_assert_eq(vit_output_from_name(vit_output_name((enum vit_output)output), &found, NULL),
                     VIT_OK);
        cr_assert_eq((int)found, output);
    }
    cr_assert_gt(output, VIT_OUTPUT_ATTENTION);
    cr_assert_eq(vit_output_from_name("logit", &found, NULL), VIT_EINVAL);
    cr_assert_eq(vit_output_from_name("", &found, NULL), VIT_EINVAL);
    cr_assert_null(vit_output_name((enum vit_output) - 1));
    count_checks(2 * (size_t)output + 4);
}

/* The facts of an output agree with its shape in a model that has it. */
Test(outputs, have_a_name_a_description_and_dimensions)
{
    struct vit_output_info info = { .size = sizeof info }, impossible = { .size = 1 };
    struct vit_model *const model = new_model(&configs[4]);
    size_t i = 0, rows, columns;

    for (; vit_output_at(i, &info); i++) {
        const enum vit_output output = (enum vit_output)i;
        size_t dimensions = 1;
        for (const char *c = info.shape; *c; c++)
            dimensions += *c == ',';
        cr_assert_str_eq(info.name, vit_output_name(output));
        cr_assert_eq(dimensions, info.rank, "%s %s", info.name, info.shape);
        cr_assert(info.description[0]);
        vit_output_shape(model, output, 1, &rows, &columns);
        cr_assert_eq(rows > 0, info.per_block, "%s", info.name);
        vit_output_shape(model, output, 0, &rows, &columns);
        cr_assert_eq(rows == 1, info.rank == 1, "%s", info.name);
        cr_assert(info.rank < 3 || rows % columns == 0, "%s", info.name);
        count_checks(6);
    }
    cr_assert_null(vit_output_name((enum vit_output)i));
    cr_assert_not(vit_output_at(0, &impossible));
    vit_model_free(model);
    count_checks(2);
}

/* Expects that a call with one request is refused with a message. */
static void refuses(struct vit_context *context, struct vit_output_request request,
                    enum vit_status status, const char *words)
{
    struct vit_error err = { 0 };

    cr_assert_eq(call(context, 1, &request, &err), status, "%s", err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    count_checks(2);
}

Test(outputs, requests_that_the_model_cannot_answer_are_refused)
{
    struct vit_config config = configs[0];
    float out[1];
    struct vit_output_request r = { .size = sizeof r, .data = out };

    config.classes = 0;
    struct vit_model *const model = new_model(&config);
    struct vit_context *const context = new_context(model, 1, NULL, NULL);

    refuses(context, r, VIT_EINVAL,
            "output logits: expected a model with a head, found one without");
    r.output = VIT_OUTPUT_T2T_BLOCK;
    refuses(context, r, VIT_EINVAL, "output t2t_block: expected a model with token transformers");
    r.output = VIT_OUTPUT_ATTENTION;
    r.block = DEPTH;
    refuses(context, r, VIT_EINVAL, "output attention: expected a block from 0 to 2, found 3");
    r.output = VIT_OUTPUT_EMBEDDING;
    r.block = 1;
    refuses(context, r, VIT_EINVAL, "output embedding: expected a block from 0 to 0, found 1");
    r.block = 0;
    r.data = NULL;
    refuses(context, r, VIT_EINVAL, "output embedding: expected data, found NULL");
    r.output = (enum vit_output)7;
    refuses(context, r, VIT_EINVAL, "output: expected 0 to 6, found 7");
    r.size = 4;
    refuses(context, r, VIT_EINVAL, "struct vit_output_request: expected size 48, found 4");
    cr_assert_eq(call(context, 0, &r, NULL), VIT_EINVAL);
    vit_context_free(context);
    vit_model_free(model);
}

/* A caller of a later version has longer requests: their size is the stride. */
Test(outputs, longer_requests_are_read_at_their_own_stride)
{
    struct later {
        struct vit_output_request r;
        size_t added;
    };
    float logits[BATCH * 10], embedding[BATCH * 48], expected[BATCH * 10];
    struct later requests[2] = {
        { { .size = sizeof *requests, .output = VIT_OUTPUT_EMBEDDING, .data = embedding }, 0 },
        { { .size = sizeof *requests, .output = VIT_OUTPUT_LOGITS, .data = logits }, 0 },
    };
    struct vit_model *const model = new_model(&configs[0]);
    struct vit_context *const context = new_context(model, 1, NULL, NULL);

    cr_assert_eq(call(context, 2, &requests[0].r, NULL), VIT_OK);
    cr_assert_eq(vit_forward(context, BATCH, images(), expected, NULL), VIT_OK);
    expect_same_bits(BATCH * 10, expected, logits, "logits of the second request");
    requests[1].added = 1;
    cr_assert_eq(call(context, 2, &requests[0].r, NULL), VIT_EUNSUPPORTED);
    requests[1].added = 0;
    requests[1].r.size = sizeof(struct vit_output_request);
    cr_assert_eq(call(context, 2, &requests[0].r, NULL), VIT_EINVAL);
    vit_context_free(context);
    vit_model_free(model);
    count_checks(3);
}

/* With a scale of almost 0 all weights are equal; with a large one they are not. */
Test(outputs, attention_weights_have_the_scale_of_the_model)
{
    static const float scales[] = { 1e-20f, 1e4f };

    for (size_t i = 0; i < 2; i++) {
        const struct vit_config config = { BASE, .patch = 16, .qk_scale = scales[i] };
        struct vit_model *const model = new_model(&config);
        struct vit_context *const ctx = new_context(model, 1, NULL, NULL);
        float weights[3 * 7 * 7], most = 0;
        cr_assert(!forward_output(ctx, VIT_OUTPUT_ATTENTION, 0, 1, images(), weights, NULL));
        for (size_t j = 0; j < 3 * 7 * 7; j++)
            most = weights[j] > most ? weights[j] : most;
        cr_assert(i == 0 ? most < 1.001f / 7 : most > 0.5f, "%g: %g", (double)scales[i],
                  (double)most);
        vit_context_free(ctx);
        vit_model_free(model);
    }
    count_checks(2);
}
