/* expect_config.c - assertions on parsed configurations and on opened checkpoints */
#include "tests/expect_config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "tests/counts.h"

static struct text_file text_of(const char *path, const char *text)
{
    return (struct text_file){ path, text, text ? strlen(text) : 0 };
}

static enum vit_status parse(const char *config, const char *preprocessor, const char *processor,
                             struct parsed_config *parsed, struct vit_error *err)
{
    const struct config_files files = {
        .config = text_of("some/config.json", config),
        .preprocessor = text_of("some/preprocessor_config.json", preprocessor),
        .processor = text_of("some/processor_config.json", processor),
    };

    return parse_config(&files, NULL, parsed, err);
}

struct parsed_config expect_config(const char *config, const char *preprocessor)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(config, preprocessor, NULL, &parsed, &err), VIT_OK, "%s: %s", config,
                 err.message);
    count_checks(1);
    return parsed;
}

void expect_rejected_processor(const char *config, const char *preprocessor, const char *processor,
                               enum vit_status status, const char *words)
{
    struct parsed_config parsed;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(config, preprocessor, processor, &parsed, &err), status, "%s: %s", words,
                 err.message);
    cr_assert_eq(err.status, status);
    cr_assert_eq(strncmp(err.message, "some/", 5), 0, "no path in: %s", err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    count_checks(4);
}

void expect_rejected_config(const char *config, const char *preprocessor, enum vit_status status,
                            const char *words)
{
    expect_rejected_processor(config, preprocessor, NULL, status, words);
}

void expect_source(const struct parsed_config *parsed, const char *field, const char *source)
{
    struct vit_config_entry entry = { .name = "" };
    size_t i = 0;

    while (provenance_entry(&parsed->provenance, &parsed->config, i, &entry) &&
           strcmp(entry.name, field) != 0)
        i++;
    cr_assert_str_eq(entry.name, field);
    cr_assert_str_eq(entry.source, source, "%s: %s", field, entry.source);
    count_checks(2);
}

struct checkpoint *expect_checkpoint(const struct made_directory *directory)
{
    struct checkpoint *checkpoint = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(checkpoint_open(&(struct checkpoint_place){ .path = directory->path }, 0, 0,
                                 &checkpoint, &err),
                 VIT_OK, "%s", err.message);
    count_checks(1);
    return checkpoint;
}

void expect_rejected_checkpoint(const struct made_directory *directory, enum vit_status status,
                                const char *words)
{
    struct checkpoint *checkpoint = NULL;
    struct vit_error err = { 0 };

    cr_assert_eq(checkpoint_open(&(struct checkpoint_place){ .path = directory->path }, 0, 0,
                                 &checkpoint, &err),
                 status, "%s", err.message);
    cr_assert_null(checkpoint);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    count_checks(3);
}
