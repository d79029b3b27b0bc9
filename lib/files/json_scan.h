/* json_scan.h - the tokens of JSON: strings, numbers, and where a text is wrong */
#ifndef VIT_FILES_JSON_SCAN_H
#define VIT_FILES_JSON_SCAN_H

#include "files/json.h"

/* Where a text is not JSON. */
struct json_fault {
    size_t line, column; /* from 1; columns count bytes */
    char text[232];      /* "expected ',' or '}', found '7'" */
};

/* A text that is being read. The decoded strings are never longer than the text. */
struct json_scan {
    const char *start, *at, *end;
    char *pool; /* where the next string or number goes */
    struct json_fault *fault;
};

/* Each fills *fault and returns false: the fault is at `at`; "expected WHAT, found …" at p->at. */
bool scan_fault(struct json_scan *p, const char *at, const char *text);
bool scan_expected(struct json_scan *p, const char *what);

void scan_space(struct json_scan *p);

/* Whether this byte, this word is next; skips it. */
bool scan_accept(struct json_scan *p, char c);
bool scan_word(struct json_scan *p, const char *word);

/*
 * A string whose first '"' was skipped, decoded; a number as it is written. They go to p->pool,
 * with a NUL. False: *fault has the reason.
 */
bool scan_string(struct json_scan *p);
bool scan_number(struct json_scan *p, bool *integer);

#endif
