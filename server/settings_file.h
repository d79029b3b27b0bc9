/* settings_file.h - serve.json: the settings of one model, beside its checkpoint */
#ifndef VIT_SERVER_SETTINGS_FILE_H
#define VIT_SERVER_SETTINGS_FILE_H

#include "server/failure.h"
#include "server/settings.h"

/*
 * Reads DIRECTORY/serve.json over the settings; no such file changes nothing. docs/server.md lists
 * its keys. Its strings point into memory that lives as long as the process: the caller's
 * strings, or copies of which each distinct one is made once.
 * 400: not JSON, an unknown key, a value of another type or out of range.
 */
bool settings_read(const char *directory, struct settings *settings, struct failure *f);

/* The value of enum vit_precision of this name; false: none has it. */
bool settings_precision(const char *name, int *field);

/* What every value has to fulfil, whether from the file or from the command line. */
bool settings_check(const char *where, const struct settings *settings, struct failure *f);

#endif
