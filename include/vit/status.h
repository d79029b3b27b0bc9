/* vit/status.h - how every libvit function reports failure */
#ifndef VIT_STATUS_H
#define VIT_STATUS_H

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "libvit supports little-endian machines only: its file formats store numbers that way"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VIT_API __attribute__((visibility("default")))
#else
#define VIT_API
#endif

/* The values never change. A later version may add some. */
enum vit_status {
    VIT_OK = 0,
    VIT_EINVAL = 1,  /* an argument is outside the range that the function documents */
    VIT_ENOMEM = 2,  /* an allocation failed, or a size does not fit in size_t */
    VIT_EIO = 3,     /* a file exists but cannot be opened or read; the message has the system's
                        error */
    VIT_EFORMAT = 4, /* a file violates its format: truncated, malformed, a wrong shape */
    VIT_EUNSUPPORTED =
        5,             /* valid, but this library, this version or this CPU does not support it */
    VIT_ECANCELED = 6, /* the caller's cancel hook returned true */
    /* the image is at fault, not the arguments beside it: malformed, truncated, too narrow: what a
       server's client has sent */
    VIT_EIMAGE = 7,
    VIT_ENOTFOUND = 8, /* there is no such file or directory */
    /* a file of packed weights is not of this model, of this version or for this kernel, or it is
       damaged: write it again */
    VIT_ESTALE = 9,
};

/*
 * A function that fails fills this struct; a function that succeeds leaves it unchanged. Every
 * `struct vit_error *` argument may be NULL. This struct never grows.
 */
struct vit_error {
    enum vit_status status;
    /* one sentence: where and what was wrong, what was expected, what was found. UTF-8 without
       control characters, whatever the files and arguments hold; numbers have a decimal point in
       every locale; "…" marks the end of one that did not fit. */
    char message[512];
};

/*
 * The name of a status, such as "VIT_EINVAL"; "unknown status" for any other value. Thread-safe.
 */
VIT_API const char *vit_status_name(enum vit_status status);

#ifdef __cplusplus
}
#endif
#endif
