/* outputs.c - what a forward pass can return, and the shape of each */
#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/model.h"

void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                      size_t *rows, size_t *columns)
{
    const struct vit_config *c = &model->config;
    const size_t tokens = config_tokens(c);
    size_t ignored;

    rows = rows ? rows : &ignored;
    columns = columns ? columns : &ignored;
    *rows = tokens;
    *columns = c->dim;
    switch (output) {
    case VIT_OUTPUT_LOGITS:
        *rows = 1;
        *columns = c->classes;
        break;
    case VIT_OUTPUT_PATCH_EMBEDDING:
        *rows = config_patches(c);
        break;
    case VIT_OUTPUT_EMBEDDING:
        *rows = 1;
        *columns = config_embedding(c);
        break;
    case VIT_OUTPUT_T2T_BLOCK: {
        const bool staged = c->tokenizer != VIT_TOKENIZER_PATCH && block < T2T_BLOCKS;
        const struct config_grid grid =
            staged ? config_split_grid(c, block) : (struct config_grid){ 0 };
        *rows = grid.rows * grid.columns;
        *columns = staged ? c->t2t_dim : 0;
        break;
    }
    case VIT_OUTPUT_ATTENTION:
        *rows = c->heads * tokens;
        *columns = tokens;
        break;
    default:
        break;
    }
}
