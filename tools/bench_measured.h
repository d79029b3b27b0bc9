/* bench_measured.h - what `libvit bench KERNEL` has measured, and how it is printed */
#ifndef VIT_TOOLS_BENCH_MEASURED_H
#define VIT_TOOLS_BENCH_MEASURED_H

#include <stdbool.h>
#include <stddef.h>

#include "measure/kinds/kinds.h"
#include "measure/kinds/roofs.h"
#include "vit/status.h"

/* One shape. A number that does not apply is NaN. */
struct measured_shape {
    const char *text; /* as it was given */
    size_t copies;    /* of the operands, used in turn */
    size_t rounds;
    double seconds_min, seconds_median, seconds_p99; /* of one run */
    double operations, bytes;                        /* of one run */
    double ns_per_element;
    double flops, peak, peak_share;                 /* per second; the peak of the same threads */
    double bytes_per_s, bandwidth, bandwidth_share; /* of the same memory, by the same threads */
};

struct measured {
    struct kernel kernel;
    const struct vit_kernels *level;
    size_t threads;
    bool cold;
    size_t count;
    struct measured_shape *shapes; /* [count] */
    size_t roof_count;             /* 0 without --roofline */
    struct roof roofs[MAX_ROOFS];
};

void measured_print(const struct measured *measured);
enum vit_status measured_print_json(const struct measured *measured, struct vit_error *err);

#endif
