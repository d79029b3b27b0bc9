/* message.h - what every error message is: UTF-8 without control characters, marked where cut */
#ifndef VIT_BASE_MESSAGE_H
#define VIT_BASE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * The bytes of the character of UTF-8 at s, of at least 1; 0: not a character. RFC 3629, section 4,
 * less its controls (C0, DEL, C1), which terminals obey.
 */
static inline size_t message_character(const unsigned char *s, size_t bytes)
{
    const size_t length = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    unsigned code = length == 1 ? s[0] : s[0] & (0x7fu >> length);

    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    return control || overlong || surrogate || code > 0x10ffff ? 0 : length;
}

/*
 * Cleans a message that vsnprintf has written to size ≥ 4 bytes; `length` is what it returned. Each
 * byte that is not part of a character becomes '?'. A message that was cut ends in "…".
 */
static inline void message_clean(char *message, size_t size, int length)
{
    static const char mark[] = "\xe2\x80\xa6";
    const bool cut = length >= 0 && (size_t)length >= size;
    const size_t end = strlen(message), room = size - sizeof mark;

    for (size_t i = 0, bytes; i < end; i += bytes) {
        bytes = message_character((const unsigned char *)message + i, end - i);
        if (cut && i + (bytes ? bytes : 1) > room) {
            memcpy(message + i, mark, sizeof mark);
            return;
        }
        if (bytes == 0) {
            message[i] = '?';
            bytes = 1;
        }
    }
}

#endif
