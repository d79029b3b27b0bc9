/* mapped_directory.h - the files of a directory in memory that cannot be written, for tests */
#ifndef VIT_TESTS_MAPPED_DIRECTORY_H
#define VIT_TESTS_MAPPED_DIRECTORY_H

#include "vit/vit.h"

enum { MAPPED_MAX = 16 };

struct mapped_directory {
    size_t count;
    struct vit_file files[MAPPED_MAX];
};

/* In the order of the listing; ends the test if that fails. */
struct mapped_directory map_directory(const char *path);
void unmap_directory(struct mapped_directory *directory);

#endif
