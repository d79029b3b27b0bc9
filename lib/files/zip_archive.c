/* zip_archive.c - the directory of a zip archive, which may be hostile */
#include "files/zip_archive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"
#include "files/zip_bytes.h"

/* The bytes of the records, without what follows at a variable length. */
enum { END_BYTES = 22, LOCATOR_BYTES = 20, END64_BYTES = 56, ENTRY_BYTES = 46 };
enum { MAX_COMMENT = 65535 };

static enum vit_status fail_zip(const struct zip_archive *zip, struct vit_error *err,
                                const char *what)
{
    return fail_file(err, VIT_EFORMAT, zip->path, "expected a zip archive, found %s", what);
}

enum vit_status zip_read_at(const struct zip_archive *zip, uint64_t offset, size_t bytes, void *out,
                            struct vit_error *err)
{
    const struct input_file file = { (char *)zip->path, zip->fd, zip->size };

    if (offset > zip->size || bytes > zip->size - offset)
        return fail_zip(zip, err, "one that is truncated");
    if (!zip->memory)
        return file_read(&file, offset, bytes, out, err);
    memcpy(out, zip->memory + offset, bytes);
    return VIT_OK;
}

/* Where the directory is. */
struct end {
    uint64_t at; /* of the record itself */
    uint64_t count, bytes, start;
    bool several_disks;
};

/* The end record is the last thing in the file, before a comment of up to 64 KiB. */
static enum vit_status find_end(const struct zip_archive *zip, struct end *end,
                                struct vit_error *err)
{
    const size_t bytes =
        zip->size < END_BYTES + MAX_COMMENT ? (size_t)zip->size : END_BYTES + MAX_COMMENT;
    unsigned char *const tail = calloc(1, bytes + 1);
    enum vit_status status;

    if (!tail)
        return fail_no_memory(err, zip->path);
    if ((status = zip_read_at(zip, zip->size - bytes, bytes, tail, err)))
        goto free_tail;
    status = fail_zip(zip, err, "no end record");
    for (size_t i = bytes < END_BYTES ? 0 : bytes - END_BYTES + 1; i-- > 0;) {
        const unsigned char *const r = tail + i;
        if (zip_u32(r) != 0x06054b50 || zip_u16(r + 20) != bytes - i - END_BYTES)
            continue;
        *end = (struct end){ .at = zip->size - bytes + i,
                             .count = zip_u16(r + 10),
                             .bytes = zip_u32(r + 12),
                             .start = zip_u32(r + 16),
                             .several_disks = zip_u16(r + 8) != zip_u16(r + 10) };
        status = VIT_OK;
        break;
    }

free_tail:
    free(tail);
    return status;
}

/* The zip64 end record, if there is one, replaces what the end record says. */
static enum vit_status find_end64(const struct zip_archive *zip, struct end *end,
                                  struct vit_error *err)
{
    unsigned char locator[LOCATOR_BYTES] = { 0 }, r[END64_BYTES] = { 0 };
    enum vit_status status;

    if (end->at < LOCATOR_BYTES)
        return VIT_OK;
    if ((status = zip_read_at(zip, end->at - LOCATOR_BYTES, LOCATOR_BYTES, locator, err)))
        return status;
    if (zip_u32(locator) != 0x07064b50)
        return VIT_OK;
    const uint64_t at = zip_u64(locator + 8);
    if ((status = zip_read_at(zip, at, END64_BYTES, r, err)))
        return status;
    if (zip_u32(r) != 0x06064b50 || at > end->at)
        return fail_zip(zip, err, "one without its zip64 end record");
    *end = (struct end){ .at = at,
                         .count = zip_u64(r + 32),
                         .bytes = zip_u64(r + 40),
                         .start = zip_u64(r + 48),
                         .several_disks = zip_u64(r + 24) != zip_u64(r + 32) };
    return VIT_OK;
}

/* Fields that are all ones have their value in the zip64 extra field, in this order. */
static bool read_extra(const unsigned char *extra, size_t bytes, struct zip_entry *entry)
{
    uint64_t *const fields[] = { &entry->bytes, &entry->packed_bytes, &entry->header };

    for (size_t at = 0; bytes - at >= 4;) {
        const size_t length = zip_u16(extra + at + 2);
        size_t used = 0;
        if (length > bytes - at - 4)
            return false;
        for (size_t i = 0; zip_u16(extra + at) == 1 && i < 3; i++) {
            if (*fields[i] != UINT32_MAX)
                continue;
            if (length - used < 8)
                return false;
            *fields[i] = zip_u64(extra + at + 4 + used);
            used += 8;
        }
        at += 4 + length;
    }
    return true;
}

static enum vit_status parse_entry(struct zip_archive *zip, unsigned char *r, size_t left,
                                   size_t *used, struct vit_error *err)
{
    struct zip_entry *const entry = &zip->entries[zip->count];

    if (left < ENTRY_BYTES || zip_u32(r) != 0x02014b50)
        return fail_zip(zip, err, "one whose directory is damaged");
    const size_t name = zip_u16(r + 28), extra = zip_u16(r + 30), comment = zip_u16(r + 32);
    *used = ENTRY_BYTES + name + extra + comment;
    *entry = (struct zip_entry){ .flags = zip_u16(r + 8),
                                 .method = zip_u16(r + 10),
                                 .crc = zip_u32(r + 16),
                                 .packed_bytes = zip_u32(r + 20),
                                 .bytes = zip_u32(r + 24),
                                 .header = zip_u32(r + 42) };
    if (*used > left || memchr(r + ENTRY_BYTES, '\0', name) ||
        !read_extra(r + ENTRY_BYTES + name, extra, entry))
        return fail_zip(zip, err, "one whose directory is damaged");
    /* one byte to the left there is room for the NUL */
    memmove(r + ENTRY_BYTES - 1, r + ENTRY_BYTES, name);
    r[ENTRY_BYTES - 1 + name] = '\0';
    entry->name = (const char *)r + ENTRY_BYTES - 1;
    zip->count++;
    return VIT_OK;
}

static enum vit_status read_directory(struct zip_archive *zip, const struct end *end,
                                      struct vit_error *err)
{
    size_t at = 0, used = 0;
    enum vit_status status;

    zip->directory_start = end->start;
    zip->directory = calloc(1, (size_t)end->bytes + 1);
    zip->entries = calloc((size_t)end->count + 1, sizeof *zip->entries);
    if (!zip->directory || !zip->entries)
        return fail_no_memory(err, zip->path);
    if ((status = zip_read_at(zip, end->start, (size_t)end->bytes, zip->directory, err)))
        return status;
    while (zip->count < end->count) {
        if ((status = parse_entry(zip, zip->directory + at, (size_t)end->bytes - at, &used, err)))
            return status;
        at += used;
    }
    if (at != end->bytes)
        return fail_zip(zip, err, "one whose directory is longer than its entries");
    return VIT_OK;
}

enum vit_status zip_archive_open(struct zip_archive *zip, size_t max_entries, struct vit_error *err)
{
    struct end end = { 0 };
    enum vit_status status;

    if ((status = find_end(zip, &end, err)) || (status = find_end64(zip, &end, err)))
        return status;
    if (end.several_disks)
        return fail_file(err, VIT_EUNSUPPORTED, zip->path,
                         "expected a zip archive on one disk, found several");
    if (end.start > end.at || end.bytes > end.at - end.start)
        return fail_zip(zip, err, "one whose directory lies behind its end");
    if (end.count > max_entries)
        return fail_file(err, VIT_EUNSUPPORTED, zip->path,
                         "expected at most %zu members, found %" PRIu64, max_entries, end.count);
    if (end.count > end.bytes / ENTRY_BYTES)
        return fail_zip(zip, err, "one whose directory is too short for its entries");
    if ((status = read_directory(zip, &end, err)))
        zip_archive_close(zip);
    return status;
}

void zip_archive_close(struct zip_archive *zip)
{
    free(zip->entries);
    free(zip->directory);
    zip->entries = NULL;
    zip->directory = NULL;
    zip->count = 0;
}

static int compare_headers(const void *a, const void *b)
{
    const struct zip_entry *const *const x = a, *const *const y = b;

    return ((*x)->header > (*y)->header) - ((*x)->header < (*y)->header);
}

enum vit_status zip_archive_check(const struct zip_archive *zip, struct vit_error *err)
{
    enum { LOCAL_BYTES = 30 };
    const struct zip_entry **const order = malloc((zip->count + 1) * sizeof *order);
    enum vit_status status = VIT_OK;

    if (!order)
        return fail_no_memory(err, zip->path);
    for (size_t i = 0; i < zip->count; i++)
        order[i] = &zip->entries[i];
    qsort(order, zip->count, sizeof *order, compare_headers);
    for (size_t i = 0; i < zip->count && !status; i++) {
        const uint64_t end = i + 1 < zip->count ? order[i + 1]->header : zip->directory_start;
        const uint64_t needs = LOCAL_BYTES + strlen(order[i]->name);
        if (order[i]->header > end || end - order[i]->header < needs ||
            end - order[i]->header - needs < order[i]->packed_bytes)
            status = fail_file(err, VIT_EFORMAT, zip->path,
                               "member %s: expected data of its own, found an overlap",
                               sanitize_name(order[i]->name).text);
    }
    free(order);
    return status;
}
