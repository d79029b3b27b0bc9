/* matmul.c - blocked matmul: packed panels, balanced tiles, threads over a grid of both */
#include <stdbool.h>
#include <stdint.h>

#include "base/blocking.h"
#include "base/checked.h"
#include "base/parallel.h"
#include "ops/ops.h"
#include "ops/packed.h"

#define ALIGNMENT 64
#define ACC_BYTES 4 /* of an accumulator */

/* 12 KiB of ViT-B's tokens; as many as a LayerNorm computes at a time */
enum { CONVERTED_ROWS = 4 };

/* A LayerNorm whose result is A, or a zeroed struct. */
struct norm {
    const struct vit_kernels *kernels;
    const struct vit_layernorm_args *args;
};

struct matmul {
    const struct vit_matmul_args *args;
    const struct vit_matmul_kernel *kernel;
    struct norm norm; /* only if the kernel converts */
    size_t n, k;
    const char *rows; /* of A, as the kernel reads them */
    size_t row_bytes; /* from one to the next */
    const char *b;    /* its panels */
    size_t panel_bytes;
    size_t row_tiles, panels;
    size_t down, across; /* how many parts each is divided into */
    size_t convert_parts;
    char *unfinished; /* [tasks][unfinished_bytes], or NULL: one block of k */
    size_t unfinished_bytes;
    bool prefetch_c;
};

size_t matmul_row_tiles(const struct vit_matmul_kernel *kernel, size_t m)
{
    return m / kernel->mr + (m % kernel->mr != 0);
}

/* The epilogue with its pointers at row i and column j; a zeroed one if there is none. */
static struct vit_epilogue epilogue_at(const struct vit_epilogue *e, size_t i, size_t j)
{
    struct vit_epilogue at = { 0 };

    if (!e)
        return at;
    at = *e;
    at.bias = e->bias ? e->bias + j : NULL;
    at.activation_args.weight = e->activation_args.weight ? e->activation_args.weight + j : NULL;
    at.gamma = e->gamma ? e->gamma + j : NULL;
    at.row_scale = e->row_scale ? e->row_scale + i : NULL;
    at.residual = e->residual ? e->residual + i * e->ld_residual + j : NULL;
    return at;
}

/* Rows [row, row + rows) and panels [first, last), one block of k after the other. */
struct block {
    size_t row, rows, first, last;
    size_t b, blocks; /* of k: this one of so many */
    size_t k_first, k;
    char *unfinished; /* accumulators [panels][rows][nr], or NULL: one block of k */
};

static const char *rows_at(const struct matmul *mm, size_t p, size_t k_first)
{
    return mm->b + p * mm->panel_bytes + mm->kernel->panel_bytes(k_first);
}

/* The rows of a panel that are read after those of panel p. */
static const char *next_rows(const struct matmul *mm, const struct block *block, size_t p)
{
    if (p + 1 < block->last)
        return rows_at(mm, p + 1, block->k_first);
    if (block->b + 1 < block->blocks)
        return rows_at(mm, block->first, block->k_first + block->k);
    return rows_at(mm, block->last, 0);
}

/* The rows of a block times panel p of it. */
static void multiply_panel(const struct matmul *mm, const struct block *block, size_t p)
{
    const struct vit_matmul_kernel *const kernel = mm->kernel;
    const struct vit_matmul_args *const args = mm->args;
    const struct panel columns = packed_panel(kernel, mm->n, p);
    const struct vit_epilogue epilogue = epilogue_at(args->epilogue, block->row, columns.first);
    char *const accumulators =
        block->unfinished
            ? block->unfinished + (p - block->first) * block->rows * kernel->nr * ACC_BYTES
            : NULL;

    kernel->tile(&(struct vit_tile){
        .m = block->rows,
        .n = columns.columns,
        .k_first = block->k_first,
        .k = block->k,
        .a = mm->rows + block->row * mm->row_bytes,
        .a_bytes = mm->row_bytes,
        .panel = mm->b + p * mm->panel_bytes,
        .prefetch = next_rows(mm, block, p),
        .prefetch_bytes = kernel->panel_bytes(block->k),
        .prefetch_c = mm->prefetch_c,
        .acc_in = block->b > 0 ? accumulators : NULL,
        .acc_out = block->b + 1 < block->blocks ? accumulators : NULL,
        .c = args->c + block->row * args->ldc + columns.first,
        .ldc = args->ldc,
        .epilogue = &epilogue,
    });
}

/* Rows times panels [first, last): all of k. */
static void multiply_block(const struct matmul *mm, size_t row, size_t rows, size_t first,
                           size_t last, char *unfinished)
{
    const struct vit_matmul_kernel *const kernel = mm->kernel;
    const size_t groups = mm->k / kernel->k_group + (mm->k % kernel->k_group != 0);
    struct block block = { row, rows, first, last, .blocks = 1, .unfinished = unfinished };

    if (unfinished)
        block.blocks = blocking_cuts(kernel, mm->k);
    for (; block.b < block.blocks; block.b++) {
        const size_t k_end = kernel->k_group * parallel_share(groups, block.blocks, block.b + 1);
        block.k_first = kernel->k_group * parallel_share(groups, block.blocks, block.b);
        block.k = (k_end < mm->k ? k_end : mm->k) - block.k_first;
        for (size_t p = first; p < last; p++)
            multiply_panel(mm, &block, p);
    }
}

/* How many panels from p on, below `end`, one row multiplies at once: whole ones, if several. */
static size_t gemv_panels(const struct matmul *mm, size_t p, size_t end)
{
    size_t count = 0;

    while (count < mm->kernel->gemv_panels && p + count < end &&
           packed_panel(mm->kernel, mm->n, p + count).columns == mm->kernel->nr)
        count++;
    return count ? count : 1;
}

/* A single row, which reads every panel once. */
static void multiply_row(const struct matmul *mm, size_t panel_begin, size_t panel_end)
{
    const struct vit_matmul_kernel *const kernel = mm->kernel;
    const struct vit_matmul_args *const args = mm->args;

    for (size_t p = panel_begin, count; p < panel_end; p += count) {
        const struct panel columns = packed_panel(kernel, mm->n, p);
        const struct vit_epilogue epilogue = epilogue_at(args->epilogue, 0, columns.first);
        const char *const panel = mm->b + p * mm->panel_bytes;
        count = gemv_panels(mm, p, panel_end);
        kernel->tile(&(struct vit_tile){
            .m = 1,
            .n = count > 1 ? count * kernel->nr : columns.columns,
            .k = mm->k,
            .a = mm->rows,
            .a_bytes = mm->row_bytes,
            .panel = panel,
            .panel_bytes = mm->panel_bytes,
            .c = args->c + columns.first,
            .ldc = args->ldc,
            .epilogue = &epilogue,
        });
    }
}

/* Row tiles [row_begin, row_end) and panels [panel_begin, panel_end). */
static void multiply_part(const struct matmul *mm, size_t row_begin, size_t row_end,
                          size_t panel_begin, size_t panel_end, char *unfinished)
{
    const size_t tiles = row_end - row_begin, mr = mm->kernel->mr;
    const size_t max_tiles = blocking_rows(mm->kernel, mm->k, tiles * mr) / mr;
    const size_t blocks = tiles / max_tiles + (tiles % max_tiles != 0);
    const size_t row_bytes = mm->kernel->nr * ACC_BYTES;

    if (mm->args->m == 1) {
        multiply_row(mm, panel_begin, panel_end);
        return;
    }
    for (size_t b = 0; b < blocks; b++) {
        const size_t begin = row_begin + parallel_share(tiles, blocks, b);
        const size_t end = row_begin + parallel_share(tiles, blocks, b + 1);
        const size_t row = parallel_share(mm->args->m, mm->row_tiles, begin);
        const size_t rows = parallel_share(mm->args->m, mm->row_tiles, end) - row;
        const size_t panels =
            unfinished ? mm->unfinished_bytes / row_bytes / rows : panel_end - panel_begin;
        for (size_t p = panel_begin, next; p < panel_end; p = next) {
            next = panels < panel_end - p ? p + panels : panel_end;
            multiply_block(mm, row, rows, p, next, unfinished);
        }
    }
}

static void multiply_task(void *arg, size_t i)
{
    const struct matmul *const mm = arg;
    const size_t down = i / mm->across, across = i % mm->across;

    multiply_part(mm, parallel_share(mm->row_tiles, mm->down, down),
                  parallel_share(mm->row_tiles, mm->down, down + 1),
                  parallel_share(mm->panels, mm->across, across),
                  parallel_share(mm->panels, mm->across, across + 1),
                  mm->unfinished ? mm->unfinished + i * mm->unfinished_bytes : NULL);
}

/* Of the grids with `tasks` parts, chooses the one whose largest part is smallest. */
static void choose_grid(struct matmul *mm, size_t tasks)
{
    size_t min = SIZE_MAX;

    for (size_t down = 1; down <= tasks; down++) {
        const size_t across = tasks / down;
        if (tasks % down || down > mm->row_tiles || across > mm->panels)
            continue;
        const size_t rows = (mm->row_tiles + down - 1) / down;
        const size_t largest = rows * ((mm->panels + across - 1) / across);
        if (largest < min) { /* if equal, fewer parts down: each part reads fewer weights */
            min = largest;
            mm->down = down;
            mm->across = across;
        }
    }
}

/* The bytes of a task's unfinished accumulators, whole cache lines; 0: it computes k at once. */
static size_t unfinished_bytes(const struct vit_packed *b, size_t m)
{
    const size_t bytes = blocking_unfinished(b->kernel);

    if (m <= 1 || b->k <= b->kernel->kc)
        return 0;
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t vit_matmul_scratch_bytes(const struct vit_packed *b, size_t m, size_t threads)
{
    const bool fits = threads <= SIZE_MAX / 16 && b->k <= SIZE_MAX / 16; /* and so does a row */
    const size_t row = fits && b->kernel->convert && b->k > 0 ? b->kernel->row_bytes(b->k) : 0;
    size_t converted, unfinished;

    if (!fits ||
        !checked_mul(parallel_tasks(threads ? threads : 1, SIZE_MAX), unfinished_bytes(b, m),
                     &unfinished) ||
        !checked_mul(m, row, &converted) || converted > SIZE_MAX - unfinished)
        return 0;
    return unfinished + converted;
}

static void normalize(const struct norm *norm, size_t first, size_t rows)
{
    struct vit_layernorm_args args = *norm->args;

    args.rows = rows;
    args.x += first * args.ldx;
    args.y += first * args.ldy;
    norm->kernels->layernorm(&args);
}

/* A few rows at a time: those of a LayerNorm are converted while they are in L1. */
static void convert_task(void *arg, size_t part)
{
    const struct matmul *const mm = arg;
    const struct vit_matmul_args *const args = mm->args;
    const size_t end = parallel_share(args->m, mm->convert_parts, part + 1);

    for (size_t i = parallel_share(args->m, mm->convert_parts, part), rows; i < end; i += rows) {
        rows = end - i < CONVERTED_ROWS ? end - i : CONVERTED_ROWS;
        if (mm->norm.args)
            normalize(&mm->norm, i, rows);
        mm->kernel->convert(rows, mm->k, args->a + i * args->lda, args->lda,
                            (char *)mm->rows + i * mm->row_bytes);
    }
}

/* Converts the rows of A to `rows`, where the kernel reads another number type than float32. */
static void convert_rows(struct matmul *mm, const struct vit_parallel *parallel, char *rows)
{
    const double elements = (double)mm->args->m * (double)mm->k;
    const size_t threads = parallel_threads(parallel, mm->args->m, elements, MIN_ELEMENTS);

    mm->rows = rows;
    mm->row_bytes = mm->kernel->row_bytes(mm->k);
    mm->convert_parts = parallel_tasks(threads, mm->args->m);
    parallel_run(parallel, threads, mm->convert_parts, convert_task, mm);
}

static void multiply(const struct vit_parallel *parallel, struct norm norm,
                     const struct vit_matmul_args *args)
{
    _Alignas(ALIGNMENT) static const char empty[ALIGNMENT]; /* A and B, if B has no rows */
    const struct vit_matmul_kernel *const kernel = args->b->kernel;
    const size_t k = args->b->k;
    struct matmul mm = {
        .args = args,
        .kernel = kernel,
        .norm = norm,
        .n = args->b->n,
        .k = k,
        .rows = k > 0 ? (const char *)args->a : empty,
        .row_bytes = k > 0 ? args->lda * sizeof *args->a : 0,
        .b = k > 0 ? args->b->panels : empty,
        .panel_bytes = k > 0 ? kernel->panel_bytes(k) : 0,
        .row_tiles = matmul_row_tiles(kernel, args->m),
        .panels = packed_panels(kernel, args->b->n),
        .down = 1,
        .across = 1,
        .unfinished_bytes = unfinished_bytes(args->b, args->m),
        .prefetch_c = args->m * args->b->n * sizeof *args->c > kernel->l2_bytes,
    };

    if (args->m == 0 || mm.n == 0)
        return;
    const size_t units = mm.row_tiles * mm.panels;
    const double work = (double)args->m * (double)mm.n * (double)mm.k;
    const size_t threads = parallel_threads(parallel, units, work, MIN_MULTIPLY_ADDS);
    choose_grid(&mm, parallel_tasks(threads, units));
    if (mm.unfinished_bytes > 0)
        mm.unfinished = args->scratch;
    if (kernel->convert && k > 0)
        convert_rows(&mm, parallel,
                     (char *)args->scratch + mm.down * mm.across * mm.unfinished_bytes);
    parallel_run(parallel, threads, mm.down * mm.across, multiply_task, &mm);
}

void vit_matmul(const struct vit_parallel *parallel, const struct vit_matmul_args *args)
{
    multiply(parallel, (struct norm){ 0 }, args);
}

void vit_layernorm_matmul(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                          const struct vit_layernorm_args *norm, const struct vit_matmul_args *args)
{
    const bool converts = args->b->kernel->convert && args->m > 0 && args->b->n > 0 && norm->n > 0;

    if (!converts)
        vit_layernorm(kernels, parallel, norm);
    multiply(parallel, converts ? (struct norm){ kernels, norm } : (struct norm){ 0 }, args);
}
