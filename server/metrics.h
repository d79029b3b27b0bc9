/* metrics.h - the metrics of every model and of the process, as Prometheus reads them */
#ifndef VIT_SERVER_METRICS_H
#define VIT_SERVER_METRICS_H

#include "server/buffer.h"
#include "server/registry.h"

/*
 * Text format 0.0.4. Triton's names of durations end in _us, which `promtool check metrics` refuses
 * whatever their type: with `triton` these are written, otherwise the same in seconds.
 */
void metrics_write(struct registry *r, bool triton, struct buffer *out);

#endif
