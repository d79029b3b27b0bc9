/* allocator.h - a malloc and its siblings that count, and fail where the program says so */
#ifndef VIT_TESTS_FAULTS_ALLOCATOR_H
#define VIT_TESTS_FAULTS_ALLOCATOR_H

#include <stdbool.h>

/*
 * They stand before those of the C library for every library in the process. The program may set
 * each number at any time; blocks from before may be freed, so that a number is below 0. One thread
 * at a time allocates.
 */
struct allocator {
    long blocks, bytes;  /* allocated and not freed */
    long peak;           /* the most bytes at one time */
    bool (*fails)(void); /* whether the next allocation fails; NULL: none does */
};
extern struct allocator allocator;

#endif
