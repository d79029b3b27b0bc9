/* reference_tile.c - a tile of any size from scalar's tiles and the unpacked operands */
#include "check/reference_tile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACC_BYTES = 4 }; /* of an accumulator */

/* The operands of scalar's tile, and its accumulators [mr][nr]. */
struct buffers {
    void *panel, *rows;
    char *acc_in, *acc_out;
};

static void *allocate(size_t bytes)
{
    void *const at = malloc(bytes + 1);

    if (!at) {
        perror("check");
        exit(2);
    }
    return at;
}

/* Copies m rows of n accumulators. */
static void copy_accumulators(size_t m, size_t n, const char *from, size_t from_columns, char *to,
                              size_t to_columns)
{
    for (size_t r = 0; r < m; r++)
        memcpy(to + r * to_columns * ACC_BYTES, from + r * from_columns * ACC_BYTES, n * ACC_BYTES);
}

static struct vit_epilogue epilogue_at(const struct vit_epilogue *from, size_t i, size_t j)
{
    struct vit_epilogue e = from ? *from : (struct vit_epilogue){ 0 };

    e.row_scale = e.row_scale ? e.row_scale + i : NULL;
    e.bias = e.bias ? e.bias + j : NULL;
    e.gamma = e.gamma ? e.gamma + j : NULL;
    if (e.activation_args.weight)
        e.activation_args.weight += j;
    e.residual = e.residual ? e.residual + i * e.ld_residual + j : NULL;
    return e;
}

/* Scalar's tile of m × n elements at row i and column j of t; its columns of B are packed. */
static void compute_part(const struct vit_matmul_kernel *scalar, size_t nr,
                         const struct vit_tile *t, struct vit_tile part, size_t i, size_t j,
                         const struct buffers *s)
{
    const struct vit_epilogue e = epilogue_at(t->epilogue, i, j);
    const size_t at = (i * nr + j) * ACC_BYTES;

    part.a = (const char *)t->a + i * t->a_bytes;
    if (scalar->convert) {
        scalar->convert(part.m, t->k_first + t->k, part.a, t->a_bytes / sizeof(float), s->rows);
        part.a = s->rows;
        part.a_bytes = scalar->row_bytes(t->k_first + t->k);
    }
    part.panel = part.prefetch = s->panel;
    part.acc_in = t->acc_in ? s->acc_in : NULL;
    part.acc_out = t->acc_out ? s->acc_out : NULL;
    part.c = t->c ? t->c + i * t->ldc + j : NULL;
    part.epilogue = &e;
    if (t->acc_in) /* of the padding: 0 */
        copy_accumulators(part.m, part.n, (const char *)t->acc_in + at, nr, s->acc_in, scalar->nr);
    scalar->tile(&part);
    if (t->acc_out)
        copy_accumulators(part.m, part.n, s->acc_out, scalar->nr, (char *)t->acc_out + at, nr);
}

void reference_tile(const struct vit_matmul_kernel *scalar, size_t nr, const struct vit_tile *t,
                    const float *b, size_t n_stride, size_t k_stride)
{
    const size_t k = t->k_first + t->k, acc_bytes = scalar->mr * scalar->nr * ACC_BYTES;
    const struct buffers s = {
        .panel = allocate(scalar->panel_bytes(k)),
        .rows = allocate(scalar->convert ? scalar->mr * scalar->row_bytes(k) : 0),
        .acc_in = allocate(acc_bytes),
        .acc_out = allocate(acc_bytes),
    };
    struct vit_tile part = *t;

    memset(s.acc_in, 0, acc_bytes);
    for (size_t j = 0; j < t->n; j += scalar->nr) {
        part.n = t->n - j < scalar->nr ? t->n - j : scalar->nr;
        scalar->pack(part.n, k, b + j * n_stride, n_stride, k_stride, s.panel);
        for (size_t i = 0; i < t->m; i += scalar->mr) {
            part.m = t->m - i < scalar->mr ? t->m - i : scalar->mr;
            compute_part(scalar, nr, t, part, i, j, &s);
        }
    }
    free(s.acc_out);
    free(s.acc_in);
    free(s.rows);
    free(s.panel);
}
