/* layernorm.h - the scalar step of LayerNorm, the same for every level */
#ifndef VIT_KERNELS_LAYERNORM_H
#define VIT_KERNELS_LAYERNORM_H

#include <math.h>

/*
 * 1/√(variance + eps) of a row, from the mean square of its deviations x − m and their mean c,
 * which is what rounding left of the mean in m: variance = mean square − c². Rounding can bring
 * that below 0 where all numbers of a row are equal. A NaN stays.
 */
static inline float layernorm_rstd(float mean_square, float c, float eps)
{
    const float variance = fmaf(-c, c, mean_square);

    return 1.0f / sqrtf((variance < 0.0f ? 0.0f : variance) + eps);
}

#endif
