/* torch_class.c - a class of torch.nn by name, and its constructor's arguments as a JSON object */
#include "checkpoint/torch_class.h"

#include <stdio.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"

/* Lower case without underscores; empty: too long for a known name. */
static void normalize(const char *name, char out[TORCH_NAME_BYTES])
{
    size_t length = 0;

    for (; *name && length < TORCH_NAME_BYTES; name++) {
        char c = *name;
        if (c == '_')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        out[length++] = c;
    }
    out[length < TORCH_NAME_BYTES ? length : 0] = '\0';
}

enum vit_status torch_class_read(const struct json_reader *reader, const struct json *root,
                                 const char *field, const char *args_field,
                                 struct torch_class_name *name)
{
    const struct json *const value = json_member(root, field);
    const struct json *const args = args_field ? json_member(root, args_field) : NULL;
    const struct field_rule rule = { .name = field }, args_rule = { .name = args_field };

    *name = (struct torch_class_name){ .args = args };
    if (args && !json_is_object(args))
        return fail_field(reader, &args_rule, VIT_EFORMAT, "an object", args);
    if (!value && args)
        return fail_field(reader, &args_rule, VIT_EFORMAT, "none without a class", args);
    if (!value)
        return VIT_OK;
    name->text = json_text(value);
    if (!name->text)
        return fail_field(reader, &rule, VIT_EFORMAT, "a string", value);
    normalize(name->text, name->normal);
    return VIT_OK;
}

static bool is_named(const struct torch_refusal *refusal, const char *normal)
{
    const size_t length = strlen(refusal->name);

    return refusal->name[length - 1] == '*' ? strncmp(refusal->name, normal, length - 1) == 0
                                            : strcmp(refusal->name, normal) == 0;
}

enum vit_status torch_class_refuse(const struct json_reader *reader,
                                   const struct torch_module *module, const char *field,
                                   const struct torch_class_name *name)
{
    for (size_t i = 0; i < module->refused_count; i++)
        if (is_named(&module->refused[i], name->normal))
            return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path,
                             "%s%s: expected %s, found %s, %s", reader->prefix, field,
                             module->expected, sanitize_name(name->text).text,
                             module->refused[i].why);
    return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path, "%s%s: expected %s, found \"%s\"",
                     reader->prefix, field, module->example, sanitize_name(name->text).text);
}

enum vit_status torch_args_read(const struct json_reader *reader, const char *args_field,
                                const struct json *args, const struct field_rule *rules,
                                size_t count)
{
    struct json_reader own = *reader;
    char prefix[40];

    snprintf(prefix, sizeof prefix, "%s.", args_field ? args_field : "");
    own.prefix = prefix;
    return json_fields_read(&own, args, rules, count);
}
