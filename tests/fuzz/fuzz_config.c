/* fuzz_config.c - libFuzzer target: any bytes as a config.json and, after a NUL, a
 * preprocessor_config.json; what passes must be computable */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/parse_config.h"
#include "config/check.h"

static void demand(int holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parsed_config file;
    struct vit_error err = { .status = VIT_OK };
    const char *const text = (const char *)data, *const nul =
                                                     size > 0 ? memchr(data, 0, size) : NULL;
    const size_t bytes = nul ? (size_t)(nul - text) : size;
    const struct text_file config = { "config.json", text, bytes };
    const struct text_file preprocessor = { "preprocessor_config.json", nul ? nul + 1 : NULL,
                                            nul ? size - bytes - 1 : 0 };

    if (parse_config(&config, &preprocessor, NULL, &file, &err)) {
        demand(err.status != VIT_OK && strlen(err.message) > 0);
        return 0;
    }
    demand(config_check(&file.config, NULL) == VIT_OK);
    demand(file.preprocess.size == sizeof file.preprocess);
    demand(file.preprocess.crop_pct > 0 && file.preprocess.crop_pct <= 1);
    demand(file.preprocess.height == (file.height > 0 ? file.height : file.config.height));
    demand(file.preprocess.width == (file.width > 0 ? file.width : file.config.width));
    demand(file.labels.count == 0 || file.labels.count == file.config.classes);
    labels_free(&file.labels);
    return 0;
}
