/* folder.h - a directory of files in the bytes of a fuzzer's input */
#ifndef VIT_TESTS_FUZZ_FOLDER_H
#define VIT_TESTS_FUZZ_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes are: rows and columns of the size to compute at, in units of 4 pixels; the byte that
 * all data of tensors consist of; then for each file its kind, the length of its name, the name,
 * the length of its content in three bytes, least first, and the content. Lengths beyond the end
 * are cut, so that any bytes are a directory. make_seeds.py writes the same.
 */
enum { FOLDER_HEADER = 3, FOLDER_FILE_HEADER = 5, FOLDER_MAX_FILES = 16 };

enum folder_kind {
    FOLDER_BYTES,        /* the content is that of the file */
    FOLDER_SAFETENSORS,  /* it is the text of the header; its length and the data are added */
    FOLDER_NPZ,          /* its lines are "NAME DESCR SHAPE", such as "head/bias <f4 2,3" */
    FOLDER_NPZ_DEFLATED, /* the same, deflated */
    FOLDER_LINK,         /* it is what a symbolic link says */
    FOLDER_DIRECTORY,
    FOLDER_PIPE,
    FOLDER_KINDS
};

struct folder_file {
    enum folder_kind kind;
    const uint8_t *name, *content; /* in the input */
    size_t name_bytes, bytes;
};

struct folder {
    uint8_t rows, columns, fill;
    size_t count;
    struct folder_file files[FOLDER_MAX_FILES];
};

void folder_parse(const uint8_t *bytes, size_t size, struct folder *folder);

/* Writes at most `max` bytes, which folder_parse reads again, and returns their number. */
size_t folder_pack(const struct folder *folder, size_t max, uint8_t *out);

/*
 * Writes the files into an empty directory, and returns how many bytes they have together. A name
 * that a directory cannot have, or has already, is passed over.
 */
size_t folder_write(const struct folder *folder, int directory);

/* Removes what is in a directory. */
void folder_clear(int directory);

#endif
