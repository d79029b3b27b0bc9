/* outputs.c - the table of outputs */
#include "server/outputs.h"

const struct served_output_row served_outputs[SERVED_OUTPUTS] = {
    [SERVED_LOGITS] = { "logits", VIT_OUTPUT_LOGITS, 1 },
    [SERVED_EMBEDDING] = { "embedding", VIT_OUTPUT_EMBEDDING, 1 },
    [SERVED_TOKENS] = { "tokens", VIT_OUTPUT_LAST_HIDDEN_STATE, 2 },
};
