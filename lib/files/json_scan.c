/* json_scan.c - the tokens of JSON: strings, numbers, and where a text is wrong */
#include "files/json_scan.h"

#include <stdio.h>
#include <string.h>

bool scan_fault(struct json_scan *p, const char *at, const char *text)
{
    struct json_fault *const fault = p->fault;
    const char *line = p->start;

    fault->line = 1;
    for (const char *c = p->start; c < at; c++)
        if (*c == '\n') {
            fault->line++;
            line = c + 1;
        }
    fault->column = (size_t)(at - line) + 1;
    snprintf(fault->text, sizeof fault->text, "%s", text);
    return false;
}

bool scan_expected(struct json_scan *p, const char *what)
{
    const unsigned char c = p->at < p->end ? (unsigned char)*p->at : 0;
    char text[100];

    if (p->at == p->end)
        snprintf(text, sizeof text, "expected %s, found the end", what);
    else if (c > ' ' && c < 0x7f)
        snprintf(text, sizeof text, "expected %s, found '%c'", what, c);
    else
        snprintf(text, sizeof text, "expected %s, found byte 0x%02x", what, c);
    return scan_fault(p, p->at, text);
}

/* --- tokens */

void scan_space(struct json_scan *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

/* Skips the byte if it is next. */
bool scan_accept(struct json_scan *p, char c)
{
    const bool found = p->at < p->end && *p->at == c;

    p->at += found;
    return found;
}

bool scan_word(struct json_scan *p, const char *word)
{
    const size_t length = strlen(word);
    const bool found = (size_t)(p->end - p->at) >= length && memcmp(p->at, word, length) == 0;

    p->at += found ? length : 0;
    return found;
}

static size_t scan_digits(struct json_scan *p)
{
    const char *const from = p->at;

    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return (size_t)(p->at - from);
}

/* The bytes of the UTF-8 character at c; 0: it is none (RFC 3629). */
static size_t utf8_bytes(const unsigned char *c, const unsigned char *end)
{
    const size_t bytes = *c < 0x80   ? 1
                         : *c < 0xc2 ? 0
                         : *c < 0xe0 ? 2
                         : *c < 0xf0 ? 3
                         : *c < 0xf5 ? 4
                                     : 0;

    if (bytes == 0 || (size_t)(end - c) < bytes)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    const bool too_long = (*c == 0xe0 && c[1] < 0xa0) || (*c == 0xf0 && c[1] < 0x90);
    const bool surrogate = *c == 0xed && c[1] >= 0xa0;
    const bool too_high = *c == 0xf4 && c[1] >= 0x90;
    return too_long || surrogate || too_high ? 0 : bytes;
}

static char *write_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        *out++ = (char)c;
    } else if (c < 0x800) {
        *out++ = (char)(0xc0 | c >> 6);
        *out++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *out++ = (char)(0xe0 | c >> 12);
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    } else {
        *out++ = (char)(0xf0 | c >> 18);
        *out++ = (char)(0x80 | (c >> 12 & 0x3f));
        *out++ = (char)(0x80 | (c >> 6 & 0x3f));
        *out++ = (char)(0x80 | (c & 0x3f));
    }
    return out;
}

static bool parse_hex4(struct json_scan *p, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const int c = p->at < p->end ? *p->at : 0;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0)
            return scan_expected(p, "four hexadecimal digits");
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

/* \uXXXX, or two of them that are a surrogate pair; p->at is behind the first "\u". */
static bool parse_unicode_escape(struct json_scan *p)
{
    const char *const from = p->at - 2;
    uint32_t code, low;

    if (!parse_hex4(p, &code))
        return false;
    if (code == 0)
        return scan_fault(p, from, "expected no NUL character, found \\u0000");
    if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !scan_word(p, "\\u"))
            return scan_fault(p, from, "expected a character, found half of a surrogate pair");
        if (!parse_hex4(p, &low))
            return false;
        if (low < 0xdc00 || low >= 0xe000)
            return scan_fault(p, from, "expected a character, found half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    p->pool = write_utf8(p->pool, code);
    return true;
}

static bool parse_escape(struct json_scan *p)
{
    static const char names[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    const char *const name = p->at < p->end && *p->at ? strchr(names, *p->at) : NULL;

    if (scan_accept(p, 'u'))
        return parse_unicode_escape(p);
    if (!name)
        return scan_expected(p, "an escape such as \\n");
    p->at++;
    *p->pool++ = characters[name - names];
    return true;
}

bool scan_string(struct json_scan *p)
{
    for (;;) {
        if (scan_accept(p, '"'))
            break;
        if (scan_accept(p, '\\')) {
            if (!parse_escape(p))
                return false;
            continue;
        }
        if (p->at == p->end || (unsigned char)*p->at < ' ')
            return scan_expected(p, "'\"' at the end of a string");
        const size_t bytes =
            utf8_bytes((const unsigned char *)p->at, (const unsigned char *)p->end);
        if (bytes == 0)
            return scan_expected(p, "UTF-8");
        memcpy(p->pool, p->at, bytes);
        p->pool += bytes;
        p->at += bytes;
    }
    *p->pool++ = '\0';
    return true;
}

bool scan_number(struct json_scan *p, bool *integer)
{
    const char *const from = p->at;

    *integer = false;
    scan_accept(p, '-');
    if (!scan_word(p, "Infinity") && (*from == '-' || !scan_word(p, "NaN"))) {
        if (!scan_accept(p, '0') && scan_digits(p) == 0)
            return scan_expected(p, *from == '-' ? "a digit" : "a value");
        *integer = true;
        if (scan_accept(p, '.')) {
            *integer = false;
            if (scan_digits(p) == 0)
                return scan_expected(p, "a digit");
        }
        if (scan_accept(p, 'e') || scan_accept(p, 'E')) {
            *integer = false;
            if (!scan_accept(p, '-'))
                scan_accept(p, '+');
            if (scan_digits(p) == 0)
                return scan_expected(p, "a digit");
        }
    }
    memcpy(p->pool, from, (size_t)(p->at - from));
    p->pool += p->at - from;
    *p->pool++ = '\0';
    return true;
}
