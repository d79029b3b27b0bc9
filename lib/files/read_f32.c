/* read_f32.c - numbers of a file as float32, from the number types that checkpoints store */
#include "files/read_f32.h"

#include "files/convert.h"

enum { CHUNK = 4096 }; /* numbers of two bytes that are converted at a time: 8 KiB on the stack */

enum vit_status read_f32(const struct input_file *file, enum stored stored, uint64_t offset,
                         size_t count, float *out, struct vit_error *err)
{
    union {
        uint16_t half[CHUNK];
        double wide[CHUNK / 4];
    } chunk;
    const size_t bytes = stored == STORED_F64 ? sizeof *chunk.wide : sizeof *chunk.half;
    const size_t each = sizeof chunk / bytes;
    enum vit_status status;

    if (stored == STORED_F32)
        return file_read(file, offset, count * sizeof *out, out, err);
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < each ? count - done : each;
        if ((status = file_read(file, offset + done * bytes, n * bytes, &chunk, err)))
            return status;
        if (stored == STORED_F64)
            narrow_f64(n, chunk.wide, out + done);
        else if (stored == STORED_F16)
            widen_f16(n, chunk.half, out + done);
        else
            widen_bf16(n, chunk.half, out + done);
    }
    return VIT_OK;
}
