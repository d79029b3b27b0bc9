/* roofline.c - a picture of what was measured, below the limits of the machine */
#include "tools/roofline.h"

#include <math.h>

#include "tools/draw.h"
#include "tools/glyphs.h"

/* Pixels: the plot, and the legend on its right. */
enum {
    LEFT = 80,
    RIGHT = ROOFLINE_PLOT - 20,
    TOP = 60,
    BOTTOM = ROOFLINE_HEIGHT - 60,
    LEGEND = ROOFLINE_PLOT + 10,
    TEXT = 2, /* pixels of one of a glyph */
    LINE = 18
};

static const uint8_t black[3] = { 0, 0, 0 }, gray[3] = { 128, 128, 128 },
                     light[3] = { 224, 224, 224 };

/* A logarithmic axis: `low` is at pixel `from`, `high` at pixel `to`. */
struct axis {
    double low, high, from, to;
};

static double pixel_of(const struct axis *a, double value)
{
    return a->from + log(value / a->low) / log(a->high / a->low) * (a->to - a->from);
}

static double value_at(const struct axis *a, double pixel)
{
    return a->low * pow(a->high / a->low, (pixel - a->from) / (a->to - a->from));
}

struct plot {
    struct vit_image image;
    const struct measured *measured;
    struct axis x, y; /* FLOP per byte, FLOP/s */
    double peak;      /* the maximum of the shapes' */
    size_t legend;    /* the next line's y */
};

static void fill(struct plot *p, double y, double x, size_t height, size_t width,
                 const uint8_t rgb[3])
{
    struct vit_image part =
        vit_image_view(&p->image, (size_t)lrint(y), (size_t)lrint(x), height, width);
    vit_image_fill(&part, rgb);
}

static double intensity(const struct measured_shape *s)
{
    return s->operations / s->bytes;
}

/* Axes that hold every point, and the ridges where a bandwidth meets the peak. */
static void choose_axes(struct plot *p)
{
    const struct measured *const m = p->measured;
    double left = INFINITY, right = 0, bottom = INFINITY, top = 0;

    for (size_t i = 0; i < m->count; i++) {
        p->peak = fmax(p->peak, m->shapes[i].peak);
        left = fmin(left, intensity(&m->shapes[i]));
        right = fmax(right, intensity(&m->shapes[i]));
        bottom = fmin(bottom, m->shapes[i].flops);
        top = fmax(top, m->shapes[i].flops); /* above the peak, if its measurement was disturbed */
    }
    for (size_t i = 0; i < m->roof_count; i++) {
        const double ridge = p->peak / m->roofs[i].bytes_per_s;
        left = fmin(left, ridge);
        right = fmax(right, ridge);
    }
    left /= 2;
    for (size_t i = 0; i < m->roof_count; i++)
        bottom = fmin(bottom, m->roofs[i].bytes_per_s * left);
    p->x = (struct axis){ left, 2 * right, LEFT, RIGHT };
    p->y = (struct axis){ bottom / 1.5, fmax(p->peak, top) * 1.5, BOTTOM, TOP };
}

/* Powers of two across, 1, 2 and 5 times powers of ten up; every second of many. */
static void draw_grid(struct plot *p)
{
    const int first = (int)ceil(log2(p->x.low)), last = (int)floor(log2(p->x.high));
    static const double steps[] = { 1, 2, 5 };
    char text[32];

    for (int e = first; e <= last; e += last - first > 14 ? 2 : 1) {
        const double x = pixel_of(&p->x, exp2(e));
        fill(p, TOP, x, BOTTOM - TOP, 1, light);
        snprintf(text, sizeof text, "%.4g", exp2(e));
        glyphs_draw(&p->image, BOTTOM + 8, (size_t)x - 4, TEXT, text, black);
    }
    for (int e = (int)floor(log10(p->y.low)); e <= (int)log10(p->y.high); e++)
        for (size_t i = 0; i < 3; i++) {
            const double value = steps[i] * pow(10, e), y = pixel_of(&p->y, value);
            if (value < p->y.low || value > p->y.high)
                continue;
            fill(p, y, LEFT, 1, RIGHT - LEFT, light);
            snprintf(text, sizeof text, "%7.4g", 1e-9 * value);
            glyphs_draw(&p->image, (size_t)y - 5, LEFT - 64, TEXT, text, black);
        }
    fill(p, TOP, LEFT, BOTTOM - TOP, 1, black);
    fill(p, BOTTOM, LEFT, 1, RIGHT - LEFT, black);
    glyphs_draw(&p->image, TOP - 20, LEFT - 60, TEXT, "GFLOP/s", black);
    glyphs_draw(&p->image, BOTTOM + 28, RIGHT - 13 * GLYPH_WIDTH * TEXT, TEXT, "FLOP per byte",
                black);
}

/* A line of the legend: a square in the color, and a text. */
static void add_legend(struct plot *p, const char *text, const uint8_t rgb[3])
{
    fill(p, (double)p->legend, LEGEND, 10, 10, rgb);
    glyphs_draw(&p->image, p->legend, LEGEND + 18, TEXT, text, black);
    p->legend += LINE;
}

/* The lesser of a bandwidth times FLOP per byte, and the peak. */
static void draw_roof(struct plot *p, double bytes_per_s, const uint8_t rgb[3])
{
    double before = NAN;

    for (int x = LEFT; x < RIGHT; x++) {
        const double flops = bytes_per_s * value_at(&p->x, x);
        if (flops > p->peak)
            break;
        const double y = pixel_of(&p->y, flops);
        const double height = isnan(before) ? 0 : before - y;
        fill(p, y, x, (size_t)height + 2, 2, rgb);
        before = y;
    }
}

static void draw_roofs(struct plot *p)
{
    const struct measured *const m = p->measured;
    char text[64];

    fill(p, pixel_of(&p->y, p->peak), LEFT, 2, RIGHT - LEFT, black);
    snprintf(text, sizeof text, "peak %.4g GFLOP/s", 1e-9 * p->peak);
    add_legend(p, text, black);
    for (size_t i = 0; i < m->roof_count; i++) {
        const uint8_t shade = (uint8_t)(80 + 40 * i), rgb[3] = { shade, shade, 255 };
        draw_roof(p, m->roofs[i].bytes_per_s, rgb);
        snprintf(text, sizeof text, "%s %.4g GB/s", m->roofs[i].name,
                 1e-9 * m->roofs[i].bytes_per_s);
        add_legend(p, text, rgb);
    }
}

static void draw_points(struct plot *p)
{
    const struct measured *const m = p->measured;
    const size_t room = (BOTTOM - p->legend) / LINE;
    char text[64];

    for (size_t i = 0; i < m->count; i++) {
        const struct measured_shape *const s = &m->shapes[i];
        const double x = pixel_of(&p->x, intensity(s)), y = pixel_of(&p->y, s->flops);
        uint8_t rgb[3];
        /* the colors near 1 are too light on white */
        vit_colormap(0.75 * (double)i / (double)(m->count > 1 ? m->count - 1 : 1), rgb);
        fill(p, y - 4, x - 4, 9, 9, rgb);
        snprintf(text, sizeof text, "%zu", i + 1);
        glyphs_draw(&p->image, (size_t)y + 8, (size_t)x + 6, TEXT, text, black);
        snprintf(text, sizeof text, "%zu %.20s %.4g", i + 1, s->text, 1e-9 * s->flops);
        if (i < room)
            add_legend(p, text, rgb);
    }
    if (m->count > room) {
        snprintf(text, sizeof text, "and %zu more", m->count - room);
        glyphs_draw(&p->image, p->legend, LEGEND + 18, TEXT, text, gray);
    }
}

enum vit_status roofline_draw(const struct measured *m, FILE *file, struct vit_error *err)
{
    struct plot p = { .measured = m, .legend = TOP };
    char cpu[256], title[160];
    enum vit_status status =
        vit_image_create(ROOFLINE_HEIGHT, ROOFLINE_WIDTH, VIT_PIXEL_FORMAT_RGB, &p.image, err);

    if (status)
        return status;
    choose_axes(&p);
    draw_grid(&p);
    draw_roofs(&p);
    draw_points(&p);
    snprintf(title, sizeof title, "%s, %s, %zu thread%s, %s operands", m->kernel.name,
             m->level->isa, m->threads, m->threads == 1 ? "" : "s", m->cold ? "cold" : "warm");
    glyphs_draw(&p.image, 10, LEFT, TEXT, title, black);
    vit_cpu_name(cpu, sizeof cpu);
    glyphs_draw(&p.image, ROOFLINE_HEIGHT - 16, LEFT, TEXT, cpu, gray);
    status = draw_write_png(&p.image, file, err);
    vit_image_free(&p.image);
    return status;
}
