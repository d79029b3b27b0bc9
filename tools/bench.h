/* bench.h - the two things that `libvit bench` measures: a model's forward pass, and a kernel */
#ifndef VIT_TOOLS_BENCH_H
#define VIT_TOOLS_BENCH_H

#include "tools/subcommand.h"

struct bench_options {
    size_t batch; /* 0: not given */
    double seconds;
    struct size size;
    const char *roofline; /* the file of the picture, or NULL */
    bool json, cold, list;
};

/* The operand is the name of an architecture, or a directory. */
enum vit_status bench_model(const struct invocation *in, struct vit_error *err);

/* Whether this is the name of a kernel that can be measured. */
bool bench_is_kernel(const char *name);

/* The operands are a kernel's name and shapes. VIT_EINVAL: an unknown name, or a wrong shape. */
enum vit_status bench_kernel(const struct invocation *in, struct vit_error *err);

/* Prints every kernel with its dimensions. */
enum vit_status bench_list(bool json, struct vit_error *err);

#endif
