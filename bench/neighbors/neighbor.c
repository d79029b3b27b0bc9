/* neighbor.c - programs that run on other processors while something is measured */
#include "neighbor.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cores.h"
#include "measure/peak.h"
#include "vit/kernels.h"

enum { LINE = 64 };

/* What the streams go over, and its pages are there before the first turn. */
static struct {
    volatile uint64_t *words;
    size_t count;
} stream;

static void run_spin(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

/* One word a line: the rest of the line comes with it. */
static void run_read(void)
{
    for (;;)
        for (size_t i = 0; i < stream.count; i += LINE / sizeof *stream.words)
            (void)stream.words[i];
}

static void run_write(void)
{
    for (uint64_t pass = 1;; pass++)
        for (size_t i = 0; i < stream.count; i += LINE / sizeof *stream.words)
            stream.words[i] = pass;
}

static void run_compute(void)
{
    const struct vit_kernels *kernels;

    if (vit_kernels_get(NULL, &kernels, NULL) != VIT_OK)
        return;
    const struct peak peak = peak_prepare(kernels, 1);

    for (;;) {
        volatile float sink = kernels->fma_peak(peak.rounds);
        (void)sink;
    }
}

const struct neighbor neighbors[NEIGHBORS] = {
    { "spin", "a loop without memory", true, run_spin },
    { "read", "reads that stream through the last level of cache", false, run_read },
    { "write", "writes that stream through the last level of cache", false, run_write },
    { "compute", "multiply-adds in registers", false, run_compute },
};

static struct {
    pid_t processes[CPU_SETSIZE];
    size_t count;
    bool running;
} neighborhood;

const struct neighbor *neighbor_find(const char *name)
{
    for (size_t i = 0; i < NEIGHBORS; i++)
        if (name && strcmp(neighbors[i].name, name) == 0)
            return &neighbors[i];
    return NULL;
}

/* Twice the last level that the system reports and at least 256 MiB: no pass finds the last one. */
static bool prepare_stream(void)
{
    const long reported = sysconf(_SC_LEVEL3_CACHE_SIZE);
    const size_t least = (size_t)256 << 20, twice = reported > 0 ? 2 * (size_t)reported : 0;
    const size_t bytes = twice > least ? twice : least;
    void *const p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return false;
    madvise(p, bytes, MADV_HUGEPAGE); /* advice only: failure is harmless */
    memset(p, 1, bytes);
    stream.words = p;
    stream.count = bytes / sizeof *stream.words;
    return true;
}

__attribute__((noreturn)) static void become(const struct neighbor *neighbor, int cpu)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || !cores_bind(0, cpu) ||
        ((neighbor->run == run_read || neighbor->run == run_write) && !prepare_stream()))
        _exit(EXIT_FAILURE);
    raise(SIGSTOP);
    neighbor->run();
    _exit(EXIT_FAILURE);
}

bool neighbor_start(const struct neighbor *neighbor, int cpu)
{
    int status;
    const pid_t pid = fork();

    if (pid < 0)
        return false;
    if (pid == 0)
        become(neighbor, cpu);
    errno = 0;
    if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
        return false;
    neighborhood.processes[neighborhood.count++] = pid;
    return true;
}

static void change(int signal_number, int event)
{
    int status;

    for (size_t i = 0; i < neighborhood.count; i++)
        kill(neighborhood.processes[i], signal_number);
    for (size_t i = 0; i < neighborhood.count; i++)
        waitpid(neighborhood.processes[i], &status, event);
}

void neighbors_go(void)
{
    const struct timespec some = { .tv_nsec = 2000000 }; /* it fills the caches meanwhile */

    if (neighborhood.running || neighborhood.count == 0)
        return;
    change(SIGCONT, WCONTINUED);
    neighborhood.running = true;
    nanosleep(&some, NULL);
}

void neighbors_stop(void)
{
    if (neighborhood.running)
        change(SIGSTOP, WUNTRACED);
    neighborhood.running = false;
}

void neighbors_end(void)
{
    change(SIGKILL, 0);
    neighborhood.count = 0;
    neighborhood.running = false;
}
