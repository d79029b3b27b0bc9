/* memory_files.c - a caller's list of files in memory, as this version has it */
#include "checkpoint/memory_files.h"

#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "files/sanitize.h"

/* File i. All have the size of the first one, or the stride would be wrong. */
static enum vit_status read_file(const struct vit_file *files, size_t i, struct vit_file *file,
                                 struct vit_error *err)
{
    const void *const from = (const char *)files + i * files->size;
    const size_t size = ((const struct vit_file *)from)->size;

    if (size != files->size)
        return fail(err, VIT_EINVAL,
                    "struct vit_file %zu: expected size %zu, as file 0 has, found %zu", i,
                    files->size, size);
    return sized_read(file, from, SIZED(vit_file), err);
}

static enum vit_status check_file(const struct memory_file *list, size_t i, struct vit_error *err)
{
    const struct memory_file *const file = &list[i];

    if (!file->name || !file->name[0] || strchr(file->name, '/'))
        return fail(err, VIT_EINVAL,
                    "struct vit_file %zu: name: expected one without '/', found \"%s\"", i,
                    file->name ? sanitize_name(file->name).text : "");
    if (file->bytes > 0 && !file->data)
        return fail(err, VIT_EINVAL, "struct vit_file %zu: data: expected %zu bytes, found NULL", i,
                    file->bytes);
    for (size_t other = 0; other < i; other++)
        if (strcmp(list[other].name, file->name) == 0)
            return fail(err, VIT_EINVAL,
                        "struct vit_file %zu: name: expected another than that of file %zu, found "
                        "\"%s\"",
                        i, other, sanitize_name(file->name).text);
    return VIT_OK;
}

enum vit_status memory_files_read(size_t count, const struct vit_file *files,
                                  struct memory_file **list, struct vit_error *err)
{
    struct vit_file file = { 0 };
    enum vit_status status = VIT_OK;

    if (count == 0 || !files)
        return fail(err, VIT_EINVAL, "files in memory: expected at least 1, found none");
    if (!sized_is_possible(files->size))
        return sized_read(&file, files, SIZED(vit_file), err);
    struct memory_file *const read = calloc(count, sizeof *read);
    if (!read)
        return fail(err, VIT_ENOMEM, "files in memory: out of memory");
    for (size_t i = 0; !status && i < count; i++) {
        if (!(status = read_file(files, i, &file, err))) {
            read[i] = (struct memory_file){ file.name, file.data, file.bytes };
            status = check_file(read, i, err);
        }
    }
    if (!status)
        *list = read;
    else
        free(read);
    return status;
}
