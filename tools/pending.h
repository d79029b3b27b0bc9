/* pending.h - files and folders of temporary names, which a signal or exit removes */
#ifndef VIT_TOOLS_PENDING_H
#define VIT_TOOLS_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PENDING_SUFFIX = 64 }; /* bytes that a temporary name may have more than the target's */

/*
 * Creates a file of a name that no file has: the target's, cut so that the suffix fits, in its
 * directory. Writes the name to `path`, of strlen(target) + PENDING_SUFFIX bytes, which must stay
 * until pending_replace removes it. Returns a descriptor for writing; -1: errno says why.
 */
int pending_create(const char *target, mode_t mode, char *path);

/* The same for a folder, whose files are added after it; false: errno says why. */
bool pending_create_folder(const char *target, char *path);

/*
 * Puts a name in the place of another. pending_replace(NULL, path) adds one, of 16 at most;
 * pending_replace(path, NULL) removes it.
 */
void pending_replace(const char *was, char *is);

#endif
