/* safetensors_write.c - writing a .safetensors file of float32, whole or not at all */
#include "files/safetensors_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fail_file.h"
#include "files/new_file.h"

/* files/safetensors.h has the format */
enum {
    LENGTH_BYTES = 8,
    ALIGN = 8,       /* of the data, as the reference implementation pads the header */
    ENTRY_TEXT = 224 /* bytes of an entry's text beside its name, at most */
};

/* What transformers wants to find before it opens a file. */
static const char metadata[] = "{\"__metadata__\":{\"format\":\"pt\"}";

static size_t elements_of(const struct new_tensor *tensor)
{
    size_t elements = 1;

    for (size_t i = 0; i < tensor->rank; i++)
        elements *= tensor->shape[i];
    return elements;
}

/* The length in 8 bytes, and the header; *bytes is that of both. NULL: out of memory. */
static char *make_header(size_t count, const struct new_tensor *tensors, size_t *bytes)
{
    const size_t room = sizeof metadata + ALIGN + count * (NEW_TENSOR_NAME + ENTRY_TEXT);
    char *const start = malloc(LENGTH_BYTES + room), *const text = start + LENGTH_BYTES;
    uint64_t offset = 0;

    if (!start)
        return NULL;
    size_t length = (size_t)snprintf(text, room, "%s", metadata);
    for (size_t i = 0; i < count; i++) {
        const uint64_t end = offset + elements_of(&tensors[i]) * sizeof(float);
        length += (size_t)snprintf(text + length, room - length,
                                   ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", tensors[i].name);
        for (size_t j = 0; j < tensors[i].rank; j++)
            length += (size_t)snprintf(text + length, room - length, "%s%zu", j ? "," : "",
                                       tensors[i].shape[j]);
        length += (size_t)snprintf(text + length, room - length, "],\"data_offsets\":[%llu,%llu]}",
                                   (unsigned long long)offset, (unsigned long long)end);
        offset = end;
    }
    text[length++] = '}';
    while (length % ALIGN)
        text[length++] = ' ';
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        start[i] = (char)(length >> 8 * i & 0xff);
    *bytes = LENGTH_BYTES + length;
    return start;
}

static enum vit_status write_data(int fd, const char *path, uint64_t offset, size_t count,
                                  const struct new_tensor *tensors,
                                  const struct new_tensor_source *source, struct vit_error *err)
{
    enum { PIECE = 1 << 14 }; /* numbers */
    float *const piece = malloc(PIECE * sizeof *piece);
    enum vit_status status = piece ? VIT_OK : fail_no_memory(err, path);

    for (size_t i = 0; !status && i < count; i++) {
        const size_t elements = elements_of(&tensors[i]);
        for (size_t at = 0; !status && at < elements; at += PIECE) {
            const size_t here = elements - at < PIECE ? elements - at : PIECE;
            status = source->read(source->user, i, at, here, piece, err);
            if (!status && !new_file_write(fd, piece, here * sizeof *piece, offset))
                status = new_file_fail(path, err);
            offset += here * sizeof *piece;
        }
    }
    free(piece);
    return status;
}

static enum vit_status write_all(int fd, const char *path, size_t count,
                                 const struct new_tensor *tensors,
                                 const struct new_tensor_source *source, struct vit_error *err)
{
    size_t bytes;
    char *const header = make_header(count, tensors, &bytes);
    enum vit_status status = VIT_OK;

    if (!header)
        return fail_no_memory(err, path);
    if (!new_file_write(fd, header, bytes, 0))
        status = new_file_fail(path, err);
    free(header);
    if (!status)
        status = write_data(fd, path, bytes, count, tensors, source, err);
    return !status && fsync(fd) != 0 ? new_file_fail(path, err) : status;
}

enum vit_status safetensors_write(const char *path, size_t count, const struct new_tensor *tensors,
                                  const struct new_tensor_source *source, struct vit_error *err)
{
    struct new_file file;
    const enum vit_status status = new_file_open(path, false, &file, err);

    if (status)
        return status;
    return new_file_close(&file, write_all(file.fd, path, count, tensors, source, err), err);
}
