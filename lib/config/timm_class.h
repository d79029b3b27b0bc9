/* timm_class.h - the classes of timm's Vision Transformers */
#ifndef VIT_CONFIG_TIMM_CLASS_H
#define VIT_CONFIG_TIMM_CLASS_H

enum timm_class { TIMM_VIT, TIMM_EVA, TIMM_BEIT };

#endif
