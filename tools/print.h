/* print.h - text and JSON on standard output, from names with arbitrary bytes */
#ifndef VIT_TOOLS_PRINT_H
#define VIT_TOOLS_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * Prints text that comes from a file or is a file's name. Control characters, line separators and
 * direction controls become '?': such text can neither steer the terminal nor forge a line.
 */
void print_text(FILE *file, const char *text);

/* Prints an error as a line of standard error. */
void print_error(const struct vit_error *error);

/* VIT_EIO: standard output could not be written. To be called while errno has the reason. */
enum vit_status print_check(struct vit_error *err);

/* Prints JSON to standard output and releases it. VIT_ENOMEM: root is NULL. VIT_EIO. */
enum vit_status print_json(json_t *root, struct vit_error *err);

/* Appends a value and returns the array. If out of memory, releases both and returns NULL. */
json_t *json_with(json_t *array, json_t *value);

/* Adds a member and returns the object. If out of memory, releases both and returns NULL. */
json_t *json_set(json_t *object, const char *name, json_t *value);

/* A JSON number; null for one that JSON does not have, infinite or NaN. */
json_t *json_number(double x);

/* A JSON string, in which bytes that are not UTF-8 become U+FFFD; null for NULL. */
json_t *json_text(const char *text);

#endif
