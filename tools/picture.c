/* picture.c - a picture of a shard, before it is decoded */
#include "tools/picture.h"

#include <stdlib.h>

void picture_free(struct picture *p)
{
    free(p->key);
    free(p->path);
    free(p->bytes);
    *p = (struct picture){ 0 };
}
