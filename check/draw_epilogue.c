/* draw_epilogue.c - an epilogue of the steps that a case names, its operands beside guard pages */
#include "check/draw_epilogue.h"

#include "check/kernel_cases.h"

struct vit_epilogue draw_epilogue(struct check_run *c, size_t m, size_t n, unsigned steps,
                                  enum vit_activation activation)
{
    static const char *const names[] = { "scale", "row_scale", "bias", "gamma", "residual" };
    const size_t ld = n + check_draw(c, 4);

    for (unsigned i = 0; i < 5; i++)
        if (steps >> i & 1)
            check_shape(c, ", %s", names[i]);
    check_shape(c, ", activation %d", (int)activation);
    struct vit_epilogue e = { .scale = steps & STEP_SCALE ? -0.37f : 0.0f,
                              .activation = activation,
                              .ld_residual = ld };
    if (steps & STEP_ROW_SCALE)
        e.row_scale = check_input(c, "row_scale", 1, m, m, PATTERN_NORMAL);
    if (steps & STEP_BIAS)
        e.bias = check_input(c, "bias", 1, n, n, PATTERN_NORMAL);
    e.activation_args = activation_case_args(check_input(c, "weight", 1, n, n, PATTERN_NORMAL));
    if (steps & STEP_GAMMA)
        e.gamma = check_input(c, "gamma", 1, n, n, PATTERN_NORMAL);
    if (steps & STEP_RESIDUAL)
        e.residual = check_input(c, "residual", m, n, ld, PATTERN_NORMAL);
    return e;
}
