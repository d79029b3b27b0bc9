/* counters.c - what opening a model costs: bytes of memory, read, unpacked, parsed, compared */
#include "tests/budgets/counters.h"

#include <stdbool.h>
#include <sys/types.h>
#include <yajl/yajl_parse.h>
#include <zlib.h>

#include "tests/faults/allocator.h"

static struct costs costs;
static bool counting;

void costs_start(void)
{
    costs = (struct costs){ 0 };
    allocator.bytes = allocator.peak = 0;
    counting = true;
}

struct costs costs_stop(void)
{
    counting = false;
    costs.memory = (size_t)allocator.peak;
    return costs;
}

/* The linker redirects the library's calls. */

ssize_t __real_pread(int fd, void *out, size_t bytes, off_t offset);
ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset);
ssize_t __wrap_pread(int fd, void *out, size_t bytes, off_t offset)
{
    const ssize_t count = __real_pread(fd, out, bytes, offset);

    costs.read += counting && count > 0 ? (size_t)count : 0;
    return count;
}

int __real_inflate(z_stream *stream, int flush);
int __wrap_inflate(z_stream *stream, int flush);
int __wrap_inflate(z_stream *stream, int flush)
{
    const size_t before = stream->avail_out;
    const int code = __real_inflate(stream, flush);

    costs.unpacked += counting ? before - stream->avail_out : 0;
    return code;
}

yajl_status __real_yajl_parse(yajl_handle handle, const unsigned char *text, size_t bytes);
yajl_status __wrap_yajl_parse(yajl_handle handle, const unsigned char *text, size_t bytes);
yajl_status __wrap_yajl_parse(yajl_handle handle, const unsigned char *text, size_t bytes)
{
    costs.parsed += counting ? bytes : 0;
    return __real_yajl_parse(handle, text, bytes);
}

int __real_name_compare(const char *a, const char *b, size_t *common);
int __wrap_name_compare(const char *a, const char *b, size_t *common);
int __wrap_name_compare(const char *a, const char *b, size_t *common)
{
    const size_t before = *common;
    const int order = __real_name_compare(a, b, common);

    costs.compared += counting ? *common - before + 1 : 0;
    return order;
}

/* Up to the first difference. */
int __wrap_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] && a[i] == b[i])
        i++;
    costs.compared += counting ? i + 1 : 0;
    return (unsigned char)a[i] - (unsigned char)b[i];
}

int __wrap_memcmp(const void *a, const void *b, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *const x = a, *const y = b;
    size_t i = 0;

    while (i < bytes && x[i] == y[i])
        i++;
    costs.compared += counting ? i + (i < bytes) : 0;
    return i < bytes ? x[i] - y[i] : 0;
}
