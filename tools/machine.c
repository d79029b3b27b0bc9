/* machine.c - this build and the machine that runs it, as JSON */
#include "tools/machine.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "measure/build_info.h"
#include "tools/print.h"
#include "vit/kernels.h"
#include "vit/vit.h"

static json_t *levels_json(void)
{
    json_t *levels = json_array();
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        levels = json_with(levels, json_pack("{s:s, s:b}", "name", name, "usable", usable));
    return levels;
}

static json_t *cpu_json(void)
{
    char name[256];

    vit_cpu_name(name, sizeof name);
    return json_text(name);
}

/* Bytes; null: the system does not say. */
static json_t *bytes_json(size_t bytes)
{
    return bytes ? json_integer((json_int_t)bytes) : json_null();
}

static json_t *caches_json(void)
{
    struct vit_caches c;

    vit_cpu_caches(&c);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "l1d_bytes", bytes_json(c.l1d), "l2_bytes",
                     bytes_json(c.l2), "l3_bytes", bytes_json(c.l3), "whole_l2_bytes",
                     bytes_json(c.whole_l2), "whole_l3_bytes", bytes_json(c.whole_l3));
}

/* "Linux 6.1.0-30-amd64 x86_64" */
static json_t *system_json(void)
{
    struct utsname names;
    char text[sizeof names];

    if (uname(&names) < 0)
        return json_null();
    snprintf(text, sizeof text, "%s %s %s", names.sysname, names.release, names.machine);
    return json_text(text);
}

json_t *machine_json(void)
{
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "version", json_text(vit_version()) },
        { "compiler", json_text(build_compiler()) },
        { "commit", json_text(build_commit()) },
        { "cpu", cpu_json() },
        { "caches", caches_json() },
        { "system", system_json() },
        { "levels", levels_json() },
    };
    json_t *root = json_object();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        root = json_set(root, fields[i].name, fields[i].value);
    return root;
}
