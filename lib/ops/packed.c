/* packed.c - a matrix B packed into panels: the position of its columns, and its size in bytes */
#include "ops/packed.h"

#include <stdint.h>

#include "base/parallel.h"

size_t packed_panels(const struct vit_matmul_kernel *kernel, size_t n)
{
    return n / kernel->nr + (n % kernel->nr != 0);
}

struct panel packed_panel(const struct vit_matmul_kernel *kernel, size_t n, size_t p)
{
    const size_t group = kernel->column_group, groups = n / group + (n % group != 0);
    const size_t panels = packed_panels(kernel, n);
    const size_t first = group * parallel_share(groups, panels, p);
    const size_t end = group * parallel_share(groups, panels, p + 1);
    return (struct panel){ first, (end < n ? end : n) - first };
}

size_t vit_packed_bytes(const struct vit_matmul_kernel *kernel, size_t n, size_t k)
{
    const size_t panels = packed_panels(kernel, n);

    if (n == 0 || k == 0)
        return 0;
    /* the promise of panel_bytes: at most 8·nr·(k + k_group) bytes each */
    const size_t max_rows = SIZE_MAX / 8 / kernel->nr / panels;
    if (max_rows < kernel->k_group || k > max_rows - kernel->k_group)
        return 0;
    return panels * kernel->panel_bytes(k);
}

/* The panel whose first column is `first`, or that would come next after n columns. */
static size_t panel_at(const struct vit_packed *b, size_t first)
{
    size_t p = 0, panels = packed_panels(b->kernel, b->n);

    while (p < panels) { /* panels begin in ascending order: bisect */
        const size_t middle = p + (panels - p) / 2;
        if (packed_panel(b->kernel, b->n, middle).first < first)
            p = middle + 1;
        else
            panels = middle;
    }
    return p;
}

size_t vit_packed_chunk(const struct vit_packed *packed, size_t first)
{
    const size_t p = panel_at(packed, first), panels = packed_panels(packed->kernel, packed->n);

    return p < panels ? packed_panel(packed->kernel, packed->n, p).columns : 0;
}

void vit_pack(const struct vit_packed *packed, size_t first, size_t count, const float *b,
              size_t n_stride, size_t k_stride)
{
    const struct vit_matmul_kernel *const kernel = packed->kernel;
    const size_t bytes = kernel->panel_bytes(packed->k);
    size_t p = panel_at(packed, first);

    if (count == 0 || packed->k == 0)
        return;
    char *panel = (char *)packed->panels + p * bytes;
    for (size_t done = 0; done < count; p++, panel += bytes) {
        const size_t columns = packed_panel(kernel, packed->n, p).columns;
        kernel->pack(columns, packed->k, b + done * n_stride, n_stride, k_stride, panel);
        done += columns;
    }
}
