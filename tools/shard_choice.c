/* shard_choice.c - --shard: which of the shards this process computes */
#include "tools/shard_choice.h"

#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/values.h"

enum { MAX_PARTS = 1000000 };

bool parse_shard(const struct option *option, const char *text, void *field)
{
    struct shard_choice *const choice = field;

    (void)option;
    *choice = (struct shard_choice){ .automatic = strcmp(text, "auto") == 0 };
    if (choice->automatic)
        return true;
    return scan_digits(&text, MAX_PARTS, &choice->index) && *text++ == '/' &&
           scan_digits(&text, MAX_PARTS, &choice->count) && *text == '\0' &&
           choice->index < choice->count;
}

/* --- auto */

/* The number that a variable has. VIT_EINVAL: it is not set, or not a number. */
static enum vit_status number_of(const char *name, size_t *number, struct vit_error *err)
{
    const char *text = getenv(name);

    if (!text)
        return tool_fail(err, VIT_EINVAL, "--shard auto: expected %s, found it unset", name);
    const char *const whole = text;
    if (!scan_digits(&text, MAX_PARTS, number) || *text != '\0')
        return tool_fail(err, VIT_EINVAL, "--shard auto: %s: expected a whole number, found '%s'",
                         name, path_end(whole));
    return VIT_OK;
}

/*
 * The rank and size that launchers give each process. Slurm's are those of a step: a batch script
 * itself has SLURM_PROCID and SLURM_NTASKS too, but runs once.
 */
static const struct {
    const char *index, *count;
} launchers[] = {
    { "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE" },
    { "PMI_RANK", "PMI_SIZE" },
    { "SLURM_PROCID", "SLURM_STEP_NUM_TASKS" },
};

static enum vit_status read_rank(struct shard_choice *rank, bool *found, struct vit_error *err)
{
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (!getenv(launchers[i].count))
            continue;
        *found = true;
        const enum vit_status status = number_of(launchers[i].index, &rank->index, err);
        return status ? status : number_of(launchers[i].count, &rank->count, err);
    }
    return VIT_OK;
}

/* A task of an array, which counts from any number in steps: --array=10-30:10 */
static enum vit_status read_array(struct shard_choice *task, bool *found, struct vit_error *err)
{
    size_t id = 0, min = 0, max = 0, step = 1;
    enum vit_status status = VIT_OK;

    if (!getenv("SLURM_ARRAY_TASK_ID"))
        return VIT_OK;
    *found = true;
    status = number_of("SLURM_ARRAY_TASK_ID", &id, err);
    if (!status)
        status = number_of("SLURM_ARRAY_TASK_MIN", &min, err);
    if (!status)
        status = number_of("SLURM_ARRAY_TASK_MAX", &max, err);
    if (!status)
        status = number_of("SLURM_ARRAY_TASK_COUNT", &task->count, err);
    if (!status && getenv("SLURM_ARRAY_TASK_STEP"))
        status = number_of("SLURM_ARRAY_TASK_STEP", &step, err);
    if (status)
        return status;
    if (step == 0 || id < min || id > max || (id - min) % step != 0 ||
        (max - min) / step + 1 != task->count)
        return tool_fail(err, VIT_EINVAL,
                         "--shard auto: expected an array of tasks in equal steps, found task %zu "
                         "of %zu from %zu to %zu; give --shard I/N",
                         id, task->count, min, max);
    task->index = (id - min) / step;
    return VIT_OK;
}

enum vit_status shard_choice_resolve(struct shard_choice *choice, struct vit_error *err)
{
    struct shard_choice rank = { .count = 1 }, task = { .count = 1 };
    bool found = false;

    if (!choice->automatic)
        return VIT_OK;
    enum vit_status status = read_rank(&rank, &found, err);
    if (!status)
        status = read_array(&task, &found, err);
    if (status)
        return status;
    if (!found)
        return tool_fail(err, VIT_EINVAL,
                         "--shard auto: expected variables of Slurm, Open MPI or PMI, found none; "
                         "give --shard I/N");
    if (rank.index >= rank.count)
        return tool_fail(err, VIT_EINVAL, "--shard auto: expected a rank below %zu, found %zu",
                         rank.count, rank.index);
    *choice = (struct shard_choice){ .index = task.index * rank.count + rank.index,
                                     .count = task.count * rank.count };
    return VIT_OK;
}
