/* message.h - what every error message is: UTF-8 without control characters, marked where cut */
#ifndef VIT_BASE_MESSAGE_H
#define VIT_BASE_MESSAGE_H

#include <string.h>

#include "base/utf8.h"

/* The bytes of the character at s; 0: none, or a control (C0, DEL, C1), which terminals obey. */
static inline size_t message_character(const unsigned char *s, size_t bytes)
{
    unsigned code;
    const size_t length = utf8_character(s, bytes, &code);

    return code < 0x20 || (code >= 0x7f && code < 0xa0) ? 0 : length;
}

/*
 * Copies a text, or its end after "..." if it has more than `room` bytes, beginning with a whole
 * character; `to` has room + 4 bytes. What is wrong with a file follows its path in a message.
 */
static inline void message_end_of(const char *text, size_t room, char *to)
{
    static const char mark[] = "...";
    const size_t length = strlen(text);

    if (length > room) {
        text += length - room;
        for (int i = 0; i < 3 && ((unsigned char)*text & 0xc0) == 0x80; i++)
            text++;
        memcpy(to, mark, sizeof mark);
        to += sizeof mark - 1;
    }
    memcpy(to, text, strlen(text) + 1);
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
