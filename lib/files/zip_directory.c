/* zip_directory.c - the members of a zip archive, which may be hostile, as minizip lists them */
#include "files/zip_directory.h"

#include <inttypes.h>
#include <minizip/unzip.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/fail_file.h"
#include "files/zip_input.h"

/*
 * minizip unpacks too, but where memory runs out it loses a buffer: members are read without it
 * (npz_read.c). Its place is NULL with the record of an empty archive, which it does not find.
 */
struct zip_directory {
    struct zip_input input;
    unzFile unzip;
    uint64_t left;  /* members that are not listed yet */
    uint64_t start; /* of the first member's entry */
    uint64_t shift; /* from the places that the archive states to those in the file */
    bool listed;    /* the first member */
    uint64_t place; /* of the current member, if it does not fit in 32 bits */
    char name[ZIP_MAX_TEXT + 1];
    unsigned char extra[ZIP_MAX_TEXT];
};

static enum vit_status fail_zip(const struct zip_directory *d, const char *why,
                                struct vit_error *err)
{
    const struct vit_error *const failure = &d->input.failure;

    if (d->input.no_memory)
        return fail_no_memory(err, d->input.source->path);
    if (failure->status)
        return fail(err, failure->status, "%s", failure->message);
    return fail_file(err, VIT_EFORMAT, d->input.source->path, "cannot be read: %s", why);
}

static enum vit_status open_unzip(struct zip_directory *d, uint64_t *count, struct vit_error *err)
{
    static const unsigned char none[22] = "PK\5\6";
    zlib_filefunc64_def functions = zip_input_functions(&d->input);
    const struct zip_window *const end = &d->input.end;
    unz_global_info64 info = { 0 };
    enum vit_status status;

    if (end->bytes == sizeof none && memcmp(end->data, none, sizeof none) == 0)
        return VIT_OK;
    if (end->bytes < sizeof none)
        return fail_zip(d, "Not a zip archive", err);
    d->unzip = unzOpen2_64("", &functions);
    d->input.no_memory = d->input.no_memory || (!d->unzip && !d->input.closed);
    if (!d->unzip || d->input.no_memory)
        return fail_zip(d, "Not a zip archive", err);
    unzGetGlobalInfo64(d->unzip, &info);
    *count = d->left = info.number_entry;
    if (d->left == 0)
        return VIT_OK;
    d->start = d->input.asked;
    d->shift = d->start - unzGetOffset64(d->unzip);
    if (d->start < end->at && d->start < d->input.source->bytes &&
        (status = zip_input_keep(&d->input, d->start, err)))
        return status;
    return unzGoToFirstFile(d->unzip) == UNZ_OK ? VIT_OK
                                                : fail_zip(d, "Zip archive inconsistent", err);
}

enum vit_status zip_directory_open(const struct input_file *source,
                                   struct zip_directory **directory, uint64_t *count,
                                   struct vit_error *err)
{
    struct zip_directory *const d = calloc(1, sizeof *d);
    enum vit_status status;

    *count = 0;
    if (!d)
        return fail_no_memory(err, source->path);
    if (!(status = zip_input_start(source, &d->input, err)) &&
        !(status = open_unzip(d, count, err)))
        *directory = d;
    else
        zip_directory_close(d);
    return status;
}

void zip_directory_close(struct zip_directory *d)
{
    if (!d)
        return;
    if (d->unzip)
        unzClose(d->unzip);
    zip_input_free(&d->input);
    free(d);
}

static uint64_t little_endian(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;

    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

/* Where the 64-bit numbers begin in an extra field; `bytes` if it has none. *last: their end. */
static size_t find_wide_numbers(const unsigned char *extra, size_t bytes, size_t *last)
{
    enum { HEAD = 4, ZIP64 = 1 };

    for (size_t at = 0, length; bytes - at >= HEAD; at += HEAD + length) {
        length = (size_t)little_endian(extra + at + 2, 2);
        if (length > bytes - at - HEAD)
            break;
        *last = at + HEAD + length;
        if (little_endian(extra + at, 2) == ZIP64)
            return at + HEAD;
    }
    return *last = bytes;
}

/*
 * Numbers that do not fit in 32 bits are in the extra field, in this order. minizip 1.1 passes over
 * them where long has 64 bits. False: one is missing.
 */
static bool read_wide_numbers(struct zip_directory *d, size_t bytes, struct zip_member *member)
{
    const uint64_t absent = 0xffffffff;
    uint64_t *const numbers[] = { &member->size, &member->packed, &d->place };
    size_t last, at = find_wide_numbers(d->extra, bytes, &last);

    d->place = absent;
    for (size_t i = 0; i < 3; i++) {
        if (*numbers[i] != absent)
            continue;
        if (last - at < sizeof(uint64_t))
            return i == 2; /* whether a place fits in 32 bits, minizip does not say */
        *numbers[i] = little_endian(d->extra + at, sizeof(uint64_t));
        at += sizeof(uint64_t);
    }
    return true;
}

/* A member after the last one that the end record counts. */
static bool goes_on(const struct zip_directory *d, uint64_t entry_end)
{
    unsigned char next[4];
    size_t count = 0;

    return !file_read_up_to(d->input.source, entry_end, sizeof next, next, &count, NULL) &&
           count == sizeof next && memcmp(next, "PK\1\2", sizeof next) == 0;
}

enum vit_status zip_directory_next(struct zip_directory *d, struct zip_member *member,
                                   struct vit_error *err)
{
    static const char inconsistent[] = "Zip archive inconsistent";
    enum { ENTRY = 46 };
    unz_file_info64 info;

    if ((d->listed && unzGoToNextFile(d->unzip) != UNZ_OK) ||
        unzGetCurrentFileInfo64(d->unzip, &info, d->name, sizeof d->name, d->extra, sizeof d->extra,
                                NULL, 0) != UNZ_OK)
        return fail_zip(d, inconsistent, err);
    *member = (struct zip_member){ .name = d->name,
                                   .name_bytes = info.size_filename,
                                   .flags = (unsigned)info.flag,
                                   .method = (unsigned)info.compression_method,
                                   .crc = (uint32_t)info.crc,
                                   .packed = info.compressed_size,
                                   .size = info.uncompressed_size };
    d->listed = true;
    const uint64_t end =
        d->input.asked + ENTRY + info.size_filename + info.size_file_extra + info.size_file_comment;
    if (!read_wide_numbers(d, info.size_file_extra, member) || (--d->left == 0 && goes_on(d, end)))
        return fail_zip(d, inconsistent, err);
    return VIT_OK;
}

/* minizip compares all but the name. */
static bool has_name(struct zip_directory *d, const struct zip_member *member)
{
    d->input.at = member->header + ZIP_LOCAL_HEADER;
    return zip_input_read(&d->input, member->name_bytes, d->extra) == member->name_bytes &&
           memcmp(d->extra, d->name, member->name_bytes) == 0;
}

enum vit_status zip_directory_locate(struct zip_directory *d, struct zip_member *member,
                                     const char *where, struct vit_error *err)
{
    struct zip_input *const input = &d->input;
    int method, level;

    input->moved_from = d->shift + 0xffffffff;
    input->moved_to = d->shift + d->place;
    input->header_bytes = ZIP_LOCAL_HEADER + member->name_bytes;
    const int code = unzOpenCurrentFile2(d->unzip, &method, &level, 1);
    member->header = input->asked == input->moved_from ? input->moved_to : input->asked;
    member->data = member->header + (unzGetCurrentFileZStreamPos64(d->unzip) - input->asked);
    input->header_bytes = 0;
    if (code == UNZ_INTERNALERROR)
        return fail(err, VIT_ENOMEM, "%s: out of memory", where);
    const bool agrees = code == UNZ_OK && has_name(d, member);
    if (input->failure.status)
        return fail(err, input->failure.status, "%s", input->failure.message);
    if (!agrees)
        return fail(err, VIT_EFORMAT,
                    "%s: expected a local header that agrees with the directory, found another",
                    where);
    if (member->data > d->start || member->packed > d->start - member->data)
        return fail(err, VIT_EFORMAT,
                    "%s: expected its data before the directory at byte %" PRIu64 ", found %" PRIu64
                    " bytes from byte %" PRIu64 " on",
                    where, d->start, member->packed, member->data);
    return VIT_OK;
}
