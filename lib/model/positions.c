/* positions.c - the fixed sinusoid of Vaswani et al. 2017, section 3.5 */
#include <math.h>

#include "model/model.h"

void sinusoid_positions(size_t tokens, size_t dim, float *table)
{
    for (size_t j = 0; j < dim; j++) {
        const double wavelength = pow(10000.0, (double)(j / 2 * 2) / (double)dim);
        for (size_t i = 0; i < tokens; i++) {
            const double angle = (double)i / wavelength;
            table[i * dim + j] = (float)(j % 2 ? cos(angle) : sin(angle));
        }
    }
}
