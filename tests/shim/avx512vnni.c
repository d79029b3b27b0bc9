/* avx512vnni.c - the kernels of the level, for a CPU that lacks VNNI alone: VNNI in plain C */
#ifdef __AVX512F__
#include <immintrin.h>
#include <stdint.h>

#include "vit/kernels.h"

/* c + the sum of four products of u8 and s8, which wraps; Intel SDM vol. 2, VPDPBUSD. */
static __m512i dpbusd_in_c(__m512i c, __m512i a, __m512i b)
{
    union {
        __m512i reg;
        uint8_t u8[64];
        int8_t s8[64];
        uint32_t u32[16];
    } sums = { c }, u = { a }, s = { b };

    for (int i = 0; i < 64; i++)
        sums.u32[i / 4] += (uint32_t)(u.u8[i] * s.s8[i]);
    return sums.reg;
}

#define int8_dot dpbusd_in_c
#ifndef __AVX512VNNI__
#define __AVX512VNNI__ /* NOLINT(bugprone-reserved-identifier): the compiler's own */
#endif
#define vit_register_avx512vnni register_avx512vnni_in_c
void register_avx512vnni_in_c(struct vit_kernels *table);
/* NOLINTNEXTLINE(bugprone-suspicious-include): the file under test */
#include "kernels/avx512/avx512vnni.c"
#endif
