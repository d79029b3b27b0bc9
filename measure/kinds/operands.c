/* operands.c - the input of measurements, and the sample of rows that is compared with scalar */
#include "measure/kinds/operands.h"

#include <stdint.h>
#include <string.h>

const char no_memory[] = "no memory";
const char differs_from_scalar[] = "the result differs from scalar's";

void fill_uniform(size_t count, float *x)
{
    uint64_t state = 1;

    for (size_t i = 0; i < count; i++) {
        /* the constants of Knuth's MMIX, TAOCP 2, 3.3.4; 24 bits are exact in a float */
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (float)(state >> 40) / 8388608.0f - 1.0f;
    }
}

struct sample sample_of(size_t rows, size_t i)
{
    if (rows <= MAX_SAMPLE_ROWS) { /* few rows: one part has all of them */
        return (struct sample){ 0, i == 0 ? rows : 0 };
    }
    const size_t firsts[SAMPLES] = { 0, rows / 2 - SAMPLE_ROWS / 2, rows - SAMPLE_ROWS };
    return (struct sample){ firsts[i], SAMPLE_ROWS };
}

bool same_rows(size_t rows, size_t n, const float *a, size_t lda, const float *b, size_t ldb)
{
    for (size_t i = 0; i < rows; i++)
        if (memcmp(a + i * lda, b + i * ldb, n * sizeof *a) != 0)
            return false;
    return true;
}
