/* SPDX-License-Identifier: Apache-2.0 */
/*
 * otlp.h - traces and metrics for a collector: OTLP over HTTP, in its JSON form, by a thread of its own.
 *
 * Whoever ends a span never waits: spans lie in a bounded queue and are dropped, and counted, when the collector is
 * slow or away.
 */
#ifndef LIMPID_SERVER_OTLP_H
#define LIMPID_SERVER_OTLP_H

#include "server/request.h"
#include "server/response.h"

struct metrics;
struct log;
struct otlp;

/* Where one kind goes; url NULL: nowhere. All is copied. */
struct otlp_target {
	const char *url;
	const struct http_header *headers;
	size_t n_headers;
	unsigned timeout_s;
	bool gzip;
	const char *ca, *cert, *key; /* paths, or "" */
};

struct otlp_options {
	struct otlp_target traces, metrics;
	double probability;  /* of traces that nobody has begun: 0 to 1 */
	unsigned metrics_s;  /* seconds between two readings */
	const char *service; /* "limpid/combo" */
	const char *version;
	struct metrics *registry; /* borrowed */
	struct log *log;	  /* borrowed */
};

enum status otlp_new(const struct otlp_options *options, struct otlp **out, struct err *err) NODISCARD;
/* Send what waits, for at most five seconds, and free. NULL is fine. */
void otlp_free(struct otlp *o);

/* Should this request be traced? By what its caller decided, else by probability. False without a collector. */
bool otlp_wants(const struct otlp *o, const struct trace *t);

struct otlp_span {
	const struct trace *trace;
	const char *name;
	const char *route;
	struct slice method;
	int code;
	uint64_t start_unix_ns, end_unix_ns;
	struct slice request_id;
};
void otlp_end(struct otlp *o, const struct otlp_span *span);

/* The documents, for tests. */
void otlp_write_metrics(struct metrics *m, const char *service, const char *version, uint64_t start_ns, uint64_t now_ns,
			struct buf *out);

#endif
