/* fuzz_config.c - libFuzzer target: any bytes as a config.json and, after a NUL each, a
 * preprocessor_config.json and a processor_config.json; what passes must be computable */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/parse_config.h"
#include "config/check.h"
#include "tests/fuzz/demand.h"

/* The bytes up to a NUL or the end, as a file; *at is NULL behind the last. */
static struct text_file next_file(const char *path, const char **at, size_t *size)
{
    const char *const text = *at, *const nul = text && *size > 0 ? memchr(text, 0, *size) : NULL;
    const size_t bytes = !text ? 0 : nul ? (size_t)(nul - text) : *size;

    *at = nul ? nul + 1 : NULL;
    *size -= nul ? bytes + 1 : *size;
    return (struct text_file){ path, text, bytes };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parsed_config file;
    struct vit_error err = { .status = VIT_OK };
    const char *at = (const char *)data;
    const struct config_files files = {
        .config = next_file("config.json", &at, &size),
        .preprocessor = next_file("preprocessor_config.json", &at, &size),
        .processor = next_file("processor_config.json", &at, &size),
    };

    if (parse_config(&files, NULL, &file, &err)) {
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
