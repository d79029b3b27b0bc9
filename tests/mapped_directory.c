/* mapped_directory.c - the files of a directory in memory that cannot be written, for tests */
#include "mapped_directory.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct mapped_directory map_directory(const char *path)
{
    struct mapped_directory list = { 0 };
    DIR *const directory = opendir(path);
    const struct dirent *entry;

    cr_assert(directory, "%s", path);
    while ((entry = readdir(directory))) {
        char name[512];
        struct stat info;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (stat(name, &info) != 0 || !S_ISREG(info.st_mode))
            continue;
        FILE *const file = fopen(name, "rb");
        const size_t bytes = (size_t)info.st_size;
        void *const data =
            mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(file && data != MAP_FAILED && fread(data, 1, bytes, file) == bytes);
        fclose(file);
        cr_assert_eq(mprotect(data, bytes + 1, PROT_READ), 0);
        cr_assert_lt(list.count, MAPPED_MAX);
        list.files[list.count++] = (struct vit_file){
            .size = sizeof *list.files, .name = strdup(entry->d_name), .data = data, .bytes = bytes
        };
    }
    closedir(directory);
    return list;
}

void unmap_directory(struct mapped_directory *list)
{
    for (size_t i = 0; i < list->count; i++) {
        munmap((void *)list->files[i].data, list->files[i].bytes + 1);
        free((void *)list->files[i].name);
    }
    list->count = 0;
}
