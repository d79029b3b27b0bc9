/* avx2vnni.c - the kernels of the level, for a CPU that has AVX2 alone: VNNI in plain C */
#ifdef __AVX2__
#include <immintrin.h>
#include <stdint.h>

#include "vit/kernels.h"

/* c + the sum of four products of u8 and s8, which wraps; Intel SDM vol. 2, VPDPBUSD. */
static __m256i dpbusd_in_c(__m256i c, __m256i a, __m256i b)
{
    union {
        __m256i reg;
        uint8_t u8[32];
        int8_t s8[32];
        uint32_t u32[8];
    } sums = { c }, u = { a }, s = { b };

    for (int i = 0; i < 32; i++)
        sums.u32[i / 4] += (uint32_t)(u.u8[i] * s.s8[i]);
    return sums.reg;
}

#define int8_dot dpbusd_in_c
#ifndef __AVXVNNI__
#define __AVXVNNI__ /* NOLINT(bugprone-reserved-identifier): the compiler's own */
#endif
#define vit_register_avx2vnni register_avx2vnni_in_c
void register_avx2vnni_in_c(struct vit_kernels *table);
/* NOLINTNEXTLINE(bugprone-suspicious-include): the file under test */
#include "kernels/avx2/avx2vnni.c"
#endif
