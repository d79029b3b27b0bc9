/* registry.c - the models that are served, by name and version; loading and unloading them */
#include "server/registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/number.h"
#include "server/settings_file.h"

struct entry {
    struct entry *next; /* in the order of names */
    char name[NAME_BYTES], reason[512];
    char *directory;
    struct stats stats;
    struct served *served; /* NULL: not loaded */
    bool wanted;           /* it should be loaded */
};

struct registry {
    struct settings defaults;
    size_t processors;
    pthread_mutex_t lock;    /* of the entries */
    pthread_mutex_t loading; /* one load at a time */
    struct entry *entries;
    bool hurry;
};

bool registry_create(const struct settings *defaults, size_t processors, struct registry **registry,
                     struct failure *f)
{
    struct registry *const r = calloc(1, sizeof *r);

    if (!r)
        return fail(f, 503, "models: out of memory");
    r->defaults = *defaults;
    r->processors = processors;
    pthread_mutex_init(&r->lock, NULL);
    pthread_mutex_init(&r->loading, NULL);
    *registry = r;
    return true;
}

/* NULL is allowed. */
static void free_entry(struct entry *e)
{
    if (!e)
        return;
    served_close(e->served);
    stats_end(&e->stats);
    free(e->directory);
    free(e);
}

static struct entry *new_entry(const char name[NAME_BYTES], const char *directory)
{
    struct entry *const e = calloc(1, sizeof *e);

    if (!e)
        return NULL;
    stats_begin(&e->stats);
    memcpy(e->name, name, sizeof e->name);
    e->directory = strdup(directory);
    if (e->directory)
        return e;
    free_entry(e);
    return NULL;
}

static struct entry *find(struct registry *r, const char *name)
{
    struct entry *e = r->entries;

    while (e && strcmp(e->name, name) != 0)
        e = e->next;
    return e;
}

/* The last component of a path, without slashes at the end. */
static void name_of(const char *path, char name[NAME_BYTES])
{
    size_t end = strlen(path);

    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    snprintf(name, NAME_BYTES, "%.*s", (int)(end - begin < NAME_BYTES ? end - begin : 0),
             path + begin);
}

/* Names stand in URLs, in labels of metrics and in logs. */
static bool valid_name(const char *name)
{
    return *name && *name != '.' && strlen(name) < NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
               strlen(name);
}

bool registry_add(struct registry *r, const char *name, const char *directory, struct failure *f)
{
    char own[NAME_BYTES];
    struct stat status;

    if (!name)
        name_of(directory, own);
    else if (strlen(name) < NAME_BYTES)
        snprintf(own, sizeof own, "%s", name);
    else
        own[0] = '\0';
    if (!valid_name(own))
        return fail(f, 400,
                    "%s: expected a name of 1 to %d letters, digits, '_', '-' and '.', not first, "
                    "found '%s'; NAME=DIRECTORY gives another",
                    directory, NAME_BYTES - 1, name ? name : own);
    if (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode))
        return fail(f, 404, "%s: expected a directory, found %s", directory,
                    errno == ENOENT ? "none" : "something else");
    struct entry *const e = new_entry(own, directory);
    if (!e)
        return fail(f, 503, "%s: out of memory", own);

    pthread_mutex_lock(&r->lock);
    struct entry **link = &r->entries;
    while (*link && strcmp((*link)->name, own) < 0)
        link = &(*link)->next;
    const bool taken = *link && strcmp((*link)->name, own) == 0;
    if (!taken) {
        e->next = *link;
        *link = e;
    }
    pthread_mutex_unlock(&r->lock);
    if (!taken)
        return true;
    free_entry(e);
    return fail(f, 400, "%s: expected one model of this name, found two", own);
}

bool registry_scan(struct registry *r, const char *directory, struct failure *f)
{
    DIR *const dir = opendir(directory);
    bool ok = true;

    if (!dir)
        return fail(f, 404, "%s: expected a directory of models: %s", directory, strerror(errno));
    for (const struct dirent *d; ok && (d = readdir(dir)) != NULL;) {
        char path[4096];
        struct stat status;
        if (d->d_name[0] == '.' ||
            (size_t)snprintf(path, sizeof path, "%s/%s", directory, d->d_name) >= sizeof path ||
            stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
            continue;
        pthread_mutex_lock(&r->lock);
        const bool known = find(r, d->d_name) != NULL;
        pthread_mutex_unlock(&r->lock);
        ok = known || registry_add(r, d->d_name, path, f);
    }
    closedir(dir);
    return ok;
}

/* A directory whose name is a number from 1 on; 0: another name. */
static uint64_t version_of(const char *name)
{
    uint64_t version;

    return *name != '0' && read_whole(name, strlen(name), &version) ? version : 0;
}

/* The highest version in a directory of versions; 0: it is a checkpoint itself. */
static uint64_t highest_version(const char *directory)
{
    DIR *const dir = opendir(directory);
    uint64_t highest = 0;

    for (const struct dirent *d; dir && (d = readdir(dir)) != NULL;)
        if (version_of(d->d_name) > highest)
            highest = version_of(d->d_name);
    if (dir)
        closedir(dir);
    return highest;
}

/* What serve.json says of a model, over the defaults. */
static bool settings_of(const struct registry *r, const struct entry *e, struct settings *settings,
                        struct failure *f)
{
    *settings = r->defaults;
    if (!settings_read(e->directory, settings, f))
        return false;
    if (settings->threads == 0)
        settings->threads =
            r->processors > settings->instances ? r->processors / settings->instances : 1;
    return true;
}

static bool open_entry(struct registry *r, struct entry *e, struct served **served,
                       struct failure *f)
{
    const uint64_t version = highest_version(e->directory);
    struct settings settings;
    char path[4096];

    const int size =
        version ? snprintf(path, sizeof path, "%s/%llu", e->directory, (unsigned long long)version)
                : snprintf(path, sizeof path, "%s", e->directory);
    if ((size_t)size >= sizeof path)
        return fail(f, 400, "%s: expected a path below %zu bytes", e->name, sizeof path);
    return settings_of(r, e, &settings, f) &&
           served_open(e->name, version ? version : 1, path, &settings, &e->stats, served, f);
}

static bool unknown(const char *name, struct failure *f)
{
    return fail(f, 404, "models: expected one that this server knows, found '%.80s'", name);
}

bool registry_load(struct registry *r, const char *name, struct failure *f)
{
    struct served *served = NULL, *old = NULL;

    pthread_mutex_lock(&r->loading);
    pthread_mutex_lock(&r->lock);
    struct entry *const e = find(r, name); /* entries are never removed */
    pthread_mutex_unlock(&r->lock);
    const bool ok = e ? open_entry(r, e, &served, f) : unknown(name, f);
    if (e) {
        pthread_mutex_lock(&r->lock);
        e->wanted = true;
        snprintf(e->reason, sizeof e->reason, "%s", ok ? "" : f->message);
        if (served) {
            old = e->served;
            e->served = served;
            if (r->hurry)
                batcher_hurry(served->batcher);
        }
        pthread_mutex_unlock(&r->lock);
    }
    served_close(old);
    pthread_mutex_unlock(&r->loading);
    return ok;
}

bool registry_unload(struct registry *r, const char *name, struct failure *f)
{
    struct served *old = NULL;

    pthread_mutex_lock(&r->loading);
    pthread_mutex_lock(&r->lock);
    struct entry *const e = find(r, name);
    if (e) {
        old = e->served;
        e->served = NULL;
        e->wanted = false;
        snprintf(e->reason, sizeof e->reason, "unloaded");
    }
    pthread_mutex_unlock(&r->lock);
    served_close(old);
    pthread_mutex_unlock(&r->loading);
    return e || unknown(name, f);
}

bool registry_load_all(struct registry *r, struct failure *f)
{
    bool ok = true;

    for (const struct entry *e = r->entries; e; e = e->next) {
        struct failure one;
        if (registry_load(r, e->name, &one))
            continue;
        if (ok)
            *f = one;
        ok = false;
    }
    return ok;
}

struct served *registry_acquire(struct registry *r, const char *name, uint64_t version,
                                struct failure *f)
{
    struct served *served = NULL;

    pthread_mutex_lock(&r->lock);
    const struct entry *const e = find(r, name);
    if (!e)
        fail(f, 404, "Request for unknown model: '%.80s' is not found", name);
    else if (!e->served)
        fail(f, 400, "Request for unknown model: '%s' has no available versions", e->name);
    else if (version && e->served->version != version)
        fail(f, 404, "Request for unknown model: '%s' version %llu is not found", e->name,
             (unsigned long long)version);
    else {
        served = e->served;
        served_retain(served);
    }
    pthread_mutex_unlock(&r->lock);
    return served;
}

bool registry_at(struct registry *r, size_t i, struct registry_entry *entry)
{
    pthread_mutex_lock(&r->lock);
    const struct entry *e = r->entries;
    while (e && i--)
        e = e->next;
    if (e) {
        memcpy(entry->name, e->name, sizeof entry->name);
        memcpy(entry->reason, e->reason, sizeof entry->reason);
        entry->version = e->served ? e->served->version : 0;
    }
    pthread_mutex_unlock(&r->lock);
    return e != NULL;
}

bool registry_ready(struct registry *r)
{
    bool ready = true;

    pthread_mutex_lock(&r->lock);
    for (const struct entry *e = r->entries; e; e = e->next)
        ready = ready && (e->served || !e->wanted);
    pthread_mutex_unlock(&r->lock);
    return ready;
}

void registry_hurry(struct registry *r)
{
    pthread_mutex_lock(&r->lock);
    r->hurry = true;
    for (const struct entry *e = r->entries; e; e = e->next)
        if (e->served)
            batcher_hurry(e->served->batcher);
    pthread_mutex_unlock(&r->lock);
}

void registry_free(struct registry *r)
{
    if (!r)
        return;
    while (r->entries) {
        struct entry *const e = r->entries;
        r->entries = e->next;
        free_entry(e);
    }
    pthread_mutex_destroy(&r->loading);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
