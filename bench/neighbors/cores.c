/* cores.c - two processors of this process that are different cores */
#include "cores.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* "0,16": the processors of this one's core. Empty if the system does not say. */
static void read_core(int cpu, char *text, int size)
{
    char path[128];

    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *const file = fopen(path, "r");
    if (!file || !fgets(text, size, file))
        text[0] = '\0';
    if (file)
        fclose(file);
}

static bool is_same_core(int a, int b)
{
    char of_a[128], of_b[128];

    read_core(a, of_a, sizeof of_a);
    read_core(b, of_b, sizeof of_b);
    return of_a[0] && strcmp(of_a, of_b) == 0;
}

struct cores cores_find(void)
{
    struct cores cores = { .one_core = true };
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return cores;
    for (int cpu = 0; cpu < CPU_SETSIZE && (cores.count < 2 || cores.one_core); cpu++) {
        if (!CPU_ISSET(cpu, &allowed))
            continue;
        const bool same = cores.count > 0 && is_same_core(cores.cpus[0], cpu);
        if (cores.count == 2 && same)
            continue;
        cores.one_core = cores.count == 0 || same;
        cores.cpus[cores.count > 0] = cpu;
        cores.count = cores.count ? 2 : 1;
    }
    return cores;
}

bool cores_bind(int pid, int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(pid, sizeof one, &one) == 0;
}
