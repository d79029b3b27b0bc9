/* packed.h - the panels of a packed matrix, for the matmul */
#ifndef VIT_OPS_PACKED_H
#define VIT_OPS_PACKED_H

#include "vit/kernels.h"

/* The number of panels that n columns are packed into. */
size_t packed_panels(const struct vit_matmul_kernel *kernel, size_t n);

/* The columns of panel p of n columns. The sizes of panels differ by one group of columns. */
struct panel {
    size_t first, columns;
};
struct panel packed_panel(const struct vit_matmul_kernel *kernel, size_t n, size_t p);

#endif
