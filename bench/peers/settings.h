/* settings.h - the environment in which each library runs at its best on a level */
#ifndef VIT_BENCH_PEERS_SETTINGS_H
#define VIT_BENCH_PEERS_SETTINGS_H

/* Sets them; call it before a library is loaded. Prints each change. */
void settings_apply(const char *level);

#endif
