/* operations.c - the arithmetic that a forward pass takes */
#include "tools/operations.h"

double operations(const struct vit_config *c)
{
    const double n = (double)(c->height / c->patch) * (double)(c->width / c->patch);
    const double t = n + 1, d = (double)c->dim, m = (double)c->mlp_dim;
    const double patches = n * d * (double)(c->channels * c->patch * c->patch);
    const double block = 3 * t * d * d + 2 * t * t * d + t * d * d + 2 * t * d * m;

    return 2 * (patches + (double)c->depth * block + d * (double)c->classes);
}
