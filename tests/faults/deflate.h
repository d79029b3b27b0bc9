/* deflate.h - a copy of a stored .npz archive whose members are deflated */
#ifndef VIT_TESTS_FAULTS_DEFLATE_H
#define VIT_TESTS_FAULTS_DEFLATE_H

#include <stdbool.h>

/* False: one of the files cannot be read or written. */
bool copy_deflated(const char *from, const char *to);

#endif
