/* main.c - benchmarks every kernel on every level, relative to peak and bandwidth */
#include <stdio.h>
#include <stdlib.h>

#include "base/threads.h"
#include "kinds.h"
#include "measure.h"
#include "measure/build_info.h"
#include "measure/cpu_text.h"
#include "shim.h"
#include "vit/kernels.h"
#include "vit/vit.h"

#ifndef BENCH_FLAGS
#define BENCH_FLAGS "unknown"
#endif

static void add_context(const char *levels)
{
    const struct vit_kernels *level;
    const char *const bind = getenv("OMP_PROC_BIND");
    char cpu[256], caches[256], threads[32];

    snprintf(threads, sizeof threads, "%zu", threads_default());
    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    bench_context("cpu", cpu);
    bench_context("caches", caches);
    bench_context("levels", levels);
    bench_context("default_level",
                  vit_kernels_get(NULL, &level, NULL) == VIT_OK ? level->isa : "none");
    bench_context("compiler", build_compiler());
    bench_context("flags", BENCH_FLAGS);
    bench_context("commit", build_commit());
    bench_context("version", vit_version());
    bench_context("threads", threads);
    bench_context("OMP_PROC_BIND", bind ? bind : "unset");
}

int main(int argc, char **argv)
{
    const char *isa;
    char levels[128] = "";
    int length = 0, usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++) {
        const struct vit_kernels *level;
        if (!usable || vit_kernels_get(isa, &level, NULL) != VIT_OK)
            continue;
        length += snprintf(levels + length, sizeof levels - (size_t)length, "%s%s",
                           length ? " " : "", isa);
        add_kernels(level);
        add_forwards(level);
    }
    add_context(levels);

    const int status = bench_main(argc, argv);
    measure_finish();
    forward_finish();
    return status;
}
