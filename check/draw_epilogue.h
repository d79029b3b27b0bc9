/* draw_epilogue.h - an epilogue of the steps that a case names, its operands beside guard pages */
#ifndef VIT_CHECK_DRAW_EPILOGUE_H
#define VIT_CHECK_DRAW_EPILOGUE_H

#include "check/run.h"

/* The steps of the epilogue that a case uses, one bit each. */
enum {
    STEP_SCALE = 1,
    STEP_ROW_SCALE = 2,
    STEP_BIAS = 4,
    STEP_GAMMA = 8,
    STEP_RESIDUAL = 16,
    STEPS = 32
};

struct vit_epilogue draw_epilogue(struct check_run *c, size_t m, size_t n, unsigned steps,
                                  enum vit_activation activation);

#endif
