/* vit/status.h - how every libvit function reports failure */
#ifndef VIT_STATUS_H
#define VIT_STATUS_H

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libvit is for little-endian machines: it reads and writes files as numbers lie in memory"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VIT_API __attribute__((visibility("default")))
#else
#define VIT_API
#endif

enum vit_status {
    VIT_OK = 0,
    VIT_EINVAL,       /* an argument is outside what the function's comment allows */
    VIT_ENOMEM,       /* an allocation failed, or a size does not fit in size_t */
    VIT_EIO,          /* a file could not be opened or read; the message has the system's reason */
    VIT_EFORMAT,      /* a file is not what its format demands: truncated, malformed, misshapen */
    VIT_EUNSUPPORTED, /* well formed, but something this library does not do (or this CPU lacks) */
    VIT_ECANCELED,    /* the caller's own hook said stop */
};

/*
 * Filled by a function that fails, untouched by one that succeeds. Any `struct vit_error *`
 * argument may be NULL.
 */
struct vit_error {
    enum vit_status status;
    char
        message[512]; /* one sentence: the file, the tensor, what was expected and what was found */
};

/*
 * The name of a status, "VIT_EINVAL" for VIT_EINVAL; "unknown status" for a value outside the enum.
 * Thread-safe.
 */
VIT_API const char *vit_status_name(enum vit_status status);

#ifdef __cplusplus
}
#endif
#endif
