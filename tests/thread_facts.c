/* thread_facts.c - what Linux tells about the other threads of this process, from /proc */
#include "thread_facts.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* proc(5): "TID (NAME) STATE ..."; fields 14 and 15 are the CPU time as user and as system. */
static void add_stat(const char *thread, struct thread_facts *facts)
{
    char path[64], line[1024], state;
    unsigned long long user, system;

    snprintf(path, sizeof path, "/proc/self/task/%.16s/stat", thread);
    FILE *f = fopen(path, "r");
    const char *const rest = f && fgets(line, sizeof line, f) ? strrchr(line, ')') : NULL;
    if (rest && sscanf(rest, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &state,
                       &user, &system) == 3) {
        facts->asleep += state == 'S';
        facts->ticks += user + system;
    }
    if (f)
        fclose(f);
}

static void add_switches(const char *thread, struct thread_facts *facts)
{
    char path[64], line[256];
    size_t switches;

    snprintf(path, sizeof path, "/proc/self/task/%.16s/status", thread);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "voluntary_ctxt_switches: %zu", &switches) == 1)
            facts->voluntary += switches;
    if (f)
        fclose(f);
}

struct thread_facts other_threads(void)
{
    struct thread_facts facts = { 0 };
    DIR *const tasks = opendir("/proc/self/task");

    for (const struct dirent *entry; tasks && (entry = readdir(tasks));) {
        if (entry->d_name[0] == '.' || atol(entry->d_name) == (long)gettid())
            continue;
        facts.threads++;
        add_stat(entry->d_name, &facts);
        add_switches(entry->d_name, &facts);
    }
    if (tasks)
        closedir(tasks);
    return facts;
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

bool others_fall_asleep(void)
{
    struct thread_facts facts = other_threads();

    for (const double end = cpu_seconds() + 10; facts.asleep < facts.threads;) {
        if (cpu_seconds() > end)
            return false;
        sched_yield();
        facts = other_threads();
    }
    return true;
}

pid_t fork_while_others_sleep(void)
{
    return others_fall_asleep() ? fork() : -1;
}

void use_cpu(double seconds)
{
    const double end = cpu_seconds() + seconds;

    while (cpu_seconds() < end)
        ;
}
