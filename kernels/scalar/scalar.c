/* scalar.c - enters the plain kernels, reference and fallback, into a table */
#include "kernels/register.h"
#include "kernels/scalar/local_response.h"
#include "kernels/scalar/matmul_f32_f16.h"
#include "kernels/scalar/matmul_f32_f32.h"
#include "kernels/scalar/matmul_u8_s8.h"
#include "kernels/scalar/resize.h"
#include "kernels/scalar/rotate.h"
#include "kernels/scalar/rows.h"

#define ACTIVATION_ROW(IDENTIFIER, name, value, args, weights)                                     \
    static void name##_row(size_t n, const float *x, const struct vit_activation_args *p,          \
                           float *y)                                                               \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            y[i] = activation_##name(                                                              \
                (struct operands){ x[i], p->a, p->b, (weights) ? p->weight[i] : 0.0f });           \
    }
VIT_ACTIVATION_LIST(ACTIVATION_ROW)

static void add(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

static void multiply(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

/* Eight independent accumulators; without FMA instructions, the C library's fmaf. */
static float fma_peak(size_t rounds)
{
    float c[8] = { 0 };
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < 8; i++)
            c[i] = fmaf(c[i], 0.5f, 1.0f);
    return c[0] + c[1] + c[2] + c[3] + c[4] + c[5] + c[6] + c[7];
}

#define ACTIVATION_ENTRY(IDENTIFIER, name, value, args, weights) [value] = name##_row,
void vit_register_scalar(struct vit_kernels *table)
{
    *table = (struct vit_kernels){
        .matmul[VIT_MATMUL_F32_F32] = { .a = VIT_DTYPE_F32,
                                        .b = VIT_DTYPE_F32,
                                        .mr = MR,
                                        .nr = NR,
                                        .gemv_panels = 1,
                                        .column_group = NR,
                                        .k_group = 1,
                                        .panel_bytes = panel_bytes_f32_f32,
                                        .pack = pack_f32_f32,
                                        .tile = tile_f32_f32 },
        .matmul[VIT_MATMUL_F32_F16] = { .a = VIT_DTYPE_F32,
                                        .b = VIT_DTYPE_F16,
                                        .mr = MR,
                                        .nr = NR,
                                        .gemv_panels = 1,
                                        .column_group = NR,
                                        .k_group = 1,
                                        .panel_bytes = panel_bytes_f32_f16,
                                        .pack = pack_f32_f16,
                                        .tile = tile_f32_f16 },
        .matmul[VIT_MATMUL_U8_S8] = { .a = VIT_DTYPE_U8,
                                      .b = VIT_DTYPE_S8,
                                      .mr = MR,
                                      .nr = NR,
                                      .gemv_panels = 1,
                                      .column_group = NR,
                                      .k_group = GROUP,
                                      .panel_bytes = panel_bytes_u8_s8,
                                      .pack = pack_u8_s8,
                                      .row_bytes = row_bytes_u8_s8,
                                      .convert = convert_u8_s8,
                                      .tile = tile_u8_s8 },
        .activation = { VIT_ACTIVATION_LIST(ACTIVATION_ENTRY) },
        .fma_peak = fma_peak,
        .fma_peak_flops = 8 * 2,
    };
#define KERNEL_ENTRY(name) table->name = name;
    VIT_KERNEL_LIST(KERNEL_ENTRY)
#undef KERNEL_ENTRY
}
