/* atomic_file.c - files that appear whole or not at all */
#define _XOPEN_SOURCE 700 /* realpath */
#include "tools/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/error.h"

/* What an interrupt has to remove. */
static char *volatile pending[2];

static void remove_pending(int signal_number)
{
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++) {
        if (pending[i])
            unlink(pending[i]);
    }
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void catch_interrupts(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (signal(signals[i], remove_pending) == SIG_IGN)
            signal(signals[i], SIG_IGN); /* as nohup asked */
    }
}

static void set_pending(const char *was, char *is)
{
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++) {
        if (pending[i] == was) {
            pending[i] = is;
            return;
        }
    }
}

static enum vit_status cannot_write(const char *path, struct vit_error *err)
{
    return tool_fail(err, VIT_EIO, "cannot write %s: %s", path, strerror(errno));
}

/* A file beside the target, under a name that nobody has. */
static enum vit_status open_temporary(struct output *output, mode_t mode, struct vit_error *err)
{
    const size_t size = strlen(output->target) + 64;
    enum vit_status status = VIT_OK;
    int fd = -1;

    output->temporary = malloc(size);
    if (!output->temporary)
        return tool_no_memory(err);
    for (int i = 0; fd < 0 && i < 100; i++) {
        snprintf(output->temporary, size, "%s.%ld-%d.tmp", output->target, (long)getpid(), i);
        fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        status = cannot_write(output->target, err);
        free(output->temporary);
        output->temporary = NULL; /* it is not ours to remove */
        return status;
    }
    set_pending(NULL, output->temporary);
    catch_interrupts();
    output->file = fdopen(fd, "wb");
    if (!output->file) {
        status = cannot_write(output->target, err);
        close(fd);
    }
    return status;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The folder that a path's last name stands in, "." without one; free()d by the caller. */
static char *parent(const char *path)
{
    const char *const slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *last_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool output_same(const char *a, const char *b)
{
    if (same_file(a, b) || strcmp(a, b) == 0)
        return true;
    if (strcmp(last_name(a), last_name(b)) != 0)
        return false;
    char *const of_a = parent(a), *const of_b = parent(b);
    const bool same = of_a && of_b && same_file(of_a, of_b);
    free(of_a);
    free(of_b);
    return same;
}

enum vit_status output_open(const char *path, struct output *output, struct vit_error *err)
{
    struct stat info = { .st_mode = S_IFREG | 0666 };
    const bool exists = stat(path, &info) == 0;
    const bool in_place = !S_ISREG(info.st_mode);
    enum vit_status status = VIT_OK;

    *output = (struct output){ 0 };
    if (S_ISDIR(info.st_mode))
        return tool_fail(err, VIT_EIO, "cannot write %s: it is a folder", path);
    if (exists && access(path, W_OK) != 0)
        return cannot_write(path, err);
    /* of a symbolic link the target: renaming must replace the file, not the link */
    output->target = exists && !in_place ? realpath(path, NULL) : strdup(path);
    if (!output->target)
        return tool_no_memory(err);
    if (!in_place) {
        status = open_temporary(output, info.st_mode & 0777, err);
    } else {
        output->file = fopen(path, "wb");
        if (!output->file)
            status = cannot_write(path, err);
    }
    if (status)
        output_discard(output);
    return status;
}

enum vit_status output_commit(struct output *output, struct vit_error *err)
{
    FILE *const file = output->file;
    enum vit_status status = VIT_OK;

    output->file = NULL;
    const bool failed = ferror(file) || fflush(file) != 0; /* errno is the failed write's */
    if (failed)
        status = cannot_write(output->target, err);
    if (fclose(file) != 0 && !failed)
        status = cannot_write(output->target, err);
    if (!status && output->temporary && rename(output->temporary, output->target) != 0)
        status = cannot_write(output->target, err);
    if (!status && output->temporary) {
        set_pending(output->temporary, NULL);
        free(output->temporary);
        output->temporary = NULL;
    }
    output_discard(output);
    return status;
}

void output_discard(struct output *output)
{
    if (output->file)
        fclose(output->file);
    if (output->temporary) {
        unlink(output->temporary);
        set_pending(output->temporary, NULL);
    }
    free(output->temporary);
    free(output->target);
    *output = (struct output){ 0 };
}
