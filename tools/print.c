/* print.c - text and JSON, whatever bytes the names in them have */
#include <stdlib.h>
#include <string.h>

#include "tools/tool.h"

void print_plain(FILE *file, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        putc(c < 0x20 || c == 0x7f ? '?' : c, file);
    }
}

enum vit_status print_json(json_t *root, struct vit_error *err)
{
    /* nine digits give a float32 back exactly */
    const int failed = !root || json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

    json_decref(root);
    if (failed && !ferror(stdout))
        return tool_no_memory(err);
    putchar('\n');
    return VIT_OK;
}

json_t *json_with(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) == 0)
        return array;
    json_decref(array);
    return NULL;
}

json_t *json_text(const char *text)
{
    json_t *string = text ? json_string(text) : json_null();

    if (string)
        return string;
    /* the name of a file need not be UTF-8: what is above ASCII gives way, byte for byte */
    char *const plain = malloc(3 * strlen(text) + 1);
    if (!plain)
        return NULL;
    char *end = plain;
    for (; *text; text++) {
        if ((unsigned char)*text < 0x80) {
            *end++ = *text;
        } else {
            memcpy(end, "\xef\xbf\xbd", 3);
            end += 3;
        }
    }
    string = json_stringn(plain, (size_t)(end - plain));
    free(plain);
    return string;
}
