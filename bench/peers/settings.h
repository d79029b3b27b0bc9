/* settings.h - the environment in which each library runs at its best on a level */
#ifndef VIT_BENCH_PEERS_SETTINGS_H
#define VIT_BENCH_PEERS_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>

/* Sets them; call it before a library is loaded. Returns them, as an array of "NAME=VALUE". */
json_t *settings_apply(const char *level);

/* Whether there are settings that hold libraries to the level. */
bool settings_hold(const char *level);

#endif
