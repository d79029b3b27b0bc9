/* scratch.h - the files that a fuzzed command line may name, and what the command did to them */
#ifndef VIT_TESTS_FUZZ_SCRATCH_H
#define VIT_TESTS_FUZZ_SCRATCH_H

#include <stddef.h>

/* Paths in the directory, and some outside of it that are harmless; NULL after the last. */
extern const char *const scratch_paths[];

/*
 * Makes the directory and its files at the first call, then enters it. run() makes those in `done`:
 * the command's, for the shards 0.tar and list.txt.
 */
void scratch_enter(void (*run)(void));
/* Back to the directory before. */
void scratch_leave(void);

/* Declares a path that the next command may read: no file there may change. */
void scratch_input(const char *path);

enum scratch_result {
    SCRATCH_FAILED, /* no file has changed, and what is new are packed weights */
    SCRATCH_SHARDS, /* it failed, but may have finished shards: files of them are new too */
    SCRATCH_SUCCEEDED
};

/*
 * Aborts if an input has changed, a temporary file is left, or more has changed than the result
 * allows. Then makes the files as they were, and forgets the inputs.
 */
void scratch_check(enum scratch_result what);

#endif
