/* SPDX-License-Identifier: Apache-2.0 */
/* response.c - filling in an answer. */
#include "server/response.h"

#include "text/json_writer.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_sendable(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if ((value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	}
	return true;
}

static void drop_header(struct response *r, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_headers; i++) {
		if (!slice_eq_nocase(r->headers[i].name, slice_cstr(name)))
			r->headers[n++] = r->headers[i];
	}
	r->n_headers = n;
}

void response_header(struct response *r, const char *name, struct slice value)
{
	if (r->n_headers < RESPONSE_HEADERS && is_sendable(value))
		r->headers[r->n_headers++] = (struct http_header){ slice_cstr(name), value };
}

void response_set_header(struct response *r, const char *name, struct slice value)
{
	drop_header(r, name);
	response_header(r, name, value);
}

void response_header_printf(struct response *r, const char *name, const char *fmt, ...)
{
	char text[1024];
	struct slice copy;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(text) && arena_copy(r->arena, slice_make(text, (size_t)n), &copy))
		response_header(r, name, copy);
}

void response_etag(struct response *r, struct slice tag)
{
	response_header_printf(r, "Etag", "\"%.*s\"", SLICE_ARG(tag));
}

void response_content_type(struct response *r, const char *type)
{
	response_set_header(r, "Content-Type", slice_cstr(type));
}

void response_clear_body(struct response *r)
{
	buf_fini(&r->body);
	if (r->release)
		r->release(r->release_ctx);
	r->release = NULL;
	r->shared = SLICE_EMPTY;
	source_freep(&r->stream);
}

void response_shared(struct response *r, struct slice bytes, void (*release)(void *ctx), void *ctx)
{
	response_clear_body(r);
	r->shared = bytes;
	r->release = release;
	r->release_ctx = ctx;
}

static const char *error_name(int http_code)
{
	switch (http_code) {
	case 400:
		return "bad-request";
	case 404:
		return "not-found";
	case 405:
		return "method-not-allowed";
	case 429:
		return "too-many-requests";
	default:
		return "internal-error";
	}
}

static void error_text(struct response *r, int http_code, const char *text)
{
	struct json_writer w;

	response_clear_body(r);
	drop_header(r, "Link");
	response_content_type(r, "application/json");
	response_set_header(r, "X-Content-Type-Options", SLICE("nosniff"));
	r->code = http_code;
	json_writer_init(&w, &r->body, 0);
	w.html_escape = true;
	json_object(&w);
	json_member_cstr(&w, "code", error_name(http_code));
	json_member_cstr(&w, "message", text);
	json_close(&w);
}

enum status response_error(struct response *r, int http_code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	error_text(r, http_code, text);
	return STATUS_OK;
}

#define RETRY_AFTER_S "5"

int response_code_of(enum status st)
{
	switch (st) {
	case STATUS_OK:
		return 200;
	case STATUS_MALFORMED:
	case STATUS_INVALID:
	case STATUS_UNSUPPORTED:
	case STATUS_MISMATCH:
		return 400;
	case STATUS_NOTFOUND:
		return 404;
	case STATUS_CONFLICT:
		return 409;
	case STATUS_LIMIT:
		return 413;
	case STATUS_NOMEM:
		return 503;
	default:
		return 500;
	}
}

enum status response_failure(struct response *r, const char *prefix, const struct err *err)
{
	/* What this server needs is away (store.h says it with this number): the same may go well in a moment. */
	bool away = err->code == STATUS_REMOTE && err->sys_errno == 503;

	if (away)
		response_set_header(r, "Retry-After", SLICE(RETRY_AFTER_S));
	return response_error(r, away ? 503 : response_code_of(err->code), "%s%s%s", prefix ? prefix : "",
			      prefix ? ": " : "", err->msg);
}

void response_text(struct response *r, int code, struct slice text)
{
	response_clear_body(r);
	r->code = code;
	response_content_type(r, "text/plain; charset=utf-8");
	response_set_header(r, "X-Content-Type-Options", SLICE("nosniff"));
	buf_add(&r->body, text);
}

void response_not_found(struct response *r)
{
	response_text(r, 404, SLICE("404 page not found\n"));
}
