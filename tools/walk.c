/* walk.c - the steps of a forward pass: the shape of each, and the numbers that it keeps */
#include "tools/walk.h"

#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/load.h"
#include "tools/product.h"

enum { SPLITS = 3 };

struct split walk_split(const struct vit_config *config, size_t i)
{
    struct split s = { .rows = config->height, .columns = config->width };

    for (size_t j = 0; j <= i; j++) { /* vit/config.h: stride (k+1)/2, padding (k+1)/4 */
        s.kernel = config->t2t_kernels[j];
        s.stride = (s.kernel + 1) / 2;
        s.padding = (s.kernel + 1) / 4;
        s.rows = (s.rows + 2 * s.padding - s.kernel) / s.stride + 1;
        s.columns = (s.columns + 2 * s.padding - s.kernel) / s.stride + 1;
    }
    return s;
}

/* --- the list of steps */

/* What the list is made from. */
struct maker {
    const struct session *session;
    struct walk *walk;
    bool in_block;
};

static struct walk_step *add(struct maker *m, const char *name)
{
    struct walk_step *const step = &m->walk->steps[m->walk->count++];

    snprintf(step->name, sizeof step->name, "%s", name);
    step->in_block = m->in_block;
    step->rank = 1;
    step->shape[0] = m->walk->batch;
    return step;
}

/* A step that the pass does not keep: sizes[count] behind the batch. */
static void add_fused(struct maker *m, const char *name, size_t count, const size_t *sizes)
{
    struct walk_step *const step = add(m, name);

    for (size_t i = 0; i < count; i++)
        step->shape[step->rank++] = sizes[i];
}

/* A step that is an output. */
static void add_output(struct maker *m, const char *name, enum vit_output output, size_t block)
{
    struct vit_output_info info = { .size = sizeof info };
    struct walk_step *const step = add(m, name);
    size_t rows, columns;

    vit_output_shape(m->session->model, output, block, &rows, &columns);
    vit_output_at((size_t)output, &info);
    step->kept = true;
    step->output = output;
    step->block = block;
    if (info.rank == 3)
        step->shape[step->rank++] = rows / columns;
    if (info.rank >= 2)
        step->shape[step->rank++] = info.rank == 3 ? columns : rows;
    step->shape[step->rank++] = columns;
}

/* From the image to the tokens of patches. */
static void add_patches(struct maker *m, size_t patches)
{
    const struct vit_config *const c = &m->session->config;
    char name[STEP_NAME];
    size_t width = c->channels;

    if (c->tokenizer == VIT_TOKENIZER_PATCH) {
        const size_t sizes[] = { patches, c->channels * c->patch * c->patch };
        add_fused(m, "split into patches", 2, sizes);
        if (c->patch_norms)
            add_fused(m, "norm of each patch", 2, sizes);
    }
    for (size_t i = 0; c->tokenizer != VIT_TOKENIZER_PATCH && i < SPLITS; i++) {
        const struct split s = walk_split(c, i);
        snprintf(name, sizeof name, "soft split %zu", i + 1);
        add_fused(m, name, 2, (size_t[]){ s.rows * s.columns, width * s.kernel * s.kernel });
        width = c->t2t_dim;
        snprintf(name, sizeof name, "token transformer %zu", i + 1);
        if (i + 1 < SPLITS)
            add_output(m, name, VIT_OUTPUT_T2T_BLOCK, i);
    }
    add_output(m, "projected", VIT_OUTPUT_PATCH_EMBEDDING, 0);
}

/* The learned tokens, and positions. */
static void add_tokens(struct maker *m, size_t patches, size_t tokens)
{
    const struct vit_config *const c = &m->session->config;
    const size_t sizes[] = { tokens, c->dim };

    if (tokens > patches)
        add_fused(m,
                  c->registers > 0 ? "with class token and registers"
                  : c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION
                      ? "with class, distillation token"
                      : "with the prediction token",
                  2, sizes);
    if (c->pos_embed != VIT_POS_EMBED_NONE)
        add_fused(m, "with positions", 2, sizes);
    if (c->pre_norm)
        add_fused(m, "norm before the blocks", 2, sizes);
}

static void add_block(struct maker *m, size_t tokens)
{
    const struct vit_config *const c = &m->session->config;
    const size_t head_dim = c->head_dim ? c->head_dim : c->dim / c->heads;
    const size_t sizes[] = { tokens, c->dim };

    m->in_block = true;
    add_fused(m, "norm 1", 2, sizes);
    add_fused(m, "queries, keys, values", 4, (size_t[]){ 3, c->heads, tokens, head_dim });
    add_output(m, "attention weights", VIT_OUTPUT_ATTENTION, m->walk->block);
    add_fused(m, "attention", 2, sizes);
    add_fused(m, "first skip", 2, sizes);
    add_fused(m, "norm 2", 2, sizes);
    add_fused(m, "MLP, between its layers", 2, (size_t[]){ tokens, c->mlp_dim });
    add_fused(m, "MLP", 2, sizes);
    add_output(m, "second skip", VIT_OUTPUT_BLOCK, m->walk->block);
    m->in_block = false;
}

/* What follows the blocks. */
static void add_head(struct maker *m)
{
    const struct vit_config *const c = &m->session->config;

    if (c->depth > 0 && m->walk->block + 1 < c->depth)
        add_output(m, "after the last block", VIT_OUTPUT_BLOCK, c->depth - 1);
    add_output(m, c->final_norm == VIT_FINAL_NORM_TOKENS ? "last norm" : "last hidden state",
               VIT_OUTPUT_LAST_HIDDEN_STATE, 0);
    if (c->pool != VIT_POOL_NONE)
        add_output(m, c->pool == VIT_POOL_CLASS ? "prediction token" : "pooled",
                   VIT_OUTPUT_EMBEDDING, 0);
    if (c->classes > 0)
        add_output(m, "prediction", VIT_OUTPUT_LOGITS, 0);
}

static void list_steps(const struct session *session, struct walk *walk)
{
    const struct vit_config *const c = &session->config;
    struct maker m = { .session = session, .walk = walk };
    size_t rows, columns, tokens;

    vit_model_grid(session->model, &rows, &columns);
    vit_output_shape(session->model, VIT_OUTPUT_LAST_HIDDEN_STATE, 0, &tokens, NULL);
    add_fused(&m, "input", 3, (size_t[]){ c->channels, c->height, c->width });
    walk->steps[0].kept = walk->steps[0].input = true;
    add_patches(&m, rows * columns);
    add_tokens(&m, rows * columns, tokens);
    if (c->depth > 0)
        add_block(&m, tokens);
    add_head(&m);
}

/* --- the pass */

static bool count_numbers(const struct walk_step *step, size_t *numbers)
{
    return product(step->rank, step->shape, numbers) && *numbers <= SIZE_MAX / sizeof(float);
}

static enum vit_status allocate(struct walk *walk, struct vit_error *err)
{
    for (size_t i = 0; i < walk->count; i++) {
        struct walk_step *const step = &walk->steps[i];
        size_t numbers = 0;
        if (!step->kept)
            continue;
        if (count_numbers(step, &numbers))
            step->numbers = malloc(numbers * sizeof *step->numbers);
        if (!step->numbers)
            return tool_fail(err, VIT_ENOMEM, "%s: out of memory for a batch of %zu", step->name,
                             walk->batch);
    }
    return VIT_OK;
}

/* The pixels, normalized, once for each image of the batch. */
static enum vit_status fill_input(const struct session *session, const struct vit_image *pixels,
                                  struct walk_step *input, struct vit_error *err)
{
    const size_t numbers = input->shape[1] * input->shape[2] * input->shape[3];
    struct vit_preprocess_config config = session->preprocess;

    config.crop_mode = VIT_CROP_MODE_SQUASH; /* the pixels have the size: no resize, no crop */
    config.crop_pct = 1;
    const enum vit_status status = vit_preprocess_image(&config, pixels, NULL, input->numbers, err);

    for (size_t i = 1; !status && i < input->shape[0]; i++)
        memcpy(input->numbers + i * numbers, input->numbers, numbers * sizeof *input->numbers);
    return status;
}

/* One call for all outputs of the walk. */
static enum vit_status forward(const struct common_options *common, const struct session *session,
                               struct walk *walk, struct vit_error *err)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .threads = common->threads,
                                                 .max_batch = walk->batch };
    struct vit_output_request requests[MAX_STEPS];
    struct vit_context *context = NULL;
    struct vit_call call = { .size = sizeof call,
                             .batch = walk->batch,
                             .images = walk->steps[0].numbers,
                             .outputs = requests };
    enum vit_status status;

    for (size_t i = 1; i < walk->count; i++)
        if (walk->steps[i].kept)
            requests[call.output_count++] =
                (struct vit_output_request){ .size = sizeof *requests,
                                             .output = walk->steps[i].output,
                                             .block = walk->steps[i].block,
                                             .data = walk->steps[i].numbers };
    if (!(status = vit_context_create(session->model, &options, &context, err)))
        status = vit_forward_call(context, &call, err);
    vit_context_free(context);
    return status;
}

static void find_ranges(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++) {
        struct walk_step *const step = &walk->steps[i];
        size_t numbers = 0;
        if (!step->kept || !count_numbers(step, &numbers) || numbers == 0)
            continue;
        step->min = step->max = (double)step->numbers[0];
        for (size_t j = 0; j < numbers; j++) {
            const double x = (double)step->numbers[j];
            /* a NaN stays: nothing is below or above it */
            step->min = x < step->min || x != x ? x : step->min;
            step->max = x > step->max || x != x ? x : step->max;
        }
    }
}

enum vit_status walk_compute(const struct common_options *common, const struct session *session,
                             const struct vit_image *pixels, size_t batch, size_t block,
                             struct walk *walk, struct vit_error *err)
{
    const size_t depth = session->config.depth;
    enum vit_status status;

    *walk = (struct walk){ .batch = batch, .block = depth > 0 ? block : SIZE_MAX };
    if (block > 0 && block >= depth)
        return depth > 0 ? tool_fail(err, VIT_EINVAL,
                                     "--block: expected a block from 0 to %zu, found %zu",
                                     depth - 1, block)
                         : tool_fail(err, VIT_EINVAL,
                                     "--block: expected a model with blocks, found one without");
    list_steps(session, walk);
    if (!(status = allocate(walk, err)) &&
        !(status = fill_input(session, pixels, &walk->steps[0], err)) &&
        !(status = forward(common, session, walk, err)))
        find_ranges(walk);
    return status;
}

void walk_free(struct walk *walk)
{
    for (size_t i = 0; i < walk->count; i++)
        free(walk->steps[i].numbers);
    walk->count = 0;
}

const struct walk_step *walk_find(const struct walk *walk, enum vit_output output, size_t block)
{
    for (size_t i = 1; i < walk->count; i++)
        if (walk->steps[i].kept && walk->steps[i].output == output && walk->steps[i].block == block)
            return &walk->steps[i];
    return NULL;
}
