/* scratch.c - the files that a fuzzed command line may name, and what the command did to them */
#include "tests/fuzz/scratch.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/demand.h"

const char *const scratch_paths[] = { "model",
                                      "model/",
                                      "./model",
                                      "model/config.json",
                                      "model/model.safetensors",
                                      "model/new.npy",
                                      "t2t",
                                      "t2t/config.json",
                                      "headless",
                                      "clip",
                                      "texts.npy",
                                      "texts.safetensors",
                                      "linked",
                                      "linked/model.safetensors",
                                      "broken",
                                      "empty",
                                      "images",
                                      "images/a.png",
                                      "images/more/b.webp",
                                      "images/../photo.jpg",
                                      "photo.jpg",
                                      "link.jpg",
                                      "dangling.png",
                                      "loop",
                                      "text.png",
                                      "in.npy",
                                      "bad.npy",
                                      "out.npy",
                                      "out.png",
                                      "out/map.png",
                                      "out/new",
                                      "no/such/file",
                                      "0.tar",
                                      "1.tar",
                                      "list.txt",
                                      "done",
                                      "done/0.npy",
                                      "damaged",
                                      "pipe",
                                      ".",
                                      "-",
                                      "/dev/null",
                                      "/dev/full",
                                      "/",
                                      NULL };

static const char *const members[] = { "images/a.png", "text.png", "images/more/b.webp", NULL };

/* A file: of `from`, of a text, of members, or a link to it; a directory has none of them. */
static struct entry {
    const char *path, *from, *text, *link;
    const char *const *members; /* of an archive, other files of this table; NULL after the last */
    const char *like;           /* the entry before it with the same bytes */
    bool pipe, made;            /* made: by the command, while the others are made */
    char *bytes;                /* what it holds */
    size_t size;
    struct stat info;
    bool input;
} entries[] = {
    { .path = "model" },
    { .path = "model/config.json", .from = "tests/golden/hf-vit-classifier/config.json" },
    { .path = "model/model.safetensors",
      .from = "tests/golden/hf-vit-classifier/model.safetensors" },
    { .path = "t2t" },
    { .path = "t2t/config.json", .from = "tests/golden/series-t2t/config.json" },
    { .path = "t2t/model.safetensors", .from = "tests/golden/series-t2t/model.safetensors" },
    { .path = "headless" },
    { .path = "headless/config.json",
      .from = "tests/golden/vit-pytorch-1.23.6-headless/config.json" },
    { .path = "headless/model.safetensors",
      .from = "tests/golden/vit-pytorch-1.23.6-headless/model.safetensors" },
    { .path = "clip" },
    { .path = "clip/config.json", .from = "tests/golden/text-clip-pair/config.json" },
    { .path = "clip/model.safetensors", .from = "tests/golden/text-clip-pair/model.safetensors" },
    { .path = "texts.npy" }, /* float32 [2, 12] */
    { .path = "texts.txt", .text = "a cat\na dog\n" },
    { .path = "texts.safetensors", .from = "tests/golden/text-clip-pair/io.safetensors" },
    { .path = "linked" },
    { .path = "linked/config.json", .link = "../model/config.json" },
    { .path = "linked/model.safetensors", .link = "../model/model.safetensors" },
    { .path = "broken" },
    { .path = "broken/config.json", .text = "{\"model_type\": \"vit\"}" },
    { .path = "empty" },
    { .path = "out" },
    { .path = "images" },
    { .path = "images/a.png", .from = "tests/golden/decode/bilevel.png" },
    { .path = "images/more" },
    { .path = "images/more/b.webp", .from = "tests/golden/decode/lossless.webp" },
    { .path = "photo.jpg", .from = "tests/golden/decode/one-pixel.jpg" },
    { .path = "link.jpg", .link = "photo.jpg" },
    { .path = "dangling.png", .link = "out/nothing.png" },
    { .path = "loop", .link = "loop" },
    { .path = "text.png", .text = "text" },
    { .path = "in.npy" }, /* float32 [1, 3, 32, 32] */
    { .path = "bad.npy", .text = "\x93NUMPY" },
    { .path = "0.tar", .members = members },
    { .path = "1.tar", .text = "text" },
    { .path = "list.txt", .text = "photo.jpg\r\nno/such/file\n\nimages/a.png" },
    { .path = "pipe", .pipe = true },
    /* a run of libvit features --shards, and one whose vectors are damaged */
    { .path = "done" },
    { .path = "done/0.jsonl", .made = true },
    { .path = "done/0.npy", .made = true },
    { .path = "done/list.jsonl", .made = true },
    { .path = "done/list.npy", .made = true },
    { .path = "done/libvit.json", .made = true },
    { .path = "damaged" },
    { .path = "damaged/0.jsonl", .like = "done/0.jsonl" },
    { .path = "damaged/0.npy", .text = "\x93NUMPY" },
    { .path = "damaged/libvit.json", .like = "done/libvit.json" },
};

enum { ENTRIES = sizeof entries / sizeof *entries };

static char root[256];
static int before = -1, inside = -1;

/* --- making them */

static struct entry *find(const char *path)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (strcmp(path, entries[i].path) == 0)
            return &entries[i];
    return NULL;
}

/* The whole file, which is never freed. */
static void read_file(struct entry *e, const char *from)
{
    FILE *const file = fopen(from, "rb");

    demand(file && fseek(file, 0, SEEK_END) == 0);
    e->size = (size_t)ftell(file);
    e->bytes = malloc(e->size + 1);
    rewind(file);
    demand(e->bytes && fread(e->bytes, 1, e->size, file) == e->size);
    fclose(file);
}

/* An array of float32 whose header has `length` bytes; each byte of the numbers is `byte`. */
static void make_array(struct entry *e, const char *header, size_t length, size_t numbers, int byte)
{
    e->size = length + numbers * 4;
    e->bytes = malloc(e->size);
    demand(e->bytes != NULL);
    memcpy(e->bytes, header, length);
    memset(e->bytes + length, byte, numbers * 4);
}

static void make_input(struct entry *e)
{
    static const char header[] =
        "\x93NUMPY\x01\x00\x42\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 32, 32)}"
        "\n";

    make_array(e, header, sizeof header - 1, (size_t)3 * 32 * 32, 0);
}

static void make_texts(struct entry *e)
{
    static const char header[] =
        "\x93NUMPY\x01\x00\x3b\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 12)}\n";

    _Static_assert(sizeof header - 1 == 10 + 0x3b, "the header has its length");
    make_array(e, header, sizeof header - 1, 24, 0x3f);
}

/* A tar archive of other files; more than its bytes are never needed. */
static void make_archive(struct entry *e)
{
    const size_t room = (size_t)1 << 20;
    struct archive *const archive = archive_write_new();
    struct archive_entry *const member = archive_entry_new();

    e->bytes = malloc(room);
    demand(e->bytes && archive && member);
    demand(archive_write_set_format_ustar(archive) == ARCHIVE_OK);
    demand(archive_write_open_memory(archive, e->bytes, room, &e->size) == ARCHIVE_OK);
    for (size_t i = 0; e->members[i]; i++) {
        const struct entry *const file = find(e->members[i]);
        archive_entry_clear(member);
        archive_entry_set_pathname(member, file->path);
        archive_entry_set_filetype(member, AE_IFREG);
        archive_entry_set_size(member, (la_int64_t)file->size);
        demand(archive_write_header(archive, member) == ARCHIVE_OK);
        demand(archive_write_data(archive, file->bytes, file->size) == (la_ssize_t)file->size);
    }
    demand(archive_write_close(archive) == ARCHIVE_OK);
    archive_entry_free(member);
    archive_write_free(archive);
}

static bool is_file(const struct entry *e)
{
    return e->bytes != NULL;
}

static void make(struct entry *e)
{
    static const struct timespec old[2] = { { 1, 0 }, { 1, 0 } }; /* a later write differs */

    if (is_file(e)) {
        const int fd = open(e->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        demand(fd >= 0 && write(fd, e->bytes, e->size) == (ssize_t)e->size);
        demand(futimens(fd, old) == 0 && close(fd) == 0);
    } else if (e->link) {
        demand(symlink(e->link, e->path) == 0);
    } else {
        demand(e->pipe ? mkfifo(e->path, 0600) == 0 : mkdir(e->path, 0700) == 0);
    }
    demand(lstat(e->path, &e->info) == 0);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_all(void)
{
    nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* The bytes of an entry, if it is a file that is not made by the command. */
static void fill(struct entry *e)
{
    if (e->from)
        read_file(e, e->from);
    else if (strcmp(e->path, "in.npy") == 0)
        make_input(e);
    else if (strcmp(e->path, "texts.npy") == 0)
        make_texts(e);
    else if (e->members)
        make_archive(e);
    else if (e->text)
        e->bytes = strdup(e->text), e->size = strlen(e->text);
}

static void open_scratch(void (*run)(void))
{
    char *work;

    before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(root, sizeof root, "%s/vit-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    demand(before >= 0 && mkdtemp(root) != NULL);
    atexit(remove_all);
    for (size_t i = 0; i < ENTRIES; i++)
        fill(&entries[i]);
    /* one level down, so that ".." is ours too */
    demand(asprintf(&work, "%s/work", root) > 0 && mkdir(work, 0700) == 0);
    inside = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(work);
    demand(inside >= 0 && fchdir(inside) == 0);
    for (size_t i = 0; i < ENTRIES; i++)
        if (!entries[i].made && !entries[i].like)
            make(&entries[i]);
    run();
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *const e = &entries[i];
        if (!e->made && !e->like)
            continue;
        read_file(e, e->made ? e->path : e->like);
        make(e);
    }
}

void scratch_enter(void (*run)(void))
{
    if (inside < 0)
        open_scratch(run);
    demand(fchdir(inside) == 0);
}

void scratch_leave(void)
{
    demand(fchdir(before) == 0);
}

/* --- what became of them */

static void mark_input(const char *real)
{
    const size_t length = strlen(real);
    char path[PATH_MAX];

    for (size_t i = 0; i < ENTRIES; i++)
        if (realpath(entries[i].path, path) && strncmp(path, real, length) == 0 &&
            (path[length] == '\0' || path[length] == '/'))
            entries[i].input = true;
}

void scratch_input(const char *input)
{
    char real[PATH_MAX], in[PATH_MAX];

    if (!realpath(input, real))
        return;
    mark_input(real);
    for (size_t i = 0; i < ENTRIES; i++) { /* links below it */
        const size_t length = strlen(input);
        if (entries[i].link && strncmp(entries[i].path, input, length) == 0 &&
            entries[i].path[length] == '/' && realpath(entries[i].path, in))
            mark_input(in);
    }
}

static enum scratch_result result;

/* Whether it is a file of packed weights: a cache, which a command that fails later may leave. */
static bool is_packed(const char *path)
{
    static const char magic[] = "\x89VITP\r\n\x1a";
    char found[sizeof magic - 1];
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const bool is = fd >= 0 && read(fd, found, sizeof found) == (ssize_t)sizeof found &&
                    memcmp(found, magic, sizeof found) == 0;

    if (fd >= 0)
        close(fd);
    return is;
}

static bool ends_in(const char *path, const char *end)
{
    const size_t length = strlen(path), bytes = strlen(end);

    return length >= bytes && strcmp(path + length - bytes, end) == 0;
}

/* What a run over shards leaves when it fails: whole files of shards, and their directory. */
static bool is_of_run(const char *path, int kind)
{
    return kind == FTW_DP || ends_in(path, ".npy") || ends_in(path, ".jsonl") ||
           ends_in(path, "libvit.json");
}

/* Removes a file that the command made. */
static int check_path(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    path += strncmp(path, "./", 2) == 0 ? 2 : 0;
    if (at->level == 0 || find(path))
        return 0;
    demand(!ends_in(path, ".tmp"));
    demand(result == SCRATCH_SUCCEEDED || is_packed(path) ||
           (result == SCRATCH_SHARDS && is_of_run(path, kind)));
    return remove(path);
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_mode == b->st_mode && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void scratch_check(enum scratch_result what)
{
    struct stat info;

    result = what;
    demand(nftw(".", check_path, 8, FTW_PHYS | FTW_DEPTH) == 0);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct entry *const e = &entries[i];
        demand(lstat(e->path, &info) == 0);
        if (!is_file(e)) {
            demand((info.st_mode & S_IFMT) == (e->info.st_mode & S_IFMT));
        } else if (!same(&info, &e->info)) {
            demand(what == SCRATCH_SUCCEEDED && !e->input);
            demand(unlink(e->path) == 0);
            make(e);
        }
        e->input = false;
    }
}
