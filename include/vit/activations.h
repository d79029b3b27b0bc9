/* vit/activations.h - the list of activations: enum, kernels, names and tests are generated */
#ifndef VIT_ACTIVATIONS_H
#define VIT_ACTIVATIONS_H

/*
 * ROW(IDENTIFIER, name, value, args, weights). `value` is part of the ABI: it never changes, and a
 * new row gets a new one. args: the number of arguments, called a and b below; at most 2.
 * weights: 1 if the activation has a weight w per channel, 0 if not.
 *   IDENTITY    x
 *   GELU        x·Φ(x), the exact erf form; Hendrycks & Gimpel 2016
 *   GELU_TANH   x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the same paper's approximation
 *   GELU_QUICK  x·sigmoid(1.702·x), as in CLIP
 *   RELU        max(x, 0)
 *   SILU        x·sigmoid(x)
 *   EXP         exp(x), over the whole range of floats
 *   TANH        tanh(x), as before the logits in Dosovitskiy et al. 2021
 *   LEAKY_RELU  x > 0 ? x : a·x; Maas et al. 2013
 *   THRESHOLD   x > a ? x : b, as PyTorch's nn.Threshold
 *   PRELU       x > 0 ? x : w·x; He et al. 2015, "Delving Deep into Rectifiers"
 *   ELU         x > 0 ? x : a·(exp(x) − 1); Clevert et al. 2016
 *   CELU        x > 0 ? x : a·(exp(x/a) − 1), a > 0; Barron 2017
 *   SELU        λ·(x > 0 ? x : α·(exp(x) − 1)) with the λ and α of Klambauer et al. 2017
 *   SIGMOID     1/(1 + exp(−x))
 *   LOG_SIGMOID ln(sigmoid(x))
 *   SOFTPLUS    a·x > b ? x : ln(1 + exp(a·x))/a, 2⁻⁵⁰ ≤ a ≤ 2⁵⁰; as PyTorch's nn.Softplus
 *   MISH        x·tanh(ln(1 + exp(x))); Misra 2019
 *   SOFTSIGN    x/(1 + |x|)
 *   TANHSHRINK  x − tanh(x)
 *   HARDTANH    min(max(x, a), b), a ≤ b; with 0 and 6 it is ReLU6
 *   HARDSIGMOID min(max(x + 3, 0), 6)/6
 *   HARDSWISH   x·hardsigmoid(x); Howard et al. 2019
 *   HARDSHRINK  |x| > a ? x : 0
 *   SOFTSHRINK  |x| > a ? x − a·sign(x) : 0
 * The activation of a NaN is a NaN, and that of an infinity the limit.
 */
#define VIT_ACTIVATION_LIST(ROW)                                                                   \
    ROW(IDENTITY, identity, 0, 0, 0)                                                               \
    ROW(GELU, gelu, 1, 0, 0)                                                                       \
    ROW(GELU_TANH, gelu_tanh, 2, 0, 0)                                                             \
    ROW(GELU_QUICK, gelu_quick, 3, 0, 0)                                                           \
    ROW(RELU, relu, 4, 0, 0)                                                                       \
    ROW(SILU, silu, 5, 0, 0)                                                                       \
    ROW(EXP, exp, 6, 0, 0)                                                                         \
    ROW(TANH, tanh, 7, 0, 0)                                                                       \
    ROW(LEAKY_RELU, leaky_relu, 8, 1, 0)                                                           \
    ROW(THRESHOLD, threshold, 9, 2, 0)                                                             \
    ROW(PRELU, prelu, 10, 0, 1)                                                                    \
    ROW(ELU, elu, 11, 1, 0)                                                                        \
    ROW(CELU, celu, 12, 1, 0)                                                                      \
    ROW(SELU, selu, 13, 0, 0)                                                                      \
    ROW(SIGMOID, sigmoid, 14, 0, 0)                                                                \
    ROW(LOG_SIGMOID, log_sigmoid, 15, 0, 0)                                                        \
    ROW(SOFTPLUS, softplus, 16, 2, 0)                                                              \
    ROW(MISH, mish, 17, 0, 0)                                                                      \
    ROW(SOFTSIGN, softsign, 18, 0, 0)                                                              \
    ROW(TANHSHRINK, tanhshrink, 19, 0, 0)                                                          \
    ROW(HARDTANH, hardtanh, 20, 2, 0)                                                              \
    ROW(HARDSIGMOID, hardsigmoid, 21, 0, 0)                                                        \
    ROW(HARDSWISH, hardswish, 22, 0, 0)                                                            \
    ROW(HARDSHRINK, hardshrink, 23, 1, 0)                                                          \
    ROW(SOFTSHRINK, softshrink, 24, 1, 0)

#define VIT_ACTIVATION_VALUE(identifier, name, value, args, weights)                               \
    VIT_ACTIVATION_##identifier = value,
enum vit_activation { VIT_ACTIVATION_LIST(VIT_ACTIVATION_VALUE) };
#undef VIT_ACTIVATION_VALUE

/* The number of rows. */
#define VIT_ACTIVATION_ONE(i, n, v, a, w) +1
#define VIT_ACTIVATIONS                   (0 VIT_ACTIVATION_LIST(VIT_ACTIVATION_ONE))

#endif
