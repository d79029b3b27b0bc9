/* child.c - a child process that answers each request line with one line */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bind.h"
#include "peers.h"

void child_start(struct child *child, const char *name, char *const settings[],
                 char *const arguments[])
{
    int to[2], from[2];

    if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
        fatal("%s: no pipe: %s", name, strerror(errno));
    fflush(NULL); /* or the child would have a copy to write */
    signal(SIGPIPE, SIG_IGN);
    *child = (struct child){ .name = name, .pid = fork() };
    if (child->pid < 0)
        fatal("%s: no process: %s", name, strerror(errno));
    if (child->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        unbind();
        while (*settings)
            putenv(*settings++);
        execvp(arguments[0], arguments);
        printf("missing %s: %s\n", arguments[0], strerror(errno));
        fflush(stdout);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    child->to = fdopen(to[1], "w");
    child->from = fdopen(from[0], "r");
    if (!child->to || !child->from)
        fatal("%s: no stream: %s", name, strerror(errno));
}

char *child_line(struct child *child)
{
    const ssize_t length = getline(&child->line, &child->line_size, child->from);
    int status;

    if (length < 0) {
        waitpid(child->pid, &status, 0);
        if (WIFSIGNALED(status))
            fatal("%s: its process was ended by signal %d", child->name, WTERMSIG(status));
        fatal("%s: its process ended, with status %d", child->name, WEXITSTATUS(status));
    }
    child->line[strcspn(child->line, "\n")] = '\0';
    return child->line;
}

char *child_ask(struct child *child, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(child->to, format, args);
    va_end(args);
    fputc('\n', child->to);
    fflush(child->to); /* if the child has died, the missing answer shows it */

    char *const answer = child_line(child);
    if (strncmp(answer, "ok", 2) != 0)
        fatal("%s: expected an answer that begins with ok, found: %s", child->name, answer);
    return answer + 2 + (answer[2] == ' ');
}

void child_end(struct child *child)
{
    fclose(child->to);
    fclose(child->from);
    free(child->line);
    waitpid(child->pid, NULL, 0);
    *child = (struct child){ 0 };
}
