/* features_shards.c - `libvit features --shards`: many images, in files per shard */
#include "tools/features_shards.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "measure/clock.h"
#include "tools/error.h"
#include "tools/finite.h"
#include "tools/inputs.h"
#include "tools/picture_reader.h"
#include "tools/print.h"
#include "tools/product.h"
#include "tools/progress.h"
#include "tools/run_record.h"
#include "tools/shard_output.h"

struct shards {
    const struct shards_request *request;
    const char *model; /* its directory */
    struct session session;
    struct run_record record;
    struct shard_list list;
    const struct shard **todo;  /* [todo_count] */
    size_t chosen, todo_count;  /* shards */
    size_t done, failed;        /* of todo */
    size_t pictures, left_out;  /* of the shards that are done */
    struct shard_output output; /* of the shard that is computed */
    float *rows;                /* [session.batch][record.length] */
    struct progress progress;
};

/* --- what is to be done */

static enum vit_status make_directory(const char *path, struct vit_error *err)
{
    struct stat info;

    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return tool_fail(err, VIT_EIO, "cannot create %s: %s", path_end(path), strerror(errno));
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return VIT_OK;
    return tool_fail(err, VIT_EIO, "%s: expected a directory, found another file", path_end(path));
}

static enum vit_status list_shards(const struct invocation *in, struct shards *s,
                                   struct vit_error *err)
{
    const size_t count = in->count; /* in the place of the model, the option's */
    char **const texts = malloc(count * sizeof *texts);
    char *const first = strdup(s->request->shards);
    enum vit_status status = texts && first ? VIT_OK : tool_no_memory(err);

    if (!status) {
        texts[0] = first;
        memcpy(texts + 1, in->operands + 1, (count - 1) * sizeof *texts);
        status = shard_list_create(count, texts, &s->list, err);
    }
    free(first);
    free(texts);
    return status;
}

/* The chosen shards without outputs. */
static enum vit_status choose_shards(struct shards *s, struct vit_error *err)
{
    struct shard_choice choice = s->request->choice;
    enum vit_status status = shard_choice_resolve(&choice, err);

    if (status)
        return status;
    s->todo = malloc(s->list.count * sizeof *s->todo);
    if (!s->todo)
        return tool_no_memory(err);
    for (size_t i = 0; !status && i < s->list.count; i++) {
        bool done = false;
        if (choice.count && i % choice.count != choice.index)
            continue;
        s->chosen++;
        status = shard_is_done(s->request->out, s->list.shards[i].name, &done, err);
        if (!done)
            s->todo[s->todo_count++] = &s->list.shards[i];
    }
    return status;
}

static enum vit_status prepare(const struct invocation *in, struct shards *s, struct vit_error *err)
{
    size_t bytes;
    enum vit_status status = list_shards(in, s, err);

    if (!status)
        status = make_directory(s->request->out, err);
    if (!status)
        status = choose_shards(s, err);
    if (!status)
        status = session_open(in->common, s->request->size, s->model, SIZE_MAX, &s->session, err);
    if (!status)
        status =
            run_record_make(in->common, s->request->size, s->model, &s->session, &s->record, err);
    if (!status)
        status = run_record_settle(s->request->out, &s->record, err);
    if (status)
        return status;
    inputs_declare(s->list.paths, s->list.count);
    if (product(3, (size_t[]){ s->session.batch, s->record.length, sizeof *s->rows }, &bytes))
        s->rows = malloc(bytes);
    return s->rows ? VIT_OK : tool_no_memory(err);
}

/* --- computing */

/* A row whose numbers are not finite is an error of its picture: the fingerprint's are finite. */
static enum vit_status write_row(struct shards *s, const char *key, const float *row,
                                 struct vit_error *err)
{
    const size_t finite = finite_count(s->record.length, row);
    struct vit_error why;

    if (finite == s->record.length)
        return shard_output_row(&s->output, key, row, err);
    tool_fail(&why, VIT_EFORMAT, "%s: expected finite features, found %g at %zu", path_end(key),
              (double)row[finite], finite);
    return shard_output_error(&s->output, key, why.message, err);
}

static enum vit_status write_batch(struct shards *s, const struct picture_batch *b,
                                   struct vit_error *err)
{
    const float *row = s->rows;
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < b->count; i++) {
        const struct picture *const p = &b->pictures[i];
        if (p->error.status) {
            status = shard_output_error(&s->output, p->key, p->error.message, err);
        } else {
            status = write_row(s, p->key, row, err);
            row += s->record.length;
        }
    }
    return status;
}

/* Prints a line of sha256sum. */
static enum vit_status finish_shard(struct shards *s, struct vit_error *err)
{
    struct sha256 digest;
    char *const path = shard_output_path(s->request->out, s->output.shard->name, ".npy");
    enum vit_status status =
        path ? shard_output_commit(&s->output, &digest, err) : tool_no_memory(err);

    if (!status) {
        s->done++;
        s->pictures += s->output.pictures;
        s->left_out += s->output.pictures - s->output.count;
        progress_clear(&s->progress);
        printf("%s  ", digest.text);
        print_text(stdout, path);
        putchar('\n');
        fflush(stdout);
        status = print_check(err);
    }
    free(path);
    shard_output_discard(&s->output);
    return status;
}

/* The shard cannot be read: it has no outputs, and the next run tries again. */
static enum vit_status fail_shard(struct shards *s, const struct vit_error *why,
                                  struct vit_error *err)
{
    shard_output_discard(&s->output);
    if (why->status == VIT_ENOMEM)
        return tool_pass(why, err);
    s->failed++;
    progress_clear(&s->progress);
    print_error(why);
    return VIT_OK;
}

static enum vit_status compute_batch(struct shards *s, const struct picture_batch *b,
                                     struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (b->error.status)
        return fail_shard(s, &b->error, err);
    if (b->first)
        status = shard_output_open(s->request->out, s->todo[b->shard], s->record.length, &s->output,
                                   err);
    if (!status)
        status = session_embed(&s->session, b->filled, b->pixels, s->rows, err);
    if (!status)
        status = write_batch(s, b, err);
    if (!status && b->last)
        status = finish_shard(s, err);
    const size_t ended = s->done + s->failed;
    const double part = b->last ? 0 : b->position;
    progress_update_shards(&s->progress, ended, ((double)ended + part) / (double)s->progress.total,
                           s->pictures + (b->last ? 0 : s->output.pictures));
    return status;
}

static enum vit_status compute(struct shards *s, struct vit_error *err)
{
    struct picture_reader *reader = NULL;
    const struct picture_batch *batch;
    enum vit_status status =
        picture_reader_start(&s->session, s->todo_count, s->todo, NULL, &reader, err);

    s->progress = progress_start(s->todo_count);
    s->progress.unit = " shards";
    while (!status && (batch = picture_reader_next(reader)))
        status = compute_batch(s, batch, err);
    picture_reader_stop(reader);
    shard_output_discard(&s->output);
    progress_clear(&s->progress);
    return status;
}

static void print_summary(const struct shards *s)
{
    const double seconds = now() - s->progress.start;

    fprintf(stderr, "%zu of %zu shards were done; %zu computed, %zu failed: %zu pictures", //
            s->chosen - s->todo_count, s->chosen, s->done, s->failed, s->pictures);
    if (s->left_out)
        fprintf(stderr, ", %zu with an error", s->left_out);
    fprintf(stderr, ", %.1f images/s\n", (double)s->pictures / seconds);
}

enum vit_status features_shards(const struct invocation *in, const struct shards_request *request,
                                struct vit_error *err)
{
    struct shards s = { .request = request, .model = in->operands[0] };
    enum vit_status status = prepare(in, &s, err);

    if (!status)
        status = compute(&s, err);
    if (!status) {
        print_summary(&s);
        *in->left_out = s.failed > 0;
    }
    inputs_forget();
    free(s.rows);
    free(s.todo);
    run_record_free(&s.record);
    session_close(&s.session);
    shard_list_free(&s.list);
    return status;
}
