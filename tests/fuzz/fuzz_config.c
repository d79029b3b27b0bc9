/* fuzz_config.c - libFuzzer target: any bytes as a config.json; what passes must be computable */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "checkpoint/config.h"

static void demand(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_file file;
    struct vit_error err = { .status = VIT_OK };

    if (config_parse(&(struct config_text){ "config.json", (const char *)data, size }, NULL, NULL,
                     &file, &err)) {
        demand(err.status != VIT_OK && strlen(err.message) > 0);
        return 0;
    }
    demand(config_check(&file.config, NULL) == VIT_OK);
    demand(file.recipe.size == sizeof file.recipe);
    demand(file.recipe.crop_pct > 0 && file.recipe.crop_pct <= 1);
    demand(file.recipe.height == file.config.height && file.recipe.width == file.config.width);
    demand(file.labels.count == 0 || file.labels.count == file.config.classes);
    labels_free(&file.labels);
    return 0;
}
