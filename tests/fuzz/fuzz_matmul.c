/* fuzz_matmul.c - libFuzzer target: packing, tiles and matmuls of any sizes, strides, levels and
 * threads give the bits of their definition, in arrays of exactly their size */
#include <math.h>
#include <stdbool.h>

#include "drawn.h"

static float chain(float c, size_t k, const float *a, const float *b, size_t b_stride)
{
    for (size_t l = 0; l < k; l++)
        c = fmaf(a[l], b[l * b_stride], c);
    return c;
}

/* The epilogue of a sum, element (i, j). */
static float finish(float c, const struct vit_epilogue *e, size_t i, size_t j)
{
    struct vit_activation_args args = e->activation_args;

    if (e->row_scale)
        c *= e->row_scale[i];
    else if (e->scale != 0.0f)
        c *= e->scale;
    if (e->bias)
        c += e->bias[j];
    args.weight += j;
    scalar->activation[e->activation](1, &c, &args, &c);
    if (e->gamma)
        c *= e->gamma[j];
    if (e->residual)
        c += e->residual[i * e->ld_residual + j];
    return c;
}

static struct vit_epilogue draw_epilogue(size_t m, size_t n)
{
    struct vit_epilogue e = { .scale = draw(2) ? -0.37f : 0.0f };

    e.row_scale = draw_row(m);
    e.bias = draw_row(n);
    e.activation = (enum vit_activation)draw(VIT_ACTIVATIONS);
    e.activation_args = draw_activation_args(n);
    e.gamma = draw_row(n);
    if (draw(2)) {
        const struct matrix residual = draw_matrix(m, n);
        e.residual = residual.at;
        e.ld_residual = residual.ld;
    }
    return e;
}

/* All at once, or one chunk after the other from the last one on. */
static void pack(const struct vit_packed *packed, const float *b, size_t n_stride, size_t k_stride)
{
    size_t firsts[256], count = 0;

    if (draw(2)) {
        vit_pack(packed, 0, packed->n, b, n_stride, k_stride);
        return;
    }
    for (size_t at = 0, some; (some = vit_packed_chunk(packed, at)) > 0; at += some)
        firsts[count++] = at;
    while (count-- > 0)
        vit_pack(packed, firsts[count], vit_packed_chunk(packed, firsts[count]),
                 b + firsts[count] * n_stride, n_stride, k_stride);
}

static void fuzz_matmul(void)
{
    struct vit_matmul_kernel kernel = level->matmul[VIT_MATMUL_F32_F32];
    const size_t m = draw(70), n = draw(140), k = draw(90), threads = parallel.threads;
    kernel.kc = 1 + draw(40);
    kernel.l2_bytes = draw(64) * 512;
    const struct matrix a = draw_matrix(m, k), b = draw(2) ? draw_matrix(n, k) : draw_matrix(k, n);
    const size_t n_stride = b.rows == n && b.n == k ? b.ld : 1, k_stride = n_stride == 1 ? b.ld : 1;
    const struct vit_packed packed = { &kernel, n, k, allocate(vit_packed_bytes(&kernel, n, k)) };
    const struct vit_epilogue e = draw_epilogue(m, n);
    const struct matrix expected = new_matrix(m, n, n + draw(5));
    const struct matrix found = new_matrix(m, n, expected.ld);

    pack(&packed, b.at, n_stride, k_stride);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            expected.at[i * expected.ld + j] =
                finish(chain(0.0f, k, a.at + i * a.ld, b.at + j * n_stride, k_stride), &e, i, j);
    vit_matmul(draw(8) ? &parallel : NULL,
               &(struct vit_matmul_args){
                   .m = m,
                   .a = a.at,
                   .lda = a.ld,
                   .b = &packed,
                   .c = found.at,
                   .ldc = found.ld,
                   .epilogue = &e,
                   .scratch = draw(4)
                                  ? allocate_scratch(vit_matmul_scratch_bytes(&packed, m, threads))
                                  : NULL,
               });
    expect_same(expected, found);
}

/* A tile of one panel, a block of k of it, or of one row of several panels. */
static void fuzz_tile(void)
{
    static const float zero;
    const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_F32_F32];
    const size_t nr = kernel->nr, panels = draw(3) ? 1 : 1 + draw(kernel->gemv_panels);
    const size_t m = panels > 1 ? 1 : 1 + draw(3 * kernel->mr);
    const size_t n = panels > 1 ? panels * nr : 1 + draw(nr);
    const size_t k = draw(40), k_first = panels > 1 || k == 0 ? 0 : draw(8), all = k_first + k;
    const struct matrix a = draw_matrix(m, all), b = draw_matrix(all, n);
    const struct vit_epilogue e = draw_epilogue(m, n);
    const size_t bytes = kernel->panel_bytes(all), stride = bytes + sizeof(float) * draw(8);
    char *const panel = allocate((panels - 1) * stride + bytes);
    const bool earlier = panels == 1 && draw(3) == 0;
    const float *const acc_in = panels == 1 && draw(2) ? draw_matrix(1, m * nr).at : NULL;
    const struct matrix expected = new_matrix(m, earlier ? nr : n, earlier ? nr : n + draw(5));
    const struct matrix found = new_matrix(m, expected.n, expected.ld);

    for (size_t p = 0; all > 0 && p < panels; p++)
        kernel->pack(n - p * nr < nr ? n - p * nr : nr, all, b.at + p * nr, 1, b.ld,
                     panel + p * stride);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < expected.n; j++) {
            const float begin = acc_in ? acc_in[i * nr + j] : 0.0f;
            const float *const column = b.at + k_first * b.ld + j;
            const float *const row = a.at + i * a.ld + k_first;
            const float c = j < n ? chain(begin, k, row, column, b.ld)
                                  : chain(begin, k, row, &zero, 0); /* the panel's padding */
            expected.at[i * expected.ld + j] = earlier ? c : finish(c, &e, i, j);
        }
    kernel->tile(&(struct vit_tile){ .m = m,
                                     .n = n,
                                     .k_first = k_first,
                                     .k = k,
                                     .a = a.at,
                                     .a_bytes = a.ld * sizeof *a.at,
                                     .panel = panel,
                                     .panel_bytes = stride,
                                     .prefetch = panel,
                                     .prefetch_bytes = bytes,
                                     .prefetch_c = draw(2),
                                     .acc_in = acc_in,
                                     .acc_out = earlier ? found.at : NULL,
                                     .c = earlier ? NULL : found.at,
                                     .ldc = found.ld,
                                     .epilogue = &e });
    expect_same(expected, found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(void) = { fuzz_matmul, fuzz_matmul, fuzz_tile };

    begin(data, size);
    targets[draw(sizeof targets / sizeof *targets)]();
    release();
    return 0;
}
