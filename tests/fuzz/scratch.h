/* scratch.h - the files that a fuzzed command line may name, and what the command did to them */
#ifndef VIT_TESTS_FUZZ_SCRATCH_H
#define VIT_TESTS_FUZZ_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Paths in the directory, and some outside of it that are harmless; NULL after the last. */
extern const char *const scratch_paths[];

/* Makes the directory and its files at the first call, then enters it. */
void scratch_enter(void);
/* Back to the directory before. */
void scratch_leave(void);

/* Declares a path that the next command may read: no file there may change. */
void scratch_input(const char *path);

/*
 * Aborts if an input has changed or a temporary file is left, or, unless the command succeeded, if
 * any file has changed or is new that is not of packed weights. Then makes the files as they were,
 * and forgets the inputs.
 */
void scratch_check(bool succeeded);

#endif
