/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - what a service has to say while it works: the program logs and counts it. */
#ifndef LIMPID_SERVICE_EVENTS_H
#define LIMPID_SERVICE_EVENTS_H

#include "base/slice.h"

enum service_level { SERVICE_DEBUG, SERVICE_INFO, SERVICE_WARN, SERVICE_ERROR };

/* One more word about an event: {"source", "debian/updater"}. */
struct service_field {
	const char *name;
	struct slice value;
};

/* Either function may be NULL; both may be called from any thread, and must not block. */
struct service_events {
	void (*log)(void *ctx, enum service_level level, const char *message, const struct service_field *fields,
		    size_t n);
	/* A metric by its name, with the values of its labels in order. */
	void (*count)(void *ctx, const char *metric, const char *const *labels, double n);
	void *ctx;
};

static inline void service_log(const struct service_events *e, enum service_level level, const char *message,
			       const struct service_field *fields, size_t n)
{
	if (e && e->log)
		e->log(e->ctx, level, message, fields, n);
}

static inline void service_count(const struct service_events *e, const char *metric, const char *const *labels,
				 double n)
{
	if (e && e->count)
		e->count(e->ctx, metric, labels, n);
}

#endif
