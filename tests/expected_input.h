/* expected_input.h - the expected inputs of tests/golden/preprocess */
#ifndef VIT_TESTS_EXPECTED_INPUT_H
#define VIT_TESTS_EXPECTED_INPUT_H

#include "files/safetensors.h"

/*
 * A tensor of expected.safetensors as float32: its numbers, or, of bytes, what torchvision makes of
 * them by a division by 255, a difference and a division, each rounded. The caller frees it.
 *   plane      the elements of a channel
 *   mean, std  of each channel
 */
float *expected_input(const struct safetensors *file, const struct safetensors_entry *entry,
                      size_t plane, const float mean[3], const float std[3]);

#endif
