/* picture_reader.h - a thread that reads and decodes the next pictures while others are computed */
#ifndef VIT_TOOLS_PICTURE_READER_H
#define VIT_TOOLS_PICTURE_READER_H

#include "tools/picture_source.h"
#include "tools/session.h"

/* Pictures of one shard, at most session.batch of them. */
struct picture_batch {
    size_t shard;             /* its number in the list */
    bool first, last;         /* of the shard */
    struct picture *pictures; /* [count], without their bytes: key, and error of one unread */
    size_t count;
    struct vit_image *pixels; /* [filled] of those without an error, in order */
    size_t filled;
    double position;        /* the share of the shard that has been read */
    struct vit_error error; /* status VIT_OK: the shard could be read so far; else `last` */
};

/* Which pictures are read, by their numbers in the shard; the others are left out of batches. */
struct picture_filter {
    bool (*wanted)(void *arg, size_t shard, size_t picture);
    void *arg;
};

struct picture_reader;

/*
 * Begins to read every shard of a list, in order. It decodes on the session's pool, which nothing
 * else may use. Memory: two batches of pixels, and 64 MiB or the largest picture of encoded bytes.
 * filter may be NULL. VIT_ENOMEM: no memory, or no thread.
 */
enum vit_status picture_reader_start(const struct session *session, size_t count,
                                     const struct shard *const *shards,
                                     const struct picture_filter *filter,
                                     struct picture_reader **reader, struct vit_error *err);

/* Waits for the next batch, which is valid until the next call; NULL after the last one. */
const struct picture_batch *picture_reader_next(struct picture_reader *reader);

/* Ends the thread, also before the last batch. NULL is allowed. */
void picture_reader_stop(struct picture_reader *reader);

#endif
