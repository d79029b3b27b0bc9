/* digest.c - what identifies the files that a checkpoint was read from: their names and SHA-256 */
#include "checkpoint/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/packed.h"
#include "files/fail_file.h"
#include "files/sanitize.h"

static const char where[] = "digest";

static int compare_names(const void *a, const void *b)
{
    const struct file_digest *const x = a, *const y = b;

    return strcmp(x->name, y->name);
}

/* sha256sum escapes a backslash and the end of a line: two lists could otherwise be one text. */
static enum vit_status check_names(size_t count, const struct file_digest *files,
                                   struct vit_error *err)
{
    for (size_t i = 0; i < count; i++)
        for (const char *c = files[i].name; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 127 || *c == '\\')
                return fail_file(err, VIT_EUNSUPPORTED, where,
                                 "expected names of files without backslash and control "
                                 "characters, found \"%s\"",
                                 sanitize_name(files[i].name).text);
    return VIT_OK;
}

/* "HEX  NAME\n" for each file */
static enum vit_status hash_lines(size_t count, const struct file_digest *files,
                                  struct sha256_text *digest, struct vit_error *err)
{
    size_t bytes = 1, used = 0;
    unsigned char of_text[SHA256_BYTES];

    for (size_t i = 0; i < count; i++)
        bytes += sizeof digest->text + strlen(files[i].name) + 2; /* its NUL is the first space */
    char *const text = malloc(bytes);
    if (!text)
        return fail_no_memory(err, where);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%s  %s\n",
                                 sha256_text(files[i].digest).text, files[i].name);
    sha256(text, used, of_text);
    *digest = sha256_text(of_text);
    free(text);
    return VIT_OK;
}

static enum vit_status hash_files(const struct checkpoint *checkpoint,
                                  const struct packed_header *weights, struct sha256_text *digest,
                                  struct vit_error *err)
{
    const struct file_digest *text;
    size_t texts = 0, count = 0;
    enum vit_status status;

    while (checkpoint_text(checkpoint, texts))
        texts++;
    struct file_digest *const files =
        calloc(texts + weights->source_count + 1, sizeof *files); /* not 0 bytes */
    if (!files)
        return fail_no_memory(err, where);
    while ((text = checkpoint_text(checkpoint, count)))
        files[count++] = *text;
    for (size_t i = 0; i < weights->source_count; i++, count++) {
        files[count].name = weights->sources[i].name;
        memcpy(files[count].digest, weights->sources[i].digest, sizeof files[count].digest);
    }
    qsort(files, count, sizeof *files, compare_names);
    if (!(status = check_names(count, files, err)))
        status = hash_lines(count, files, digest, err);
    free(files);
    return status;
}

enum vit_status checkpoint_digest(const struct checkpoint *checkpoint,
                                  const struct packed_header *known, struct sha256_text *digest,
                                  struct vit_error *err)
{
    struct packed_header read = { 0 };
    enum vit_status status = VIT_OK;

    if (!known && !(status = packed_sources(checkpoint, &read, err)))
        status = packed_sources_digest(checkpoint, &read, err);
    if (!status)
        status = hash_files(checkpoint, known ? known : &read, digest, err);
    free(read.sources);
    return status;
}
