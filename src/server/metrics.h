/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - the counters of the process, one row of metrics.def each, and their text for Prometheus.
 *
 * Counting takes no lock once a combination of label values has been seen. A family holds a bounded number of them;
 * further ones are not counted.
 */
#ifndef LIMPID_SERVER_METRICS_H
#define LIMPID_SERVER_METRICS_H

#include "base/buf.h"

enum metric_id {
#define METRIC(id, kind, name, labels, buckets, help) METRIC_##id,
#include "server/metrics.def"
#undef METRIC
	METRIC_COUNT
};

enum metric_kind { METRIC_KIND_COUNTER, METRIC_KIND_GAUGE, METRIC_KIND_HISTOGRAM };

/* Series of one family at most: 12 handlers x 10 codes x 8 methods are 960. */
#define METRIC_SERIES 1000
#define METRIC_LABELS 5

struct metrics;

struct metrics *metrics_new(void) NODISCARD;
void metrics_free(struct metrics *m);

/* Values of the labels, in the row's order and number; NULL for a row without labels. m may be NULL: nothing is
 * counted. */
void metric_add(struct metrics *m, enum metric_id id, const char *const *values, double n);
void metric_set(struct metrics *m, enum metric_id id, const char *const *values, double value);
void metric_observe(struct metrics *m, enum metric_id id, const char *const *values, double value);

/* The row of a metric's name; false if there is none. For services below, which know only names. */
bool metric_from_name(struct slice name, enum metric_id *out);

/* Called before each reading, for gauges that are asked rather than kept. At most 16. */
bool metrics_collector(struct metrics *m, void (*fn)(void *ctx, struct metrics *m), void *ctx) NODISCARD;
/* Drop the collectors with this ctx; none of them runs any more when this returns. */
void metrics_forget(struct metrics *m, const void *ctx);

/* All of it in Prometheus' text format 0.0.4. */
void metrics_print(struct metrics *m, struct buf *out);

/* One reading of one series. */
struct metric_point {
	enum metric_id id;
	const char *name, *help;
	enum metric_kind kind;
	size_t n_labels;
	struct slice labels[METRIC_LABELS], values[METRIC_LABELS];
	double value;		/* counter, gauge; sum of a histogram */
	const double *bounds;	/* of a histogram: upper bounds, and */
	const uint64_t *counts; /* how many fell in each alone; one more for those above the last */
	size_t n_bounds;
};
void metrics_each(struct metrics *m, void (*fn)(void *ctx, const struct metric_point *p), void *ctx);

#endif
