/* team.h - the threads of one context's forward passes; OpenMP is entered nowhere else */
#ifndef VIT_BASE_TEAM_H
#define VIT_BASE_TEAM_H

#include <stddef.h>

#include "vit/parallel.h"
#include "vit/status.h"

struct team;

/* VIT_ENOMEM: no memory, or so many threads cannot be started. */
enum vit_status team_create(size_t threads, struct team **team, struct vit_error *err);
void team_free(struct team *team);

/*
 * Calls lead(arg) on the calling thread. While it runs, operations on team_parallel(team) are
 * divided among that thread and those of the team, as many as OpenMP has delivered; in a child
 * process, which does not have them, the calling thread works alone.
 */
void team_run(struct team *team, void (*lead)(void *arg), void *arg);
struct vit_parallel team_parallel(struct team *team);

#endif
