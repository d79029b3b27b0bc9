/* sanitize.h - makes strings from files safe to print in an error message */
#ifndef VIT_FILES_SANITIZE_H
#define VIT_FILES_SANITIZE_H

struct sanitized {
    char text[164];
};

/*
 * The first 96 bytes of a string, with '?' for control characters, and "..." where it was cut. For
 * use in place: fail_file(err, status, path, "found %s", sanitize_name(name).text).
 */
struct sanitized sanitize_name(const char *string);

/* The same for a path, which keeps its last 160 bytes: they tell more than the first. */
struct sanitized sanitize_path(const char *path);

#endif
