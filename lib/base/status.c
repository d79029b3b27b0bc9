/* status.c - names of statuses */
#include <stddef.h>

#include "vit/status.h"

static const char *const names[] = {
    [VIT_OK] = "VIT_OK",
    [VIT_EINVAL] = "VIT_EINVAL",
    [VIT_ENOMEM] = "VIT_ENOMEM",
    [VIT_EIO] = "VIT_EIO",
    [VIT_EFORMAT] = "VIT_EFORMAT",
    [VIT_EUNSUPPORTED] = "VIT_EUNSUPPORTED",
    [VIT_ECANCELED] = "VIT_ECANCELED",
};

const char *vit_status_name(enum vit_status status)
{
    const size_t i = (size_t)status;
    return i < sizeof names / sizeof *names ? names[i] : "unknown status";
}
