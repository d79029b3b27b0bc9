/* matmul.c - blocked matmul: packed panels, balanced tiles, threads over a grid of both */
#include <stdint.h>

#include "base/parallel.h"
#include "ops/ops.h"

/*
 * Rows of A that are gone through for one panel before the next: enough to reuse it, few enough
 * for L2.
 */
#define BLOCK_ROWS 256

/* Floats of unfinished chains, one panel wide and a block of rows long: 64 KiB of stack. */
#define UNFINISHED 16384

size_t matmul_panels(const struct vit_kernels *kernels, size_t n)
{
    return n / kernels->matmul.nr + (n % kernels->matmul.nr != 0);
}

struct panel matmul_panel(const struct vit_kernels *kernels, size_t n, size_t p)
{
    const size_t column_group = kernels->matmul.column_group,
                 vectors = n / column_group + (n % column_group != 0);
    const size_t panels = matmul_panels(kernels, n);
    const size_t first = column_group * parallel_share(vectors, panels, p);
    const size_t end = column_group * parallel_share(vectors, panels, p + 1);
    return (struct panel){ first, (end < n ? end : n) - first };
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
    const size_t panels = matmul_panels(kernels, n), nr = kernels->matmul.nr;

    for (size_t p = 0; p < panels; p++) {
        const struct panel at = matmul_panel(kernels, n, p);
        kernels->matmul.pack(at.columns, k, b + at.first * n_stride, n_stride, k_stride,
                             packed + p * nr * k);
    }
}

static const struct vit_epilogue *epilogue_of(const struct matmul *mm)
{
    static const struct vit_epilogue none = { 0 };
    return mm->epilogue ? mm->epilogue : &none;
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

/* A block of rows with one panel: all of k in blocks of it, the chains waiting in between. */
static void panel_part(const struct vit_kernels *kernels, const struct matmul *mm,
                       size_t tile_begin, size_t tile_end, size_t p)
{
    const struct vit_matmul_kernel *kernel = &kernels->matmul;
    const struct panel columns = matmul_panel(kernels, mm->n, p);
    const size_t nr = kernel->nr, blocks = mm->k / kernel->kc + (mm->k % kernel->kc != 0);
    const size_t tiles = matmul_row_tiles(kernels, mm->m);
    float unfinished[UNFINISHED];

    for (size_t b = 0; b < blocks; b++) {
        const size_t l = parallel_share(mm->k, blocks, b);
        const size_t k = parallel_share(mm->k, blocks, b + 1) - l;
        const float *panel = mm->packed + p * nr * mm->k + l * nr;
        const float *next = panel + k * nr; /* the next block of k, or the next panel */
        size_t i = parallel_share(mm->m, tiles, tile_begin);

        for (size_t t = tile_begin; t < tile_end; t++, next += 4 * k) {
            const size_t m = parallel_share(mm->m, tiles, t + 1) - i;
            float *chains = unfinished + (t - tile_begin) * kernel->mr * nr;
            const struct vit_epilogue at = epilogue_at(epilogue_of(mm), i, columns.first);
            kernel->tile(&(struct vit_tile){
                .m = m,
                .n = columns.columns,
                .k = k,
                .a = mm->a + i * mm->lda + l,
                .lda = mm->lda,
                .panel = panel,
                .next = next < panel + 2 * k * nr ? next : panel,
                .from = b > 0 ? chains : NULL,
                .to = b + 1 < blocks ? chains : NULL,
                .c = mm->c + i * mm->ldc + columns.first,
                .ldc = mm->ldc,
                .epilogue = &at,
            });
            i += m;
        }
    }
}

/* Panels from p on, of those below `end`, that one row takes at once: whole ones, if several. */
static size_t gemv_panels(const struct vit_kernels *kernels, size_t n, size_t p, size_t end)
{
    const struct vit_matmul_kernel *kernel = &kernels->matmul;
    size_t count = 0;

    while (count < kernel->gemv_panels && p + count < end &&
           matmul_panel(kernels, n, p + count).columns == kernel->nr)
        count++;
    return count ? count : 1;
}

/* A single row, which reads every panel once. */
static void row_part(const struct vit_kernels *kernels, const struct matmul *mm, size_t panel_begin,
                     size_t panel_end)
{
    const size_t nr = kernels->matmul.nr;

    for (size_t p = panel_begin, count; p < panel_end; p += count) {
        const struct panel columns = matmul_panel(kernels, mm->n, p);
        const struct vit_epilogue at = epilogue_at(epilogue_of(mm), 0, columns.first);
        const float *panel = mm->packed + p * nr * mm->k;
        count = gemv_panels(kernels, mm->n, p, panel_end);
        kernels->matmul.tile(&(struct vit_tile){
            .m = 1,
            .n = count > 1 ? count * nr : columns.columns,
            .k = mm->k,
            .a = mm->a,
            .lda = mm->lda,
            .panel = panel,
            .panel_stride = nr * mm->k,
            .next = panel,
            .c = mm->c + columns.first,
            .ldc = mm->ldc,
            .epilogue = &at,
        });
    }
}

void matmul_part(const struct vit_kernels *kernels, const struct matmul *mm, size_t row_begin,
                 size_t row_end, size_t panel_begin, size_t panel_end)
{
    const struct vit_matmul_kernel *kernel = &kernels->matmul;
    const size_t fit = UNFINISHED / kernel->nr;
    const size_t most = (fit < BLOCK_ROWS ? fit : BLOCK_ROWS) / kernel->mr;
    const size_t tiles = row_end - row_begin, blocks = tiles / most + (tiles % most != 0);

    if (mm->m == 1) {
        row_part(kernels, mm, panel_begin, panel_end);
        return;
    }
    for (size_t b = 0; b < blocks; b++)
        for (size_t p = panel_begin; p < panel_end; p++)
            panel_part(kernels, mm, row_begin + parallel_share(tiles, blocks, b),
                       row_begin + parallel_share(tiles, blocks, b + 1), p);
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
    const size_t units = grid.row_tiles * grid.panels;
    const double work = (double)m * (double)n * (double)k;
    const size_t threads = parallel_threads(parallel, units, work, LEAST_MULTIPLY_ADDS);
    choose_grid(&grid, parallel_tasks(threads, units));
    parallel_run(parallel, threads, grid.down * grid.across, grid_part, &grid);
}
