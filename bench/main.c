/* main.c - every kernel on every level of this machine against its multiply-add peak */
#include <stdio.h>
#include <stdlib.h>

#include "kernel_cases.h"
#include "shim.h"
#include "vit/kernels.h"

static float *new_floats(size_t count)
{
    float *x = malloc(count * sizeof *x);
    if (!x) {
        fprintf(stderr, "bench: no memory for %zu floats\n", count);
        exit(2);
    }
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i % 251) / 125.0f - 1.0f;
    return x;
}

/* Registers what runs on a level; name is "avx512/matmul/vit_b/qkv" and the like. */
static void add(const struct vit_kernels *level, const char *kind, const char *name,
                void (*run)(void *arg), void *arg, double flops, double elements)
{
    char full[128];
    snprintf(full, sizeof full, "%s/%s/%s", level->isa, kind, name);
    bench_register(&(struct bench){ full, run, arg, flops, elements, level->fma_peak,
                                    (double)level->fma_peak_flops });
}

struct matmul {
    const struct vit_kernels *level;
    struct matmul_case shape;
    float *a, *packed, *c;
};

static void run_matmul(void *arg)
{
    const struct matmul *mm = arg;
    const struct matmul_case *s = &mm->shape;
    vit_matmul(mm->level, NULL, s->m, s->n, s->k, mm->a, s->k + 16, mm->packed, mm->c, s->n + 16,
               NULL);
}

static void add_matmuls(const struct vit_kernels *level)
{
    for (size_t i = 0; i < matmul_case_count; i++) {
        const struct matmul_case s = matmul_cases[i];
        struct matmul *mm = malloc(sizeof *mm);
        float *b = new_floats(s.n * s.k);
        if (!mm)
            exit(2);
        *mm = (struct matmul){ level, s, new_floats(s.m * (s.k + 16)),
                               new_floats(vit_matmul_packed_size(level, s.n, s.k)),
                               new_floats(s.m * (s.n + 16)) };
        vit_matmul_pack(level, s.n, s.k, b, s.k, 1, mm->packed);
        free(b);
        add(level, "matmul", s.name, run_matmul, mm, 2.0 * (double)s.m * (double)s.n * (double)s.k,
            0);
    }
}

struct rows {
    const struct vit_kernels *level;
    const struct row_case *kernel;
    size_t rows, n;
    float *x, *gamma, *beta, *y;
};

static void run_rows(void *arg)
{
    const struct rows *r = arg;
    for (size_t i = 0; i < r->rows; i++)
        r->kernel->run(r->level, r->n, r->x + i * r->n, r->gamma, r->beta, r->y + i * r->n);
}

static void add_rows(const struct vit_kernels *level, const char *where, size_t rows, size_t n)
{
    for (size_t i = 0; i < row_case_count; i++) {
        char name[64];
        struct rows *r = malloc(sizeof *r);
        if (!r)
            exit(2);
        *r = (struct rows){
            level,         &row_cases[i],       rows, n, new_floats(rows * n), new_floats(n),
            new_floats(n), new_floats(rows * n)
        };
        snprintf(name, sizeof name, "%s/%s", row_cases[i].name, where);
        add(level, "rows", name, run_rows, r, 0, (double)rows * (double)n);
    }
}

struct attention {
    const struct vit_kernels *level;
    size_t tokens, heads, head_dim;
    float *qkv, *out, *scratch;
};

static void run_attention(void *arg)
{
    const struct attention *at = arg;
    const size_t dim = at->heads * at->head_dim, ld = 3 * dim + 16;
    vit_attention(at->level, NULL, at->tokens, at->heads, at->head_dim, 0.125f, at->qkv,
                  at->qkv + dim, at->qkv + 2 * dim, ld, at->out, dim + 16, at->scratch);
}

/* Its multiply-adds alone are counted: softmax comes on top. */
static void add_attention(const struct vit_kernels *level, const char *name, size_t tokens)
{
    const size_t heads = 12, head_dim = 64, dim = heads * head_dim;
    struct attention *at = malloc(sizeof *at);
    if (!at)
        exit(2);
    *at = (struct attention){ level,
                              tokens,
                              heads,
                              head_dim,
                              new_floats(tokens * (3 * dim + 16)),
                              new_floats(tokens * (dim + 16)),
                              new_floats(
                                  vit_attention_scratch_size(level, tokens, heads, head_dim, 1)) };
    add(level, "attention", name, run_attention, at,
        4.0 * (double)tokens * (double)tokens * (double)dim, 0);
}

int main(int argc, char **argv)
{
    const char *isa;
    int usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++) {
        const struct vit_kernels *level;
        if (!usable || vit_kernels_get(isa, &level, NULL) != VIT_OK)
            continue;
        add_matmuls(level);
        add_attention(level, "197x12x64", 197);
        add_attention(level, "1025x12x64", 1025);
        add_rows(level, "in_cache", 8, 768);
        add_rows(level, "out_of_cache", 16384, 768);
    }
    return bench_main(argc, argv);
}
