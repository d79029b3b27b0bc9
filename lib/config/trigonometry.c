/* trigonometry.c - powers, sines and cosines of tables, whose bits no C library decides */
#include "config/trigonometry.h"

#include <math.h>

/* --- numbers of twice the digits: the sum of two doubles; Dekker 1971 */

struct twofold {
    double high, low;
};

/* a + b for |a| ≥ |b| or a = 0, exactly */
static struct twofold sum_of(double a, double b)
{
    const double high = a + b;
    return (struct twofold){ high, b - (high - a) };
}

/* a + b, exactly; Knuth 1969 */
static struct twofold exact_sum(double a, double b)
{
    const double high = a + b, part = high - a;
    return (struct twofold){ high, (a - (high - part)) + (b - part) };
}

static struct twofold plus(struct twofold a, struct twofold b)
{
    const struct twofold s = exact_sum(a.high, b.high);
    return sum_of(s.high, s.low + (a.low + b.low));
}

static struct twofold times(struct twofold a, struct twofold b)
{
    const double high = a.high * b.high;
    const double low = fma(a.high, b.high, -high) + (a.high * b.low + a.low * b.high);
    return sum_of(high, low);
}

static struct twofold divided(struct twofold a, double b)
{
    const double high = a.high / b;
    return sum_of(high, (fma(-high, b, a.high) + a.low) / b);
}

/* --- powers */

static const struct twofold ln_2 = { 0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56 };

/*
 * exp(x) for |x| ≤ 70: 2^n·exp(r), |r| ≤ ln(2)/2. The series of exp(r/16) ends below 2^-110; four
 * squarings follow.
 */
static struct twofold exp_of(struct twofold x)
{
    enum { TERMS = 18, SQUARINGS = 4 };
    const double n = floor(x.high / ln_2.high + 0.5);
    const struct twofold whole = times((struct twofold){ -n, 0.0 }, ln_2);
    const struct twofold r = divided(plus(x, whole), (double)(1 << SQUARINGS));
    struct twofold sum = { 1.0, 0.0 };

    for (int i = TERMS; i > 0; i--)
        sum = plus((struct twofold){ 1.0, 0.0 }, divided(times(r, sum), (double)i));
    for (int i = 0; i < SQUARINGS; i++)
        sum = times(sum, sum);
    return (struct twofold){ ldexp(sum.high, (int)n), ldexp(sum.low, (int)n) };
}

/* ln(x): from a first guess Newton's steps y += x·exp(−y) − 1, each of which doubles the digits. */
static struct twofold log_of(double x)
{
    int exponent;
    const double m = frexp(x, &exponent); /* in [1/2, 1) */
    struct twofold y = { (double)exponent * ln_2.high + (m - 1.0) * (2.5 - m), 0.0 };

    for (int i = 0; i < 6; i++) {
        const struct twofold e = exp_of((struct twofold){ -y.high, -y.low });
        const struct twofold step =
            plus(times(e, (struct twofold){ x, 0.0 }), (struct twofold){ -1.0, 0.0 });
        y = plus(y, step);
    }
    return y;
}

double table_power(double base, double exponent)
{
    const struct twofold y = exp_of(times(log_of(base), (struct twofold){ exponent, 0.0 }));
    return y.high + y.low;
}

/* --- sines and cosines */

/* π/2 in three parts, the first two of 33 bits, so that their product with a multiple below 2^20 is
 * exact: fdlibm's e_rem_pio2.c has the same numbers */
#define HALF_PI_1 0x1.921fb544p+0
#define HALF_PI_2 0x1.0b4611a6p-34
#define HALF_PI_3 0x1.3198a2e037073p-69

/* r·(1 − r²/3!·(1 − r²/(4·5)·(…))): Taylor's series for |r| ≤ π/4, whose rest is below 2^-63 */
static double sine_of(struct twofold r)
{
    enum { TERMS = 9 };
    const double z = r.high * r.high;
    double p = 0.0;

    for (int i = TERMS; i > 0; i--)
        p = z / (double)(2 * i * (2 * i + 1)) * (1.0 - p);
    /* the derivative, about 1 − r²/2, times the low part */
    return r.high + (fma(-0.5 * z, r.low, r.low) - r.high * p);
}

static double cosine_of(struct twofold r)
{
    enum { TERMS = 9 };
    const double z = r.high * r.high;
    double p = 0.0;

    for (int i = TERMS; i > 0; i--)
        p = z / (double)((2 * i - 1) * 2 * i) * (1.0 - p);
    return 1.0 - (p + r.high * r.low);
}

struct circle_point table_circle(double angle)
{
    if (!(fabs(angle) <= TABLE_MAX_ANGLE))
        return (struct circle_point){ NAN, NAN };
    const double n = floor(angle / (HALF_PI_1 + HALF_PI_2) + 0.5);
    const struct twofold first = exact_sum(fma(-n, HALF_PI_1, angle), -n * HALF_PI_2);
    const struct twofold r = exact_sum(first.high, first.low - n * HALF_PI_3);
    const float sine = (float)sine_of(r), cosine = (float)cosine_of(r);

    switch ((long)n & 3) {
    case 0:
        return (struct circle_point){ sine, cosine };
    case 1:
        return (struct circle_point){ cosine, -sine };
    case 2:
        return (struct circle_point){ -sine, -cosine };
    default:
        return (struct circle_point){ -cosine, sine };
    }
}
