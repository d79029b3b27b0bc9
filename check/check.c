/* check.c - the list of all checks */
#include "check/run.h"

#include <string.h>

#include "check/kernel_cases.h"
#include "check/oracle.h"

/* clang-format off */
#define MATMUL_CHECKS(identifier, suffix)                                                          \
    { .name = "matmul" suffix,                                                                     \
      .claim = "a tile of every m and n: accumulators, blocks of k, the epilogue",                 \
      .cases = 4608,                                                                               \
      .run = check_tile,                                                                           \
      .pair = VIT_MATMUL_##identifier },                                                           \
    { .name = "matmul_row" suffix,                                                                 \
      .claim = "a tile of one row and several panels",                                             \
      .cases = 256,                                                                                \
      .run = check_tile_row,                                                                       \
      .pair = VIT_MATMUL_##identifier },                                                           \
    { .name = "pack" suffix,                                                                       \
      .claim = "a panel from rows, from columns and from neither",                                 \
      .cases = 768,                                                                                \
      .run = check_pack,                                                                           \
      .pair = VIT_MATMUL_##identifier },                                                           \
    { .name = "vit_matmul" suffix,                                                                 \
      .claim = "every epilogue; many panels, row blocks and blocks of k; threads",                 \
      .cases = 32 * VIT_ACTIVATIONS * PATTERNS, /* steps of the epilogue, activations, numbers */  \
      .run = check_matmul,                                                                         \
      .pair = VIT_MATMUL_##identifier },                                                           \
    { .name = "zero_matmul" suffix,                                                                \
      .claim = "packing and vit_matmul with sizes of 0; an empty sum is 0",                        \
      .cases = 640,                                                                                \
      .run = check_zero_matmul,                                                                    \
      .pair = VIT_MATMUL_##identifier },
static const struct check_kernel kernels[] = {
    VIT_MATMUL_LIST(MATMUL_CHECKS)
    { .name = "vit_layernorm",
      .claim = "many rows have the bits of each row alone, RMSNorm's too; threads",
      .cases = 192,
      .run = check_layernorm },
    { .name = "vit_local_response",
      .claim = "windows of any size, each exponent and kind of number; threads",
      .cases = 504,
      .run = check_local_response },
    { .name = "vit_elementwise",
      .claim = "sums, activations and gates, in place too; threads",
      .cases = 3 * 8 * VIT_ACTIVATIONS,
      .run = check_elementwise },
    { .name = "vit_attention",
      .claim = "heads, strides, blocks of rows, any number of queries; threads",
      .cases = 192,
      .run = check_attention },
    { .name = "vit_attention_weights",
      .claim = "the same for the weights alone",
      .cases = 192,
      .run = check_attention_weights },
    { .name = "resize_across",
      .claim = "the exact sum for every pixel, at both ends of a row; gray, RGB and RGBA",
      .cases = 900,
      .run = check_resize_across },
    { .name = "resize_down",
      .claim = "the exact sum for every byte, of any number of rows",
      .cases = 900,
      .run = check_resize_down },
    { .name = "zero_sizes",
      .claim = "row kernels, element-wise operations and attention with sizes of 0",
      .cases = 240,
      .run = check_zero_sizes },
};
/* clang-format on */
enum { KERNELS = sizeof kernels / sizeof *kernels };

/* The kernels above, then the row operations, then the oracles. */
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
                                         .claim = "scalar is within its bound of double precision",
                                         .cases = oracle_cases(&oracles[i]),
                                         .oracle = true,
                                         .run = oracles[i].run,
                                         .pair = oracles[i].pair };
        return true;
    }
    return false;
}

/* Whether an entry of the table is the matmul of another pair than the check's. */
static bool of_another_pair(const struct check_kernel *kernel, const char *entry)
{
#define PAIR_ENTRIES(identifier, suffix)                                                           \
    { "matmul" suffix, VIT_MATMUL_##identifier }, { "pack" suffix, VIT_MATMUL_##identifier },
    static const struct {
        const char *name;
        enum vit_matmul_pair pair;
    } entries[] = { VIT_MATMUL_LIST(PAIR_ENTRIES) };
#undef PAIR_ENTRIES

    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(entries[i].name, entry) == 0)
            return entries[i].pair != kernel->pair;
    return false;
}

bool check_applies(const struct check_kernel *kernel, const struct vit_kernels *level)
{
    const char *entry, *from = NULL;

    for (size_t i = 0; (entry = vit_kernels_name_at(level, i, &from)); i++)
        if (from && strcmp(from, level->isa) == 0 && !of_another_pair(kernel, entry))
            return true;
    return false;
}
