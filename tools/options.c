/* options.c - command-line options: tables of them, a strict parser, the lines of --help */
#include "tools/options.h"

#include <string.h>

#include "tools/error.h"
#include "vit/inspect.h"

/* "--top" or "-o" */
static const char *spelling(const struct option *option, char text[32])
{
    if (option->name)
        snprintf(text, 32, "--%s", option->name);
    else
        snprintf(text, 32, "-%c", option->letter);
    return text;
}

const char *option_word(const struct option *option, size_t i)
{
    if (option->enum_field)
        return vit_value_name(option->enum_field, (int)i);
    return option->words ? option->words[i] : NULL;
}

/* Word i that an argument may be; false past the last. */
static bool choice_at(const struct option *option, size_t i, struct option_choice *choice)
{
    *choice = (struct option_choice){ .word = "" };
    if (option->choice_at)
        return option->choice_at(i, choice);
    const char *const word = option_word(option, i);
    snprintf(choice->word, sizeof choice->word, "%s", word ? word : "");
    return word != NULL;
}

/* "bicubic or bilinear", "a block's number or rollout", "logits, block.N or embedding" */
struct expectation {
    char text[512];
};

static struct expectation expectation(const struct option *option)
{
    struct expectation e = { "" };
    struct option_choice choice, next;
    size_t length = 0;

    if (option->expected)
        length = (size_t)snprintf(e.text, sizeof e.text, "%s", option->expected);
    bool more = choice_at(option, 0, &next);
    for (size_t i = 1; more && length < sizeof e.text; i++) {
        choice = next;
        more = choice_at(option, i, &next);
        length += (size_t)snprintf(e.text + length, sizeof e.text - length, "%s%s",
                                   length == 0 ? ""
                                   : more      ? ", "
                                               : " or ",
                                   choice.word);
    }
    return e;
}

static bool is_option(const char *argument)
{
    return argument[0] == '-' && argument[1] != '\0';
}

/* "--top" and "--top=3" match --top, "-o" and "-oFILE" match -o; *value: what follows, or NULL. */
static bool matches(const struct option *option, const char *argument, const char **value)
{
    const size_t length = option->name ? strlen(option->name) : 0;

    if (length > 0 && strncmp(argument, "--", 2) == 0 &&
        strncmp(argument + 2, option->name, length) == 0) {
        const char *const rest = argument + 2 + length;
        *value = *rest == '=' ? rest + 1 : NULL;
        return *rest == '\0' || *rest == '=';
    }
    *value = argument[2] ? argument + 2 : NULL;
    return option->letter && argument[1] == option->letter && (option->value || !*value);
}

static const struct option *find(const char *argument, size_t tables,
                                 const struct option_table *table, void **target,
                                 const char **value)
{
    for (size_t t = 0; t < tables; t++)
        for (size_t i = 0; i < table[t].count; i++)
            if (matches(&table[t].options[i], argument, value)) {
                *target = table[t].target;
                return &table[t].options[i];
            }
    return NULL;
}

const char *options_first_operand(int argc, char **argv, size_t tables,
                                  const struct option_table *table)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        void *target;
        if (strcmp(argv[i], "--") == 0)
            return i + 1 < argc ? argv[i + 1] : NULL;
        if (!is_option(argv[i]))
            return argv[i];
        const struct option *const option = find(argv[i], tables, table, &target, &value);
        if (option && option->value && !value)
            i++;
    }
    return NULL;
}

/* Parses the option at argv[*at] and moves *at to its value if that is the next argument. */
static enum vit_status parse_option(int argc, char **argv, int *at, size_t tables,
                                    const struct option_table *table, const char *command,
                                    struct vit_error *err)
{
    const char *value = NULL;
    void *target = NULL;
    char name[32];
    const struct option *const option = find(argv[*at], tables, table, &target, &value);

    if (!option)
        return tool_fail(err, VIT_EINVAL, "unknown option '%s'; see %s --help", argv[*at], command);
    if (!option->value && value)
        return tool_fail(err, VIT_EINVAL, "%s: expected no value, found '%s'",
                         spelling(option, name), value);
    if (option->value && !value && *at + 1 == argc)
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found nothing", spelling(option, name),
                         expectation(option).text);
    if (option->value && !value)
        value = argv[++*at];
    if (!option->parse(option, value ? value : "", (char *)target + option->field))
        return tool_fail(err, VIT_EINVAL, "%s: expected %s, found '%s'", spelling(option, name),
                         expectation(option).text, value);
    return VIT_OK;
}

enum vit_status options_parse(int argc, char **argv, size_t tables,
                              const struct option_table *table, const char *command,
                              char **operands, size_t *count, struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    bool only_operands = false; /* after "--" */

    *count = 0;
    for (int i = 1; !status && i < argc; i++) {
        if (only_operands || !is_option(argv[i]))
            operands[(*count)++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            only_operands = true;
        else
            status = parse_option(argc, argv, &i, tables, table, command, err);
    }
    return status;
}

static void print_option(FILE *file, const struct option *option)
{
    struct option_choice choice;
    char left[64], name[32];

    if (option->name && option->letter)
        snprintf(left, sizeof left, "--%s, -%c", option->name, option->letter);
    else
        snprintf(left, sizeof left, "%s%s%s", spelling(option, name), option->value ? " " : "",
                 option->value ? option->value : "");
    fprintf(file, "  %-21s ", left);
    for (const char *c = option->help; *c; c++) {
        if (*c == '\n')
            fprintf(file, "\n%24s", "");
        else
            putc(*c, file);
    }
    for (size_t i = 0; choice_at(option, i, &choice) && choice.help[0]; i++)
        fprintf(file, "\n%24s%s: %s", "", choice.word, choice.help);
    putc('\n', file);
}

void options_print(FILE *file, const struct option_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        print_option(file, &table->options[i]);
}
