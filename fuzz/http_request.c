/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_request.c - fuzz target: the head of a request, from its target to the route, with all that is read of its
 * headers and query: token, media types, codings, entity tags, digests, trace context.
 *
 * Checked beside crashes: a redirect leads to a path that is not redirected again, what goes into an answer's headers
 * has no control bytes, what a client sends never becomes a code of ours.
 */
#include "base/date.h"
#include "server/auth.h"
#include "server/exchange.h"

#include <stdlib.h>

static struct server_context context;
static const struct http_options options = {
	.listener = LISTENER_API, .services = ~0u, .max_body = 1 << 20, .compression = true
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* What a redirect names is clean: it is not redirected once more. */
static void check_redirect(const struct exchange *ex, struct arena *arena)
{
	struct slice path = SLICE_EMPTY, query = SLICE_EMPTY, location = SLICE_EMPTY;
	enum route_found found;
	struct route_match m;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ex->resp.n_headers; i++) {
		if (slice_eq_nocase(ex->resp.headers[i].name, SLICE("location")))
			location = ex->resp.headers[i].value;
	}
	/* One with control bytes is not sent. */
	if (ex->resp.code != 307 || location.len == 0)
		return;
	must(location.ptr[0] == '/' && target_split(location, &path, &query));
	if (route_find(options.listener, options.services, path, query, arena, &found, &m, &err) == STATUS_OK)
		must(found != ROUTE_REDIRECT || path.ptr[path.len - 1] != '/');
}

static void read_all(struct exchange *ex)
{
	static const char *const types[] = { "application/vnd.clair.index_report.v1+json", "application/json" };
	static const char *const names[] = { "kind", "latest", "cur", "prev", "next", "page_size" };
	struct request *req = &ex->req;
	struct response r = { .code = 200, .body = BUF_INIT(1 << 16), .arena = &ex->arena };
	const char *type = NEGOTIATE_TYPE(req, &r, types);
	struct slice value;
	uint8_t uuid[16];
	struct trace trace;
	struct digest digest;
	struct err err = ERR_INIT;
	bool told;

	must(type ? r.code == 200 : r.code == 400 || r.code == 415);
	must(negotiate_coding(req, &told) <= CODING_NONE);
	(void)negotiate_not_modified(req, SLICE("tag"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (request_query(req, names[i], &value)) {
			if (uuid_parse(value, uuid)) {
				struct uuid_text t;
				uint8_t again[16];

				must(uuid_parse(slice_cstr(uuid_print(&t, uuid)), again) &&
				     memcmp(uuid, again, 16) == 0);
			}
		}
	}
	for (size_t i = 0; i < req->n_headers; i++) {
		if (trace_parse(req->headers[i].value, &trace)) {
			struct trace_text t;
			struct trace again;

			memcpy(trace.span, trace.parent, sizeof(trace.span));
			must(trace_parse(slice_cstr(trace_print(&t, &trace)), &again));
			must(memcmp(trace.id, again.id, 16) == 0 && memcmp(trace.span, again.parent, 8) == 0);
		}
		if (!request_digest(req->headers[i].value, &digest, &err))
			must(err.code == STATUS_INVALID && err.msg[0]);
	}
	response_clear_body(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_make(data, size), line, method, target, name, value;
	struct arena arena = ARENA_INIT(1 << 20);
	struct exchange *ex;

	if (!context.auth)
		context.auth = auth_new(SLICE("secret-for-the-lab-session"), &SLICE("lab"), 1);
	if (!slice_line(&rest, &line) || !slice_cut(line, ' ', &method, &target))
		return 0;
	slice_rcut(target, ' ', &target, NULL);
	ex = exchange_new(&context, &options, target);
	if (!ex || !context.auth)
		abort();
	while (slice_line(&rest, &line) && line.len > 0) {
		if (slice_cut(line, ':', &name, &value) && !exchange_header(ex, name, value))
			break;
	}
	if (exchange_begin(ex, method, SLICE("192.0.2.1:1"))) {
		must(ex->route && ex->path && ex->resp.code == 200);
		if (!exchange_body(ex, rest))
			must(ex->resp.code == 413);
	} else {
		must(ex->resp.code >= 300 && ex->resp.code < 500);
		check_redirect(ex, &arena);
	}
	read_all(ex);
	exchange_finish(ex);
	for (size_t i = 0; i < ex->resp.n_headers; i++) {
		for (size_t k = 0; k < ex->resp.headers[i].value.len; k++)
			must(ex->resp.headers[i].value.ptr[k] >= 0x20 || ex->resp.headers[i].value.ptr[k] == '\t');
	}
	must(ex->req.request_id.len > 0 && ex->req.request_id.len <= 64);
	exchange_free(ex);
	arena_fini(&arena);
	return 0;
}
