/* outputs.c - the table of outputs */
#include "server/outputs.h"

#include "vit/inspect.h"

const struct served_output_row served_outputs[SERVED_OUTPUTS] = {
    [SERVED_LOGITS] = { "logits", VIT_OUTPUT_LOGITS, 1 },
    [SERVED_EMBEDDING] = { "embedding", VIT_OUTPUT_EMBEDDING, 1 },
    [SERVED_TOKENS] = { "tokens", VIT_OUTPUT_LAST_HIDDEN_STATE, 2 },
    [SERVED_ATTENTION] = { "attention", VIT_OUTPUT_ATTENTION, 2 },
};

void served_output_shape(const struct vit_model *model, enum served_output output, size_t *rows,
                         size_t *columns)
{
    vit_output_shape(model, served_outputs[output].output, 0, rows, columns);
    if (output == SERVED_ATTENTION && *rows)
        vit_model_grid(model, rows, columns);
}
