/* npy_file.c - an array of numpy's as float32: a .npy file, which may be hostile */
#include "files/npy_file.h"

#include <stdlib.h>

#include "base/checked.h"
#include "files/fail_file.h"
#include "files/read_f32.h"
#include "files/sanitize.h"

static bool is_float(enum npy_dtype dtype, enum stored *stored)
{
    static const struct {
        enum npy_dtype dtype;
        enum stored stored;
    } floats[] = { { NPY_F32, STORED_F32 },
                   { NPY_F16, STORED_F16 },
                   { NPY_BF16, STORED_BF16 },
                   { NPY_F64, STORED_F64 } };

    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        if (floats[i].dtype == dtype) {
            *stored = floats[i].stored;
            return true;
        }
    return false;
}

static enum vit_status read_header(const struct input_file *file, struct npy_header *header,
                                   struct vit_error *err)
{
    const struct sanitized where = sanitize_path(file->path);
    unsigned char *const start = malloc(NPY_PREAMBLE + NPY_MAX_HEADER);
    size_t bytes;
    enum vit_status status;

    if (!start)
        return fail_no_memory(err, file->path);
    status = file_read_up_to(file, 0, NPY_PREAMBLE + NPY_MAX_HEADER, start, &bytes, err);
    if (!status)
        status = npy_parse_header(where.text, start, bytes, file->bytes, header, err);
    free(start);
    return status;
}

static enum vit_status read_data(const struct input_file *file, const struct npy_header *header,
                                 float **data, struct vit_error *err)
{
    enum stored stored;
    size_t bytes;

    if (!is_float(header->dtype, &stored))
        return fail_file(err, VIT_EUNSUPPORTED, file->path,
                         "expected dtype <f4, <f2, <f8 or <V2 (bfloat16), found %s",
                         npy_dtype_descr(header->dtype));
    if (!checked_mul(header->elements, sizeof **data, &bytes) ||
        !(*data = malloc(bytes ? bytes : 1)))
        return fail_no_memory(err, file->path);
    const enum vit_status status =
        read_f32(file, stored, header->data_offset, header->elements, *data, err);
    if (status) {
        free(*data);
        *data = NULL;
    }
    return status;
}

enum vit_status npy_file_load(const char *path, struct npy_header *header, float **data,
                              struct vit_error *err)
{
    struct input_file file;
    enum vit_status status = file_open(path, &file, err);

    *data = NULL;
    if (status)
        return status;
    status = read_header(&file, header, err);
    if (!status)
        status = read_data(&file, header, data, err);
    file_close(&file);
    return status;
}
