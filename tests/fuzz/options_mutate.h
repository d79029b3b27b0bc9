/* options_mutate.h - libFuzzer's mutations of a command line: of its words, which are lines */
#ifndef VIT_TESTS_FUZZ_OPTIONS_MUTATE_H
#define VIT_TESTS_FUZZ_OPTIONS_MUTATE_H

#include <stddef.h>

/* Word i that the options are made of, perhaps in `room`; NULL past the last. */
const char *options_table_word(size_t i, char room[64]);

#endif
