/* trigonometry.h - powers, sines and cosines of tables, whose bits no C library decides */
#ifndef VIT_CONFIG_TRIGONOMETRY_H
#define VIT_CONFIG_TRIGONOMETRY_H

/*
 * Both compute with +, −, ×, ÷ and fused multiply-adds of double precision alone, which IEEE 754
 * rounds in one way: the same bits everywhere. tests/test_trigonometry.c measures the errors.
 */

/* base^exponent for 2^-100 ≤ base ≤ 2^100 and a result in that range: within 0.51 ulp of double. */
double table_power(double base, double exponent);

/* The point of the unit circle at an angle. */
struct circle_point {
    float sine, cosine;
};

/*
 * Each coordinate is within 0.501 ulp of float, for angles up to TABLE_MAX_ANGLE in magnitude; of
 * others, infinities and NaN both are NaN.
 */
#define TABLE_MAX_ANGLE 0x1.8p20
struct circle_point table_circle(double angle);

#endif
