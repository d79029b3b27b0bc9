/* shard_list.c - the shards of a command line: archives, lists and directories of pictures */
#include "tools/shard_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"

static const struct {
    const char *end;
    enum shard_kind kind;
} kinds[] = {
    { ".tar", SHARD_TAR },     { ".tar.gz", SHARD_TAR }, { ".tgz", SHARD_TAR },
    { ".tar.zst", SHARD_TAR }, { ".txt", SHARD_LIST },
};

/* --- a shard */

/* The kind of a path and the length of its name without the end that says so. */
static enum shard_kind kind_of(const char *name, size_t *length)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const size_t end = strlen(kinds[i].end);
        if (*length > end && strncmp(name + *length - end, kinds[i].end, end) == 0) {
            *length -= end;
            return kinds[i].kind;
        }
    }
    return SHARD_DIRECTORY;
}

static enum vit_status add(const char *path, struct shard_list *list, struct vit_error *err)
{
    size_t length = strlen(path);

    while (length > 1 && path[length - 1] == '/')
        length--;
    const char *name = path + length;
    while (name > path && name[-1] != '/')
        name--;
    length -= (size_t)(name - path);
    if (length == 0 || name[0] == '.')
        return tool_fail(err, VIT_EINVAL,
                         "--shards: expected a path whose last part does not begin with '.', "
                         "found '%s'",
                         path_end(path));
    const enum shard_kind kind = kind_of(name, &length);
    struct shard *const s = &list->shards[list->count];
    *s = (struct shard){ kind, strdup(path), strndup(name, length) };
    list->paths[list->count++] = s->path;
    return s->path && s->name ? VIT_OK : tool_no_memory(err);
}

/* --- ranges */

/* "{000..999}": what is before it, its first number and how many there are, what is behind */
struct range {
    const char *begin, *behind;
    size_t first, count; /* count 0: the last one is less than the first */
    int digits;
};

static const char *scan_number(const char *text, size_t *number, int *digits)
{
    size_t length = 0;

    *number = 0;
    for (; text[length] >= '0' && text[length] <= '9'; length++)
        if (length < 9)
            *number = 10 * *number + (size_t)(text[length] - '0');
    if (text[0] == '0' && (int)length > *digits)
        *digits = (int)length;
    return length > 0 && length <= 9 ? text + length : NULL;
}

/* The first range of a text; false: it has none. */
static bool find_range(const char *text, struct range *r)
{
    for (const char *brace = strchr(text, '{'); brace; brace = strchr(brace + 1, '{')) {
        int zeros = 0;
        const char *at = scan_number(brace + 1, &r->first, &zeros);
        const int first_length = at ? (int)(at - brace) - 1 : 0;
        if (!at || strncmp(at, "..", 2) != 0)
            continue;
        size_t last;
        const char *const end = scan_number(at + 2, &last, &zeros);
        if (!end || *end != '}')
            continue;
        const int last_length = (int)(end - at) - 2;
        r->digits = zeros == 0 ? 0 : first_length > last_length ? first_length : last_length;
        r->count = last < r->first ? 0 : last - r->first + 1;
        r->begin = brace;
        r->behind = end + 1;
        return true;
    }
    return false;
}

/* How many shards a text stands for; MAX_SHARDS + 1: too many; 0: a range is empty. */
static size_t count_shards(const char *text)
{
    struct range r;
    size_t count = 1;

    for (; find_range(text, &r); text = r.behind) {
        if (r.count == 0)
            return 0;
        count = r.count > MAX_SHARDS / count ? MAX_SHARDS + 1 : count * r.count;
        if (count > MAX_SHARDS)
            return count;
    }
    return count;
}

/* Shard i of a text: the last range counts fastest. */
static char *shard_path(const char *text, size_t i)
{
    const size_t size = strlen(text) + 1; /* a range is longer than its numbers */
    char *const path = malloc(size);
    size_t length = 0, rest = count_shards(text);
    struct range r;

    if (!path)
        return NULL;
    for (; rest && find_range(text, &r) && r.count; text = r.behind) {
        rest /= r.count;
        const size_t number = r.first + i / rest;
        i %= rest;
        length += (size_t)snprintf(path + length, size - length, "%.*s%0*zu", (int)(r.begin - text),
                                   text, r.digits, number);
    }
    snprintf(path + length, size - length, "%s", text);
    return path;
}

/* --- the list */

static int by_name(const void *a, const void *b)
{
    const struct shard *const *p = a, *const *q = b;

    return strcmp((*p)->name, (*q)->name);
}

/* Two shards of one name would write the same files. */
static enum vit_status check_names(const struct shard_list *list, struct vit_error *err)
{
    for (size_t i = 1; i < list->count; i++)
        if (strcmp(list->by_name[i - 1]->name, list->by_name[i]->name) == 0)
            return tool_fail(err, VIT_EINVAL,
                             "--shards: expected a name for each shard, found '%s' twice: %s and "
                             "%s",
                             path_end(list->by_name[i]->name), path_end(list->by_name[i - 1]->path),
                             path_end(list->by_name[i]->path));
    return VIT_OK;
}

static enum vit_status sort_by_name(struct shard_list *list, struct vit_error *err)
{
    list->by_name = malloc((list->count + 1) * sizeof *list->by_name);
    if (!list->by_name)
        return tool_no_memory(err);
    for (size_t i = 0; i < list->count; i++)
        list->by_name[i] = &list->shards[i];
    qsort(list->by_name, list->count, sizeof *list->by_name, by_name);
    return check_names(list, err);
}

/* glibc's bsearch is inline: see verify_sample.c. */
const struct shard *shard_list_find(const struct shard_list *list, const char *name)
{
    size_t first = 0, end = list->count;

    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const int order = strcmp(list->by_name[middle]->name, name);
        if (order == 0)
            return list->by_name[middle];
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

static enum vit_status add_each(const char *text, struct shard_list *list, struct vit_error *err)
{
    const size_t count = count_shards(text);
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < count; i++) {
        char *const path = shard_path(text, i);
        status = path ? add(path, list, err) : tool_no_memory(err);
        free(path);
    }
    return status;
}

/* One more than there are: calloc of nothing may return NULL. */
static enum vit_status allocate(size_t count, struct shard_list *list, struct vit_error *err)
{
    list->shards = calloc(count + 1, sizeof *list->shards);
    list->paths = calloc(count + 1, sizeof *list->paths);
    return list->shards && list->paths ? VIT_OK : tool_no_memory(err);
}

enum vit_status shard_list_create(size_t count, char *const *texts, struct shard_list *list,
                                  struct vit_error *err)
{
    size_t total = 0;

    *list = (struct shard_list){ 0 };
    for (size_t i = 0; i < count; i++) {
        const size_t shards = count_shards(texts[i]);
        if (shards == 0)
            return tool_fail(err, VIT_EINVAL,
                             "--shards: expected a range from a smaller to a larger number, "
                             "found '%s'",
                             path_end(texts[i]));
        total += shards;
        if (total > MAX_SHARDS)
            return tool_fail(err, VIT_EINVAL, "--shards: expected at most %d shards, found more",
                             MAX_SHARDS);
    }
    enum vit_status status = allocate(total, list, err);
    for (size_t i = 0; !status && i < count; i++)
        status = add_each(texts[i], list, err);
    return status ? status : sort_by_name(list, err);
}

enum vit_status shard_list_of_paths(size_t count, char *const *paths, struct shard_list *list,
                                    struct vit_error *err)
{
    *list = (struct shard_list){ 0 };
    enum vit_status status = allocate(count, list, err);
    for (size_t i = 0; !status && i < count; i++)
        status = add(paths[i], list, err);
    return status;
}

void shard_list_free(struct shard_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->shards[i].path);
        free(list->shards[i].name);
    }
    free(list->by_name);
    free(list->shards);
    free(list->paths);
    *list = (struct shard_list){ 0 };
}
