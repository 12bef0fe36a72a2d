/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c - a request from its headers to its finished answer. */
#include "server/exchange.h"

#include "base/base64.h"
#include "base/date.h"
#include "config/config.h"
#include "server/auth.h"
#include "server/compress.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/otlp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

int exchange_pool_code(enum route_pool pool)
{
	static const int codes[POOLS] = {
		[POOL_INLINE] = 503,
#define POOL(name, threads, queue, code) [POOL_##name] = (code),
#include "server/pools.def"
#undef POOL
	};
	return codes[pool];
}

const char *exchange_pool_name(enum route_pool pool)
{
	static const char *const names[POOLS] = {
		[POOL_INLINE] = "inline",
#define POOL(name, threads, queue, code) [POOL_##name] = #name,
#include "server/pools.def"
#undef POOL
	};
	return names[pool];
}

struct exchange *exchange_new(struct server_context *ctx, const struct http_options *options, struct slice target)
{
	struct exchange *ex = calloc(1, sizeof(*ex));

	if (!ex)
		return NULL;
	ex->ctx = ctx;
	ex->options = options;
	ex->arena = (struct arena)ARENA_INIT(EXCHANGE_MEMORY);
	ex->resp = (struct response){ .code = 200, .body = BUF_INIT(EXCHANGE_ANSWER), .arena = &ex->arena };
	ex->req.arena = &ex->arena;
	ex->req.exchange = ex;
	ex->req.content_length = UINT64_MAX;
	ex->started_ns = date_monotonic_ns();
	ex->references = 1;
	ex->fd = -1;
	pthread_mutex_init(&ex->lock, NULL);
	ex->req.headers = arena_array(&ex->arena, EXCHANGE_HEADERS, sizeof(struct http_header));
	if (!ex->req.headers || !arena_copy(&ex->arena, target, &ex->req.target)) {
		exchange_free(ex);
		return NULL;
	}
	return ex;
}

/* Count n more bytes that are kept for this exchange. False: all together keep too much. */
static bool hold(struct exchange *ex, size_t n)
{
	if (!ex->held_by_all)
		return true;
	ex->held += n;
	return atomic_fetch_add_explicit(ex->held_by_all, n, memory_order_relaxed) + n <= EXCHANGE_HELD;
}

void exchange_free(struct exchange *ex)
{
	if (ex->held_by_all)
		atomic_fetch_sub_explicit(ex->held_by_all, ex->held, memory_order_relaxed);
	response_clear_body(&ex->resp);
	buf_fini(&ex->body);
	free((void *)(uintptr_t)ex->encoded.ptr);
	arena_fini(&ex->arena);
	pthread_mutex_destroy(&ex->lock);
	free(ex);
}

bool exchange_header(struct exchange *ex, struct slice name, struct slice value)
{
	struct http_header h;

	if (ex->req.n_headers == EXCHANGE_HEADERS || !arena_copy(&ex->arena, name, &h.name) ||
	    !arena_copy(&ex->arena, slice_trim(value), &h.value))
		return false;
	((struct http_header *)(uintptr_t)ex->req.headers)[ex->req.n_headers++] = h;
	return true;
}

/* What may stand in a log line and come back in a header. */
static bool is_id(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_alnum(s.ptr[i]) && !strchr("-_.:+/=", s.ptr[i]))
			return false;
	}
	return s.len > 0 && s.len <= 64;
}

static uint64_t read_u64(const uint8_t b[8])
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | b[i];
	return n;
}

/* The caller's trace goes on; else one begins here. */
static void identify(struct exchange *ex)
{
	struct request *req = &ex->req;
	uint8_t own[24];
	struct slice value;

	if (getrandom(own, sizeof(own), GRND_NONBLOCK) != (ssize_t)sizeof(own))
		memset(own, 1, sizeof(own)); /* the kernel has no entropy yet: nothing here is a secret */
	if (!request_header(req, "traceparent", 0, &value) || !trace_parse(value, &req->trace))
		memcpy(req->trace.id, own, sizeof(req->trace.id));
	memcpy(req->trace.span, own + 16, sizeof(req->trace.span));
	req->trace.sampled = otlp_wants(ex->ctx->otlp, &req->trace);
	if (request_header(req, "X-Request-Id", 0, &value) && is_id(value))
		req->request_id = value;
	else if (!arena_printf(&ex->arena, &req->request_id, "%016llx", (unsigned long long)read_u64(req->trace.id)))
		req->request_id = SLICE("0");
	response_header(&ex->resp, "X-Request-Id", req->request_id);
}

/* Who frames a body in two ways means harm. */
static bool is_framed_well(struct exchange *ex)
{
	struct slice value, second;
	bool announced = request_header(&ex->req, "Content-Length", 0, &value);

	/* libmicrohttpd would read a body in another coding up to the end of the connection. */
	if (request_header(&ex->req, "Transfer-Encoding", 0, &second) &&
	    (!slice_eq_nocase(second, SLICE("chunked")) || request_header(&ex->req, "Transfer-Encoding", 1, &second)))
		return false;
	if (!announced)
		return true;
	return slice_to_u64(value, &ex->req.content_length) &&
	       !request_header(&ex->req, "Content-Length", 1, &second) &&
	       !request_header(&ex->req, "Transfer-Encoding", 0, &second);
}

static void bad_request(struct exchange *ex)
{
	ex->resp.code = 400;
	response_content_type(&ex->resp, "text/plain; charset=utf-8");
	buf_add_cstr(&ex->resp.body, "400 Bad Request");
	ex->close = true;
}

static void redirect(struct exchange *ex, struct slice location)
{
	response_set_header(&ex->resp, "Location", location);
	if (ex->req.method == HTTP_GET || ex->req.method == HTTP_HEAD)
		response_content_type(&ex->resp, "text/html; charset=utf-8");
	ex->resp.code = 307;
	ex->resp.plain = true;
	if (ex->req.method != HTTP_GET)
		return;
	buf_add_cstr(&ex->resp.body, "<a href=\"");
	for (size_t i = 0; i < location.len; i++) {
		uint8_t c = location.ptr[i];

		if (strchr("&<>\"'", c))
			buf_printf(&ex->resp.body, "&#%d;", c);
		else
			buf_add_byte(&ex->resp.body, c);
	}
	buf_add_cstr(&ex->resp.body, "\">Temporary Redirect</a>.\n\n");
}

static void refuse_method(struct exchange *ex)
{
	const struct route_path *p = ex->path;

	if (p->refusal == REFUSAL_NAME)
		response_error(&ex->resp, 405, "method disallowed: %s",
			       err_slice(&(struct err_quote){ { 0 } }, ex->req.method_name));
	else if (p->refusal == REFUSAL_LIST)
		response_error(&ex->resp, 405, "endpoint only allows %.*s",
			       SLICE_ARG(route_methods(p->id, " or ", &ex->arena)));
	else {
		response_text(&ex->resp, 405, SLICE_EMPTY);
		response_set_header(&ex->resp, "Cache-Control", SLICE("no-store"));
	}
	response_set_header(&ex->resp, "Allow", route_methods(p->id, ", ", &ex->arena));
}

/* Introspection's metrics have a path by the settings. */
static void move_metrics(struct exchange *ex)
{
	struct slice path = ex->options->metrics_path ? slice_cstr(ex->options->metrics_path) : SLICE_EMPTY;

	if (!ex->options->metrics_path || ex->options->listener != LISTENER_INTROSPECTION)
		return;
	if (path.len > 0 && slice_eq(ex->req.path, path))
		ex->req.path = SLICE("/metrics");
	else if (slice_eq(ex->req.path, SLICE("/metrics")))
		ex->req.path = SLICE("/none");
}

/* The route, or the answer if there is none. */
static bool find_route(struct exchange *ex)
{
	struct route_match match;
	enum route_found found;
	struct err err = ERR_INIT;

	if (route_find(ex->options->listener, ex->options->services, ex->req.path, ex->req.query, &ex->arena, &found,
		       &match, &err) != STATUS_OK) {
		response_failure(&ex->resp, NULL, &err);
		return false;
	}
	if (found == ROUTE_MALFORMED)
		bad_request(ex);
	else if (found == ROUTE_REDIRECT)
		redirect(ex, match.location);
	else if (found == ROUTE_UNKNOWN)
		response_not_found(&ex->resp);
	if (found != ROUTE_FOUND)
		return false;
	ex->path = match.path;
	ex->req.last = match.last;
	ex->route = route_for_method(match.path->id, ex->req.method);
	if (!ex->route) {
		refuse_method(ex);
		return false;
	}
	if (match.variable == VARIABLE_DIGEST && !request_digest(match.last, &ex->req.digest, &err)) {
		response_error(&ex->resp, 400, "malformed path: %s", err.msg);
		return false;
	}
	return true;
}

static bool is_open_to_all(const struct exchange *ex)
{
	static const char *const pages[] = { "/", "/status.js", "/status.css" };

	if (!ex->ctx->auth || ex->options->listener != LISTENER_API || slice_eq(ex->req.path, SLICE("/robots.txt")))
		return true;
	/* The page asks its reader for a token; what it asks of the API is not open. */
	for (size_t i = 0; ex->ctx->config && ex->ctx->config->limpid.status_page && i < ARRAY_LEN(pages); i++)
		if (slice_eq(ex->req.path, slice_cstr(pages[i])))
			return true;
	return false;
}

/* Of those who have a key of their own: it, in any of the forms that Harbor and Kubernetes can be told to send. */
static bool has_key(const struct exchange *ex, struct slice key)
{
	struct slice given, kind, value, plain, secret;

	if (request_header(&ex->req, "X-ScannerAdapter-API-Key", 0, &given) && auth_same_secret(given, key))
		return true;
	if (!request_header(&ex->req, "Authorization", 0, &given) || !slice_cut(given, ' ', &kind, &value))
		return false;
	if (slice_eq_nocase(kind, SLICE("Bearer")))
		return auth_same_secret(slice_trim(value), key);
	return slice_eq_nocase(kind, SLICE("Basic")) &&
	       base64_decode(slice_trim(value), BASE64_PADDED, ex->req.arena, &plain) &&
	       slice_cut(plain, ':', NULL, &secret) && auth_same_secret(secret, key);
}

static bool may_ask(const struct exchange *ex)
{
	const struct config_limpid *l = ex->ctx->config ? &ex->ctx->config->limpid : NULL;

	if (l && l->harbor.api_key.len > 0 && slice_starts(ex->req.path, SLICE("/harbor/")))
		return has_key(ex, l->harbor.api_key);
	if (l && l->admission.token.len > 0 && slice_starts(ex->req.path, SLICE("/kubernetes/")))
		return has_key(ex, l->admission.token);
	return is_open_to_all(ex) || auth_allows(ex->ctx->auth, &ex->req, date_now());
}

static void too_large(struct exchange *ex)
{
	response_error(&ex->resp, 413, "request body has more than %llu bytes", (unsigned long long)ex->cap);
	/* Not worth reading to its end. */
	ex->close = ex->req.content_length != UINT64_MAX && ex->req.content_length > ex->cap;
}

static void no_room(struct exchange *ex)
{
	response_error(&ex->resp, 503, "too much is held in memory for other requests");
	response_set_header(&ex->resp, "Retry-After", SLICE("5"));
}

bool exchange_begin(struct exchange *ex, struct slice method, struct slice remote)
{
	struct request *req = &ex->req;

	req->method = http_method_from_name(method);
	if (!arena_copy(&ex->arena, slice_take(method, 64), &req->method_name) ||
	    !arena_copy(&ex->arena, remote, &req->remote))
		req->method_name = SLICE_EMPTY;
	identify(ex);
	if (!target_split(req->target, &req->path, &req->query) || !is_framed_well(ex)) {
		bad_request(ex);
		return false;
	}
	if (!may_ask(ex)) {
		ex->resp.code = 401;
		response_header(&ex->resp, "WWW-Authenticate", SLICE("Bearer"));
		return false;
	}
	move_metrics(ex);
	if (!find_route(ex))
		return false;
	ex->cap = ex->route->cap ? ex->route->cap : ex->options->max_body;
	if (req->content_length != UINT64_MAX && req->content_length > ex->cap) {
		too_large(ex);
		return false;
	}
	ex->body = (struct buf)BUF_INIT((size_t)ex->cap);
	if (ex->route->body == BODY_WHOLE && req->content_length != UINT64_MAX && req->content_length <= (64 << 10))
		buf_reserve(&ex->body, (size_t)req->content_length);
	return true;
}

bool exchange_body(struct exchange *ex, struct slice piece)
{
	ex->body_bytes += piece.len;
	if (ex->route->body == BODY_NO_BODY)
		return true;
	buf_add(&ex->body, piece);
	if (ex->body.failed == STATUS_OK && hold(ex, piece.len))
		return true;
	if (ex->body.failed == STATUS_LIMIT)
		too_large(ex);
	else
		no_room(ex);
	buf_fini(&ex->body);
	return false;
}

bool exchange_is_late(const struct exchange *ex)
{
	return ex->options->handler_ns > 0 && date_monotonic_ns() - ex->started_ns > ex->options->handler_ns;
}

static bool is_gone(struct exchange *ex)
{
	bool gone;

	pthread_mutex_lock(&ex->lock);
	gone = ex->gone;
	pthread_mutex_unlock(&ex->lock);
	return gone;
}

void exchange_run(struct exchange *ex)
{
	struct err err = ERR_INIT;
	enum status st;

	ex->req.body = buf_slice(&ex->body);
	st = ex->route->handler(ex->ctx, &ex->req, &ex->resp, &err);
	if (st == STATUS_CANCELLED && !is_gone(ex)) {
		/* The server waits no longer; the client still does. */
		response_error(&ex->resp, 503,
			       exchange_is_late(ex) ? "the request took too long" : "the server is stopping");
		response_set_header(&ex->resp, "Retry-After", SLICE("5"));
	} else if (st == STATUS_CANCELLED) {
		/* Nobody is there to read it; the number is for log and metrics. */
		response_clear_body(&ex->resp);
		ex->resp.code = 499;
		ex->close = true;
	} else if (st != STATUS_OK) {
		response_failure(&ex->resp, NULL, &err);
	}
	exchange_finish(ex);
}

void exchange_turn_away(struct exchange *ex)
{
	int code = exchange_pool_code(ex->route->pool);
	const char *const labels[] = { ex->path->label, http_method_name(ex->req.method) };

	response_error(&ex->resp, code, "server handling too many requests");
	response_set_header(&ex->resp, "Retry-After", SLICE("5"));
	metric_add(ex->ctx->metrics, METRIC_http_limited, labels, 1);
	exchange_finish(ex);
}

static bool has_no_body(int code)
{
	return code == 204 || code == 304 || code < 200;
}

static struct slice body_of(const struct response *r)
{
	return r->shared.ptr ? r->shared : buf_slice(&r->body);
}

void exchange_finish(struct exchange *ex)
{
	struct response *r = &ex->resp;
	bool told = false;

	if (r->body.failed != STATUS_OK)
		response_error(r, 500, "the answer could not be built: %s", status_text(r->body.failed));
	if (has_no_body(r->code))
		response_clear_body(r);
	if (!hold(ex, r->body.len)) {
		no_room(ex);
		return;
	}
	ex->coding = CODING_IDENTITY;
	if (r->plain || r->stream || !ex->options->compression || ex->path == NULL)
		return;
	ex->coding = negotiate_coding(&ex->req, &told);
	if (told)
		response_set_header(r, "Accept-Encoding", SLICE("zstd, gzip, deflate"));
	if (ex->coding == CODING_NONE) {
		/* As if no handler had been asked. */
		response_clear_body(r);
		r->code = 415;
		r->n_headers = 0;
		response_header(r, "X-Request-Id", ex->req.request_id);
		response_header(r, "Accept-Encoding", SLICE("zstd, gzip, deflate"));
		return;
	}
	if (body_of(r).len == 0 || ex->coding == CODING_IDENTITY ||
	    !compress_body(ex->coding, body_of(r), &ex->encoded)) {
		ex->coding = CODING_IDENTITY;
		return;
	}
	if (!hold(ex, ex->encoded.len)) {
		free((void *)(uintptr_t)ex->encoded.ptr);
		ex->encoded = SLICE_EMPTY;
		no_room(ex);
		return;
	}
	response_set_header(r, "Content-Encoding", slice_cstr(content_coding_name(ex->coding)));
	response_set_header(r, "Vary", SLICE("Accept-Encoding"));
}

static const char *lower_method(enum http_method method)
{
	static const char *const names[HTTP_METHODS] = { "get",	   "head",  "post",    "put",
							 "delete", "patch", "options", "other" };

	return names[method];
}

static void end_span(const struct exchange *ex, uint64_t ns)
{
	struct timespec now;
	struct otlp_span span = { .trace = &ex->req.trace,
				  .name = ex->route ? ex->route->operation : "refused",
				  .route = ex->path->pattern,
				  .method = ex->req.method_name,
				  .code = ex->resp.code,
				  .request_id = ex->req.request_id };

	clock_gettime(CLOCK_REALTIME, &now);
	span.end_unix_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	span.start_unix_ns = span.end_unix_ns - ns;
	otlp_end(ex->ctx->otlp, &span);
}

void exchange_account(struct exchange *ex)
{
	static const enum metric_id first[GROUPS] = { METRIC_http_discovery_total, METRIC_http_indexerv1_total,
						      METRIC_http_matcherv1_total, METRIC_http_notificationv1_total,
						      METRIC_http_limpidv1_total,  METRIC_http_layersv1_total };
	uint64_t ns = date_monotonic_ns() - ex->started_ns;
	struct trace_text trace;
	char code[16];
	const struct log_field fields[] = {
		LOG_FIELD_STR("remote_addr", ex->req.remote),
		LOG_FIELD_STR("method", ex->req.method_name),
		LOG_FIELD_STR("request_uri", ex->req.target),
		LOG_FIELD_INT("status", ex->resp.code),
		LOG_FIELD_INT("written", ex->sent_bytes),
		LOG_FIELD_SECONDS("duration", ns),
		LOG_FIELD_STR("request_id", ex->req.request_id),
		LOG_FIELD_CSTR("traceparent", trace_print(&trace, &ex->req.trace)),
	};

	snprintf(code, sizeof(code), "%d", ex->resp.code);
	if (ex->req.trace.sampled && ex->path && ex->options->listener == LISTENER_API)
		end_span(ex, ns);
	if (ex->path) {
		const char *const labels[] = { ex->path->label, code, lower_method(ex->req.method) };
		unsigned id = first[ex->path->group];
		struct metrics *m = ex->ctx->metrics;

		metric_add(m, id, labels, 1);
		metric_observe(m, id + 1, labels, (double)ex->body_bytes);
		metric_observe(m, id + 2, labels, (double)ex->sent_bytes);
		metric_observe(m, id + 3, labels, (double)ns / 1e9);
		if (ex->counted)
			metric_add(m, id + 4, labels, -1);
	}
	log_line(ex->ctx->log, ex->options->listener == LISTENER_API ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG,
		 "handled HTTP request", fields, ARRAY_LEN(fields));
}
