/* performer.c - linear attention by random features; Choromanski et al. 2021 */
#include "model/performer.h"

/*
 * The kernel of every product in this file: float32, whatever the linear layers compute with. So
 * keys and queries have the same features.
 */
static const struct vit_matmul_kernel *product_kernel(const struct vit_kernels *kernels)
{
    return &kernels->matmul[VIT_MATMUL_F32_F32];
}

void performer_plan(struct weight_plan *plan, size_t index, size_t dim, size_t features,
                    struct performer *performer)
{
    plan_floats(plan, SLOT_TOKEN_FEATURES, index, features * dim, &performer->directions);
    plan_packed_again(plan, product_kernel(plan->kernels), SLOT_TOKEN_FEATURES, index, dim,
                      features, &performer->features.weight);
}

/* Scratch of a product with m rows, in place of less. */
static size_t product_bytes(const struct carver *carver, size_t m, size_t k, size_t bytes)
{
    const struct vit_packed b = { product_kernel(carver->kernels), 1, k, NULL };
    const size_t needed = vit_matmul_scratch_bytes(&b, m, carver->threads);

    return needed > bytes ? needed : bytes;
}

void performer_carve(const struct carver *carver, size_t tokens, size_t dim, size_t features,
                     struct performer_buffers *b)
{
    const struct vit_matmul_kernel *const kernel = product_kernel(carver->kernels);
    const size_t keys = vit_packed_bytes(kernel, tokens, dim);
    const size_t values = vit_packed_bytes(kernel, dim, tokens);

    b->queries = carve_matrix(carver, tokens, features);
    b->keys = carve_matrix(carver, features, tokens);
    b->packed = arena_bytes(carver->arena, keys > values ? keys : values);
    b->per_token = arena_floats(carver->arena, tokens);
    b->sums = arena_doubles(carver->arena, features);
    b->mixture = arena_floats(carver->arena, features * dim);
    b->packed_mixture = arena_bytes(carver->arena, vit_packed_bytes(kernel, dim, features));

    size_t scratch = product_bytes(carver, features, dim, 0);   /* φ(K)ᵀ */
    scratch = product_bytes(carver, features, tokens, scratch); /* φ(K)ᵀ V */
    scratch = product_bytes(carver, tokens, features, scratch); /* φ(Q) (φ(K)ᵀ V) */
    b->matmul = arena_bytes(carver->arena, scratch);
}

/* out[tokens] = −|x|²/2 */
static void half_norms(size_t tokens, size_t dim, struct matrix x, float *out)
{
    for (size_t i = 0; i < tokens; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < dim; j++)
            sum += (double)x.at[i * x.ld + j] * (double)x.at[i * x.ld + j];
        out[i] = (float)(-0.5 * sum);
    }
}

/*
 * The features are φ(x) = exp(w·x − |x|²/2)/√m. The √m is left out here: φ(q)·φ(k) has it twice.
 * Of keys there is one row per feature, of queries one per token.
 */
static void key_features(const struct exec *e, const struct performer *p, size_t tokens,
                         struct matrix k, const struct performer_buffers *b)
{
    const size_t dim = p->features.weight.k, features = p->features.weight.n;
    const struct vit_epilogue exponential = { .bias = b->per_token,
                                              .activation = VIT_ACTIVATION_EXP };
    const struct vit_packed packed = { product_kernel(e->kernels), tokens, dim, b->packed };

    half_norms(tokens, dim, k, b->per_token);
    vit_pack(&packed, 0, tokens, k.at, k.ld, 1);
    vit_matmul(e->parallel, &(struct vit_matmul_args){ .m = features,
                                                       .a = p->directions,
                                                       .lda = dim,
                                                       .b = &packed,
                                                       .c = b->keys.at,
                                                       .ldc = b->keys.ld,
                                                       .epilogue = &exponential,
                                                       .scratch = b->matmul });
}

static void query_features(const struct exec *e, const struct performer *p, size_t tokens,
                           struct matrix q, const struct performer_buffers *b)
{
    half_norms(tokens, p->features.weight.k, q, b->per_token);
    linear(e, &p->features, tokens, q, no_epilogue, b->queries);
    vit_activate(e->kernels, e->parallel,
                 &(struct vit_elementwise_args){ .rows = tokens,
                                                 .n = p->features.weight.n,
                                                 .a = b->queries.at,
                                                 .lda = b->queries.ld,
                                                 .row_add = b->per_token,
                                                 .y = b->queries.at,
                                                 .ldy = b->queries.ld,
                                                 .activation = VIT_ACTIVATION_EXP });
}

/*
 * per_token = 1/(φ(q)·Σφ(k) + ε). The features lack 1/√m, so ε is times m: numerator and
 * denominator are both m times the paper's.
 */
static void row_factors(size_t tokens, size_t features, const struct performer_buffers *b)
{
    for (size_t j = 0; j < features; j++) {
        b->sums[j] = 0.0;
        for (size_t i = 0; i < tokens; i++)
            b->sums[j] += (double)b->keys.at[j * b->keys.ld + i];
    }
    for (size_t i = 0; i < tokens; i++) {
        double total = 0.0;
        for (size_t j = 0; j < features; j++)
            total += (double)b->queries.at[i * b->queries.ld + j] * b->sums[j];
        b->per_token[i] = (float)(1.0 / (total + 1e-8 * (double)features)); /* T2T-ViT's ε */
    }
}

void performer_attention(const struct exec *e, const struct performer *p, size_t tokens,
                         struct matrix kqv, const struct performer_buffers *b, struct matrix out)
{
    const size_t dim = p->features.weight.k, features = p->features.weight.n;
    const struct matrix k = kqv, q = from_column(kqv, dim), v = from_column(kqv, 2 * dim);
    const struct vit_packed values = { product_kernel(e->kernels), dim, tokens, b->packed };
    const struct vit_packed mixture = { product_kernel(e->kernels), dim, features,
                                        b->packed_mixture };
    const struct vit_epilogue divide = { .row_scale = b->per_token };

    key_features(e, p, tokens, k, b);   /* φ(K)ᵀ */
    query_features(e, p, tokens, q, b); /* φ(Q) */
    row_factors(tokens, features, b);   /* 1/(φ(Q) Σφ(K) + ε) */
    vit_pack(&values, 0, dim, v.at, 1, v.ld);
    vit_matmul(e->parallel, &(struct vit_matmul_args){ .m = features, /* φ(K)ᵀ V */
                                                       .a = b->keys.at,
                                                       .lda = b->keys.ld,
                                                       .b = &values,
                                                       .c = b->mixture,
                                                       .ldc = dim,
                                                       .scratch = b->matmul });
    vit_pack(&mixture, 0, dim, b->mixture, 1, dim);
    vit_matmul(e->parallel, &(struct vit_matmul_args){ .m = tokens, /* φ(Q) (φ(K)ᵀ V) */
                                                       .a = b->queries.at,
                                                       .lda = b->queries.ld,
                                                       .b = &mixture,
                                                       .c = out.at,
                                                       .ldc = out.ld,
                                                       .epilogue = &divide,
                                                       .scratch = b->matmul });
}
