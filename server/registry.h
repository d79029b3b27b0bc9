/* registry.h - the models that are served, by name and version; loading and unloading them */
#ifndef VIT_SERVER_REGISTRY_H
#define VIT_SERVER_REGISTRY_H

#include "server/served.h"

struct registry;

enum { NAME_BYTES = 64 };

/* What the index says of a model. Zero counts: it was never loaded. */
struct registry_entry {
    char name[NAME_BYTES];
    uint64_t version; /* 0: not loaded */
    char reason[512]; /* why not, after a failed load; "" otherwise */
};

/* processors: what the contexts of a model share whose settings say no number of threads. */
bool registry_create(const struct settings *defaults, size_t processors, struct registry **registry,
                     struct failure *f);

/*
 * Adds a model without loading it: a checkpoint directory, or one with directories of checkpoints
 * whose names are numbers, its versions. `name` NULL: the last component of the path.
 */
bool registry_add(struct registry *r, const char *name, const char *directory, struct failure *f);

/* Adds every directory in a directory that has no such model yet. */
bool registry_scan(struct registry *r, const char *directory, struct failure *f);

/*
 * Opens the highest version, or the checkpoint as version 1, and replaces what was served under the
 * name: requests go on without a gap. Returns when the old one is closed. A failure leaves the old
 * one in service. Other calls may run at the same time; loads wait for each other.
 */
bool registry_load(struct registry *r, const char *name, struct failure *f);
bool registry_unload(struct registry *r, const char *name, struct failure *f);

/* Loads every model: fails with the first that cannot be loaded, but tries all. */
bool registry_load_all(struct registry *r, struct failure *f);

/*
 * The model in service; the caller releases it with served_release. version 0: any.
 * 404: no such model or version. 400: it is not loaded.
 */
struct served *registry_acquire(struct registry *r, const char *name, uint64_t version,
                                struct failure *f);

/* Entry i, in the order of names; false past the last. */
bool registry_at(struct registry *r, size_t i, struct registry_entry *entry);

/* Whether every model that should be loaded is. */
bool registry_ready(struct registry *r);

/* No batch waits to fill any more. */
void registry_hurry(struct registry *r);

/* Closes every model. NULL is allowed. */
void registry_free(struct registry *r);

#endif
