/* tokens.c - an image to the tokens of its patches: one projection, or T2T-ViT's soft splits */
#include <string.h>

#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/forward.h"

static const struct vit_epilogue plain = { 0 };

/* Each patch a row, in the order channel, row, column. */
static void unfold(struct run *r, const float *image /* [channels][height][width] */)
{
    const struct vit_config *c = &r->model->config;
    const size_t side = c->patch, down = c->height / side, across = c->width / side;

    for (size_t p = 0; p < down * across; p++) {
        float *to = r->patches.at + p * r->patches.ld;
        const float *corner = image + p / across * side * c->width + p % across * side;
        for (size_t channel = 0; channel < c->channels; channel++)
            for (size_t row = 0; row < side; row++, to += side)
                memcpy(to, corner + (channel * c->height + row) * c->width, side * sizeof *to);
    }
}

/* tokens[rows][dim] = LN?(x E + b), + positions if given */
static void project(struct run *r, struct matrix x, size_t rows, const float *positions,
                    struct matrix tokens)
{
    const struct vit_model *m = r->model;
    const size_t dim = m->config.dim;
    const struct vit_epilogue add = { .residual = positions, .ld_residual = dim };

    if (!m->config.patch_norms) {
        linear(r, &m->patch, rows, x, add, tokens);
        return;
    }
    layernorm(r, &m->patch_norm1, rows, x, x);
    linear(r, &m->patch, rows, x, plain, tokens);
    layernorm(r, &m->patch_norm2, rows, tokens, tokens);
    for (size_t i = 0; positions && i < rows; i++)
        for (size_t j = 0; j < dim; j++)
            tokens.at[i * tokens.ld + j] += positions[i * dim + j];
}

/* A picture of any layout: element (channel, row, column) at these strides. */
struct picture {
    const float *at;
    size_t channels, rows, columns;
    size_t channel, row, column; /* strides */
};

/* Each place of a kernel a row, in the order channel, row, column; zeros around the picture. */
static void soft_split(const struct picture *p, size_t kernel, struct config_grid grid,
                       struct matrix out)
{
    const size_t stride = config_split_stride(kernel), padding = config_split_padding(kernel);

    for (size_t i = 0; i < grid.rows * grid.columns; i++) {
        float *to = out.at + i * out.ld;
        /* below the padding these are past the end, as every unsigned number that is negative */
        const size_t top = i / grid.columns * stride - padding;
        const size_t left = i % grid.columns * stride - padding;
        for (size_t c = 0; c < p->channels; c++)
            for (size_t y = top; y != top + kernel; y++)
                for (size_t x = left; x != left + kernel; x++)
                    *to++ = y < p->rows && x < p->columns
                                ? p->at[c * p->channel + y * p->row + x * p->column]
                                : 0.0f;
    }
}

/* token = v + softmax(Q Kᵀ · scale) V Wproj + b, of qkv = LN(x) Wqkv + b */
static void token_attention(struct run *r, const struct stage *s, size_t tokens)
{
    const struct vit_config *c = &r->model->config;
    const size_t dim = c->t2t_dim, head = dim / c->t2t_heads;
    const float *q = r->token_qkv.at, *k = q + dim, *v = k + dim;
    const size_t ld = r->token_qkv.ld;
    const float scale = c->tokenizer == VIT_TOKENIZER_T2T_TRANSFORMER
                            ? config_rsqrt(s->norm1.length)
                        : c->qk_scale != 0.0f ? c->qk_scale
                                              : config_rsqrt(head);
    const struct vit_epilogue add_values = { .residual = v, .ld_residual = ld };

    linear(r, &s->qkv, tokens, r->split_h, plain, r->token_qkv);
    vit_attention(r->model->kernels, r->parallel,
                  &(struct vit_attention_args){ .queries = tokens,
                                                .tokens = tokens,
                                                .heads = c->t2t_heads,
                                                .head_dim = head,
                                                .q = q,
                                                .ldq = ld,
                                                .k = k,
                                                .v = v,
                                                .ldkv = ld,
                                                .out = r->token_h.at,
                                                .ld_out = r->token_h.ld,
                                                .scale = scale,
                                                .scratch = r->attention });
    linear(r, &s->proj, tokens, r->token_h, add_values, r->token);
}

/* half_norms[tokens] = −|x|²/2 */
static void half_norms(struct run *r, struct matrix x, size_t tokens, size_t dim)
{
    for (size_t i = 0; i < tokens; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < dim; j++)
            sum += (double)x.at[i * x.ld + j] * (double)x.at[i * x.ld + j];
        r->half_norms[i] = (float)(-0.5 * sum);
    }
}

/* The kernel of products of activations. */
static const struct vit_matmul_kernel *f32_matmul(const struct run *r)
{
    return &r->model->kernels->matmul[VIT_MATMUL_F32_F32];
}

/*
 * The features of a performer, φ(x) = exp(w·x − |x|²/2)/√m, without the √m, which φ(q)·φ(k) takes
 * twice: of keys one row for each feature, of queries one for each token.
 */
static void key_features(struct run *r, const struct stage *s, struct matrix k, size_t tokens)
{
    const size_t dim = s->features.weight.k, features = s->features.weight.n;
    const struct vit_epilogue e = { .bias = r->half_norms, .activation = VIT_ACTIVATION_EXP };
    const struct vit_packed keys = { f32_matmul(r), tokens, dim, r->packed };

    half_norms(r, k, tokens, dim);
    vit_pack(&keys, 0, tokens, k.at, k.ld, 1);
    vit_matmul(r->parallel, &(struct vit_matmul_args){ .m = features,
                                                       .a = s->directions,
                                                       .lda = dim,
                                                       .b = &keys,
                                                       .c = r->key_features.at,
                                                       .ldc = r->key_features.ld,
                                                       .epilogue = &e });
}

static void query_features(struct run *r, const struct stage *s, struct matrix q, size_t tokens)
{
    half_norms(r, q, tokens, s->features.weight.k);
    linear(r, &s->features, tokens, q, plain, r->features);
    for (size_t i = 0; i < tokens; i++) {
        float *const row = r->features.at + i * r->features.ld;
        for (size_t j = 0; j < s->features.weight.n; j++)
            row[j] += r->half_norms[i];
        r->model->kernels->activation[VIT_ACTIVATION_EXP](s->features.weight.n, row,
                                                          &(struct vit_activation_args){ 0 }, row);
    }
}

/*
 * half_norms[tokens] = 1/(φ(q)·Σφ(k) + ε), in units of features without √m, so that ε is times m:
 * with 1/m in both, numerator and denominator are divided by m alike.
 */
static void reciprocals(struct run *r, size_t tokens, size_t features)
{
    double *const sum = r->feature_sums;

    for (size_t j = 0; j < features; j++) {
        sum[j] = 0.0;
        for (size_t i = 0; i < tokens; i++)
            sum[j] += (double)r->key_features.at[j * r->key_features.ld + i];
    }
    for (size_t i = 0; i < tokens; i++) {
        double total = 0.0;
        for (size_t j = 0; j < features; j++)
            total += (double)r->features.at[i * r->features.ld + j] * sum[j];
        r->half_norms[i] = (float)(1.0 / (total + 1e-8 * (double)features));
    }
}

/* token = v + (φ(Q) (φ(K)ᵀ V) / (φ(Q) Σφ(K) + 1e-8)) Wproj + b; Choromanski et al. 2021 */
static void performer(struct run *r, const struct stage *s, size_t tokens)
{
    const size_t dim = s->features.weight.k, features = s->features.weight.n, ld = r->token_qkv.ld;
    const struct vit_packed values = { f32_matmul(r), dim, tokens, r->packed };
    const struct vit_packed mixture = { f32_matmul(r), dim, features, r->packed_mixture };
    const struct matrix k = { r->token_qkv.at, ld }, q = { k.at + dim, ld }, v = { q.at + dim, ld };
    const struct vit_epilogue add_values = { .residual = v.at, .ld_residual = ld };
    const struct vit_epilogue divide = { .row_scale = r->half_norms };

    linear(r, &s->qkv, tokens, r->split_h, plain, r->token_qkv);
    key_features(r, s, k, tokens);
    query_features(r, s, q, tokens);
    reciprocals(r, tokens, features);

    vit_pack(&values, 0, dim, v.at, 1, ld);
    vit_matmul(r->parallel, &(struct vit_matmul_args){ .m = features,
                                                       .a = r->key_features.at,
                                                       .lda = r->key_features.ld,
                                                       .b = &values,
                                                       .c = r->mixture,
                                                       .ldc = dim });
    vit_pack(&mixture, 0, dim, r->mixture, 1, dim);
    vit_matmul(r->parallel, &(struct vit_matmul_args){ .m = tokens,
                                                       .a = r->features.at,
                                                       .lda = r->features.ld,
                                                       .b = &mixture,
                                                       .c = r->token_h.at,
                                                       .ldc = r->token_h.ld,
                                                       .epilogue = &divide });
    linear(r, &s->proj, tokens, r->token_h, add_values, r->token);
}

/* token[tokens][t2t_dim] of split[tokens][length]: no residual goes around the attention */
static void token_transformer(struct run *r, const struct stage *s, size_t tokens)
{
    const struct vit_config *c = &r->model->config;
    const struct vit_epilogue f = { .activation = c->activation,
                                    .activation_args = config_activation_args(c) };
    const struct vit_epilogue add = { .residual = r->token.at, .ld_residual = r->token.ld };

    layernorm(r, &s->norm1, tokens, r->split, r->split_h);
    if (c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER)
        performer(r, s, tokens);
    else
        token_attention(r, s, tokens);
    layernorm(r, &s->norm2, tokens, r->token, r->token_h);
    linear(r, &s->fc1, tokens, r->token_h, f, r->token_mlp);
    linear(r, &s->fc2, tokens, r->token_mlp, add, r->token);
}

/* T2T-ViT: split, transform, put back as a picture, twice; split, project. Yuan et al. 2021 */
static void tokens_to_token(struct run *r, const float *image, size_t last, const float *positions,
                            struct matrix tokens)
{
    const struct vit_config *c = &r->model->config;
    const size_t area = c->height * c->width;
    struct picture picture = { image, c->channels, c->height, c->width, area, c->width, 1 };

    for (size_t i = 0; i < SPLITS; i++) {
        const struct config_grid grid = config_split_grid(c, i);
        const size_t rows = grid.rows * grid.columns;
        soft_split(&picture, c->t2t_kernels[i], grid, r->split);
        if (i == T2T_BLOCKS) {
            project(r, r->split, rows, positions, tokens);
            return;
        }
        token_transformer(r, &r->model->stages[i], rows);
        if (i == last)
            return;
        picture = (struct picture){ r->token.at,  c->t2t_dim, grid.rows,
                                    grid.columns, 1,          grid.columns * r->token.ld,
                                    r->token.ld };
    }
}

void tokenize(struct run *r, const float *image, size_t stage, const float *positions,
              struct matrix tokens)
{
    if (r->model->config.tokenizer != VIT_TOKENIZER_PATCH) {
        tokens_to_token(r, image, stage, positions, tokens);
        return;
    }
    unfold(r, image);
    project(r, r->patches, config_patches(&r->model->config), positions, tokens);
}

void tokens_carve(struct arena *arena, struct run *r)
{
    const struct vit_model *m = r->model;
    const struct vit_config *c = &m->config;
    const size_t dim = c->t2t_dim, features = config_features(c);
    size_t rows = 0, length = 0;

    if (c->tokenizer == VIT_TOKENIZER_PATCH)
        return;
    for (size_t i = 0; i < SPLITS; i++) {
        const struct config_grid grid = config_split_grid(c, i);
        rows = grid.rows * grid.columns > rows ? grid.rows * grid.columns : rows;
        length = config_split_length(c, i) > length ? config_split_length(c, i) : length;
    }
    r->split = carve_matrix(arena, rows, length);
    r->split_h = carve_matrix(arena, rows, length);
    r->token = carve_matrix(arena, rows, dim);
    r->token_h = carve_matrix(arena, rows, dim);
    r->token_qkv = carve_matrix(arena, rows, 3 * dim);
    r->token_mlp = carve_matrix(arena, rows, c->t2t_mlp_dim);
    if (c->tokenizer != VIT_TOKENIZER_T2T_PERFORMER)
        return;
    const size_t keys = vit_packed_bytes(f32_matmul(r), rows, dim);
    const size_t values = vit_packed_bytes(f32_matmul(r), dim, rows);
    r->features = carve_matrix(arena, rows, features);
    r->key_features = carve_matrix(arena, features, rows);
    r->packed = arena_bytes(arena, keys > values ? keys : values);
    r->half_norms = arena_floats(arena, rows);
    r->feature_sums = arena_doubles(arena, features);
    r->mixture = arena_floats(arena, features * dim);
    r->packed_mixture = arena_bytes(arena, vit_packed_bytes(f32_matmul(r), dim, features));
}
