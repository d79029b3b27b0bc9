/* subcommand.h - what main.c needs of a subcommand; each cmd_*.c defines one */
#ifndef VIT_TOOLS_SUBCOMMAND_H
#define VIT_TOOLS_SUBCOMMAND_H

#include <stdint.h>

#include "tools/values.h"

/* Whether images are turned as their EXIF orientation says. */
enum orientation { ORIENTATION_MODEL, ORIENTATION_EXIF, ORIENTATION_NONE };

enum { PRECISION_NONE = -1 };

/* The options of every subcommand. */
struct common_options {
    const char *isa;   /* NULL: VIT_ISA or the default */
    size_t threads;    /* 0: as many as this process may use */
    int orientation;   /* enum orientation */
    size_t max_pixels; /* of an image; 0: the library's default */
    int precision;     /* enum vit_precision; while options are parsed, PRECISION_NONE: not given */
    const char *keep;  /* layers that stay in float32; or NULL */
    char *packed;      /* a file of packed weights, which may be written; or NULL */
    bool digest;       /* of the model's files; info's own */
    bool verify;       /* the file of packed weights, which is then not written; info's own */
    bool help, version;
};

/* One command line. */
struct invocation {
    const struct common_options *common;
    const void *options; /* the subcommand's struct */
    size_t count;
    char **operands; /* [count] */
    bool *left_out;  /* set: the results lack some inputs, and the exit status is 1 */
};

struct subcommand {
    const char *name;
    const char *operands; /* as the usage line shows them */
    size_t min_operands, max_operands;
    const char *summary;          /* one line */
    const char *description;      /* paragraphs of --help */
    const struct option *options; /* [option_count] */
    size_t option_count;
    const void *defaults; /* of the struct that the options fill */
    size_t options_size;  /* its bytes */
    /* whether a command line names a model, which --precision and others apply to; NULL: always */
    bool (*has_model)(const struct invocation *in);
    enum vit_status (*run)(const struct invocation *in, struct vit_error *err);
};

/* For `has_model`, where the operands are models. */
static inline bool has_operand(const struct invocation *in)
{
    return in->count > 0;
}

/* The members of a subcommand that define the parsing of its options. */
#define SUBCOMMAND_OPTIONS(table, initial)                                                         \
    .options = (table), .option_count = sizeof(table) / sizeof *(table), .defaults = &(initial),   \
    .options_size = sizeof(initial)

extern const struct subcommand subcommand_classify, subcommand_features, subcommand_verify,
    subcommand_attention, subcommand_patches, subcommand_run, subcommand_preprocess,
    subcommand_compare, subcommand_info, subcommand_bench, subcommand_check, subcommand_new,
    subcommand_walk;

#endif
