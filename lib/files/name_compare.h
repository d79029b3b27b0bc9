/* name_compare.h - compares two names behind what they are known to share */
#ifndef VIT_FILES_NAME_COMPARE_H
#define VIT_FILES_NAME_COMPARE_H

#include <stddef.h>

/*
 * The sign of strcmp. The names share *common bytes, which are not read; *common is then all that
 * they share.
 */
int name_compare(const char *a, const char *b, size_t *common);

#endif
