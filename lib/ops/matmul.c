/* matmul.c - blocked matmul: packed panels, balanced tiles, threads over a grid of both */
#include <stdint.h>

#include "base/parallel.h"
#include "ops/ops.h"

/*
 * Rows of A that are gone through for one panel before the next: enough to reuse it, few enough
 * for L2.
 */
#define BLOCK_ROWS 256

size_t matmul_panels(const struct vit_kernels *kernels, size_t n)
{
    return n / kernels->matmul.nr + (n % kernels->matmul.nr != 0);
}

size_t matmul_row_tiles(const struct vit_kernels *kernels, size_t m)
{
    return m / kernels->matmul.mr + (m % kernels->matmul.mr != 0);
}

size_t vit_matmul_packed_size(const struct vit_kernels *kernels, size_t n, size_t k)
{
    const size_t panels = matmul_panels(kernels, n), nr = kernels->matmul.nr;
    if (n == 0 || k == 0 || k > SIZE_MAX / sizeof(float) / nr / panels)
        return 0;
    return panels * nr * k;
}

void vit_matmul_pack(const struct vit_kernels *kernels, size_t n, size_t k, const float *b,
                     size_t n_stride, size_t k_stride, float *packed)
{
    const size_t nr = kernels->matmul.nr;
    for (size_t j = 0; j < n; j += nr)
        kernels->matmul.pack(n - j < nr ? n - j : nr, k, b + j * n_stride, n_stride, k_stride,
                             packed + j * k);
}

/* The epilogue with its pointers at row i, column j. */
static struct vit_epilogue epilogue_at(const struct vit_epilogue *e, size_t i, size_t j)
{
    struct vit_epilogue at = *e;
    at.row_scale = e->row_scale ? e->row_scale + i : NULL;
    at.bias = e->bias ? e->bias + j : NULL;
    at.gamma = e->gamma ? e->gamma + j : NULL;
    at.residual = e->residual ? e->residual + i * e->ld_residual + j : NULL;
    return at;
}

void matmul_part(const struct vit_kernels *kernels, const struct matmul *mm, size_t row_begin,
                 size_t row_end, size_t panel_begin, size_t panel_end)
{
    static const struct vit_epilogue none = { 0 };
    const struct vit_matmul_kernel *kernel = &kernels->matmul;
    const struct vit_epilogue *e = mm->epilogue ? mm->epilogue : &none;
    const size_t tiles = matmul_row_tiles(kernels, mm->m);
    const size_t block = BLOCK_ROWS / kernel->mr;

    for (size_t first = row_begin; first < row_end; first += block) {
        const size_t last = row_end - first < block ? row_end : first + block;
        for (size_t p = panel_begin; p < panel_end; p++) {
            const size_t j = p * kernel->nr;
            const size_t n = mm->n - j < kernel->nr ? mm->n - j : kernel->nr;
            for (size_t t = first; t < last; t++) {
                const size_t i = parallel_share(mm->m, tiles, t);
                const size_t m = parallel_share(mm->m, tiles, t + 1) - i;
                const struct vit_epilogue at = epilogue_at(e, i, j);
                kernel->tile(m, n, mm->k, mm->a + i * mm->lda, mm->lda, mm->packed + j * mm->k,
                             mm->c + i * mm->ldc + j, mm->ldc, &at);
            }
        }
    }
}

struct grid {
    const struct vit_kernels *kernels;
    struct matmul mm;
    size_t row_tiles, panels; /* to share out */
    size_t down, across;      /* parts of each */
};

/* Of the ways to cut tiles into a grid of `tasks` parts, the one whose largest part is smallest. */
static void choose_grid(struct grid *grid, size_t tasks)
{
    size_t least = SIZE_MAX;

    for (size_t down = 1; down <= tasks; down++) {
        const size_t across = tasks / down;
        if (tasks % down || down > grid->row_tiles || across > grid->panels)
            continue;
        const size_t rows = (grid->row_tiles + down - 1) / down;
        const size_t largest = rows * ((grid->panels + across - 1) / across);
        if (largest < least) { /* on a tie fewer parts down: each reads fewer of the weights */
            least = largest;
            grid->down = down;
            grid->across = across;
        }
    }
}

static void grid_part(void *arg, size_t i)
{
    const struct grid *g = arg;
    const size_t down = i / g->across, across = i % g->across;

    matmul_part(g->kernels, &g->mm, parallel_share(g->row_tiles, g->down, down),
                parallel_share(g->row_tiles, g->down, down + 1),
                parallel_share(g->panels, g->across, across),
                parallel_share(g->panels, g->across, across + 1));
}

void vit_matmul(const struct vit_kernels *kernels, const struct vit_parallel *parallel, size_t m,
                size_t n, size_t k, const float *a, size_t lda, const float *packed, float *c,
                size_t ldc, const struct vit_epilogue *epilogue)
{
    struct grid grid = {
        .kernels = kernels,
        .mm = { m, n, k, a, lda, packed, c, ldc, epilogue },
        .row_tiles = matmul_row_tiles(kernels, m),
        .panels = matmul_panels(kernels, n),
        .down = 1,
        .across = 1,
    };

    if (m == 0 || n == 0)
        return;
    choose_grid(&grid, parallel_tasks(parallel, grid.row_tiles * grid.panels,
                                      (double)m * (double)n * (double)k, LEAST_MULTIPLY_ADDS));
    parallel_run(parallel, grid.down * grid.across, grid_part, &grid);
}
