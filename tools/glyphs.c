/* glyphs.c - short labels in pictures: capital letters, digits and some signs */
#include "tools/glyphs.h"

/* Five rows of three pixels, from the top: an octal digit a row, whose bit 4 is the left pixel. */
static const struct glyph {
    char character;
    unsigned rows;
} glyphs[] = {
    { ' ', 000000 }, { '0', 075557 }, { '1', 026227 }, { '2', 071747 }, { '3', 071717 },
    { '4', 055711 }, { '5', 074717 }, { '6', 074757 }, { '7', 071122 }, { '8', 075757 },
    { '9', 075717 }, { 'A', 025755 }, { 'B', 065656 }, { 'C', 034443 }, { 'D', 065556 },
    { 'E', 074647 }, { 'F', 074644 }, { 'G', 034553 }, { 'H', 055755 }, { 'I', 072227 },
    { 'J', 011152 }, { 'K', 055655 }, { 'L', 044447 }, { 'M', 057755 }, { 'N', 065555 },
    { 'O', 025552 }, { 'P', 065644 }, { 'Q', 025563 }, { 'R', 065655 }, { 'S', 034216 },
    { 'T', 072222 }, { 'U', 055557 }, { 'V', 055552 }, { 'W', 055775 }, { 'X', 055255 },
    { 'Y', 055222 }, { 'Z', 071247 }, { '.', 000002 }, { ',', 000024 }, { ':', 002020 },
    { '/', 011244 }, { '%', 051245 }, { '-', 000700 }, { '+', 002720 }, { '_', 000007 },
    { '(', 012221 }, { ')', 042224 },
};
static const unsigned unknown = 071202; /* a question mark */

static unsigned rows_of(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    for (size_t i = 0; i < sizeof glyphs / sizeof *glyphs; i++)
        if (glyphs[i].character == c)
            return glyphs[i].rows;
    return unknown;
}

void glyphs_draw(struct vit_image *image, size_t y, size_t x, size_t scale, const char *text,
                 const uint8_t rgb[3])
{
    for (; *text && x < image->width; text++, x += GLYPH_WIDTH * scale) {
        const unsigned rows = rows_of(*text);
        for (size_t row = 0; row < 5; row++)
            for (size_t column = 0; column < 3; column++) {
                if (!(rows >> (3 * (4 - row) + (2 - column)) & 1))
                    continue;
                struct vit_image pixel =
                    vit_image_view(image, y + row * scale, x + column * scale, scale, scale);
                vit_image_fill(&pixel, rgb);
            }
    }
}
