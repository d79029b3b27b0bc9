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
    { "avx512vnni", "OPENBLAS_CORETYPE", "SkylakeX" },
    { "avx512", "OPENBLAS_CORETYPE", "SkylakeX" },
    { "avx2vnni", "OPENBLAS_CORETYPE", "Haswell" },
    { "avx2", "OPENBLAS_CORETYPE", "Haswell" },
    { "avx512vnni", "BLIS_ARCH_TYPE", "0" },
    { "avx512", "BLIS_ARCH_TYPE", "0" },
    { "avx2vnni", "BLIS_ARCH_TYPE", "6" },
    { "avx2", "BLIS_ARCH_TYPE", "6" },
    { "avx512vnni", "DNNL_MAX_CPU_ISA", NULL },
    { "avx512", "DNNL_MAX_CPU_ISA", "AVX512_CORE" },
    { "avx2vnni", "DNNL_MAX_CPU_ISA", "AVX2_VNNI" },
    { "avx2", "DNNL_MAX_CPU_ISA", "AVX2" },
    { "avx512vnni", "ATEN_CPU_CAPABILITY", "avx512" },
    { "avx512", "ATEN_CPU_CAPABILITY", "avx512" },
    { "avx2vnni", "ATEN_CPU_CAPABILITY", "avx2" },
    { "avx2", "ATEN_CPU_CAPABILITY", "avx2" },
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
