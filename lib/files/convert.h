/* convert.h - numbers as checkpoints store them, as float32 */
#ifndef VIT_FILES_CONVERT_H
#define VIT_FILES_CONVERT_H

#include <stddef.h>
#include <stdint.h>

/* Exact: subnormals and infinities are kept, a NaN keeps its payload. */
void widen_f16(size_t n, const uint16_t *restrict x, float *restrict y);
void widen_bf16(size_t n, const uint16_t *restrict x, float *restrict y);

/* Rounded to nearest even; infinite where float32 does not reach. */
void narrow_f64(size_t n, const double *restrict x, float *restrict y);

#endif
