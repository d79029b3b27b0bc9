/* options.c - the command line: one table of options, parsed strictly */
#include "tools/options.h"

#include <stdlib.h>
#include <string.h>

#include "tools/error.h"

/* What --output names, and whether it is one of a block or a stage. */
static const struct {
    const char *name;
    bool of_block;
} outputs[] = {
    [VIT_OUTPUT_LOGITS] = { "logits", false },
    [VIT_OUTPUT_PATCH_EMBEDDING] = { "tokens", false },
    [VIT_OUTPUT_BLOCK] = { "block", true },
    [VIT_OUTPUT_LAST_HIDDEN_STATE] = { "features", false },
    [VIT_OUTPUT_EMBEDDING] = { "embedding", false },
    [VIT_OUTPUT_T2T_BLOCK] = { "stage", true },
    [VIT_OUTPUT_ATTENTION] = { "attention", true },
};

const char *output_name(enum vit_output output)
{
    return (size_t)output < sizeof outputs / sizeof *outputs ? outputs[output].name : NULL;
}

bool output_takes_block(enum vit_output output)
{
    return outputs[output].of_block;
}

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

/* "HxW", or one number for a square. The bound keeps a result of 3 channels below 3 GiB. */
enum { MAX_PIXELS = 1 << 28 };
static bool parse_size(const struct option_rule *rule, const char *text, void *field)
{
    size_t *const size = field;

    if (!digits(&text, rule->high, &size[0]))
        return false;
    size[1] = size[0];
    if (*text == 'x' && (text++, !digits(&text, rule->high, &size[1])))
        return false;
    return *text == '\0' && size[0] > 0 && size[1] > 0 && size[0] <= MAX_PIXELS / size[1];
}

/* A number counted from 0, written as in names: "03" is none. Moves *text past it. */
static bool index_of(const char **text, double high, size_t *value)
{
    return (**text != '0' || (*text)[1] < '0' || (*text)[1] > '9') && digits(text, high, value);
}

/* A number, or the last word of `expected`: "a block's number or rollout". */
static bool parse_index_or_word(const struct option_rule *rule, const char *text, void *field)
{
    static const char separator[] = " or ";
    size_t *const index = field;

    if (strcmp(text, strstr(rule->expected, separator) + strlen(separator)) == 0) {
        *index = OPTION_WORD;
        return true;
    }
    return index_of(&text, rule->high, index) && *text == '\0';
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

/* "NAME", and of those that name a block or a stage also "NAME.N" */
static bool parse_output(const struct option_rule *rule, const char *text, void *field)
{
    struct options *const options = field;
    const size_t length = strcspn(text, ".");
    const char *rest = text + length, *name;

    for (size_t i = 0; (name = output_name((enum vit_output)i)); i++) {
        if (strncmp(text, name, length) != 0 || name[length] != '\0')
            continue;
        options->output = (enum vit_output)i;
        if (*rest == '.')
            return output_takes_block(options->output) &&
                   (rest++, index_of(&rest, rule->high, &options->block)) && *rest == '\0';
        return true;
    }
    return false;
}

#define FIELD(name) offsetof(struct options, name)

static const struct option_rule rules[] = {
    { "top", 0, "K", FOR_CLASSIFY, parse_count, FIELD(top), 1, 1e6,
      "a whole number from 1 to 1000000",
      "classes to name for each image; 5 for one image, else 1" },
    { NULL, 'o', "OUT", FOR_RUN | FOR_FEATURES | FOR_ATTENTION | FOR_PATCHES | FOR_PREPROCESS,
      parse_text, FIELD(out_path), 0, 0, "the name of a file", "where the result goes" },
    { "output", 0, "WHAT", FOR_RUN, parse_output, 0, 0, 1e6,
      "logits, tokens, block.N, features, embedding, stage.N or attention.N",
      "logits (the default), tokens (of the patches, projected), block.N\n"
      "(after block N, counted from 0), features (all tokens, after the\n"
      "final norm), embedding (what the head sees), attention.N (of block\n"
      "N) or stage.N (after token transformer N of a T2T-ViT)" },
    { "block", 0, "N", FOR_RUN | FOR_ATTENTION, parse_index_or_word, FIELD(block), 0, 1e6,
      "a block's number or rollout",
      "whose attention, counted from 0, or rollout: all blocks; the last.\n"
      "vit run: the N of --output block, stage and attention" },
    { "head", 0, "N", FOR_ATTENTION, parse_index_or_word, FIELD(head), 0, 1e6,
      "a head's number or mean", "whose attention, counted from 0, or mean (the default)" },
    { "model", 0, "MODEL", FOR_PREPROCESS, parse_text, FIELD(model), 0, 0, "a checkpoint folder",
      "take the recipe from this checkpoint" },
    { "size", 0, "HxW", FOR_MODEL | FOR_PREPROCESS, parse_size, FIELD(size), 1, 65536,
      "HEIGHTxWIDTH or one number, each from 1 to 65536 and at most 2^28 pixels",
      "height and width of the input, or one number for both; of a model\n"
      "another size than its own: positions are resized" },
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
    { "kernel", 0, "NAME", FOR_CHECK, parse_text, FIELD(kernel), 0, 0, "the name of a kernel",
      "check this kernel alone" },
    { "seed", 0, "S", FOR_CHECK, parse_count, FIELD(seed), 0, 1e15, "a whole number up to 10^15",
      "of the cases' random numbers; 1" },
    { "cases", 0, "N", FOR_CHECK, parse_count, FIELD(cases), 1, 1e9,
      "a whole number from 1 to 10^9", "cases of each kernel on each level; --list has the usual" },
    { "list", 0, NULL, FOR_CHECK, parse_flag, FIELD(list), 0, 0, NULL, "list the kernels" },
    { "repro", 0, "CASE", FOR_CHECK, parse_text, FIELD(repro), 0, 0, "LEVEL/KERNEL/SEED/CASE",
      "run one case, as a failure names it" },
    { "digest", 0, NULL, FOR_CHECK, parse_flag, FIELD(digest), 0, 0, NULL,
      "print digests that are the same on every machine" },
    { "models", 0, NULL, FOR_INFO, parse_flag, FIELD(models), 0, 0, NULL,
      "list the families and architectures that can be opened" },
    { "json", 0, NULL, FOR_CLASSIFY | FOR_INFO | FOR_BENCH | FOR_CHECK, parse_flag, FIELD(json), 0,
      0, NULL, "print JSON" },
    { "isa", 0, "LEVEL", FOR_ALL, parse_text, FIELD(isa), 0, 0, "an instruction set",
      "scalar, avx2, avx512 or neon in place of the best (also: VIT_ISA)" },
    { "threads", 0, "N", FOR_ALL, parse_count, FIELD(threads), 1, 1024,
      "a whole number from 1 to 1024",
      "threads to compute on; as many as cpuset and cgroup allow" },
    { "help", 'h', NULL, FOR_ALL, parse_flag, FIELD(help), 0, 0, NULL, "print this" },
    { "version", 0, NULL, FOR_ALL, parse_flag, FIELD(version), 0, 0, NULL, "print the version" },
};

enum { RULES = sizeof rules / sizeof *rules };
_Static_assert(RULES <= 32, "options.given has a bit for each");

/* "--top" or "-o" */
static const char *spelling(const struct option_rule *rule, char text[32])
{
    if (rule->name)
        snprintf(text, 32, "--%s", rule->name);
    else
        snprintf(text, 32, "-%c", rule->letter);
    return text;
}

/* "--top" and "--top=3" name --top, "-o" and "-oFILE" name -o; *value is what follows, or NULL. */
static bool names(const char *argument, const struct option_rule *rule, const char **value)
{
    const size_t length = rule->name ? strlen(rule->name) : 0;

    if (length > 0 && strncmp(argument, "--", 2) == 0 &&
        strncmp(argument + 2, rule->name, length) == 0) {
        const char *const rest = argument + 2 + length;
        *value = *rest == '=' ? rest + 1 : NULL;
        return *rest == '\0' || *rest == '=';
    }
    *value = argument[2] ? argument + 2 : NULL;
    return rule->letter && argument[1] == rule->letter && (rule->value || !*value);
}

/* Takes the option at argv[*at], moving *at to its value where that stands apart. */
static enum vit_status take_option(int argc, char **argv, int *at, struct options *options,
                                   struct vit_error *err)
{
    const char *const argument = argv[*at];
    const char *value = NULL;
    char name[32];
    int i = 0;

    while (i < RULES && !names(argument, &rules[i], &value))
        i++;
    if (i == RULES)
        return tool_fail(err, VIT_EINVAL, "unknown option '%s'; vit --help names them all",
                         argument);

    const struct option_rule *const rule = &rules[i];
    if (!rule->value && value)
        return tool_fail(err, VIT_EINVAL, "%s: expected no value, found '%s'", spelling(rule, name),
                         value);
    if (rule->value && !value && *at + 1 == argc)
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found nothing", spelling(rule, name),
                         rule->expected);
    if (rule->value && !value)
        value = argv[++*at];
    if (!rule->parse(rule, value, (char *)options + rule->field))
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found '%s'", spelling(rule, name),
                         rule->expected, value);
    options->given |= 1u << i;
    options->recipe |= rule->field >= FIELD(interpolation);
    return VIT_OK;
}

enum vit_status parse_options(int argc, char **argv, struct options *options, char **operands,
                              size_t *count, struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    bool operands_only = false; /* behind "--" */

    *options = (struct options){ .batch = 1,
                                 .seconds = 5,
                                 .seed = 1,
                                 .block = OPTION_NONE,
                                 .head = OPTION_WORD,
                                 .crop_pct = 0.875,
                                 .mean = { 0.485, 0.456, 0.406 },
                                 .std = { 0.229, 0.224, 0.225 } };
    *count = 0;
    for (int i = 1; !status && i < argc; i++) {
        if (operands_only || argv[i][0] != '-' || argv[i][1] == '\0')
            operands[(*count)++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            operands_only = true;
        else
            status = take_option(argc, argv, &i, options, err);
    }
    return status;
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
