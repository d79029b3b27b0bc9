/* regular_file.c - opening and reading the files of a command line, of which no pipe is one */
#include "tools/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/error.h"

enum vit_status regular_file_open(const char *path, FILE **file, size_t *bytes,
                                  struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    struct stat info;
    /* without O_NONBLOCK, opening a named pipe waits for its writer */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    *file = NULL;
    *bytes = 0;
    if (fd < 0 || fstat(fd, &info) != 0)
        status = tool_fail(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, "cannot open %s: %s",
                           path_end(path), strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = tool_fail(err, VIT_EIO, "%s: expected a regular file, found another kind",
                           path_end(path));
    else if (!(*file = fdopen(fd, "rb")))
        status = tool_no_memory(err);
    else
        *bytes = (size_t)info.st_size;
    if (!*file && fd >= 0)
        close(fd);
    return status;
}

enum vit_status regular_file_read(const char *path, size_t most, char **data, size_t *bytes,
                                  struct vit_error *err)
{
    FILE *file;
    enum vit_status status = regular_file_open(path, &file, bytes, err);

    *data = NULL;
    if (status)
        return status;
    *data = *bytes > most ? NULL : malloc(*bytes ? *bytes : 1);
    if (*bytes > most)
        status = tool_fail(err, VIT_EFORMAT, "%s: expected at most %zu bytes, found %zu",
                           path_end(path), most, *bytes);
    else if (!*data)
        status =
            tool_fail(err, VIT_ENOMEM, "%s: out of memory for %zu bytes", path_end(path), *bytes);
    else if (fread(*data, 1, *bytes, file) != *bytes)
        status = tool_fail(err, VIT_EIO, "cannot read %s: %s", path_end(path),
                           ferror(file) ? strerror(errno) : "it became shorter");
    fclose(file);
    return status;
}
