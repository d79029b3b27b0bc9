/* sanitize.h - strings from files, made fit for an error message */
#ifndef VIT_FILES_SANITIZE_H
#define VIT_FILES_SANITIZE_H

struct quote {
    char text[164];
};

/*
 * The first 96 bytes of a string, with '?' for control characters, and "..." where it was cut.
 * Written for use in place: fail(err, status, "tensor \"%s\"", sanitize_name(name).text).
 */
struct quote sanitize_name(const char *string);

/* The same of a path, of which the last 160 bytes say more than the first. */
struct quote sanitize_path(const char *path);

#endif
