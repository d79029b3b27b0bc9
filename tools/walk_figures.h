/* walk_figures.h - the figures of `libvit walk`, as PNG files in a folder */
#ifndef VIT_TOOLS_WALK_FIGURES_H
#define VIT_TOOLS_WALK_FIGURES_H

#include "tools/atomic_folder.h"
#include "tools/walk.h"

/*
 * Writes the figures to an open folder, which the caller commits.
 *   patch  row by row, of the first soft split in T2T; INDEX_NONE: one in the middle
 * VIT_EINVAL: the model has no such patch; VIT_EFORMAT: numbers that are not finite; VIT_EIO;
 * VIT_ENOMEM.
 */
enum vit_status walk_draw(const struct session *session, const struct vit_image *pixels,
                          const struct walk *walk, size_t patch, struct atomic_folder *folder,
                          struct vit_error *err);

#endif
