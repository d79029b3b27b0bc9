/* attention.c - how much a model's class token attends to each patch of a picture */
#include "tools/attention.h"

#include <stdlib.h>
#include <string.h>

/* A block's weights, and a row of numbers that goes through them. */
struct flow {
    size_t heads, tokens;
    float *weights;     /* [heads][tokens][tokens] */
    double *row, *next; /* [tokens] */
};

static enum vit_status allocate(const struct vit_model *model, struct flow *f,
                                struct vit_error *err)
{
    size_t rows, columns, bytes;

    vit_output_shape(model, VIT_OUTPUT_ATTENTION, 0, &rows, &columns);
    f->tokens = columns;
    f->heads = rows / columns;
    if (product(3, (size_t[]){ rows, columns, sizeof *f->weights }, &bytes))
        f->weights = malloc(bytes);
    f->row = calloc(f->tokens, sizeof *f->row);
    f->next = calloc(f->tokens, sizeof *f->next);
    return f->weights && f->row && f->next ? VIT_OK : tool_no_memory(err);
}

/* The queries that are asked: the class token, the first; or all, alike. */
static void begin(const struct vit_model *model, struct flow *f)
{
    const bool has_class_token = model_config(model).class_tokens != VIT_CLASS_TOKENS_NONE;

    f->row[0] = 1;
    for (size_t i = 0; !has_class_token && i < f->tokens; i++)
        f->row[i] = 1 / (double)f->tokens;
}

/* row = row · A, A the mean of heads first .. first + count − 1 */
static void attend(struct flow *f, size_t first, size_t count)
{
    const size_t square = f->tokens * f->tokens;

    memset(f->next, 0, f->tokens * sizeof *f->next);
    for (size_t h = first; h < first + count; h++)
        for (size_t i = 0; i < f->tokens; i++) {
            const float *const weights = f->weights + h * square + i * f->tokens;
            const double query = f->row[i] / (double)count;
            for (size_t j = 0; query != 0 && j < f->tokens; j++)
                f->next[j] += query * (double)weights[j];
        }
}

/*
 * row = row · (A + I)/2. Its sum stays 1, but for rounding, since A's rows sum to 1 and I's do;
 * that is what renormalising rows is for.
 */
static void attend_with_residual(struct flow *f)
{
    double sum = 0;

    attend(f, 0, f->heads);
    for (size_t i = 0; i < f->tokens; i++) {
        f->row[i] = (f->next[i] + f->row[i]) / 2;
        sum += f->row[i];
    }
    for (size_t i = 0; i < f->tokens; i++)
        f->row[i] /= sum;
}

/*
 * A row of the product A_last · … · A_0 needs products of a row with a matrix alone, from the last
 * block to the first.
 */
static enum vit_status roll_out(const struct runner *runner, const float *input, struct flow *f,
                                struct vit_error *err)
{
    for (size_t block = model_config(runner->model).depth; block-- > 0;) {
        const enum vit_status status = vit_forward_output(runner->context, VIT_OUTPUT_ATTENTION,
                                                          block, 1, input, f->weights, err);
        if (status)
            return status;
        attend_with_residual(f);
    }
    return VIT_OK;
}

static enum vit_status one_block(const struct runner *runner, size_t block, size_t head,
                                 const float *input, struct flow *f, struct vit_error *err)
{
    const enum vit_status status =
        vit_forward_output(runner->context, VIT_OUTPUT_ATTENTION, block, 1, input, f->weights, err);
    const bool mean = head == OPTION_WORD;
    double *const row = f->row;

    if (status)
        return status;
    attend(f, mean ? 0 : head, mean ? f->heads : 1);
    f->row = f->next;
    f->next = row;
    return VIT_OK;
}

enum vit_status attention_over_patches(const struct runner *runner, size_t block, size_t head,
                                       const float *input, double *out, struct vit_error *err)
{
    struct flow f = { 0 };
    size_t rows, columns;
    enum vit_status status = allocate(runner->model, &f, err);

    if (!status)
        begin(runner->model, &f);
    if (!status)
        status = block == OPTION_WORD ? roll_out(runner, input, &f, err)
                                      : one_block(runner, block, head, input, &f, err);
    if (!status) {
        vit_model_grid(runner->model, &rows, &columns);
        memcpy(out, f.row + f.tokens - rows * columns, rows * columns * sizeof *out);
    }
    free(f.next);
    free(f.row);
    free(f.weights);
    return status;
}
