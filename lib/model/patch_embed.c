/* patch_embed.c - the tokenizer of the paper: each patch of the image projected */
#include "config/tokenizer.h"
#include "model/image_view.h"
#include "model/pass.h"
#include "model/projection.h"
#include "model/tokenizer.h"

struct buffers {
    struct matrix patches; /* [patches][channels·patch·patch] */
    void *matmul;          /* scratch of the projection */
};

static void plan(struct weight_plan *plan, const struct vit_config *config, void *weights)
{
    projection_plan(plan, config, weights);
}

static void carve(const struct carver *carver, const struct vit_config *c, void *buffers)
{
    const struct config_grid grid = config_grid(c);
    const size_t patches = grid.rows * grid.columns;
    struct buffers *const b = buffers;

    b->patches = carve_matrix(carver, patches, config_tokenizer(c)->patch_length(c));
    b->matmul = carve_matmul(carver, patches);
}

/* Each patch becomes a row, in the order channel, row, column. */
static void unfold(const struct vit_config *c, const struct image_view *image,
                   struct matrix patches)
{
    const size_t side = c->patch;
    const struct config_grid grid = config_grid(c);

    for (size_t p = 0; p < grid.rows * grid.columns; p++) {
        float *to = patches.at + p * patches.ld;
        const size_t top = p / grid.columns * side, left = p % grid.columns * side;
        for (size_t channel = 0; channel < c->channels; channel++)
            for (size_t row = 0; row < side; row++, to += side)
                image_view_read(image, channel, top + row, left, side, to);
    }
}

static void forward(const struct pass *p, void *buffers, const struct image_view *image,
                    struct matrix tokens)
{
    const struct vit_config *c = &p->model->config;
    const struct config_grid grid = config_grid(c);
    const struct buffers *const b = buffers;
    const struct exec e = { p->model->kernels, p->parallel, NULL, b->matmul };

    unfold(c, image, b->patches);
    projection_forward(&e, p->model->weights.tokenizer, grid.rows * grid.columns, b->patches,
                       tokens);
}

const struct tokenizer_ops tokenizer_patch = {
    .weights_bytes = sizeof(struct projection),
    .buffers_bytes = sizeof(struct buffers),
    .plan = plan,
    .carve = carve,
    .forward = forward,
};
