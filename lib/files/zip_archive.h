/* zip_archive.h - reading zip archives, which may be hostile: their directory and their members */
#ifndef VIT_FILES_ZIP_ARCHIVE_H
#define VIT_FILES_ZIP_ARCHIVE_H

#include <stdbool.h>
#include <zlib.h>

#include "files/file.h"

/*
 * APPNOTE.TXT 6.3.10 of PKWARE: archives on one disk, with or without zip64 records; members that
 * are stored or deflated.
 */
enum zip_method { ZIP_METHOD_STORED = 0, ZIP_METHOD_DEFLATED = 8 };
enum { ZIP_FLAG_ENCRYPTED = 1 };

struct zip_entry {
    const char *name;
    uint64_t packed_bytes, bytes;
    uint64_t header; /* where its local header begins */
    uint32_t crc;
    uint16_t method, flags;
};

struct zip_archive {
    const char *path; /* for messages; the caller's */
    int fd;           /* the caller's; used if `memory` is NULL */
    const unsigned char *memory;
    uint64_t size;
    uint64_t directory_start;
    unsigned char *directory; /* the names are in it */
    size_t count;
    struct zip_entry *entries; /* in the directory's order */
};

/*
 * Reads the directory of an archive whose first four fields are set: its bytes, and one entry per
 * 46 of them. VIT_EFORMAT: it is not a zip archive, or it is truncated, or members overlap;
 * VIT_EUNSUPPORTED: several disks, more than max_entries; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status zip_archive_open(struct zip_archive *zip, size_t max_entries,
                                 struct vit_error *err);
void zip_archive_close(struct zip_archive *zip);

/*
 * VIT_EFORMAT: a byte belongs to two members, or to a member and the directory. Small files whose
 * members overlap can unpack to terabytes (Fifield, "A better zip bomb", 2019). VIT_ENOMEM.
 */
enum vit_status zip_archive_check(const struct zip_archive *zip, struct vit_error *err);

/* A member that is being read from its start. */
struct zip_reader {
    const struct zip_archive *zip;
    const struct zip_entry *entry;
    const char *where;          /* for messages */
    uint64_t at, packed_left;   /* in the archive */
    uint64_t left;              /* bytes that the entry promises and that were not read */
    uint32_t crc;               /* of what was read */
    bool ended;                 /* the deflated data have ended */
    z_stream stream;            /* if it is deflated */
    unsigned char buffer[4096]; /* packed bytes */
};

/* VIT_EFORMAT: the local header is missing or malformed; VIT_EIO, VIT_ENOMEM. */
enum vit_status zip_reader_open(struct zip_reader *reader, const struct zip_archive *zip,
                                const struct zip_entry *entry, const char *where,
                                struct vit_error *err);
void zip_reader_close(struct zip_reader *reader);

/* The next bytes, exactly as many. VIT_EFORMAT: the member ends before, or is damaged; VIT_EIO. */
enum vit_status zip_reader_read(struct zip_reader *reader, size_t bytes, void *out,
                                struct vit_error *err);

/* At the end: the member has no more bytes, and the checksum of those read is right. */
enum vit_status zip_reader_finish(struct zip_reader *reader, struct vit_error *err);

#endif
