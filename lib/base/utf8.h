/* utf8.h - the characters of UTF-8 */
#ifndef VIT_BASE_UTF8_H
#define VIT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character at s, of at least 1, and its code; 0: none. RFC 3629, section 4. */
static inline size_t utf8_character(const unsigned char *s, size_t bytes, unsigned *code)
{
    const size_t length = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

    *code = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    const bool overlong = (length == 3 && *code < 0x800) || (length == 4 && *code < 0x10000);
    const bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return overlong || surrogate || *code > 0x10ffff ? 0 : length;
}

#endif
