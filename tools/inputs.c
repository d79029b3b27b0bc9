/* inputs.c - the files that the command reads: none of them may be its output */
#include "tools/inputs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static struct {
    char *const *paths;
    size_t count;
} inputs[MAX_INPUTS];

void inputs_forget(void)
{
    memset(inputs, 0, sizeof inputs);
}

void inputs_declare(char *const *paths, size_t count)
{
    for (size_t i = 0; i < MAX_INPUTS; i++)
        if (!inputs[i].paths) {
            inputs[i].paths = paths;
            inputs[i].count = count;
            return;
        }
}

/* Arrays are operands of their own: no subcommand reads them from a directory. */
static bool is_array(const char *name)
{
    const char *const dot = strrchr(name, '.');

    return dot && strcmp(dot, ".npy") == 0;
}

/* Whether a directory has the file under any name; linked directories are not entered. */
static bool directory_has(int fd, const struct stat *file)
{
    DIR *const directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    bool found = false;

    if (!directory) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    while (!found && (entry = readdir(directory))) {
        struct stat info, link;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(fd, entry->d_name, &link, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(link.st_mode))
            found =
                directory_has(openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file);
        else
            found = !is_array(entry->d_name) && fstatat(fd, entry->d_name, &info, 0) == 0 &&
                    info.st_dev == file->st_dev && info.st_ino == file->st_ino;
    }
    closedir(directory);
    return found;
}

const char *inputs_find(const struct stat *file)
{
    for (size_t i = 0; i < MAX_INPUTS; i++)
        for (size_t j = 0; j < inputs[i].count; j++) {
            const char *const path = inputs[i].paths[j];
            struct stat info;
            if (!path || stat(path, &info) != 0)
                continue;
            if (S_ISDIR(info.st_mode)
                    ? directory_has(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), file)
                    : info.st_dev == file->st_dev && info.st_ino == file->st_ino)
                return path;
        }
    return NULL;
}
