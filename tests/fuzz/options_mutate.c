/* options_mutate.c - libFuzzer's mutations of a command line: of its words, which are lines */
#include "tests/fuzz/options_mutate.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/scratch.h"

/* libFuzzer's interface */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* Values of the options whose words no table has. */
static const char *const values[] = {
    "0",      "1",        "2",       "3",
    "8",      "1025",     "-1",      "03",
    "1e3",    "0.5",      "nan",     "0.5,0.5,0.5",
    "1,2",    "0,0,0",    "32",      "32x32",
    "40x48",  "0x32",     "64x48x1", "scalar",
    "avx2",   "avx512",   "block.0", "block.7",
    "logits", "features", "",        "attention.1",
    "--",     "-h",       "gelu",    "last_hidden_state",
    "help",   "-",        "matmul",  "test_vit",
    "=",      "-o",       "FULL",    "scalar/gelu/1/0",
};

enum { MAX_WORDS = 32, MAX_BYTES = 256, COUNT_VALUES = sizeof values / sizeof *values };

struct line {
    size_t count;
    char words[MAX_WORDS][MAX_BYTES];
};

static unsigned draw(unsigned *seed, size_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return below ? (unsigned)((*seed >> 8) % below) : 0;
}

static void set_word(char *word, const char *from, size_t bytes)
{
    bytes = bytes < MAX_BYTES - 1 ? bytes : MAX_BYTES - 1;
    memmove(word, from, bytes);
    word[bytes] = '\0';
}

static void read_line(const uint8_t *data, size_t size, struct line *line)
{
    const char *at = (const char *)data, *const end = at + size;

    line->count = 0;
    while (at < end && line->count < MAX_WORDS) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        const char *const stop = newline ? newline : end;
        set_word(line->words[line->count++], at, (size_t)(stop - at));
        at = stop + 1;
    }
}

static size_t write_line(const struct line *line, size_t max, uint8_t *out)
{
    size_t at = 0;

    for (size_t i = 0; i < line->count; i++) {
        const size_t bytes = strlen(line->words[i]);
        if (max - at < bytes + 1)
            break;
        if (i > 0)
            out[at++] = '\n';
        memcpy(out + at, line->words[i], bytes);
        at += bytes;
    }
    return at;
}

/* A path, a word of the tables, or a value. */
static const char *draw_word(unsigned *seed, char room[64])
{
    size_t paths = 0, words = 0;

    switch (draw(seed, 3)) {
    case 0:
        while (scratch_paths[paths])
            paths++;
        return scratch_paths[draw(seed, paths)];
    case 1:
        while (options_table_word(words, room))
            words++;
        return options_table_word(draw(seed, words), room);
    default:
        return values[draw(seed, COUNT_VALUES)];
    }
}

static void insert_word(struct line *line, size_t at, unsigned *seed)
{
    char room[64];
    const char *const word = draw_word(seed, room);

    if (line->count == MAX_WORDS)
        return;
    memmove(line->words[at + 1], line->words[at], (line->count - at) * MAX_BYTES);
    line->count++;
    set_word(line->words[at], word, strlen(word));
}

static void remove_word(struct line *line, size_t at)
{
    line->count--;
    memmove(line->words[at], line->words[at + 1], (line->count - at) * MAX_BYTES);
}

/* "--top", "3" becomes "--top=3". */
static void join_words(struct line *line, size_t at, bool equals)
{
    char *const word = line->words[at];

    if (at + 1 == line->count || strlen(word) + strlen(line->words[at + 1]) + 2 > MAX_BYTES)
        return;
    strcat(word, equals ? "=" : "");
    strcat(word, line->words[at + 1]);
    remove_word(line, at + 1);
}

static void swap_words(struct line *line, size_t a, size_t b)
{
    char word[MAX_BYTES];

    memcpy(word, line->words[a], MAX_BYTES);
    memmove(line->words[a], line->words[b], MAX_BYTES);
    memcpy(line->words[b], word, MAX_BYTES);
}

static void mutate_word(char *word, unsigned *seed)
{
    char room[64];
    uint8_t bytes[MAX_BYTES];
    const char *const other = draw_word(seed, room);

    if (draw(seed, 2)) {
        set_word(word, other, strlen(other));
        return;
    }
    memcpy(bytes, word, MAX_BYTES);
    const size_t size = LLVMFuzzerMutate(bytes, strlen(word), MAX_BYTES - 1);
    set_word(word, (const char *)bytes, size);
    for (; *word; word++)
        if (*word == '\n')
            *word = ' ';
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    static struct line line;

    read_line(data, size, &line);
    const size_t at = draw(&seed, line.count), other = draw(&seed, line.count);
    switch (line.count == 0 ? 0 : draw(&seed, 8)) {
    case 0:
    case 1:
        insert_word(&line, draw(&seed, line.count + 1), &seed);
        break;
    case 2:
        remove_word(&line, at);
        break;
    case 3:
        join_words(&line, at, draw(&seed, 2));
        break;
    case 4:
        swap_words(&line, at, other);
        break;
    default:
        mutate_word(line.words[at], &seed);
        break;
    }
    return write_line(&line, max_size, data);
}
