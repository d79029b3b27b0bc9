/* convert.h - conversion to float32 from the number types that checkpoints store */
#ifndef VIT_FILES_CONVERT_H
#define VIT_FILES_CONVERT_H

#include <stddef.h>
#include <stdint.h>

/* Exact: subnormals and infinities are preserved, and so is the payload of a NaN. */
void widen_f16(size_t n, const uint16_t *restrict x, float *restrict y);
void widen_bf16(size_t n, const uint16_t *restrict x, float *restrict y);

/* Rounded to nearest even; infinite beyond the range of float32. */
void narrow_f64(size_t n, const double *restrict x, float *restrict y);

#endif
