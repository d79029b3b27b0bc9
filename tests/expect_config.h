/* expect_config.h - assertions on parsed configurations and on opened checkpoints */
#ifndef VIT_TESTS_EXPECT_CONFIG_H
#define VIT_TESTS_EXPECT_CONFIG_H

#include "checkpoint/parse_config.h"
#include "tests/make_checkpoint.h"

/* Each function counts its checks. The texts are some/config.json and
 * some/preprocessor_config.json; a NULL preprocessor is a file that does not exist. */

/* Expects that the texts are accepted. */
struct parsed_config expect_config(const char *config, const char *preprocessor);

/* Expects that they are rejected with this status and a message that has the path and the words. */
void expect_rejected_config(const char *config, const char *preprocessor, enum vit_status status,
                            const char *words);
/* The same with a some/processor_config.json, unless it is NULL. */
void expect_rejected_processor(const char *config, const char *preprocessor, const char *processor,
                               enum vit_status status, const char *words);

/* Expects that a field of the configuration has this source. */
void expect_source(const struct parsed_config *parsed, const char *field, const char *source);

/* Expects that checkpoint_open accepts a directory. */
struct checkpoint *expect_checkpoint(const struct made_directory *directory);

/* Expects that it rejects the directory with this status and a message that has the words. */
void expect_rejected_checkpoint(const struct made_directory *directory, enum vit_status status,
                                const char *words);

#endif
