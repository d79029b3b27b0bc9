/* verify_sample.c - computes a sample of pictures again, and compares with their records */
#include "tools/verify_sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/finite.h"
#include "tools/picture_reader.h"
#include "tools/print.h"
#include "tools/product.h"
#include "tools/progress.h"
#include "tools/shard_record.h"

/* The chosen pictures of one shard. */
struct picks {
    const struct verified *shard;
    size_t *numbers; /* [count], ascending */
    size_t count;
};

struct check {
    const struct sample *sample;
    struct session session;
    struct shard_list list;      /* of the shards with picks */
    const struct shard **shards; /* [list.count], as the reader takes them */
    struct picks *picks;         /* [list.count] */
    size_t total;                /* picks */
    size_t length;
    float *rows; /* [session.batch][length] */
    struct shard_record record;
    size_t at; /* of the picks of the shard that is computed */
    struct sample_result *result;
};

/* --- choosing */

/* SplitMix64: Steele, Lea, Flood, Fast splittable pseudorandom number generators, 2014 */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Algorithm S of Knuth, The Art of Computer Programming, 3.4.2: `wanted` of `left` in order. */
static bool choose(uint64_t *state, size_t *wanted, size_t *left)
{
    const bool chosen = random_next(state) % (*left)-- < *wanted;

    *wanted -= chosen;
    return chosen;
}

static enum vit_status choose_pictures(struct check *c, struct vit_error *err)
{
    const struct sample *const s = c->sample;
    size_t left = s->pictures, wanted = (size_t)ceil((double)left * s->share), shards = 0;
    uint64_t state = s->seed;
    char **const paths = calloc(s->count, sizeof *paths);
    enum vit_status status = VIT_OK;

    wanted = wanted > left ? left : wanted < 1 ? 1 : wanted;
    c->total = wanted;
    c->picks = calloc(s->count, sizeof *c->picks);
    c->shards = calloc(s->count, sizeof *c->shards);
    if (!paths || !c->picks || !c->shards)
        status = tool_no_memory(err);
    for (size_t i = 0; !status && i < s->count; i++) {
        struct picks *const p = &c->picks[shards];
        *p = (struct picks){ .shard = &s->shards[i] };
        for (size_t j = 0; !status && j < s->shards[i].pictures; j++) {
            if (!choose(&state, &wanted, &left))
                continue;
            if (!p->numbers)
                p->numbers = malloc(s->shards[i].pictures * sizeof *p->numbers);
            if (p->numbers)
                p->numbers[p->count++] = j;
            else
                status = tool_no_memory(err);
        }
        if (p->count > 0)
            paths[shards++] = s->shards[i].path;
    }
    if (!status)
        status = shard_list_of_paths(shards, paths, &c->list, err);
    for (size_t i = 0; !status && i < c->list.count; i++)
        c->shards[i] = &c->list.shards[i];
    free(paths);
    return status;
}

/*
 * For the reader's thread: the picks, which ascend, change no more. glibc's bsearch is inline, and
 * clang cannot link a second copy of its counters of coverage beside the library's.
 */
static bool is_chosen(void *arg, size_t shard, size_t picture)
{
    const struct check *const c = arg;
    const struct picks *const p = &c->picks[shard];
    size_t first = 0, end = p->count;

    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if (p->numbers[middle] < picture)
            first = middle + 1;
        else
            end = middle;
    }
    return first < p->count && p->numbers[first] == picture;
}

/* --- comparing */

static void print_difference(struct check *c, const char *name, const struct shard_line *line,
                             const char *expected, const char *found)
{
    c->result->differences++;
    print_text(stdout, name);
    fputs(": ", stdout);
    print_text(stdout, line->key);
    fputs(": expected ", stdout);
    print_text(stdout, expected);
    fputs(", found ", stdout);
    print_text(stdout, found);
    putchar('\n');
}

/* One picture: its row, or NULL if it cannot be read. */
static void compare(struct check *c, const struct picks *p, const struct picture *picture,
                    const float *row)
{
    const struct shard_line *const line = &c->record.lines[p->numbers[c->at++]];
    const char *const name = p->shard->name;
    const bool finite = row && finite_count(c->length, row) == c->length;

    c->result->computed++;
    const struct sha256 digest =
        finite ? sha256_of(row, c->length * sizeof *row) : (struct sha256){ "" };
    const char *const expected = line->ok ? line->digest.text : "an error";
    const char *const found = finite ? digest.text
                              : row  ? "features that are not finite"
                                     : picture->error.message;
    json_t *const key = json_text(picture->key);
    const char *const text = json_string_value(key);

    if (text && strcmp(text, line->key) != 0)
        print_difference(c, name, line, "this picture", text);
    else if (line->ok != finite || (finite && strcmp(expected, digest.text) != 0))
        print_difference(c, name, line, expected, found);
    json_decref(key);
}

static enum vit_status check_batch(struct check *c, const struct picture_batch *b,
                                   struct vit_error *err)
{
    const struct picks *const p = &c->picks[b->shard];
    const float *row = c->rows;
    enum vit_status status = VIT_OK;

    if (b->error.status)
        return tool_pass(&b->error, err);
    if (b->first) {
        shard_record_free(&c->record);
        c->at = 0;
        status = shard_record_load(c->sample->directory, p->shard->name, &c->record, err);
        /* it was read before: another process may have replaced it */
        if (!status && c->record.count <= p->numbers[p->count - 1])
            status = tool_fail(err, VIT_EIO, "%s: the record became shorter", p->shard->name);
    }
    if (!status)
        status = session_embed(&c->session, b->filled, b->pixels, c->rows, err);
    for (size_t i = 0; !status && i < b->count; i++) {
        const struct picture *const picture = &b->pictures[i];
        compare(c, p, picture, picture->error.status ? NULL : row);
        row += picture->error.status ? 0 : c->length;
    }
    if (!status && b->last)
        for (; c->at < p->count; c->at++)
            print_difference(c, p->shard->name, &c->record.lines[p->numbers[c->at]], "this picture",
                             "the end of the shard");
    return status;
}

static enum vit_status check_pictures(struct check *c, struct vit_error *err)
{
    const struct picture_filter filter = { is_chosen, c };
    struct progress progress = progress_start(c->total);
    struct picture_reader *reader = NULL;
    const struct picture_batch *batch;
    enum vit_status status =
        picture_reader_start(&c->session, c->list.count, c->shards, &filter, &reader, err);

    while (!status && (batch = picture_reader_next(reader))) {
        progress_clear(&progress);
        status = check_batch(c, batch, err);
        progress_update(&progress, c->result->computed);
    }
    picture_reader_stop(reader);
    progress_clear(&progress);
    return status;
}

/* --- the model of the record */

static enum vit_status open_model(const struct invocation *in, const struct run_record *expected,
                                  struct check *c, struct vit_error *err)
{
    struct common_options common = *in->common;
    struct run_record found = { 0 };
    size_t bytes;

    common.precision = expected->precision;
    common.keep = expected->keep;
    common.orientation = expected->exif_orientation ? ORIENTATION_EXIF : ORIENTATION_NONE;
    common.max_pixels = expected->max_pixels;
    enum vit_status status =
        session_open(&common, expected->size, c->sample->model, c->total, &c->session, err);
    if (!status)
        status =
            run_record_make(&common, expected->size, c->sample->model, &c->session, &found, err);
    if (!status)
        status = run_record_compare(c->sample->directory, expected, &found, err);
    run_record_free(&found);
    c->length = expected->length;
    if (!status && product(3, (size_t[]){ c->session.batch, c->length, sizeof *c->rows }, &bytes))
        c->rows = malloc(bytes);
    return status || c->rows ? status : tool_no_memory(err);
}

enum vit_status verify_sample(const struct invocation *in, const struct sample *sample,
                              const struct run_record *record, struct sample_result *result,
                              struct vit_error *err)
{
    struct check c = { .sample = sample, .result = result };
    enum vit_status status = choose_pictures(&c, err);

    if (!status)
        status = open_model(in, record, &c, err);
    if (!status)
        status = check_pictures(&c, err);
    free(c.rows);
    for (size_t i = 0; c.picks && i < sample->count; i++)
        free(c.picks[i].numbers);
    free(c.picks);
    free(c.shards);
    shard_record_free(&c.record);
    shard_list_free(&c.list);
    session_close(&c.session);
    return status;
}
