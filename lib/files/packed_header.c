/* packed_header.c - the header of a file of packed weights: what it says, as bytes */
#include "files/packed_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"
#include "files/sha256.h"

/* The first bytes: no text, and damaged by whatever converts line ends. */
static const unsigned char magic[PACKED_MAGIC] = { 0x89, 'V', 'I', 'T', 'P', '\r', '\n', 0x1a };

/* Offsets of the fields in bytes. Numbers are little-endian, as vit/status.h requires. */
enum {
    AT_VERSION = 8,
    AT_SOURCES = 12,
    AT_ARRAYS = 16,
    AT_TEXT_BYTES = 20,
    AT_DATA = 24,
    AT_FILE_BYTES = 32,
    AT_DIGEST = 64,
    AT_HEADER_DIGEST = 96,
    AT_TEXT = 128,

    SOURCE_AT_BYTES = 256,
    SOURCE_AT_SECONDS = 264,
    SOURCE_AT_NANOSECONDS = 272,
    SOURCE_AT_DIGEST = 288,
    SOURCE_BYTES = 320,

    ARRAY_AT_TYPE = 64,
    ARRAY_AT_FIRST_ROW = 80,
    ARRAY_AT_ROWS = 88,
    ARRAY_AT_COLUMNS = 96,
    ARRAY_AT_OFFSET = 104,
    ARRAY_AT_BYTES = 112,
    ARRAY_BYTES = 128,
};

static void put32(unsigned char *to, uint32_t x)
{
    memcpy(to, &x, sizeof x);
}

static void put64(unsigned char *to, uint64_t x)
{
    memcpy(to, &x, sizeof x);
}

static uint32_t get32(const unsigned char *from)
{
    uint32_t x;

    memcpy(&x, from, sizeof x);
    return x;
}

static uint64_t get64(const unsigned char *from)
{
    uint64_t x;

    memcpy(&x, from, sizeof x);
    return x;
}

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

/* Where the lists begin. The text and the counts are the library's own: they are small. */
static size_t sources_at(const struct packed_header *h)
{
    return AT_TEXT + round_up(strlen(h->text), PACKED_ALIGN);
}

static size_t arrays_at(const struct packed_header *h)
{
    return sources_at(h) + h->source_count * SOURCE_BYTES;
}

bool packed_header_place(struct packed_header *h)
{
    /* of size_t, off_t and int64_t, with room to round up */
    const uint64_t max = (SIZE_MAX < INT64_MAX ? SIZE_MAX : INT64_MAX) - PACKED_PAGE;

    h->data = round_up(arrays_at(h) + h->array_count * ARRAY_BYTES, PACKED_PAGE);
    uint64_t end = h->data;
    for (size_t i = 0; i < h->array_count; i++) {
        h->arrays[i].offset = end;
        if (h->arrays[i].bytes > max - end)
            return false;
        end = round_up((size_t)(end + h->arrays[i].bytes), PACKED_ALIGN);
    }
    h->file_bytes = end;
    return end <= max;
}

static void write_source(const struct packed_source *s, unsigned char *to)
{
    memcpy(to, s->name, sizeof s->name);
    put64(to + SOURCE_AT_BYTES, s->bytes);
    put64(to + SOURCE_AT_SECONDS, (uint64_t)s->seconds);
    put32(to + SOURCE_AT_NANOSECONDS, s->nanoseconds);
    memcpy(to + SOURCE_AT_DIGEST, s->digest, sizeof s->digest);
}

static void write_array(const struct packed_array *a, unsigned char *to)
{
    memcpy(to, a->name, sizeof a->name);
    memcpy(to + ARRAY_AT_TYPE, a->type, sizeof a->type);
    put64(to + ARRAY_AT_FIRST_ROW, a->first_row);
    put64(to + ARRAY_AT_ROWS, a->rows);
    put64(to + ARRAY_AT_COLUMNS, a->columns);
    put64(to + ARRAY_AT_OFFSET, a->offset);
    put64(to + ARRAY_AT_BYTES, a->bytes);
}

void packed_header_write(const struct packed_header *h, unsigned char *out)
{
    memset(out, 0, h->data);
    memcpy(out, magic, sizeof magic);
    put32(out + AT_VERSION, PACKED_VERSION);
    put32(out + AT_SOURCES, (uint32_t)h->source_count);
    put32(out + AT_ARRAYS, (uint32_t)h->array_count);
    put32(out + AT_TEXT_BYTES, (uint32_t)strlen(h->text));
    put64(out + AT_DATA, h->data);
    put64(out + AT_FILE_BYTES, h->file_bytes);
    memcpy(out + AT_DIGEST, h->digest, sizeof h->digest);
    memcpy(out + AT_TEXT, h->text, strlen(h->text));
    for (size_t i = 0; i < h->source_count; i++)
        write_source(&h->sources[i], out + sources_at(h) + i * SOURCE_BYTES);
    for (size_t i = 0; i < h->array_count; i++)
        write_array(&h->arrays[i], out + arrays_at(h) + i * ARRAY_BYTES);
    sha256(out, h->data, out + AT_HEADER_DIGEST); /* while its own bytes are 0 */
}

/* --- the first difference */

/* The line at `from` of a text that ends at `end`, as a string. */
static void copy_line(const char *from, const char *end, char line[80])
{
    size_t length = 0;

    while (from + length < end && from[length] != '\n' && from[length] && length < 79)
        length++;
    memcpy(line, from, length);
    line[length] = '\0';
}

static enum vit_status check_text(const struct packed_header *h, const char *path,
                                  const unsigned char *found, size_t bytes, struct vit_error *err)
{
    const size_t room = bytes - AT_TEXT, said = get32(found + AT_TEXT_BYTES);
    const size_t count = said < room ? said : room, expected = strlen(h->text);
    const char *const text = (const char *)found + AT_TEXT;
    size_t line = 0, at = 0;
    char ours[80], theirs[80];

    for (; at < expected && at < count && h->text[at] == text[at]; at++)
        if (h->text[at] == '\n')
            line = at + 1;
    if (at == expected && said == expected)
        return VIT_OK;
    copy_line(h->text + line, h->text + expected, ours);
    copy_line(text + line, text + count, theirs);
    return fail_file(err, VIT_ESTALE, path, "expected \"%s\", found \"%s\"", ours,
                     sanitize_name(theirs).text);
}

/* A name in a file, which may lack its end. */
static struct sanitized clean_name(const unsigned char *found, size_t room)
{
    char name[PACKED_FILE_NAME + 1] = "";

    memcpy(name, found, room);
    return sanitize_name(name);
}

static enum vit_status check_source(const struct packed_source *s, const char *path,
                                    const unsigned char *found, struct vit_error *err)
{
    const uint64_t bytes = get64(found + SOURCE_AT_BYTES);
    const int64_t seconds = (int64_t)get64(found + SOURCE_AT_SECONDS);
    const uint32_t nanoseconds = get32(found + SOURCE_AT_NANOSECONDS);

    if (memcmp(found, s->name, sizeof s->name) != 0)
        return fail_file(err, VIT_ESTALE, path, "expected weights of %s, found those of %s",
                         sanitize_name(s->name).text, clean_name(found, sizeof s->name).text);
    if (bytes != s->bytes)
        return fail_file(err, VIT_ESTALE, path,
                         "expected weights of %s of %" PRIu64 " bytes, found those of %" PRIu64,
                         sanitize_name(s->name).text, s->bytes, bytes);
    if (seconds != s->seconds || nanoseconds != s->nanoseconds)
        return fail_file(err, VIT_ESTALE, path,
                         "expected weights of %s of the time %" PRId64 ".%09" PRIu32
                         ", found those of %" PRId64 ".%09" PRIu32,
                         sanitize_name(s->name).text, s->seconds, s->nanoseconds, seconds,
                         nanoseconds);
    return VIT_OK;
}

/* What an entry of the list of arrays says, whoever wrote it. */
struct array_text {
    char text[256];
};

static struct array_text array_text(const unsigned char *entry)
{
    struct array_text out;

    snprintf(out.text, sizeof out.text,
             "%.64s, %.16s [%" PRIu64 ", %" PRIu64 "] from row %" PRIu64 ", %" PRIu64
             " bytes at %" PRIu64,
             clean_name(entry, PACKED_NAME).text,
             clean_name(entry + ARRAY_AT_TYPE, PACKED_TYPE).text, get64(entry + ARRAY_AT_ROWS),
             get64(entry + ARRAY_AT_COLUMNS), get64(entry + ARRAY_AT_FIRST_ROW),
             get64(entry + ARRAY_AT_BYTES), get64(entry + ARRAY_AT_OFFSET));
    return out;
}

static enum vit_status check_array(const struct packed_array *a, const char *path,
                                   const unsigned char *found, struct vit_error *err)
{
    unsigned char expected[ARRAY_BYTES] = { 0 };

    write_array(a, expected);
    const struct array_text ours = array_text(expected), theirs = array_text(found);
    if (strcmp(ours.text, theirs.text) != 0) /* what no text shows: check_rest */
        return fail_file(err, VIT_ESTALE, path, "expected array %s, found %s", ours.text,
                         theirs.text);
    return VIT_OK;
}

static enum vit_status fail_length(const struct packed_header *h, const char *path,
                                   uint64_t file_bytes, struct vit_error *err)
{
    return fail_file(err, VIT_ESTALE, path, "expected %" PRIu64 " bytes, found %" PRIu64,
                     h->file_bytes, file_bytes);
}

/* The bytes that remain: those that no message names, and the digest of the header. */
static enum vit_status check_rest(const struct packed_header *h, const char *path,
                                  const unsigned char *found, struct vit_error *err)
{
    unsigned char *const expected = malloc(h->data);
    enum vit_status status = VIT_OK;

    if (!expected)
        return fail_no_memory(err, path);
    packed_header_write(h, expected);
    for (size_t i = 0; i < h->data && !status; i++)
        if (expected[i] != found[i])
            status = fail_file(err, VIT_ESTALE, path,
                               "damaged: expected %u at byte %zu of the header, found %u",
                               expected[i], i, found[i]);
    free(expected);
    return status;
}

bool packed_header_begins(const unsigned char *found, size_t bytes)
{
    return bytes >= sizeof magic && memcmp(found, magic, sizeof magic) == 0;
}

enum vit_status packed_header_check(struct packed_header *h, const char *path,
                                    const unsigned char *found, size_t bytes, uint64_t file_bytes,
                                    struct vit_error *err)
{
    enum vit_status status;

    if (!packed_header_begins(found, bytes))
        return fail_file(err, VIT_EFORMAT, path,
                         "expected a file of packed weights, found another format");
    if (bytes < AT_TEXT)
        return fail_length(h, path, file_bytes, err);
    if (get32(found + AT_VERSION) != PACKED_VERSION)
        return fail_file(err, VIT_ESTALE, path, "expected version %d of the format, found %" PRIu32,
                         PACKED_VERSION, get32(found + AT_VERSION));
    if ((status = check_text(h, path, found, bytes, err)))
        return status;
    if (get32(found + AT_SOURCES) != h->source_count)
        return fail_file(err, VIT_ESTALE, path,
                         "expected weights of %zu files, found those of %" PRIu32, h->source_count,
                         get32(found + AT_SOURCES));
    if (bytes < h->data)
        return fail_length(h, path, file_bytes, err);
    for (size_t i = 0; i < h->source_count && !status; i++)
        status = check_source(&h->sources[i], path, found + sources_at(h) + i * SOURCE_BYTES, err);
    for (size_t i = 0; i < h->array_count && !status; i++)
        status = check_array(&h->arrays[i], path, found + arrays_at(h) + i * ARRAY_BYTES, err);
    if (status)
        return status;
    if (file_bytes != h->file_bytes)
        return fail_length(h, path, file_bytes, err);
    memcpy(h->digest, found + AT_DIGEST, sizeof h->digest);
    for (size_t i = 0; i < h->source_count; i++)
        memcpy(h->sources[i].digest, found + sources_at(h) + i * SOURCE_BYTES + SOURCE_AT_DIGEST,
               sizeof h->digest);
    return check_rest(h, path, found, err);
}
