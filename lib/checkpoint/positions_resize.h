/* positions_resize.h - how a family resizes its table of positions to another grid */
#ifndef VIT_CHECKPOINT_POSITIONS_RESIZE_H
#define VIT_CHECKPOINT_POSITIONS_RESIZE_H

enum positions_resize {
    RESIZE_NEVER,             /* it does not */
    RESIZE_BICUBIC_ANTIALIAS, /* timm: a = −1/2, the filter is widened when shrinking */
    RESIZE_BICUBIC,           /* Hugging Face: a = −3/4 */
    RESIZE_BILINEAR,          /* T2T-ViT */
    RESIZE_BILINEAR_CORNERS,  /* Google: corners map to corners */
};

#endif
