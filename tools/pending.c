/* pending.c - files and folders of temporary names, which a signal or exit removes */
#include "tools/pending.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/path_name.h"

static char *volatile pending[16];

static void remove_pending(void)
{
    /* the last first: a folder is added before its files */
    for (size_t i = sizeof pending / sizeof *pending; i-- > 0;) {
        if (pending[i] && unlink(pending[i]) != 0)
            rmdir(pending[i]);
    }
}

/*
 * No other signal interrupts a handler, and none of these is the system's again before the files
 * are gone: `timeout`, for one, sends its signal twice. (POSIX's signal() may do both.)
 */
static void set_handler(int number, void (*handler)(int number))
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

    sigfillset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void on_signal(int number)
{
    remove_pending();
    set_handler(number, SIG_DFL);
    raise(number);
}

static void catch_signal(int number)
{
    struct sigaction before;

    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        set_handler(number, on_signal); /* nohup ignores some */
}

/* What others send to end a process. SIGSEGV and its like are faults of the command itself. */
static void catch_interrupts(void)
{
    static const int signals[] = { SIGINT,  SIGTERM, SIGHUP,  SIGPIPE, SIGQUIT,   SIGALRM, SIGUSR1,
                                   SIGUSR2, SIGABRT, SIGXCPU, SIGPROF, SIGVTALRM, SIGSYS };
    static bool registered;

    if (!registered)
        registered = atexit(remove_pending) == 0; /* OpenMP exits if it has no thread */
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        catch_signal(signals[i]);
#ifdef SIGIO
    catch_signal(SIGIO);
#endif
#ifdef SIGPWR
    catch_signal(SIGPWR);
#endif
#ifdef SIGRTMIN
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        catch_signal(number);
#endif
}

void pending_replace(const char *was, char *is)
{
    for (size_t i = 0; i < sizeof pending / sizeof *pending; i++) {
        if (pending[i] == was) {
            pending[i] = is;
            return;
        }
    }
}

/* A file for writing, or for mode 0 a folder, whose descriptor is for reading. */
static int create(const char *path, mode_t mode)
{
    if (mode)
        return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return mkdir(path, 0777) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* No signal comes between the file and its entry. */
static int create_pending(const char *target, mode_t mode, char *path)
{
    /* bytes; of NAME_MAX, which is 255 or more: the library adds to the name without cutting it */
    enum { MAX_NAME = 200 };
    const size_t length = strlen(target), name = strlen(path_name(target));
    const size_t kept = length - (name > MAX_NAME ? name - MAX_NAME : 0);
    sigset_t all, before;
    struct timespec now;
    int fd = -1;

    catch_interrupts();
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    for (int i = 0; fd < 0 && i < 100; i++) {
        clock_gettime(CLOCK_REALTIME, &now); /* no number of files left behind exhausts it */
        snprintf(path, length + PENDING_SUFFIX, "%.*s.%ld-%ld.tmp", (int)kept, target,
                 (long)getpid(), now.tv_nsec);
        fd = create(path, mode);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    const int reason = errno;
    if (fd >= 0)
        pending_replace(NULL, path);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = reason;
    return fd;
}

int pending_create(const char *target, mode_t mode, char *path)
{
    return create_pending(target, mode, path);
}

bool pending_create_folder(const char *target, char *path)
{
    const int fd = create_pending(target, 0, path);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
