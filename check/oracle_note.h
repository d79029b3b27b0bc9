/* oracle_note.h - collects the largest error of an oracle, and the units of its bounds */
#ifndef VIT_CHECK_ORACLE_NOTE_H
#define VIT_CHECK_ORACLE_NOTE_H

#include "check/oracle.h"

#define U        0x1p-24  /* the relative error of one rounding */
#define SMALLEST 0x1p-149 /* the distance of subnormal numbers */

/* Adds one comparison; `at` identifies it if it is the worst. */
static inline void note(struct oracle_error *error, double distance, double at)
{
    error->count++;
    if (!(distance <= error->max)) { /* NaN counts as the worst */
        error->max = distance;
        error->at = (float)at;
    }
}

#endif
