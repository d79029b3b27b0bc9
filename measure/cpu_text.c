/* cpu_text.c - this machine's processor in one line, for reports */
#include "measure/cpu_text.h"

#include <stdio.h>

#include "vit/kernels.h"

/* "1.5 MiB", or "2 of 32 MiB" where a core has a share. */
static void print_cache(char *text, size_t size, const char *level, size_t share, size_t whole)
{
    const size_t mega = (size_t)1 << 20;
    const double unit = (double)(share < mega ? 1024 : mega);
    const char *const name = share < mega ? "KiB" : "MiB";

    if (whole > share)
        snprintf(text, size, "%.4g of %.4g %s %s", (double)share / unit, (double)whole / unit, name,
                 level);
    else
        snprintf(text, size, "%.4g %s %s", (double)share / unit, name, level);
}

void cpu_caches_text(char *text, size_t size)
{
    struct vit_caches c;
    char l1d[64], l2[64], l3[64];

    vit_cpu_caches(&c);
    print_cache(l1d, sizeof l1d, "L1d", c.l1d, 0);
    print_cache(l2, sizeof l2, "L2", c.l2, c.whole_l2);
    print_cache(l3, sizeof l3, "L3", c.l3, c.whole_l3);
    snprintf(text, size, "%s, %s, %s", l1d, l2, l3);
}
