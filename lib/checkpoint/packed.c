/* packed.c - the files of a checkpoint as a file of packed weights records them */
#include "checkpoint/packed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/provenance.h"
#include "files/fail_file.h"
#include "files/file.h"
#include "files/sha256.h"

enum vit_status packed_sources(const struct checkpoint *checkpoint, struct packed_header *header,
                               struct vit_error *err)
{
    const struct input_file *file;
    size_t count = 0;

    while (checkpoint_file(checkpoint, count))
        count++;
    header->sources = calloc(count + 1, sizeof *header->sources); /* not 0 bytes */
    if (!header->sources)
        return fail_no_memory(err, checkpoint_file(checkpoint, 0)->path);
    for (size_t i = 0; (file = checkpoint_file(checkpoint, i)); i++) {
        struct packed_source *const s = &header->sources[i];
        const char *const name = provenance_file(file->path);
        if (strlen(name) >= sizeof s->name)
            return fail_file(err, VIT_EUNSUPPORTED, file->path,
                             "expected a name of at most %zu bytes, found %zu", sizeof s->name - 1,
                             strlen(name));
        memcpy(s->name, name, strlen(name));
        s->bytes = file->bytes;
        s->seconds = file->seconds;
        s->nanoseconds = file->nanoseconds;
    }
    header->source_count = count;
    return VIT_OK;
}

enum vit_status packed_sources_digest(const struct checkpoint *checkpoint,
                                      struct packed_header *header, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; i < header->source_count && !status; i++) {
        const struct input_file *const file = checkpoint_file(checkpoint, i);
        status = sha256_file(file, header->sources[i].digest, err);
        if (!status && !file_is_unchanged(file))
            status = fail_file(err, VIT_ESTALE, file->path,
                               "expected the file to stay as it was, found it changed");
    }
    return status;
}

enum vit_status packed_sources_verify(const struct checkpoint *checkpoint,
                                      const struct packed_header *header, struct vit_error *err)
{
    for (size_t i = 0; i < header->source_count; i++) {
        const struct input_file *const file = checkpoint_file(checkpoint, i);
        const unsigned char *const expected = header->sources[i].digest;
        unsigned char found[SHA256_BYTES];
        const enum vit_status status = sha256_file(file, found, err);
        if (status)
            return status;
        if (memcmp(expected, found, sizeof found) != 0)
            return fail_file(err, VIT_ESTALE, file->path, "expected SHA-256 %s, found %s",
                             sha256_text(expected).text, sha256_text(found).text);
    }
    return VIT_OK;
}

void packed_fingerprint(const void *bytes, size_t count, char text[17])
{
    unsigned char digest[SHA256_BYTES];

    sha256(bytes, count, digest);
    snprintf(text, 17, "%.16s", sha256_text(digest).text);
}
