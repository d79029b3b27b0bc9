/* torch_class.h - a class of torch.nn by name, and its constructor's arguments as a JSON object */
#ifndef VIT_CHECKPOINT_TORCH_CLASS_H
#define VIT_CHECKPOINT_TORCH_CLASS_H

#include "checkpoint/json_fields.h"

enum { TORCH_NAME_BYTES = 32 };

/* Classes that are not supported, and why. */
struct torch_refusal {
    const char *name; /* as torch_class_read normalizes it; a * at the end matches any rest */
    const char *why;  /* "which ..." */
};

/* A module of PyTorch: what its classes are in messages. */
struct torch_module {
    const char *expected; /* instead of a refused class */
    const char *example;  /* instead of an unknown one: "a class of ..., such as ..." */
    const struct torch_refusal *refused;
    size_t refused_count;
};

/* A class as a file has it. */
struct torch_class_name {
    const char *text;              /* NULL: the file has none */
    char normal[TORCH_NAME_BYTES]; /* in lower case without underscores; "" if that is too long */
    const struct json *args;       /* an object, or NULL */
};

/*
 * Reads the name from `field` of `root` and the arguments from `args_field`, which may be NULL.
 * VIT_EFORMAT: the name is no string, the arguments are no object, or there are arguments alone.
 */
enum vit_status torch_class_read(const struct json_reader *reader, const struct json *root,
                                 const char *field, const char *args_field,
                                 struct torch_class_name *name);

/* VIT_EUNSUPPORTED: the class is none of those that are known; the message has the reason. */
enum vit_status torch_class_refuse(const struct json_reader *reader,
                                   const struct torch_module *module, const char *field,
                                   const struct torch_class_name *name);

/* As json_fields_read, of the arguments: messages have "ARGS_FIELD." before their names. */
enum vit_status torch_args_read(const struct json_reader *reader, const char *args_field,
                                const struct json *args, const struct field_rule *rules,
                                size_t count);

#endif
