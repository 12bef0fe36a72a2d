/* SPDX-License-Identifier: Apache-2.0 */
/* otlp.c - a queue of spans, a clock for metrics, and a thread that posts both with libcurl. */
#include "server/otlp.h"

#include "base/date.h"
#include "server/compress.h"
#include "server/log.h"
#include "server/metrics.h"
#include "text/json_writer.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SPANS 2048 /* that wait */
#define BATCH 512  /* of one request */
#define FLUSH_S 5
#define DOCUMENT_BYTES ((size_t)32 << 20)
#define END_S 5

/* A span that has ended; texts are cut. */
struct span {
	struct trace trace;
	char name[64], route[96], method[16], request_id[65];
	int code;
	uint64_t start_ns, end_ns;
};

struct target {
	char *url, *ca, *cert, *key; /* owned */
	struct curl_slist *headers;
	unsigned timeout_s;
	bool gzip;
	const char *name;
	bool away; /* told in the log once */
};

struct otlp {
	pthread_mutex_t lock;
	pthread_cond_t tick;
	pthread_t thread;
	bool have_thread, ending;
	_Atomic uint64_t end_ns; /* monotonic; from then on nothing is waited for; 0: no end is near */
	struct span *spans;
	size_t at, len;
	struct target traces, metrics;
	uint64_t threshold; /* of the first 8 bytes of a trace's id */
	unsigned metrics_s;
	char service[96], version[64];
	struct metrics *registry;
	struct log *log;
	uint64_t started_ns; /* Unix */
};

static uint64_t unix_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- documents ---- */

static void attribute(struct json_writer *w, const char *key, struct slice value)
{
	json_object(w);
	json_member_cstr(w, "key", key);
	json_key(w, "value");
	json_object(w);
	json_member_str(w, "stringValue", value);
	json_close(w);
	json_close(w);
}

static void attribute_int(struct json_writer *w, const char *key, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	json_object(w);
	json_member_cstr(w, "key", key);
	json_key(w, "value");
	json_object(w);
	json_member_cstr(w, "intValue", text);
	json_close(w);
	json_close(w);
}

/* 64-bit numbers are strings in this form of the protocol. */
static void member_u64(struct json_writer *w, const char *key, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	json_member_cstr(w, key, text);
}

static void begin(struct json_writer *w, struct buf *out, const char *what, const char *scopes, const char *items,
		  const char *service, const char *version)
{
	json_writer_init(w, out, 0);
	json_object(w);
	json_key(w, what);
	json_array(w);
	json_object(w);
	json_key(w, "resource");
	json_object(w);
	json_key(w, "attributes");
	json_array(w);
	attribute(w, "service.name", slice_cstr(service));
	attribute(w, "service.version", slice_cstr(version));
	json_close(w);
	json_close(w);
	json_key(w, scopes);
	json_array(w);
	json_object(w);
	json_key(w, "scope");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_close(w);
	json_key(w, items);
	json_array(w);
}

static void end(struct json_writer *w)
{
	for (int i = 0; i < 6; i++)
		json_close(w);
}

static void hex(struct json_writer *w, const char *key, const uint8_t *bytes, size_t n)
{
	char text[40];

	for (size_t i = 0; i < n; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	json_member_cstr(w, key, text);
}

static void write_span(struct json_writer *w, const struct span *s)
{
	json_object(w);
	hex(w, "traceId", s->trace.id, 16);
	hex(w, "spanId", s->trace.span, 8);
	if (s->trace.has_parent)
		hex(w, "parentSpanId", s->trace.parent, 8);
	json_member_cstr(w, "name", s->name);
	json_member_u64(w, "kind", 2); /* server */
	member_u64(w, "startTimeUnixNano", s->start_ns);
	member_u64(w, "endTimeUnixNano", s->end_ns);
	json_key(w, "attributes");
	json_array(w);
	attribute(w, "http.request.method", slice_cstr(s->method));
	attribute(w, "http.route", slice_cstr(s->route));
	attribute_int(w, "http.response.status_code", s->code);
	attribute(w, "limpid.request_id", slice_cstr(s->request_id));
	json_close(w);
	json_key(w, "status");
	json_object(w);
	if (s->code >= 500)
		json_member_u64(w, "code", 2); /* error; a client's mistake is none of the server's */
	json_close(w);
	json_close(w);
}

struct writing {
	struct json_writer w;
	const char *family;
	uint64_t start_ns, now_ns;
};

static void close_family(struct writing *wr)
{
	if (!wr->family)
		return;
	json_close(&wr->w); /* dataPoints */
	json_close(&wr->w); /* sum, gauge, histogram */
	json_close(&wr->w); /* metric */
}

static void open_family(struct writing *wr, const struct metric_point *p)
{
	static const char *const kinds[] = { "sum", "gauge", "histogram" };

	json_object(&wr->w);
	json_member_cstr(&wr->w, "name", p->name);
	json_member_cstr(&wr->w, "description", p->help);
	json_key(&wr->w, kinds[p->kind]);
	json_object(&wr->w);
	if (p->kind != METRIC_KIND_GAUGE)
		json_member_u64(&wr->w, "aggregationTemporality", 2); /* cumulative */
	if (p->kind == METRIC_KIND_COUNTER)
		json_member_bool(&wr->w, "isMonotonic", true);
	json_key(&wr->w, "dataPoints");
	json_array(&wr->w);
	wr->family = p->name;
}

static void write_histogram(struct json_writer *w, const struct metric_point *p)
{
	uint64_t count = 0;
	char text[24];

	for (size_t i = 0; i <= p->n_bounds; i++)
		count += p->counts[i];
	member_u64(w, "count", count);
	json_key(w, "sum");
	json_double(w, p->value);
	json_key(w, "bucketCounts");
	json_array(w);
	for (size_t i = 0; i <= p->n_bounds; i++) {
		snprintf(text, sizeof(text), "%" PRIu64, p->counts[i]);
		json_cstr(w, text);
	}
	json_close(w);
	json_key(w, "explicitBounds");
	json_array(w);
	for (size_t i = 0; i < p->n_bounds; i++)
		json_double(w, p->bounds[i]);
	json_close(w);
}

static void write_point(void *ctx, const struct metric_point *p)
{
	struct writing *wr = ctx;
	struct json_writer *w = &wr->w;
	char label[64];

	if (wr->family != p->name) {
		close_family(wr);
		open_family(wr, p);
	}
	json_object(w);
	json_key(w, "attributes");
	json_array(w);
	for (size_t i = 0; i < p->n_labels; i++) {
		snprintf(label, sizeof(label), "%.*s", SLICE_ARG(p->labels[i]));
		attribute(w, label, p->values[i]);
	}
	json_close(w);
	if (p->kind != METRIC_KIND_GAUGE)
		member_u64(w, "startTimeUnixNano", wr->start_ns);
	member_u64(w, "timeUnixNano", wr->now_ns);
	if (p->kind == METRIC_KIND_HISTOGRAM) {
		write_histogram(w, p);
	} else {
		json_key(w, "asDouble");
		json_double(w, p->value);
	}
	json_close(w);
}

void otlp_write_metrics(struct metrics *m, const char *service, const char *version, uint64_t start_ns, uint64_t now_ns,
			struct buf *out)
{
	struct writing wr = { .start_ns = start_ns, .now_ns = now_ns };

	begin(&wr.w, out, "resourceMetrics", "scopeMetrics", "metrics", service, version);
	metrics_each(m, write_point, &wr);
	close_family(&wr);
	end(&wr.w);
}

/* ---- sending ---- */

static size_t drop(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

/* Asked about once a second, while it waits for a name or an answer too: non-zero breaks off. */
static int on_progress(void *ctx, curl_off_t down, curl_off_t downloaded, curl_off_t up, curl_off_t uploaded)
{
	const struct otlp *o = ctx;
	uint64_t end_ns = atomic_load(&o->end_ns);

	(void)down, (void)downloaded, (void)up, (void)uploaded;
	return end_ns != 0 && date_monotonic_ns() >= end_ns;
}

static bool setup(struct otlp *o, CURL *c, const struct target *t, struct slice body, bool gzip,
		  struct curl_slist **headers)
{
	*headers = NULL;
	for (const struct curl_slist *h = t->headers; h; h = h->next)
		*headers = curl_slist_append(*headers, h->data);
	*headers = curl_slist_append(*headers, "Content-Type: application/json");
	if (gzip)
		*headers = curl_slist_append(*headers, "Content-Encoding: gzip");
	curl_easy_reset(c);
	return *headers && curl_easy_setopt(c, CURLOPT_URL, t->url) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)body.ptr) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_XFERINFODATA, o) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)t->timeout_s) == CURLE_OK &&
	       (!t->ca[0] || curl_easy_setopt(c, CURLOPT_CAINFO, t->ca) == CURLE_OK) &&
	       (!t->cert[0] || curl_easy_setopt(c, CURLOPT_SSLCERT, t->cert) == CURLE_OK) &&
	       (!t->key[0] || curl_easy_setopt(c, CURLOPT_SSLKEY, t->key) == CURLE_OK);
}

static void tell(struct otlp *o, struct target *t, bool ok, const char *why)
{
	metric_add(o->registry, METRIC_limpid_otlp_sent, (const char *const[]){ t->name, ok ? "true" : "false" }, 1);
	if (ok == !t->away)
		return;
	t->away = !ok;
	if (ok)
		log_printf(o->log, LOG_LEVEL_INFO, "the collector of %s is back", t->name);
	else
		log_printf(o->log, LOG_LEVEL_WARN, "the collector of %s cannot be reached: %s", t->name, why);
}

static bool post(struct otlp *o, CURL *c, struct target *t, struct slice body)
{
	struct curl_slist *headers;
	struct slice packed = SLICE_EMPTY;
	bool gzip = t->gzip && compress_body(CODING_GZIP, body, &packed);
	char why[64];
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	long code = 0;

	if (setup(o, c, t, gzip ? packed : body, gzip, &headers))
		rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	curl_slist_free_all(headers);
	free((void *)(uintptr_t)packed.ptr);
	snprintf(why, sizeof(why), "it answered %ld", code);
	tell(o, t, rc == CURLE_OK && code / 100 == 2, rc == CURLE_OK ? why : curl_easy_strerror(rc));
	return rc == CURLE_OK && code / 100 == 2;
}

/* Takes at most BATCH spans; true if more wait. */
static bool send_spans(struct otlp *o, CURL *c, struct span *batch)
{
	struct buf out = BUF_INIT(DOCUMENT_BYTES);
	struct json_writer w;
	size_t n = 0;
	bool more;

	pthread_mutex_lock(&o->lock);
	while (o->len > 0 && n < BATCH) {
		batch[n++] = o->spans[o->at];
		o->at = (o->at + 1) % SPANS;
		o->len--;
	}
	more = o->len > 0;
	pthread_mutex_unlock(&o->lock);
	if (n == 0)
		return false;
	begin(&w, &out, "resourceSpans", "scopeSpans", "spans", o->service, o->version);
	for (size_t i = 0; i < n; i++)
		write_span(&w, &batch[i]);
	end(&w);
	if (out.failed != STATUS_OK || !post(o, c, &o->traces, buf_slice(&out)))
		metric_add(o->registry, METRIC_limpid_otlp_dropped, NULL, (double)n);
	buf_fini(&out);
	return more;
}

static void send_metrics(struct otlp *o, CURL *c)
{
	struct buf out = BUF_INIT(DOCUMENT_BYTES);

	otlp_write_metrics(o->registry, o->service, o->version, o->started_ns, unix_ns(), &out);
	if (out.failed == STATUS_OK)
		(void)post(o, c, &o->metrics, buf_slice(&out));
	buf_fini(&out);
}

/* True if the end has come. */
static bool wait_tick(struct otlp *o)
{
	struct timespec until;
	bool ending;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += o->traces.url ? FLUSH_S : MIN(FLUSH_S, o->metrics_s);
	pthread_mutex_lock(&o->lock);
	while (!o->ending && o->len < BATCH) {
		if (pthread_cond_timedwait(&o->tick, &o->lock, &until) != 0)
			break;
	}
	ending = o->ending;
	pthread_mutex_unlock(&o->lock);
	return ending;
}

static void *run(void *arg)
{
	struct otlp *o = arg;
	CURL *c = curl_easy_init();
	struct span *batch = calloc(BATCH, sizeof(*batch));
	uint64_t next = date_monotonic_ns() + o->metrics_s * UINT64_C(1000000000);
	bool ending = !c || !batch;

	pthread_setname_np(pthread_self(), "otlp");
	while (!ending) {
		ending = wait_tick(o);
		if (o->traces.url) {
			while (send_spans(o, c, batch) && !ending)
				continue;
		}
		if (o->metrics.url && (ending || date_monotonic_ns() >= next)) {
			send_metrics(o, c);
			next = date_monotonic_ns() + o->metrics_s * UINT64_C(1000000000);
		}
	}
	free(batch);
	if (c)
		curl_easy_cleanup(c);
	return NULL;
}

/* ---- life ---- */

static bool copy_target(const struct otlp_target *from, const char *name, struct target *to)
{
	bool ok = true;

	*to = (struct target){ .timeout_s = from->timeout_s, .gzip = from->gzip, .name = name };
	if (!from->url)
		return true;
	to->url = strdup(from->url);
	to->ca = strdup(from->ca);
	to->cert = strdup(from->cert);
	to->key = strdup(from->key);
	for (size_t i = 0; ok && i < from->n_headers; i++) {
		char line[4096];
		struct curl_slist *l;
		int n = snprintf(line, sizeof(line), "%.*s: %.*s", SLICE_ARG(from->headers[i].name),
				 SLICE_ARG(from->headers[i].value));

		ok = n > 0 && (size_t)n < sizeof(line) && (l = curl_slist_append(to->headers, line)) != NULL;
		if (ok)
			to->headers = l;
	}
	return ok && to->url && to->ca && to->cert && to->key;
}

static void free_target(struct target *t)
{
	free(t->url);
	free(t->ca);
	free(t->cert);
	free(t->key);
	curl_slist_free_all(t->headers);
}

static void destroy(struct otlp *o)
{
	pthread_cond_destroy(&o->tick);
	pthread_mutex_destroy(&o->lock);
	free_target(&o->traces);
	free_target(&o->metrics);
	free(o->spans);
	free(o);
}

enum status otlp_new(const struct otlp_options *options, struct otlp **out, struct err *err)
{
	struct otlp *o = calloc(1, sizeof(*o));
	pthread_condattr_t attr;
	sigset_t all, old;

	if (!o)
		return err_nomem(err, "traces");
	pthread_mutex_init(&o->lock, NULL);
	/* Whoever sets the clock back stops no traces. */
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->tick, &attr);
	pthread_condattr_destroy(&attr);
	o->spans = options->traces.url ? calloc(SPANS, sizeof(*o->spans)) : NULL;
	o->threshold = options->probability >= 1   ? UINT64_MAX
		       : options->probability <= 0 ? 0
						   : (uint64_t)(options->probability * 18446744073709549568.0);
	o->metrics_s = MAX(options->metrics_s, 1);
	o->registry = options->registry;
	o->log = options->log;
	o->started_ns = unix_ns();
	snprintf(o->service, sizeof(o->service), "%s", options->service);
	snprintf(o->version, sizeof(o->version), "%s", options->version);
	if (!copy_target(&options->traces, "traces", &o->traces) ||
	    !copy_target(&options->metrics, "metrics", &o->metrics) || (options->traces.url && !o->spans)) {
		destroy(o);
		return err_nomem(err, "traces");
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	o->have_thread = pthread_create(&o->thread, NULL, run, o) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!o->have_thread) {
		destroy(o);
		return err_set(err, STATUS_IO, "no thread for traces");
	}
	*out = o;
	return STATUS_OK;
}

void otlp_free(struct otlp *o)
{
	if (!o)
		return;
	/* A collector that does not answer must not keep the process: what is being sent is broken off then. */
	atomic_store(&o->end_ns, date_monotonic_ns() + END_S * UINT64_C(1000000000));
	pthread_mutex_lock(&o->lock);
	o->ending = true;
	pthread_cond_signal(&o->tick);
	pthread_mutex_unlock(&o->lock);
	pthread_join(o->thread, NULL);
	destroy(o);
}

bool otlp_wants(const struct otlp *o, const struct trace *t)
{
	uint64_t first = 0;

	if (!o || !o->traces.url)
		return false;
	if (t->has_parent)
		return t->sampled;
	for (int i = 0; i < 8; i++)
		first = first << 8 | t->id[i];
	return o->threshold > 0 && first <= o->threshold;
}

void otlp_end(struct otlp *o, const struct otlp_span *s)
{
	struct span *to;

	pthread_mutex_lock(&o->lock);
	if (o->len == SPANS) {
		pthread_mutex_unlock(&o->lock);
		metric_add(o->registry, METRIC_limpid_otlp_dropped, NULL, 1);
		return;
	}
	to = &o->spans[(o->at + o->len++) % SPANS];
	*to = (struct span){
		.trace = *s->trace, .code = s->code, .start_ns = s->start_unix_ns, .end_ns = s->end_unix_ns
	};
	snprintf(to->name, sizeof(to->name), "%s", s->name);
	snprintf(to->route, sizeof(to->route), "%s", s->route);
	snprintf(to->method, sizeof(to->method), "%.*s", SLICE_ARG(s->method));
	snprintf(to->request_id, sizeof(to->request_id), "%.*s", SLICE_ARG(s->request_id));
	if (o->len == BATCH)
		pthread_cond_signal(&o->tick);
	pthread_mutex_unlock(&o->lock);
}
