/* kinds.c - the list of kernels that can be measured */
#include "measure/kinds/kinds.h"

#include <string.h>

/* To add a kind: its file, and its line here. */
static const struct kernel_kind *const kinds[] = { &matmul_kind, &pack_kind, &rows_kind,
                                                   &resize_kind, &attention_kind };

bool kernel_at(size_t i, struct kernel *kernel)
{
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t of_kind = 0;
        kernel->kind = kinds[k];
        while (kinds[k]->kernel_at(of_kind, kernel->name, &kernel->subject)) {
            if (i-- == 0)
                return true;
            of_kind++;
        }
    }
    return false;
}

bool kernel_case_at(const struct kernel_case *cases, size_t count, size_t i, struct kernel_case *c)
{
    if (i < count)
        *c = cases[i];
    return i < count;
}

struct bench kernel_bench(const struct kernel *kernel, const struct vit_kernels *level,
                          const size_t *dimensions, size_t threads)
{
    struct bench bench = {
        .kind = &kernel->kind->work, .level = level, .subject = kernel->subject, .threads = threads
    };

    memcpy(bench.dimensions, dimensions, kernel->kind->dimension_count * sizeof *dimensions);
    kernel->kind->count(&bench);
    return bench;
}

struct vit_parallel bench_parallel(size_t threads)
{
    return (struct vit_parallel){ vit_parallel_openmp, NULL, threads };
}
