/* folder_mutate.c - libFuzzer's mutations of a directory: of its files, and of words in them */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/demand.h"
#include "tests/fuzz/folder.h"

/* libFuzzer's interface */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed);

static const char *const names[] = {
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "labels.txt",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.npz",
    "imagenet21k.npz",
    "pytorch_model.bin",
    "flax_model.msgpack",
    "open_clip_pytorch_model.bin",
    "model.ckpt",
    ".hidden.npz",
    "\xff\x1b[1m\xc2\x9b.npz",
};

/* What a word of a configuration or of a header may become. */
static const char *const words[] = {
    "0",
    "1",
    "-1",
    "2",
    "3",
    "4",
    "8",
    "16",
    "32",
    "64",
    "1024",
    "65535",
    "65536",
    "4294967296",
    "0.5",
    "1e-6",
    "1e39",
    "1e999",
    "NaN",
    "-Infinity",
    "null",
    "true",
    "false",
    "[]",
    "{}",
    "[1,2]",
    "[0,0]",
    "\"\"",
    "\"\\u0000\"",
    "\"gelu\"",
    "18446744073709551615",
    "9223372036854775808",
    "\"\\ud800\"",
    "F16",
    "I64",
    "F64",
    "BF16",
};

enum {
    MAX_WORDS = 1 << 14,
    COUNT_NAMES = sizeof names / sizeof *names,
    COUNT_WORDS = sizeof words / sizeof *words
};

/* The generator of Numerical Recipes: libFuzzer's seed decides every choice. */
static unsigned draw(unsigned *seed, size_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return below ? (unsigned)((*seed >> 8) % below) : 0;
}

/* --- a word */

struct word {
    const uint8_t *at;
    size_t bytes;
};

static int in_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '+' || c == '_' || c == '"' || c >= 0x80;
}

static size_t find_words(const struct folder_file *file, struct word *found)
{
    size_t count = 0;

    for (size_t i = 0, start; i < file->bytes && count < MAX_WORDS; i++) {
        for (start = i; i < file->bytes && in_word(file->content[i]);)
            i++;
        if (i > start)
            found[count++] = (struct word){ file->content + start, i - start };
    }
    return count;
}

/* A word of the table, or one of any file. */
static struct word draw_word(const struct folder *folder, struct word *room, unsigned *seed)
{
    const struct folder_file *const from = &folder->files[draw(seed, folder->count)];
    const size_t count = draw(seed, 2) ? find_words(from, room) : 0;
    const char *const word = words[draw(seed, COUNT_WORDS)];

    return count ? room[draw(seed, count)] : (struct word){ (const uint8_t *)word, strlen(word) };
}

/* Replaces a word, into `out` of `max` bytes. */
static void replace_word(const struct folder *folder, struct folder_file *file, uint8_t *out,
                         size_t max, unsigned *seed)
{
    static struct word room[MAX_WORDS];
    const size_t count = find_words(file, room);

    if (count == 0)
        return;
    const struct word old = room[draw(seed, count)], word = draw_word(folder, room, seed);
    const size_t before = (size_t)(old.at - file->content);
    const size_t after = file->bytes - before - old.bytes;
    if (before + word.bytes + after > max)
        return;
    memcpy(out, file->content, before);
    memcpy(out + before, word.at, word.bytes);
    memcpy(out + before + word.bytes, old.at + old.bytes, after);
    file->content = out;
    file->bytes = before + word.bytes + after;
}

/* --- a file */

static void rename_file(struct folder_file *file, unsigned *seed)
{
    const char *const name = names[draw(seed, COUNT_NAMES)];

    file->name = (const uint8_t *)name;
    file->name_bytes = strlen(name);
}

static void mutate_bytes(struct folder_file *file, uint8_t *out, size_t max)
{
    const size_t bytes = file->bytes < max ? file->bytes : max;

    if (bytes > 0)
        memcpy(out, file->content, bytes);
    file->bytes = LLVMFuzzerMutate(out, bytes, max);
    file->content = out;
}

static void copy_file(struct folder *folder, struct folder_file file, unsigned *seed)
{
    const size_t at =
        folder->count < FOLDER_MAX_FILES ? folder->count++ : draw(seed, folder->count);

    folder->files[at] = file;
}

static void mutate_files(struct folder *folder, unsigned *seed)
{
    struct folder_file *const file = &folder->files[draw(seed, folder->count)];
    struct folder_file copy = *file;

    switch (draw(seed, 5)) {
    case 0:
        rename_file(file, seed);
        break;
    case 1:
        file->kind = draw(seed, FOLDER_KINDS);
        break;
    case 2:
        *file = folder->files[--folder->count];
        break;
    case 3: /* a link to this file */
        copy.kind = FOLDER_LINK;
        copy.content = file->name;
        copy.bytes = file->name_bytes;
        rename_file(&copy, seed);
        copy_file(folder, copy, seed);
        break;
    default:
        rename_file(&copy, seed);
        copy_file(folder, copy, seed);
        break;
    }
}

static void mutate_header(struct folder *folder, unsigned *seed)
{
    static const uint8_t sizes[] = { 0, 0, 0, 2, 4, 6, 7, 8, 12, 16, 64, 255 };

    folder->rows = sizes[draw(seed, sizeof sizes)];
    folder->columns = draw(seed, 2) ? folder->rows : sizes[draw(seed, sizeof sizes)];
    folder->fill = draw(seed, 4) ? 0x3c : (uint8_t)draw(seed, 256);
}

/* Packs into a buffer first: the folder's files are in `data`. */
static size_t pack_over(const struct folder *folder, size_t max_size, uint8_t *data)
{
    uint8_t *const packed = malloc(max_size + 1);
    size_t size;

    demand(packed != NULL);
    size = folder_pack(folder, max_size, packed);
    memcpy(data, packed, size);
    free(packed);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct folder folder;
    uint8_t *const content = malloc(max_size + 1);

    demand(content != NULL);
    folder_parse(data, size, &folder);
    struct folder_file *const file = &folder.files[draw(&seed, folder.count)];
    const unsigned choice = draw(&seed, 16);
    if (folder.count == 0) {
        *file = (struct folder_file){ .content = data };
        rename_file(file, &seed);
        folder.count = 1;
    } else if (choice == 0) {
        mutate_header(&folder, &seed);
    } else if (choice < 3) {
        mutate_files(&folder, &seed);
    } else if (choice < 7) {
        mutate_bytes(file, content, max_size);
    } else {
        replace_word(&folder, file, content, max_size, &seed);
    }
    size = pack_over(&folder, max_size, data);
    free(content);
    return size;
}

/* Files of b beside or in the place of those of a. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t max_size, unsigned seed)
{
    struct folder of_a, of_b;

    folder_parse(a, a_size, &of_a);
    folder_parse(b, b_size, &of_b);
    for (size_t i = 0; i < of_b.count; i++) {
        const struct folder_file *const file = &of_b.files[i];
        size_t at = 0;
        while (at < of_a.count && (of_a.files[at].name_bytes != file->name_bytes ||
                                   memcmp(of_a.files[at].name, file->name, file->name_bytes) != 0))
            at++;
        if (at == FOLDER_MAX_FILES || draw(&seed, 2))
            continue;
        of_a.files[at] = *file;
        of_a.count += at == of_a.count;
    }
    return folder_pack(&of_a, max_size, out);
}
