/* options.c - the command line: one table of options, parsed strictly */
#include "tools/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"

struct option_rule {
    const char *name;  /* "top"; NULL: the letter alone */
    char letter;       /* 'o'; 0: the name alone */
    const char *value; /* what the help calls its argument; NULL: a flag */
    unsigned verbs;    /* that take it */
    bool (*parse)(const struct option_rule *rule, const char *text, void *field);
    size_t field;         /* offset in struct options */
    double low, high;     /* bounds of a number */
    const char *expected; /* the value, in words; of a choice, the words themselves */
    const char *help;
};

static bool parse_flag(const struct option_rule *rule, const char *text, void *field)
{
    (void)rule;
    (void)text;
    *(bool *)field = true;
    return true;
}

static bool parse_text(const struct option_rule *rule, const char *text, void *field)
{
    (void)rule;
    *(const char **)field = text;
    return *text != '\0';
}

/* Digits alone: strtoul would take a sign, spaces and whatever follows. Moves *text past them. */
static bool digits(const char **text, double high, size_t *value)
{
    const char *p = *text;

    *value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        *value = 10 * *value + (size_t)(*p - '0');
        if ((double)*value > high)
            return false;
    }
    const bool any = p != *text;
    *text = p;
    return any;
}

static bool parse_count(const struct option_rule *rule, const char *text, void *field)
{
    size_t *const value = field;
    return digits(&text, rule->high, value) && *text == '\0' && (double)*value >= rule->low;
}

/* A decimal number, moving *text past it: strtod alone would take spaces, hex, inf and nan. */
static bool decimal(const struct option_rule *rule, const char **text, double *value)
{
    const size_t length = strspn(*text, "0123456789.+-eE");
    char *end;

    if (length == 0)
        return false;
    *value = strtod(*text, &end);
    const bool whole = end == *text + length;
    *text = end;
    return whole && *value >= rule->low && *value <= rule->high;
}

static bool parse_number(const struct option_rule *rule, const char *text, void *field)
{
    return decimal(rule, &text, field) && *text == '\0';
}

/* "a,b,c", one number for each channel */
static bool parse_channels(const struct option_rule *rule, const char *text, void *field)
{
    double *const values = field;

    for (int i = 0; i < 3; i++) {
        if ((i > 0 && *text++ != ',') || !decimal(rule, &text, &values[i]))
            return false;
    }
    return *text == '\0';
}

/* "HxW", into two sizes */
static bool parse_size(const struct option_rule *rule, const char *text, void *field)
{
    size_t *const size = field;

    return digits(&text, rule->high, &size[0]) && *text++ == 'x' &&
           digits(&text, rule->high, &size[1]) && *text == '\0' && size[0] > 0 && size[1] > 0;
}

/* One of the words of `expected`, "this or that"; the field takes its number. */
static bool parse_choice(const struct option_rule *rule, const char *text, void *field)
{
    const char *const separator = strstr(rule->expected, " or ");
    const size_t first = (size_t)(separator - rule->expected);
    size_t *const choice = field;

    *choice = strncmp(text, rule->expected, first) != 0 || text[first] != '\0';
    return *choice == 0 || strcmp(text, separator + strlen(" or ")) == 0;
}

static bool parse_output(const struct option_rule *rule, const char *text, void *field)
{
    static const char *const names[] = { [VIT_OUTPUT_LOGITS] = "logits",
                                         [VIT_OUTPUT_TOKENS] = "tokens",
                                         [VIT_OUTPUT_BLOCK] = "block.",
                                         [VIT_OUTPUT_FEATURES] = "features" };
    struct options *const options = field;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const size_t length = strlen(names[i]);
        const char *rest = text + length;
        options->output = (enum vit_output)i;
        if (strncmp(text, names[i], length) != 0)
            continue;
        if (i == VIT_OUTPUT_BLOCK)
            return digits(&rest, rule->high, &options->block) && *rest == '\0';
        return *rest == '\0';
    }
    return false;
}

#define FIELD(name) offsetof(struct options, name)

static const struct option_rule rules[] = {
    { "top", 0, "K", FOR_CLASSIFY, parse_count, FIELD(top), 1, 1e6,
      "a whole number from 1 to 1000000",
      "classes to name for each image; 5 for one image, else 1" },
    { NULL, 'o', "OUT.npy", FOR_RUN | FOR_PREPROCESS, parse_text, FIELD(out_path), 0, 0,
      "the name of a file", "where the result goes" },
    { "output", 0, "WHAT", FOR_RUN, parse_output, 0, 0, 1e6, "logits, tokens, block.N or features",
      "logits (the default), tokens (after the projection), block.N (after\n"
      "block N, counted from 0) or features (after the final norm)" },
    { "model", 0, "MODEL", FOR_PREPROCESS, parse_text, FIELD(model), 0, 0, "a checkpoint folder",
      "take the recipe from this checkpoint" },
    { "size", 0, "HxW", FOR_PREPROCESS, parse_size, FIELD(size), 1, 65536,
      "HEIGHTxWIDTH, each from 1 to 65536", "height and width of the result" },
    { "interpolation", 0, "HOW", FOR_PREPROCESS, parse_choice, FIELD(interpolation), 0, 0,
      "bicubic or bilinear", "bicubic (the default) or bilinear" },
    { "crop-pct", 0, "P", FOR_PREPROCESS, parse_number, FIELD(crop_pct), 0.001, 1,
      "a number from 0.001 to 1", "the share that the crop keeps; 0.875" },
    { "crop-mode", 0, "MODE", FOR_PREPROCESS, parse_choice, FIELD(crop_mode), 0, 0,
      "center or squash", "center (the default) or squash" },
    { "mean", 0, "A,B,C", FOR_PREPROCESS, parse_channels, FIELD(mean), -1e6, 1e6,
      "three numbers, such as 0.5,0.5,0.5", "subtracted from pixels in 0..1; 0.485,0.456,0.406" },
    { "std", 0, "A,B,C", FOR_PREPROCESS, parse_channels, FIELD(std), 1e-6, 1e6,
      "three numbers above 0, such as 0.5,0.5,0.5", "then divides them; 0.229,0.224,0.225" },
    { "rgb", 0, "OUT.npy", FOR_PREPROCESS, parse_text, FIELD(rgb_path), 0, 0, "the name of a file",
      "where the decoded pixels go" },
    { "batch", 0, "N", FOR_BENCH, parse_count, FIELD(batch), 1, 65536,
      "a whole number from 1 to 65536", "images of one forward pass; 1" },
    { "seconds", 0, "S", FOR_BENCH, parse_number, FIELD(seconds), 0, 86400,
      "a number from 0 to 86400", "how long to measure; 5" },
    { "json", 0, NULL, FOR_CLASSIFY | FOR_INFO | FOR_BENCH, parse_flag, FIELD(json), 0, 0, NULL,
      "print JSON" },
    { "isa", 0, "LEVEL", FOR_ALL, parse_text, FIELD(isa), 0, 0, "an instruction set",
      "scalar, avx2, avx512 or neon in place of the best (also: VIT_ISA)" },
    { "threads", 0, "N", FOR_ALL, parse_count, FIELD(threads), 1, 1024,
      "a whole number from 1 to 1024",
      "threads to compute on; as many as cpuset and cgroup allow" },
    { "help", 'h', NULL, FOR_ALL, parse_flag, FIELD(help), 0, 0, NULL, "print this" },
    { "version", 0, NULL, FOR_ALL, parse_flag, FIELD(version), 0, 0, NULL, "print the version" },
};

enum { RULES = sizeof rules / sizeof *rules, FIRST_CODE = 256 /* above every letter */ };
_Static_assert(RULES <= 32, "options.given has a bit for each");

/* The rules as getopt_long wants them: rule i has the code FIRST_CODE + i, or its letter. */
static void getopt_tables(struct option *longs, char *letters)
{
    *letters++ = '-'; /* hand operands over in order, and never stop at one */
    *letters++ = ':'; /* tell a missing argument from an unknown option */
    for (int i = 0; i < RULES; i++) {
        if (rules[i].name) {
            longs->name = rules[i].name;
            longs->has_arg = rules[i].value ? required_argument : no_argument;
            longs++->val = FIRST_CODE + i;
        }
        if (rules[i].letter) {
            *letters++ = rules[i].letter;
            if (rules[i].value)
                *letters++ = ':';
        }
    }
}

static const struct option_rule *rule_of(int code)
{
    if (code >= FIRST_CODE)
        return &rules[code - FIRST_CODE];
    for (int i = 0; i < RULES; i++) {
        if (rules[i].letter && rules[i].letter == code)
            return &rules[i];
    }
    return NULL;
}

/* "--top" or "-o" */
static const char *spelling(const struct option_rule *rule, char text[32])
{
    if (rule->name)
        snprintf(text, 32, "--%s", rule->name);
    else
        snprintf(text, 32, "-%c", rule->letter);
    return text;
}

static enum vit_status refuse(int code, const char *argument, struct vit_error *err)
{
    const struct option_rule *const rule = optopt ? rule_of(optopt) : NULL;
    char name[32];

    if (rule && code == ':')
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found nothing", spelling(rule, name),
                         rule->expected);
    if (rule)
        return tool_fail(err, VIT_EINVAL, "%s: expected no value, found '%s'", spelling(rule, name),
                         argument);
    if (optopt)
        return tool_fail(err, VIT_EINVAL, "unknown option '-%c'; vit --help names them all",
                         optopt);
    return tool_fail(err, VIT_EINVAL, "unknown option '%s'; vit --help names them all", argument);
}

enum vit_status parse_options(int argc, char **argv, struct options *options, char **operands,
                              size_t *count, struct vit_error *err)
{
    struct option longs[RULES + 1] = { 0 };
    char letters[2 * RULES + 3] = "";
    char name[32];
    int code;

    *options = (struct options){ .batch = 1,
                                 .seconds = 5,
                                 .crop_pct = 0.875,
                                 .mean = { 0.485, 0.456, 0.406 },
                                 .std = { 0.229, 0.224, 0.225 } };
    *count = 0;
    getopt_tables(longs, letters);
    opterr = 0;
    while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (code == 1) {
            operands[(*count)++] = optarg;
            continue;
        }
        if (code == '?' || code == ':')
            return refuse(code, argv[optind - 1], err);

        const struct option_rule *const rule = rule_of(code);
        if (!rule->parse(rule, optarg, (char *)options + rule->field))
            return tool_fail(err, VIT_EINVAL, "%s: expected %s, found '%s'", spelling(rule, name),
                             rule->expected, optarg);
        options->given |= 1u << (rule - rules);
        options->recipe |= rule->field >= FIELD(size);
    }
    while (optind < argc) /* what stands behind "--" */
        operands[(*count)++] = argv[optind++];
    return VIT_OK;
}

enum vit_status check_options(const struct options *options, const char *verb, enum verb_bit bit,
                              struct vit_error *err)
{
    char name[32];

    for (int i = 0; i < RULES; i++) {
        if ((options->given >> i & 1) && !(rules[i].verbs & (unsigned)bit))
            return tool_fail(err, VIT_EINVAL, "%s has no option %s; see vit %s --help", verb,
                             spelling(&rules[i], name), verb);
    }
    return VIT_OK;
}

void print_options(FILE *file, unsigned verbs)
{
    for (int i = 0; i < RULES; i++) {
        const struct option_rule *const rule = &rules[i];
        char left[64], name[32];

        if (verbs == FOR_ALL ? rule->verbs != FOR_ALL
                             : rule->verbs == FOR_ALL || !(rule->verbs & verbs))
            continue;
        snprintf(left, sizeof left, "%s%s%s", spelling(rule, name), rule->value ? " " : "",
                 rule->value    ? rule->value
                 : rule->letter ? ", -h"
                                : "");
        fprintf(file, "  %-21s ", left);
        for (const char *c = rule->help; *c; c++) {
            if (*c == '\n')
                fprintf(file, "\n%24s", "");
            else
                putc(*c, file);
        }
        putc('\n', file);
    }
}
