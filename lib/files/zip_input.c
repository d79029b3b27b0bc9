/* zip_input.c - how minizip reads an archive: few reads, and a sign of failed allocations */
#include "files/zip_input.h"

#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"

/* The record at the end has 22 bytes and a comment of 65,535 at most, a 64-bit archive 76 more. */
enum { END_BYTES = 22 + 65535 + 76 };

enum vit_status zip_input_keep(struct zip_input *input, uint64_t at, struct vit_error *err)
{
    const struct input_file *const source = input->source;
    const size_t bytes = (size_t)(source->bytes - at);
    unsigned char *const data = malloc(bytes + 1);
    enum vit_status status;

    if (!data)
        return fail_no_memory(err, source->path);
    free(input->end.data);
    input->end = (struct zip_window){ .at = at, .data = data };
    if ((status = file_read_up_to(source, at, bytes, data, &input->end.bytes, err)))
        input->end.bytes = 0;
    return status;
}

enum vit_status zip_input_start(const struct input_file *source, struct zip_input *input,
                                struct vit_error *err)
{
    *input = (struct zip_input){ .source = source };
    input->header.data = malloc(ZIP_LOCAL_HEADER + ZIP_MAX_TEXT);
    if (!input->header.data)
        return fail_no_memory(err, source->path);
    return zip_input_keep(input, source->bytes > END_BYTES ? source->bytes - END_BYTES : 0, err);
}

void zip_input_free(struct zip_input *input)
{
    free(input->end.data);
    free(input->header.data);
}

/* --- what minizip calls; it checks for the errors that these return */

static size_t copy_from(const struct zip_window *window, uint64_t at, size_t bytes, void *out)
{
    if (at < window->at || at - window->at > window->bytes ||
        bytes > window->bytes - (size_t)(at - window->at))
        return 0;
    memcpy(out, window->data + (at - window->at), bytes);
    return bytes;
}

/* The bytes at input->at; it does not move. */
static size_t read_here(struct zip_input *input, size_t bytes, void *out)
{
    size_t count = copy_from(&input->end, input->at, bytes, out);

    if (count == bytes || (count = copy_from(&input->header, input->at, bytes, out)) == bytes)
        return count;
    if (input->header_bytes > 0) {
        input->header.at = input->at;
        if (file_read_up_to(input->source, input->at, input->header_bytes, input->header.data,
                            &input->header.bytes, &input->failure))
            input->header.bytes = 0;
        input->header_bytes = 0;
        return copy_from(&input->header, input->at, bytes, out);
    }
    if (file_read_up_to(input->source, input->at, bytes, out, &count, &input->failure))
        return 0;
    return count;
}

size_t zip_input_read(struct zip_input *input, size_t bytes, void *out)
{
    const size_t count = read_here(input, bytes, out);

    input->at += count;
    return count;
}

static voidpf open_input(voidpf opaque, const void *name, int mode)
{
    (void)name;
    (void)mode;
    return opaque;
}

/*
 * minizip seeks to the end, takes a buffer, and searches in it. Without the buffer it goes on as if
 * it had found nothing: it searches the next thing, closes, or reads single bytes from the start.
 */
static uLong read_input(voidpf opaque, voidpf stream, void *out, uLong bytes)
{
    struct zip_input *const input = opaque;

    (void)stream;
    input->no_memory = input->no_memory || (input->searching && bytes == 1);
    input->searching = false;
    const size_t count = zip_input_read(input, bytes, out);
    input->ended = count < bytes;
    return count;
}

static uLong write_input(voidpf opaque, voidpf stream, const void *bytes, uLong size)
{
    (void)opaque;
    (void)stream;
    (void)bytes;
    (void)size;
    return 0;
}

static ZPOS64_T tell_input(voidpf opaque, voidpf stream)
{
    const struct zip_input *const input = opaque;

    (void)stream;
    return input->at;
}

static long seek_input(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
    struct zip_input *const input = opaque;

    (void)stream;
    if (origin == ZLIB_FILEFUNC_SEEK_END) {
        input->no_memory = input->no_memory || input->searching;
        input->searching = true;
        input->at = input->source->bytes + offset;
    } else if (origin == ZLIB_FILEFUNC_SEEK_CUR) {
        input->at += offset; /* backwards too: modulo 2^64 */
    } else {
        input->asked = offset;
        input->at = offset == input->moved_from ? input->moved_to : offset;
    }
    return 0;
}

static int close_input(voidpf opaque, voidpf stream)
{
    struct zip_input *const input = opaque;

    (void)stream;
    input->no_memory = input->no_memory || input->searching;
    input->closed = true;
    return 0;
}

/* To minizip the end of the file is no error, but zeros. */
static int has_failed(voidpf opaque, voidpf stream)
{
    const struct zip_input *const input = opaque;

    (void)stream;
    return input->ended || input->failure.status != VIT_OK;
}

zlib_filefunc64_def zip_input_functions(struct zip_input *input)
{
    return (zlib_filefunc64_def){ .zopen64_file = open_input,
                                  .zread_file = read_input,
                                  .zwrite_file = write_input,
                                  .ztell64_file = tell_input,
                                  .zseek64_file = seek_input,
                                  .zclose_file = close_input,
                                  .zerror_file = has_failed,
                                  .opaque = input };
}
