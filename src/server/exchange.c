/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.c - a request from its headers to its finished answer. */
#include "server/exchange.h"

#include "base/date.h"
#include "server/auth.h"
#include "server/compress.h"
#include "server/log.h"
#include "server/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

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

void exchange_free(struct exchange *ex)
{
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

static bool is_hex(struct slice s)
{
	bool some = false;

	for (size_t i = 0; i < s.len; i++) {
		if (!is_digit(s.ptr[i]) && !(s.ptr[i] >= 'a' && s.ptr[i] <= 'f'))
			return false;
		some |= s.ptr[i] != '0';
	}
	return some;
}

static struct slice random_hex(struct arena *arena, size_t bytes)
{
	uint8_t raw[16];
	struct slice out = SLICE_EMPTY;

	if (getrandom(raw, sizeof(raw), GRND_NONBLOCK) != (ssize_t)sizeof(raw))
		memset(raw, 1, sizeof(raw));
	for (size_t i = 0; i < bytes; i++) {
		if (!arena_printf(arena, &out, "%.*s%02x", SLICE_ARG(out), raw[i]))
			return SLICE("0");
	}
	return out;
}

/* W3C traceparent: 00-<trace>-<span>-<flags>. */
static void identify(struct exchange *ex)
{
	struct slice value;

	if (request_header(&ex->req, "traceparent", 0, &value) && value.len >= 55 && value.ptr[2] == '-' &&
	    value.ptr[35] == '-' && value.ptr[52] == '-' && is_hex(slice_make(value.ptr + 3, 32)))
		ex->req.trace_id = slice_make(value.ptr + 3, 32);
	else
		ex->req.trace_id = random_hex(&ex->arena, 16);
	if (request_header(&ex->req, "X-Request-Id", 0, &value) && is_id(value))
		ex->req.request_id = value;
	else
		ex->req.request_id = slice_take(ex->req.trace_id, 16);
	response_header(&ex->resp, "X-Request-Id", ex->req.request_id);
}

/* Who frames a body in two ways means harm. */
static bool is_framed_well(struct exchange *ex)
{
	struct slice value, second;
	bool announced = request_header(&ex->req, "Content-Length", 0, &value);

	if (!announced)
		return true;
	return slice_to_u64(value, &ex->req.content_length) &&
	       !request_header(&ex->req, "Content-Length", 1, &second) &&
	       !request_header(&ex->req, "Transfer-Encoding", 0, &second);
}

static void bad_request(struct exchange *ex)
{
	response_text(&ex->resp, 400, SLICE("400 Bad Request"));
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
	else
		response_text(&ex->resp, 405, SLICE_EMPTY);
	response_set_header(&ex->resp, "Allow", route_methods(p->id, ", ", &ex->arena));
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
	return !ex->ctx->auth || ex->options->listener != LISTENER_API || slice_eq(ex->req.path, SLICE("/robots.txt"));
}

static void too_large(struct exchange *ex)
{
	response_error(&ex->resp, 413, "request body has more than %llu bytes", (unsigned long long)ex->cap);
	/* Not worth reading to its end. */
	ex->close = ex->req.content_length > ex->cap;
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
	if (!is_open_to_all(ex) && !auth_allows(ex->ctx->auth, req, date_now())) {
		ex->resp.code = 401;
		response_header(&ex->resp, "WWW-Authenticate", SLICE("Bearer"));
		return false;
	}
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
	if (ex->body.failed == STATUS_OK)
		return true;
	if (ex->body.failed == STATUS_LIMIT)
		too_large(ex);
	else
		response_error(&ex->resp, 503, "not enough memory for the request");
	buf_fini(&ex->body);
	return false;
}

void exchange_run(struct exchange *ex)
{
	struct err err = ERR_INIT;
	enum status st;

	ex->req.body = buf_slice(&ex->body);
	st = ex->route->handler(ex->ctx, &ex->req, &ex->resp, &err);
	if (st == STATUS_CANCELLED) {
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
	ex->coding = CODING_IDENTITY;
	if (r->plain || r->stream || !ex->options->compression || ex->path == NULL)
		return;
	ex->coding = negotiate_coding(&ex->req, &told);
	if (told)
		response_set_header(r, "Accept-Encoding", SLICE("zstd, gzip, deflate"));
	if (ex->coding == CODING_NONE) {
		response_clear_body(r);
		r->code = 415;
		return;
	}
	if (body_of(r).len == 0 || ex->coding == CODING_IDENTITY ||
	    !compress_body(ex->coding, body_of(r), &ex->encoded)) {
		ex->coding = CODING_IDENTITY;
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

void exchange_account(struct exchange *ex)
{
	static const enum metric_id first[GROUPS] = { METRIC_http_discovery_total, METRIC_http_indexerv1_total,
						      METRIC_http_matcherv1_total, METRIC_http_notificationv1_total,
						      METRIC_http_limpidv1_total };
	uint64_t ns = date_monotonic_ns() - ex->started_ns;
	char code[16];
	const struct log_field fields[] = {
		LOG_FIELD_STR("remote_addr", ex->req.remote),	 LOG_FIELD_STR("method", ex->req.method_name),
		LOG_FIELD_STR("request_uri", ex->req.target),	 LOG_FIELD_INT("status", ex->resp.code),
		LOG_FIELD_INT("written", ex->sent_bytes),	 LOG_FIELD_SECONDS("duration", ns),
		LOG_FIELD_STR("request_id", ex->req.request_id), LOG_FIELD_STR("trace_id", ex->req.trace_id),
	};

	snprintf(code, sizeof(code), "%d", ex->resp.code);
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
