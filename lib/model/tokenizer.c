/* tokenizer.c - which tokenizer a configuration has */
#include "model/tokenizer.h"

const struct tokenizer_ops *tokenizer_of(const struct vit_config *config)
{
    static const struct tokenizer_ops *const tokenizers[] = {
        [VIT_TOKENIZER_PATCH] = &tokenizer_patch,
        [VIT_TOKENIZER_T2T_QK_SCALE] = &tokenizer_t2t,
        [VIT_TOKENIZER_T2T_TRANSFORMER] = &tokenizer_t2t,
        [VIT_TOKENIZER_T2T_PERFORMER] = &tokenizer_t2t,
    };
    return tokenizers[config->tokenizer];
}
