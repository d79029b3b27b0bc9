/* settings.c - the environment in which each library runs at its best on a level */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

/* Without a level: for every level. A NULL value removes the variable. */
static const struct setting {
    const char *level, *name, *value;
} settings[] = {
    { NULL, "OPENBLAS_NUM_THREADS", "1" },
    { NULL, "BLIS_NUM_THREADS", "1" },
    { NULL, "OPENBLAS_L2_SIZE", NULL }, /* otherwise its blocks have the sizes of another machine */
    /*
     * OpenBLAS 0.3.21 and BLIS 0.9 do not recognize newer CPUs: OpenBLAS may choose the kernels of
     * an older CPU, and BLIS its plain C kernels. BLIS numbers its configurations: 0 is skx, 6 is
     * zen3, the fastest of its five with AVX2.
     */
    { "avx512", "OPENBLAS_CORETYPE", "SkylakeX" },
    { "avx2", "OPENBLAS_CORETYPE", "Haswell" },
    { "avx512", "BLIS_ARCH_TYPE", "0" },
    { "avx2", "BLIS_ARCH_TYPE", "6" },
    { "avx512", "DNNL_MAX_CPU_ISA", NULL },
    { "avx2", "DNNL_MAX_CPU_ISA", "AVX2" },
};

json_t *settings_apply(const char *level)
{
    json_t *const list = json_array();

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        const struct setting *const s = &settings[i];
        if (s->level && strcmp(s->level, level) != 0)
            continue;
        if (s->value) {
            setenv(s->name, s->value, 1);
            json_array_append_new(list, json_sprintf("%s=%s", s->name, s->value));
        } else {
            unsetenv(s->name);
        }
    }
    return list;
}

bool settings_hold(const char *level)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i].level && strcmp(settings[i].level, level) == 0)
            return true;
    return false;
}
