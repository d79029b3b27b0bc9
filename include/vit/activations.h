/* vit/activations.h - the one list of activations: the enum, tables, names and tests follow it */
#ifndef VIT_ACTIVATIONS_H
#define VIT_ACTIVATIONS_H

/*
 * ROW(IDENTIFIER, name, value, args): args is how many numbers of vit_config.activation_args the
 * activation takes. Values are part of the ABI: they never change, and new rows take new values.
 *   IDENTITY    x
 *   GELU        x·Φ(x), the exact erf form; Hendrycks & Gimpel 2016
 *   GELU_TANH   x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the same paper's approximation
 *   GELU_QUICK  x·sigmoid(1.702·x), as in CLIP
 *   RELU        max(x, 0)
 *   SILU        x·sigmoid(x)
 *   EXP         exp(x), over the whole range of floats
 *   TANH        tanh(x), as before the logits in Dosovitskiy et al. 2021
 */
#define VIT_ACTIVATION_LIST(ROW)                                                                   \
    ROW(IDENTITY, identity, 0, 0)                                                                  \
    ROW(GELU, gelu, 1, 0)                                                                          \
    ROW(GELU_TANH, gelu_tanh, 2, 0)                                                                \
    ROW(GELU_QUICK, gelu_quick, 3, 0)                                                              \
    ROW(RELU, relu, 4, 0)                                                                          \
    ROW(SILU, silu, 5, 0)                                                                          \
    ROW(EXP, exp, 6, 0)                                                                            \
    ROW(TANH, tanh, 7, 0)

#define VIT_ACTIVATION_VALUE(identifier, name, value, args) VIT_ACTIVATION_##identifier = value,
enum vit_activation { VIT_ACTIVATION_LIST(VIT_ACTIVATION_VALUE) };
#undef VIT_ACTIVATION_VALUE

/* The number of rows. */
#define VIT_ACTIVATION_ONE(i, n, v, a) +1
#define VIT_ACTIVATIONS                (0 VIT_ACTIVATION_LIST(VIT_ACTIVATION_ONE))

#endif
