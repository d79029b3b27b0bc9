/* run_record.h - libvit.json: which model and options made the files of an output directory */
#ifndef VIT_TOOLS_RUN_RECORD_H
#define VIT_TOOLS_RUN_RECORD_H

#include "tools/session.h"
#include "tools/sha256.h"

struct run_record {
    char *model; /* the path of the command line */
    struct size size;
    char *keep; /* or NULL */
    int precision;
    bool exif_orientation; /* whether pictures are turned */
    size_t max_pixels;
    size_t length; /* of a row */
    /*
     * SHA-256 of the row of a picture that is drawn: one model, size and precision have one on
     * every machine. A machine that computes otherwise is found before it writes.
     */
    struct sha256 fingerprint;
};

/*
 * The record of an open session, whose context it uses once. VIT_EINVAL: the model does not pool
 * its tokens. VIT_EFORMAT: it gives numbers that are not finite. VIT_ENOMEM.
 */
enum vit_status run_record_make(const struct common_options *common, struct size size,
                                const char *model, struct session *session,
                                struct run_record *record, struct vit_error *err);

/* Reads DIRECTORY/libvit.json. VIT_ENOTFOUND, VIT_EIO, VIT_ENOMEM. VIT_EFORMAT: it is not one. */
enum vit_status run_record_load(const char *directory, struct run_record *record,
                                struct vit_error *err);

/* Writes it, unless it exists. VIT_EINVAL: the existing one differs in more than the path. */
enum vit_status run_record_settle(const char *directory, const struct run_record *record,
                                  struct vit_error *err);

/* VIT_EINVAL: they differ in more than the path of the model. */
enum vit_status run_record_compare(const char *directory, const struct run_record *expected,
                                   const struct run_record *found, struct vit_error *err);

void run_record_free(struct run_record *record);

#endif
