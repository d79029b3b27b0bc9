/* roofs.c - the bandwidths of the caches and of memory, and how large operands from memory are */
#include "measure/kinds/roofs.h"

#include <stdlib.h>

#include "measure/bandwidth.h"
#include "measure/kinds/operands.h"
#include "measure/last_caches.h"
#include "measure/memory.h"

double roofs_cold_of(const struct vit_caches *c, size_t last_caches, size_t threads)
{
    const double least = 64 << 20;
    const size_t reached = threads < last_caches ? threads : last_caches;
    const size_t l2 = c->whole_l2 ? c->whole_l2 : c->l2, l3 = c->whole_l3 ? c->whole_l3 : c->l3;
    const size_t largest = reached * l3 > l2 ? reached * l3 : l2,
                 shares = threads * (c->l2 + c->l3);
    const double cold = 4.0 * (double)(largest > shares ? largest : shares);
    return cold > least ? cold : least;
}

double roofs_cold_bytes(size_t threads)
{
    struct vit_caches c;

    vit_cpu_caches(&c);
    return roofs_cold_of(&c, last_caches_here(), threads);
}

static double best_of(const struct stream *stream, size_t threads)
{
    enum { MEASUREMENTS = 5 };
    double best = 0;

    for (int i = 0; i < MEASUREMENTS; i++) {
        const double found = bandwidth_measure(stream, 1, 0, threads);
        best = found > best ? found : best;
    }
    return best;
}

size_t roofs_measure(size_t threads, struct roof roofs[MAX_ROOFS])
{
    struct vit_caches c;
    size_t count = 0;

    vit_cpu_caches(&c);
    const double cold = roofs_cold_bytes(threads);
    const double most = cold < memory_limit() ? cold : memory_limit();
    const struct {
        const char *name;
        double bytes; /* of all threads */
    } parts[MAX_ROOFS] = {
        { "L1", (double)(c.l1d / 2 * threads) },
        { "L2", (double)(c.l2 / 2 * threads) },
        { "L3", c.whole_l3 / 4 > c.l2 * threads ? (double)(c.whole_l3 / 4) : 0 },
        { "memory", most },
    };
    float *const x = memory_allocate((size_t)most);
    if (!x)
        return 0;
    fill_uniform((size_t)most / sizeof *x, x);
    for (size_t i = 0; i < MAX_ROOFS; i++) {
        const struct stream stream = { x, NULL, (size_t)parts[i].bytes };
        if (parts[i].bytes > 0 && parts[i].bytes <= most)
            roofs[count++] = (struct roof){ parts[i].name, best_of(&stream, threads) };
    }
    for (size_t i = count - 1; i-- > 0;)
        if (roofs[i].bytes_per_s < roofs[i + 1].bytes_per_s)
            roofs[i].bytes_per_s = roofs[i + 1].bytes_per_s;
    free(x);
    return count;
}
