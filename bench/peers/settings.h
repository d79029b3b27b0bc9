/* settings.h - the environment in which each library runs at its best on a level */
#ifndef VIT_BENCH_PEERS_SETTINGS_H
#define VIT_BENCH_PEERS_SETTINGS_H

/* Before any of them is opened. Prints what it changes. */
void settings_apply(const char *level);

#endif
