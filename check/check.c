/* check.c - the list of all that is checked */
#include "check/run.h"

#include "check/kernel_cases.h"
#include "check/oracle.h"

static const struct check_kernel kernels[] = {
    { "matmul", "a tile of every m and n: chains, waiting chains, the epilogue", 4608, false,
      check_tile, NULL },
    { "matmul_row", "a tile of one row and several panels", 256, false, check_tile_row, NULL },
    { "pack", "a panel from rows, from columns and from neither", 768, false, check_pack, NULL },
    { "vit_matmul", "every epilogue; many panels, row blocks and blocks of k; threads", 1792, false,
      check_matmul, NULL },
    { "vit_layernorm", "rows of any stride are rows alone; threads", 96, false, check_layernorm,
      NULL },
    { "vit_attention", "heads, strides, blocks of rows, any number of queries; threads", 192, false,
      check_attention, NULL },
    { "vit_attention_weights", "the same of its weights alone", 192, false, check_attention_weights,
      NULL },
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

/* A row operation comes with its cases; an oracle with as many as it has bounds. */
bool check_kernel_at(size_t i, struct check_kernel *kernel)
{
    if (i < KERNELS) {
        *kernel = kernels[i];
        return true;
    }
    i -= KERNELS;
    if (i < row_case_count) {
        *kernel = (struct check_kernel){ .name = row_cases[i].name,
                                         .claim = "every length and kind of number; in place too",
                                         .cases = 1820,
                                         .run = check_rows,
                                         .row = &row_cases[i] };
        return true;
    }
    i -= row_case_count;
    if (i < oracle_count) {
        *kernel = (struct check_kernel){ .name = oracles[i].name,
                                         .claim = oracles[i].claim,
                                         .cases = oracles[i].bounds,
                                         .oracle = true,
                                         .run = oracles[i].run };
        return true;
    }
    return false;
}
