/* registers.h - what the matmul micro-kernels of float32 activations know of an instruction set */
#ifndef VIT_KERNELS_SIMD_REGISTERS_H
#define VIT_KERNELS_SIMD_REGISTERS_H

/*
 * An instruction set defines, before it includes this file:
 *   reg, REG_LANES                a vector register and its float lanes
 *   reg_set1, reg_load, reg_store, reg_mul, reg_fma (a·b + c)
 *   reg_load_f16(p)               a register of float16, converted
 *   reg_load_f16_once(p)          the same, if another way is faster where a register is used once
 *   store_f16(p, v, lanes)        converts and stores the first `lanes` lanes of a vec
 *   reg_join(r, count)            a vec of `count` registers, the remaining lanes 0
 *   MR, NR                        the tile; MR·NR/REG_LANES accumulators must fit in registers
 *   COLUMN_GROUP                  a tile of n columns computes whole groups of this many
 *   EACH_ROWS(X)                  X(1) X(2) … X(MR)
 *   NARROW_ROWS, EACH_NARROW(X)   if tiles of one column group have up to so many rows, to hide the
 *                                 latency of few accumulators; X(MR + 1, 1) … X(NARROW_ROWS, 1)
 *   EACH_GROUPS(X, m)             X(m, 1) X(m, 2) … X(m, NR / COLUMN_GROUP)
 *   GEMV_PANELS, EACH_PANELS(X)   the maximum panels of a tile of one row; X(2) … X(GEMV_PANELS)
 *   K_STEPS                       how many steps of k the loop over k takes at once; divides 4
 *   reg_fma_lane(c, b, x, q)      if it has such an instruction: c + b·lane q of x; K_STEPS is
 *                                 REG_LANES, and so many steps of a row of A are one register
 *   HALF_LANES                    if it computes only half of a row's last register where that has
 *                                 no more columns than this; and
 *     reg_load_half, reg_load_half_f16  as those of a whole register
 *     reg_fma_half                as reg_fma; the second half of the result is 0
 *     EACH_HALF(X)                X(m, g): tiles of m rows and g column groups that do so
 */
#define REGS      (NR / REG_LANES) /* of a row of the tile */
#define VEC_REGS  (LANES / REG_LANES)
#define PREFETCH2 2 /* into L2 */

#ifndef NARROW_ROWS
#define NARROW_ROWS MR
#define EACH_NARROW(X)
#endif

#ifndef reg_load_f16_once
#define reg_load_f16_once reg_load_f16
#endif

#ifndef HALF_LANES
#define HALF_LANES 0
#define EACH_HALF(X)

#define reg_load_half     reg_load
#define reg_load_half_f16 reg_load_f16

static inline reg reg_fma_half(reg a, reg b, reg c)
{
    return reg_fma(a, b, c);
}
#endif

#endif
