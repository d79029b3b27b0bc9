/* cpu_text.h - this machine's processor in one line, for reports */
#ifndef VIT_MEASURE_CPU_TEXT_H
#define VIT_MEASURE_CPU_TEXT_H

#include <stddef.h>

/*
 * "32 KiB L1d, 1 MiB L2, 2 of 32 MiB L3": what a core may count on, of the whole cache where that
 * is known and larger.
 */
void cpu_caches_text(char *text, size_t size);

#endif
