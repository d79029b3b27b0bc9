/* reference_tile.h - a tile of any size from scalar's tiles and the unpacked operands */
#ifndef VIT_CHECK_REFERENCE_TILE_H
#define VIT_CHECK_REFERENCE_TILE_H

#include "vit/kernels.h"

/*
 * Computes a tile of any m and n with scalar's tiles from the unpacked B and the float32 A, so that
 * this checks the packing and the conversion of every level too. Exits with a message if there is
 * no memory.
 *   t     as for a kernel, except: a is float32, a_bytes its row stride; no panel; acc_in and
 *         acc_out have row stride nr
 *   b     element (l, j) at b[l·k_stride + j·n_stride]
 */
void reference_tile(const struct vit_matmul_kernel *scalar, size_t nr, const struct vit_tile *t,
                    const float *b, size_t n_stride, size_t k_stride);

#endif
