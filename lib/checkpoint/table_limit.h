/* table_limit.h - how large a table of positions a checkpoint may ask for */
#ifndef VIT_CHECKPOINT_TABLE_LIMIT_H
#define VIT_CHECKPOINT_TABLE_LIMIT_H

#include "files/tensors.h"
#include "vit/config.h"

/*
 * VIT_EUNSUPPORTED: at the size that the files name, which may be far from that of their weights,
 * the tables of positions would take more than twice as many numbers as the weights and 2^23: a
 * small file must not make a large table.
 */
enum vit_status table_check(const char *path, const struct vit_config *config,
                            const struct tensors *tensors, struct vit_error *err);

#endif
