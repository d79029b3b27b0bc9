/* attention.c - how much the class token of a model attends to each patch of an image */
#include "tools/attention.h"

#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/product.h"

/* The weights of some blocks, and a row vector that is multiplied by them. */
struct flow {
    size_t blocks, heads, tokens;
    float *weights;                      /* [blocks][heads][tokens][tokens] */
    struct vit_output_request *requests; /* [blocks] */
    double *row, *next;                  /* [tokens] */
};

static void free_flow(struct flow *f)
{
    free(f->next);
    free(f->row);
    free(f->requests);
    free(f->weights);
}

static enum vit_status allocate(const struct vit_model *model, size_t blocks, struct flow *f,
                                struct vit_error *err)
{
    size_t rows, columns, bytes = SIZE_MAX;

    vit_output_shape(model, VIT_OUTPUT_ATTENTION, 0, &rows, &columns);
    f->blocks = blocks;
    f->tokens = columns;
    f->heads = rows / columns;
    if (product(4, (size_t[]){ blocks, rows, columns, sizeof *f->weights }, &bytes))
        f->weights = malloc(bytes);
    f->requests = calloc(blocks, sizeof *f->requests);
    f->row = calloc(f->tokens, sizeof *f->row);
    f->next = calloc(f->tokens, sizeof *f->next);
    if (f->weights && f->requests && f->row && f->next)
        return VIT_OK;
    tool_fail(err, VIT_ENOMEM, "attention of %zu blocks: out of memory for %zu bytes", blocks,
              bytes);
    return VIT_ENOMEM;
}

static const float *weights_of(const struct flow *f, size_t block)
{
    return f->weights + block * f->heads * f->tokens * f->tokens;
}

/* One pass computes the weights of all requested blocks, the first being `first`. */
static enum vit_status forward(const struct session *session, size_t first,
                               const struct vit_image *pixels, struct flow *f,
                               struct vit_error *err)
{
    const struct vit_call call = { .size = sizeof call,
                                   .batch = 1,
                                   .outputs = f->requests,
                                   .output_count = f->blocks,
                                   .pixels = pixels };

    for (size_t i = 0; i < f->blocks; i++)
        f->requests[i] = (struct vit_output_request){ .size = sizeof *f->requests,
                                                      .output = VIT_OUTPUT_ATTENTION,
                                                      .block = first + i,
                                                      .data = (float *)weights_of(f, i) };
    return vit_forward_call(session->context, &call, err);
}

/* The row of the class token, the first; without one the mean of all rows. */
static void init_row(const struct session *session, struct flow *f)
{
    const bool has_class_token = session->config.class_tokens != VIT_CLASS_TOKENS_NONE;

    f->row[0] = 1;
    for (size_t i = 0; !has_class_token && i < f->tokens; i++)
        f->row[i] = 1 / (double)f->tokens;
}

/* next = row · A, A being the mean of heads first to first + count - 1 */
static void multiply(struct flow *f, const float *weights, size_t first, size_t count)
{
    const size_t square = f->tokens * f->tokens;

    memset(f->next, 0, f->tokens * sizeof *f->next);
    for (size_t h = first; h < first + count; h++)
        for (size_t i = 0; i < f->tokens; i++) {
            const float *const row = weights + h * square + i * f->tokens;
            const double query = f->row[i] / (double)count;
            for (size_t j = 0; query != 0 && j < f->tokens; j++)
                f->next[j] += query * (double)row[j];
        }
}

/* row = row · (A + I)/2, normalized: the rows of A and I sum to 1, except for rounding */
static void roll_out_block(struct flow *f, const float *weights)
{
    double sum = 0;

    multiply(f, weights, 0, f->heads);
    for (size_t i = 0; i < f->tokens; i++) {
        f->row[i] = (f->next[i] + f->row[i]) / 2;
        sum += f->row[i];
    }
    for (size_t i = 0; i < f->tokens; i++)
        f->row[i] /= sum;
}

static void attend_once(struct flow *f, size_t head)
{
    double *const row = f->row;

    multiply(f, f->weights, head == INDEX_WORD ? 0 : head, head == INDEX_WORD ? f->heads : 1);
    f->row = f->next;
    f->next = row;
}

enum vit_status attention_over_patches(const struct session *session, size_t block, size_t head,
                                       const struct vit_image *pixels, double *out,
                                       struct vit_error *err)
{
    const bool rollout = block == INDEX_WORD;
    struct flow f = { 0 };
    size_t rows, columns;
    enum vit_status status = allocate(session->model, rollout ? session->config.depth : 1, &f, err);

    if (!status)
        status = forward(session, rollout ? 0 : block, pixels, &f, err);
    if (!status) {
        init_row(session, &f);
        if (!rollout)
            attend_once(&f, head);
        /* a row of A_last · … · A_0 needs only products of a row and a matrix, the last first */
        for (size_t i = f.blocks; rollout && i-- > 0;)
            roll_out_block(&f, weights_of(&f, i));
        vit_model_grid(session->model, &rows, &columns);
        memcpy(out, f.row + f.tokens - rows * columns, rows * columns * sizeof *out);
    }
    free_flow(&f);
    return status;
}
