/* shard_list.h - the shards of a command line: archives, lists and directories of pictures */
#ifndef VIT_TOOLS_SHARD_LIST_H
#define VIT_TOOLS_SHARD_LIST_H

#include <stddef.h>

#include "vit/status.h"

enum shard_kind { SHARD_TAR, SHARD_LIST, SHARD_DIRECTORY };

struct shard {
    enum shard_kind kind; /* by the end of the path's name, before the file is opened */
    char *path;
    char *name; /* of its outputs: "000" of "data/000.tar" */
};

struct shard_list {
    struct shard *shards;         /* [count] */
    char **paths;                 /* [count], those of the shards */
    const struct shard **by_name; /* [count], sorted; NULL: a list of paths */
    size_t count;
};

enum { MAX_SHARDS = 1 << 20 };

/*
 * Lists the shards of texts such as "data/{000..999}.tar", in their order. A range in braces stands
 * for each of its numbers, with as many digits as the longer end if one begins with 0; every other
 * character stands for itself. .tar, .tar.gz, .tgz and .tar.zst are archives, .txt is a list of
 * paths, anything else a directory. Free the list, whatever the result. VIT_EINVAL: two shards have
 * one name, a range ends before it begins, or there are more than MAX_SHARDS. VIT_ENOMEM.
 */
enum vit_status shard_list_create(size_t count, char *const *texts, struct shard_list *list,
                                  struct vit_error *err);
/* The same for paths, in which braces stand for themselves. */
enum vit_status shard_list_of_paths(size_t count, char *const *paths, struct shard_list *list,
                                    struct vit_error *err);

/* The shard of a name in a list of shard_list_create; NULL: there is none. */
const struct shard *shard_list_find(const struct shard_list *list, const char *name);

void shard_list_free(struct shard_list *list);

#endif
