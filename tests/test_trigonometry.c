/* test_trigonometry.c - the powers, sines and cosines of tables against long double */
#include <criterion/criterion.h>
#include <math.h>

#include "check/test_data.h"
#include "config/trigonometry.h"
#include "counts.h"

/* The distance in units of the last place that a float of the magnitude of `exact` has. */
static double float_ulps(float found, long double exact)
{
    int exponent;

    frexpl(exact, &exponent);
    return (double)fabsl(((long double)found - exact) / ldexpl(1.0L, exponent - 24));
}

static void expect_point(double angle)
{
    const struct circle_point p = table_circle(angle);
    const double sine = angle == 0.0 ? 0.0 : float_ulps(p.sine, sinl((long double)angle));
    const double cosine = float_ulps(p.cosine, cosl((long double)angle));

    cr_assert_leq(sine, 0.501, "the sine of %a is off by %g ulp", angle, sine);
    cr_assert_leq(cosine, 0.501, "the cosine of %a is off by %g ulp", angle, cosine);
    count_checks(2);
}

Test(trigonometry, sines_and_cosines_are_within_0_501_ulp)
{
    uint64_t state = 1;

    for (int exponent = -60; exponent <= 20; exponent++)
        for (int i = 0; i < 2000; i++) {
            const double x = ldexp((double)(next_random(&state) >> 11) * 0x1p-53, exponent);
            expect_point(x);
            expect_point(-x);
        }
}

/* Where one of the two is near 0, the angle's distance from a multiple of π/2 decides its bits. */
Test(trigonometry, near_multiples_of_a_quarter_turn_too)
{
    for (int n = 1; n < 300000; n += 1 + n / 100) {
        const double near = (double)((long double)n * acosl(0.0L));
        expect_point(near);
        expect_point(nextafter(near, 1e9));
        expect_point(-nextafter(near, 0.0));
    }
}

Test(trigonometry, an_angle_beyond_the_range_is_no_point)
{
    const double angles[] = { nextafter(TABLE_MAX_ANGLE, 1e9), -1e30, (double)INFINITY,
                              (double)NAN };

    expect_point(TABLE_MAX_ANGLE);
    for (size_t i = 0; i < 4; i++) {
        const struct circle_point p = table_circle(angles[i]);
        cr_assert(isnan(p.sine) && isnan(p.cosine), "%g", angles[i]);
        count_checks(1);
    }
}

/* Within half a unit of the last place, and what computing beyond double leaves. */
Test(trigonometry, powers_are_rounded_once)
{
    static const double bases[] = { 100.0, 10000.0, 2.0, 7.3, 0.01, 1e5, 1.0 };

    for (size_t b = 0; b < sizeof bases / sizeof *bases; b++)
        for (int j = -200; j <= 200; j++) {
            const double exponent = (double)j / 96.0, found = table_power(bases[b], exponent);
            const long double exact = powl((long double)bases[b], (long double)exponent);
            int power;
            frexpl(exact, &power);
            const long double ulps = fabsl(((long double)found - exact) / ldexpl(1.0L, power - 53));
            cr_assert_leq((double)ulps, 0.51, "%g^%g is off by %g ulp", bases[b], exponent,
                          (double)ulps);
            count_checks(1);
        }
}
