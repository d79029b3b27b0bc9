/* outputs.c - the table of outputs: name, needs, shape, step, and how each is written */
#include "model/outputs.h"

#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "config/derived.h"
#include "model/block_attention.h"
#include "model/pool.h"
#include "vit/inspect.h"

struct shape {
    size_t rows, columns;
    size_t block; /* that the output is of */
};

/* --- how many values of `block` an output of the model has; 0: the model does not have it */

static size_t once(const struct vit_config *c)
{
    (void)c;
    return 1;
}

static size_t with_head(const struct vit_config *c)
{
    return c->classes > 0;
}

static size_t with_pool(const struct vit_config *c)
{
    return c->pool != VIT_POOL_NONE;
}

static size_t each_block(const struct vit_config *c)
{
    return c->depth;
}

static size_t each_t2t_block(const struct vit_config *c)
{
    return config_traits(c) & HAS_T2T ? T2T_BLOCKS : 0;
}

/* --- shapes */

static struct shape logits_shape(const struct vit_config *c, size_t block)
{
    return (struct shape){ 1, c->classes, block };
}

static struct shape patches_shape(const struct vit_config *c, size_t block)
{
    return (struct shape){ config_patches(c), c->dim, block };
}

static struct shape tokens_shape(const struct vit_config *c, size_t block)
{
    return (struct shape){ config_tokens(c), c->dim, block };
}

static struct shape embedding_shape(const struct vit_config *c, size_t block)
{
    return (struct shape){ 1, config_embedding(c), block };
}

static struct shape t2t_shape(const struct vit_config *c, size_t block)
{
    const struct config_grid grid = config_split_grid(c, block);
    return (struct shape){ grid.rows * grid.columns, c->t2t_dim, block };
}

static struct shape attention_shape(const struct vit_config *c, size_t block)
{
    const size_t tokens = config_tokens(c);

    return (struct shape){ c->heads * tokens, tokens, block };
}

/* --- steps */

static size_t patches_step(const struct vit_config *c, size_t block)
{
    (void)c;
    (void)block;
    return STEP_PATCHES;
}

static size_t block_step(const struct vit_config *c, size_t block)
{
    (void)c;
    return step_of_block(block);
}

static size_t tokens_step(const struct vit_config *c, size_t block)
{
    (void)block;
    return step_of_tokens(c);
}

static size_t embedding_step(const struct vit_config *c, size_t block)
{
    (void)block;
    return step_of_embedding(c);
}

static size_t t2t_step(const struct vit_config *c, size_t block)
{
    (void)c;
    return step_of_t2t_block(block);
}

static size_t attention_step(const struct vit_config *c, size_t block)
{
    (void)c;
    return step_of_attention(block);
}

/* --- writing */

static void write_rows(const struct pass *p, struct matrix value, struct shape shape, float *out)
{
    (void)p;
    copy_rows(shape.rows, shape.columns, value, (struct matrix){ out, shape.columns });
}

static void write_hidden_state(const struct pass *p, struct matrix value, struct shape shape,
                               float *out)
{
    const struct exec e = exec_of(p);
    const bool normed = p->model->config.final_norm == VIT_FINAL_NORM_TOKENS;

    if (normed)
        normalize(&e, &p->model->weights.norm, shape.rows, value, p->ws->h);
    write_rows(p, normed ? p->ws->h : value, shape, out);
}

static void write_embedding(const struct pass *p, struct matrix value, struct shape shape,
                            float *out)
{
    (void)shape;
    pool_mean_embedding(&p->model->config, value.at, out);
}

static void write_logits(const struct pass *p, struct matrix value, struct shape shape, float *out)
{
    (void)shape;
    pool_classify(p, value, out);
}

/* out[heads][tokens][tokens] = softmax(Q Kᵀ · scale) */
static void write_attention(const struct pass *p, struct matrix qkv, struct shape shape, float *out)
{
    const struct vit_model *const model = p->model;
    struct vit_attention_args args =
        block_attention(&model->config, &model->weights.blocks[shape.block], qkv);

    args.out = out;
    args.scratch = p->ws->attention;
    vit_attention_weights(model->kernels, p->parallel, &args);
}

/* --- the table */

static const struct output_kind {
    const char *name, *dimensions, *description; /* see struct vit_output_info */
    size_t rank;
    bool per_block;
    const char *needs; /* what a model without this output lacks */
    size_t (*count)(const struct vit_config *config);
    struct shape (*shape)(const struct vit_config *config, size_t block);
    size_t (*step)(const struct vit_config *config, size_t block);
    void (*write)(const struct pass *pass, struct matrix value, struct shape shape, float *out);
} kinds[] = {
    [VIT_OUTPUT_LOGITS] = {
        "logits", "[classes]", "outputs of the head", 1, false, "a head",
        with_head, logits_shape, embedding_step, write_logits,
    },
    [VIT_OUTPUT_PATCH_EMBEDDING] = {
        "patch_embedding", "[patches, dim]", "projected patches, without positions", 2, false,
        NULL, once, patches_shape, patches_step, write_rows,
    },
    [VIT_OUTPUT_BLOCK] = {
        "block", "[tokens, dim]", "tokens after block N, counted from 0", 2, true, "blocks",
        each_block, tokens_shape, block_step, write_rows,
    },
    [VIT_OUTPUT_LAST_HIDDEN_STATE] = {
        "last_hidden_state", "[tokens, dim]", "tokens after the last block and norm", 2,
        false, NULL, once, tokens_shape, tokens_step, write_hidden_state,
    },
    [VIT_OUTPUT_EMBEDDING] = {
        "embedding", "[embedding]", "input of the head", 1, false, "pooling",
        with_pool, embedding_shape, embedding_step, write_embedding,
    },
    [VIT_OUTPUT_T2T_BLOCK] = {
        "t2t_block", "[its tokens, t2t_dim]", "tokens after token transformer N",
        2, true, "token transformers", each_t2t_block, t2t_shape, t2t_step, write_rows,
    },
    [VIT_OUTPUT_ATTENTION] = {
        "attention", "[heads, tokens, tokens]", "attention weights of block N", 3, true, "blocks",
        each_block, attention_shape, attention_step, write_attention,
    },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *vit_output_name(enum vit_output output)
{
    return (unsigned)output < KINDS ? kinds[output].name : NULL;
}

bool vit_output_at(size_t i, struct vit_output_info *info)
{
    if (i >= KINDS)
        return false;
    const struct vit_output_info ours = { .size = sizeof ours,
                                          .name = kinds[i].name,
                                          .shape = kinds[i].dimensions,
                                          .description = kinds[i].description,
                                          .rank = kinds[i].rank,
                                          .per_block = kinds[i].per_block };
    return sized_write(info, &ours, SIZED(vit_output_info), NULL) == VIT_OK;
}

enum vit_status vit_output_from_name(const char *name, enum vit_output *output,
                                     struct vit_error *err)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *output = (enum vit_output)i;
            return VIT_OK;
        }
    return fail(err, VIT_EINVAL, "expected an output, such as %s, found \"%s\"",
                kinds[VIT_OUTPUT_LOGITS].name, name);
}

void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                      size_t *rows, size_t *columns)
{
    const struct vit_config *c = &model->config;
    struct shape shape = { 0 };

    if ((unsigned)output < KINDS && block < kinds[output].count(c))
        shape = kinds[output].shape(c, block);
    if (rows)
        *rows = shape.rows;
    if (columns)
        *columns = shape.columns;
}

/* Request i, as this version has it. */
static enum vit_status read_request(const struct vit_call *call, size_t i,
                                    struct vit_output_request *request, struct vit_error *err)
{
    const size_t stride = call->outputs->size;
    const void *const from = (const char *)call->outputs + i * stride;
    const size_t size = ((const struct vit_output_request *)from)->size;

    if (size != stride)
        return fail(err, VIT_EINVAL,
                    "struct vit_output_request %zu: expected size %zu, as request 0 has, found %zu",
                    i, stride, size);
    return sized_read(request, from, SIZED(vit_output_request), err);
}

static enum vit_status check_request(const struct vit_config *c, size_t batch,
                                     const struct vit_output_request *r, struct vit_error *err)
{
    if ((unsigned)r->output >= KINDS)
        return fail(err, VIT_EINVAL, "output: expected 0 to %d, found %d", KINDS - 1,
                    (int)r->output);
    const struct output_kind *const kind = &kinds[r->output];
    const size_t count = kind->count(c);
    if (count == 0)
        return fail(err, VIT_EINVAL, "output %s: expected a model with %s, found one without",
                    kind->name, kind->needs);
    if (r->block >= count)
        return fail(err, VIT_EINVAL, "output %s: expected a block from 0 to %zu, found %zu",
                    kind->name, count - 1, r->block);
    if (!r->data == !r->data_list)
        return fail(err, VIT_EINVAL, "output %s: expected data, found %s", kind->name,
                    r->data ? "data_list too" : "NULL");
    for (size_t i = 0; r->data_list && i < batch; i++)
        if (!r->data_list[i])
            return fail(err, VIT_EINVAL, "output %s: data_list[%zu]: expected data, found NULL",
                        kind->name, i);
    return VIT_OK;
}

enum vit_status outputs_check(const struct vit_model *model, struct call *call,
                              struct vit_error *err)
{
    const struct vit_config *c = &model->config;
    struct vit_output_request r = { 0 };
    enum vit_status status;

    if (call->call.output_count == 0 || !call->call.outputs)
        return fail(err, VIT_EINVAL, "outputs: expected at least 1, found none");
    if (!sized_is_possible(call->call.outputs->size))
        return sized_read(&r, call->call.outputs, SIZED(vit_output_request), err);
    call->last_step = 0;
    for (size_t i = 0; i < call->call.output_count; i++) {
        if ((status = read_request(&call->call, i, &r, err)) ||
            (status = check_request(c, call->call.batch, &r, err)))
            return status;
        const size_t step = kinds[r.output].step(c, r.block);
        call->last_step = step > call->last_step ? step : call->last_step;
    }
    return VIT_OK;
}

void outputs_write(const struct pass *p, size_t step, struct matrix value)
{
    const struct vit_call *const call = &p->call->call;
    const struct vit_config *const c = &p->model->config;

    for (size_t i = 0; i < call->output_count; i++) {
        struct vit_output_request r = { 0 };
        read_request(call, i, &r, NULL); /* outputs_check has accepted it */
        const struct output_kind *const kind = &kinds[r.output];
        if (kind->step(c, r.block) != step)
            continue;
        const struct shape shape = kind->shape(c, r.block);
        kind->write(p, value, shape,
                    r.data_list ? r.data_list[p->image]
                                : r.data + p->image * shape.rows * shape.columns);
    }
}
