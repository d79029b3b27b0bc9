/* npy.c - numpy's .npy files: float32 and uint8 arrays in C order */
#include "tools/npy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/error.h"

static enum vit_status check_dtype(const char *path, const struct npy_header *header,
                                   struct vit_error *err)
{
    if (header->dtype == NPY_F32 || header->dtype == NPY_U8)
        return VIT_OK;
    return tool_fail(err, VIT_EUNSUPPORTED, "%s: expected dtype '<f4' or '|u1', found '%s'", path,
                     npy_dtype_descr(header->dtype));
}

enum vit_status npy_read(const char *path, struct npy_header *header, void **data,
                         struct vit_error *err)
{
    enum { MOST = NPY_PREAMBLE + NPY_MAX_HEADER };
    enum vit_status status;
    struct stat info;
    FILE *const file = fopen(path, "rb");
    char *const head = malloc(MOST);

    *data = NULL;
    if (!head) {
        status = tool_no_memory(err);
        goto close;
    }
    if (!file || fstat(fileno(file), &info) != 0) {
        status = tool_fail(err, VIT_EIO, "cannot open %s: %s", path, strerror(errno));
        goto close;
    }
    if (!S_ISREG(info.st_mode)) {
        status = tool_fail(err, VIT_EIO, "cannot read %s: it is not a regular file", path);
        goto close;
    }
    const size_t size = fread(head, 1, MOST, file);
    status = npy_parse_header(path, head, size, (uint64_t)info.st_size, header, err);
    if (!status)
        status = check_dtype(path, header, err);
    if (status)
        goto close;

    const size_t each = npy_dtype_bytes(header->dtype);
    *data = malloc(header->elements ? header->elements * each : 1);
    if (!*data) {
        status = tool_fail(err, VIT_ENOMEM, "%s: no memory for %zu bytes", path,
                           header->elements * each);
    } else if (fseek(file, (long)header->data_offset, SEEK_SET) != 0 ||
               fread(*data, each, header->elements, file) != header->elements) {
        status = tool_fail(err, VIT_EIO, "cannot read %s: %s", path,
                           ferror(file) ? strerror(errno) : "it ends early");
        free(*data);
        *data = NULL;
    }

close:
    free(head);
    if (file)
        fclose(file);
    return status;
}

void npy_write(FILE *file, enum npy_dtype dtype, size_t rank, const size_t *shape, const void *data)
{
    enum { ALIGNMENT = 64 }; /* of the data, as the format asks */
    char header[512] = "";
    size_t length = 0, elements = 1;

    length += (size_t)snprintf(header, sizeof header,
                               "{'descr': '%s', 'fortran_order': False, 'shape': (",
                               npy_dtype_descr(dtype));
    for (size_t i = 0; i < rank; i++) {
        length += (size_t)snprintf(header + length, sizeof header - length, "%zu%s", shape[i],
                                   rank == 1      ? ","
                                   : i + 1 < rank ? ", "
                                                  : "");
        elements *= shape[i];
    }
    length += (size_t)snprintf(header + length, sizeof header - length, "), }");
    while ((10 + length + 1) % ALIGNMENT != 0)
        header[length++] = ' ';
    header[length++] = '\n';

    fwrite("\x93NUMPY\1", 1, 8, file); /* version 1.0, its second byte the string's end */
    fwrite((const unsigned char[]){ length & 255, (unsigned char)(length >> 8) }, 1, 2, file);
    fwrite(header, 1, length, file);
    fwrite(data, npy_dtype_bytes(dtype), elements, file);
}
