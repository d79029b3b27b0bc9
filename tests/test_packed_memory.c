/* test_packed_memory.c - opening a file of packed weights reads none; processes share its memory */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc_counter.h"
#include "counts.h"
#include "packed_model.h"
#include "sanitized.h"

enum { PAGE = 4096, WEIGHTS = 27 << 20 /* bytes in float32, at least */ };

static struct made_directory large;
static char path[300];

static void begin(void)
{
    large = large_checkpoint("F32");
    snprintf(path, sizeof path, "%s", made_path(&large, "model.packed"));
}

static void end(void)
{
    remove_directory(&large);
}

TestSuite(packed_memory, .init = begin, .fini = end);

/* The sum of the lines "NAME: N kB" or "NAME: N" of a file of /proc/self; -1: there are none. */
static long proc_sum(const char *file, const char *name)
{
    char line[300], full[64];
    long sum = -1, value;

    snprintf(full, sizeof full, "/proc/self/%s", file);
    FILE *const f = fopen(full, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0 &&
            sscanf(line + strlen(name), ": %ld", &value) == 1)
            sum = (sum < 0 ? 0 : sum) + value;
    if (f)
        fclose(f);
    return sum;
}

static long page_faults(void)
{
    struct rusage usage;

    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_minflt + usage.ru_majflt;
}

/* Runs a check in a child; its pages and limits are its own. */
static void in_child(void (*check)(void))
{
    int status;
    const pid_t child = fork();

    if (child == 0) {
        check();
        _exit(0);
    }
    cr_assert(waitpid(child, &status, 0) == child && status == 0, "the child ended with %d",
              status);
}

/* Ends a child that found something else. */
static void expect(bool holds, const char *what, long found)
{
    if (holds)
        return;
    fprintf(stderr, "%s: found %ld\n", what, found);
    _exit(1);
}

/* --- opening */

static void open_without_reading(void)
{
    const struct packed_case c = { .directory = large.path, .packed = path };
    const long faults = page_faults(), read = proc_sum("io", "rchar");
    struct vit_model *model;
    const bool is_open = open_status(&c, &model, NULL) == VIT_OK;
    const long more = page_faults() - faults, bytes = proc_sum("io", "rchar") - read;

    expect(is_open, "expected the model to open", 0);
    /* measured: some 60 faults and 50 KB, of 6900 pages */
    expect(more < WEIGHTS / PAGE / 16, "expected few page faults", more);
    expect(read < 0 || bytes < WEIGHTS / 64, "expected few bytes read", bytes);
    if (getenv("VIT_SHOW"))
        fprintf(stderr, "%ld faults, %ld bytes read\n", more, bytes);
    vit_model_free(model);
}

Test(packed_memory, opening_reads_no_weights)
{
    save_packed(&(struct packed_case){ .directory = large.path }, path);
    in_child(open_without_reading);
    count_checks(2);
}

/* The sum of all allocations is an upper bound of the memory that is held at a time. */
Test(packed_memory, a_mapped_model_allocates_next_to_nothing)
{
    struct packed_case c = { .directory = large.path };
    struct vit_layer_info layer = { .size = sizeof layer };

    save_packed(&c, path);
    c.packed = path;
    const size_t before = watched_bytes();
    struct vit_model *const model = opened(&c);
    const size_t asked = watched_bytes() - before;
    cr_assert_lt(asked, WEIGHTS / 64, "%zu bytes", asked);
    cr_assert(vit_model_layer_at(model, 0, &layer));
    vit_model_free(model);
    count_checks(2);
}

/* A row's panel at a time: docs/packed.md. */
Test(packed_memory, opening_a_float16_checkpoint_takes_its_packed_bytes_and_little_more)
{
    const struct made_directory half = large_checkpoint("F16");
    const struct packed_case c = { .directory = half.path, .precision = VIT_PRECISION_FLOAT16 };
    struct vit_layer_info layer = { .size = sizeof layer };
    size_t packed = 0;

    const size_t before = watched_bytes();
    struct vit_model *const model = opened(&c);
    const size_t asked = watched_bytes() - before;
    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
        packed += layer.bytes;
    cr_assert(packed > WEIGHTS / 2 && packed < WEIGHTS * 5 / 8, "%zu bytes packed", packed);
    /* the huge pages of the block, 2 MiB; then names, plans and a chunk of rows */
    cr_assert(asked >= packed && asked < packed + (3 << 20), "%zu bytes asked for, %zu packed",
              asked, packed);
    vit_model_free(model);
    remove_directory(&half);
    count_checks(2);
}

/* --- sharing */

/* One process has used all pages, and another one uses them too. */
static void use_all_pages(void)
{
    const struct packed_case c = { .directory = large.path, .packed = path };
    const long dirty = proc_sum("smaps_rollup", "Private_Dirty");
    const long clean = proc_sum("smaps_rollup", "Private_Clean");
    const long set = proc_sum("smaps_rollup", "Pss"), shared = proc_sum("smaps_rollup", "Rss");
    struct vit_model *model;

    expect(open_status(&c, &model, NULL) == VIT_OK, "expected the model to open", 0);
    expect(vit_model_verify_packed(model, NULL) == VIT_OK, "expected its digests", 0);
    const long more = proc_sum("smaps_rollup", "Private_Dirty") - dirty +
                      proc_sum("smaps_rollup", "Private_Clean") - clean;
    const long pss = proc_sum("smaps_rollup", "Pss") - set;
    const long rss = proc_sum("smaps_rollup", "Rss") - shared;
    if (getenv("VIT_SHOW"))
        fprintf(stderr, "%ld KB private, %ld KB of PSS, %ld KB of RSS\n", more, pss, rss);
    expect(rss >= WEIGHTS / 1024, "expected all pages in KB of memory", rss);
    expect(more < WEIGHTS / 1024 / 16, "expected few KB of its own", more);
    /* half of each page that two processes map */
    expect(pss < WEIGHTS / 1024 * 5 / 8, "expected half of the pages in KB of PSS", pss);
    vit_model_free(model);
}

Test(packed_memory, a_second_process_adds_no_memory_of_its_own)
{
    struct packed_case c = { .directory = large.path };

#ifdef SANITIZED
    count_skipped("the memory of a second process: sanitizers have their own", 3);
    return;
#endif
    if (proc_sum("smaps_rollup", "Pss") < 0) {
        count_skipped("the memory of a second process: no /proc/self/smaps_rollup", 3);
        return;
    }
    save_packed(&c, path);
    c.packed = path;
    int ready[2], leave[2];
    cr_assert(pipe(ready) == 0 && pipe(leave) == 0);
    const pid_t first = fork();
    if (first == 0) {
        char byte = 1;
        struct vit_model *model;
        close(leave[1]);
        const bool used = open_status(&c, &model, NULL) == VIT_OK &&
                          vit_model_verify_packed(model, NULL) == VIT_OK &&
                          write(ready[1], &byte, 1) == 1;
        _exit(used && read(leave[0], &byte, 1) == 0 ? 0 : 1); /* until its parent is done */
    }
    char byte;
    int status;
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    in_child(use_all_pages);
    close(leave[1]);
    cr_assert(waitpid(first, &status, 0) == first && status == 0);
    count_checks(3);
}

/* --- too little memory */

/* Leaves about as many bytes: what the allocator still has is taken. */
static void limit_memory(size_t left)
{
    enum { BLOCK = 1 << 16 };
    const struct rlimit low = { 1024 * (rlim_t)proc_sum("status", "VmSize"), RLIM_INFINITY };
    void *last = NULL;

    expect(setrlimit(RLIMIT_AS, &low) == 0, "expected a limit", 0);
    for (void **block; (block = malloc(BLOCK)); last = block)
        *block = last;
    for (size_t freed = 0; last && freed < left; freed += BLOCK) {
        void *const before = *(void **)last;
        free(last);
        last = before;
    }
}

static void refuse_beforehand(const struct packed_case *c)
{
    struct vit_error err = { .message = "" };
    struct vit_model *model;

    limit_memory(WEIGHTS / 8);
    const long read = proc_sum("io", "rchar");
    const enum vit_status status = open_status(c, &model, &err);
    const long bytes = proc_sum("io", "rchar") - read;
    expect(status == VIT_ENOMEM && !model, err.message, status);
    expect(read < 0 || bytes < WEIGHTS / 64, "expected no weights read", bytes);
}

static void refuse_checkpoint(void)
{
    refuse_beforehand(&(struct packed_case){ .directory = large.path });
}

static void refuse_packed_file(void)
{
    refuse_beforehand(&(struct packed_case){ .directory = large.path, .packed = path });
}

Test(packed_memory, too_little_memory_is_an_error_before_any_weight_is_read)
{
#ifdef SANITIZED
    count_skipped("a limit of memory: sanitizers reserve more", 4);
    return;
#endif
    save_packed(&(struct packed_case){ .directory = large.path }, path);
    in_child(refuse_checkpoint);
    in_child(refuse_packed_file);
    count_checks(4);
}

static void save_in_little_memory(void)
{
    struct packed_case c = { .directory = large.path };
    struct vit_model *const model = opened(&c);

    limit_memory(2 << 20);
    expect(vit_model_save_packed(model, path, NULL) == VIT_OK, "expected the file", 0);
}

Test(packed_memory, saving_copies_nothing)
{
#ifdef SANITIZED
    count_skipped("a limit of memory: sanitizers reserve more", 1);
    return;
#endif
    in_child(save_in_little_memory);
    count_checks(1);
}
