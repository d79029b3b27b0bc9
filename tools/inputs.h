/* inputs.h - the files that the command reads: none of them may be its output */
#ifndef VIT_TOOLS_INPUTS_H
#define VIT_TOOLS_INPUTS_H

#include <stddef.h>
#include <sys/stat.h>

enum { MAX_INPUTS = 3 };

/*
 * Declares inputs of the command: files, and directories with every file below them. At most
 * MAX_INPUTS arrays; they must outlive the outputs. A NULL is none.
 */
void inputs_declare(char *const *paths, size_t count);
/* Before what is declared is freed. */
void inputs_forget(void);

/* The input that is this file or has it below it, or NULL. */
const char *inputs_find(const struct stat *file);

#endif
