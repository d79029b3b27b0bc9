/* bench_measured.c - prints what `libvit bench KERNEL` has measured */
#include "tools/bench_measured.h"

#include <math.h>

#include "measure/build_info.h"
#include "measure/cpu_text.h"
#include "tools/machine.h"
#include "tools/print.h"
#include "vit/vit.h"

static void print_shape(const struct measured_shape *s)
{
    const bool micro = s->seconds_median < 1e-3;
    const double unit = micro ? 1e6 : 1e3;

    printf("  %s: %.4g %s (minimum %.4g, p99 %.4g), %zu rounds\n", s->text,
           unit * s->seconds_median, micro ? "us" : "ms", unit * s->seconds_min,
           unit * s->seconds_p99, s->rounds);
    if (!isnan(s->flops))
        printf("    %8.1f GFLOP/s, %.1f %% of the peak of %.1f\n", 1e-9 * s->flops,
               100 * s->peak_share, 1e-9 * s->peak);
    if (!isnan(s->bytes_per_s))
        printf("    %8.1f GB/s, %.1f %% of the bandwidth of %.1f\n", 1e-9 * s->bytes_per_s,
               100 * s->bandwidth_share, 1e-9 * s->bandwidth);
    if (!isnan(s->ns_per_element))
        printf("    %8.3f ns per element\n", s->ns_per_element);
}

void measured_print(const struct measured *m)
{
    char cpu[256], caches[256];

    printf("%s, %s, %zu thread%s, %s operands; the results are scalar's, bit for bit\n",
           m->kernel.name, m->level->isa, m->threads, m->threads == 1 ? "" : "s",
           m->cold ? "cold" : "warm");
    for (size_t i = 0; i < m->count; i++)
        print_shape(&m->shapes[i]);
    for (size_t i = 0; i < m->roof_count; i++)
        printf("%s %s %.1f GB/s", i == 0 ? "reading from" : ",", m->roofs[i].name,
               1e-9 * m->roofs[i].bytes_per_s);
    if (m->roof_count)
        putchar('\n');
    vit_cpu_name(cpu, sizeof cpu);
    cpu_caches_text(caches, sizeof caches);
    printf("on %s, %s; libvit %s, %s, commit %s\n", cpu, caches, vit_version(), build_compiler(),
           build_commit());
}

static json_t *shape_json(const struct measured_shape *s)
{
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "shape", json_text(s->text) },
        { "rounds", json_integer((json_int_t)s->rounds) },
        { "copies", json_integer((json_int_t)s->copies) },
        { "us_min", json_number(1e6 * s->seconds_min) },
        { "us_median", json_number(1e6 * s->seconds_median) },
        { "us_p99", json_number(1e6 * s->seconds_p99) },
        { "gflops", json_number(1e-9 * s->flops) },
        { "peak_gflops", json_number(1e-9 * s->peak) },
        { "peak_share", json_number(s->peak_share) },
        { "gb_per_s", json_number(1e-9 * s->bytes_per_s) },
        { "bandwidth_gb_per_s", json_number(1e-9 * s->bandwidth) },
        { "bandwidth_share", json_number(s->bandwidth_share) },
        { "ns_per_element", json_number(s->ns_per_element) },
        { "operations", json_number(s->operations) },
        { "bytes", json_number(s->bytes) },
    };
    json_t *root = json_object();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        root = json_set(root, fields[i].name, fields[i].value);
    return root;
}

enum vit_status measured_print_json(const struct measured *m, struct vit_error *err)
{
    json_t *root = machine_json(), *shapes = json_array(), *roofs = json_array();

    for (size_t i = 0; i < m->count; i++)
        shapes = json_with(shapes, shape_json(&m->shapes[i]));
    for (size_t i = 0; i < m->roof_count; i++)
        roofs = json_with(roofs, json_pack("{s:s, s:f}", "memory", m->roofs[i].name, "gb_per_s",
                                           1e-9 * m->roofs[i].bytes_per_s));
    root = json_set(root, "kernel", json_text(m->kernel.name));
    root = json_set(root, "isa", json_text(m->level->isa));
    root = json_set(root, "threads", json_integer((json_int_t)m->threads));
    root = json_set(root, "operands", json_text(m->cold ? "cold" : "warm"));
    root = json_set(root, "shapes", shapes);
    root = json_set(root, "roofs", roofs);
    return print_json(root, err);
}
