/* SPDX-License-Identifier: Apache-2.0 */
/* http_call.c - requests to an API by libcurl, each with its whole answer. */
#include "io/http_call.h"

#include "base/date.h"
#include "io/http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define URL_BYTES 65536

struct http_caller {
	CURL *curl;
	char *user_agent, *ca_file; /* owned */
	unsigned connect_timeout_s, wait_s;
	bool insecure;
};

struct calling {
	struct http_caller *caller;
	const struct http_call *call;
	struct http_reply *reply;
	struct err failed; /* of upload or of the answer's size */
	uint64_t last_ns;
	bool waited;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum status http_caller_new(const struct http_caller_options *o, struct http_caller **out, struct err *err)
{
	struct http_caller *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err, "an HTTP client");
	pthread_once(&once, global_init);
	c->curl = curl_easy_init();
	c->user_agent = strdup(o->user_agent ? o->user_agent : "limpid");
	c->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
	c->connect_timeout_s = o->connect_timeout_s ? o->connect_timeout_s : 15;
	c->wait_s = o->wait_s ? o->wait_s : 60;
	c->insecure = o->insecure;
	if (!c->curl || !c->user_agent || (o->ca_file && !c->ca_file)) {
		http_caller_free(c);
		return err_nomem(err, "an HTTP client");
	}
	*out = c;
	return STATUS_OK;
}

void http_caller_free(struct http_caller *c)
{
	if (!c)
		return;
	if (c->curl)
		curl_easy_cleanup(c->curl);
	free(c->user_agent);
	free(c->ca_file);
	free(c);
}

void http_reply_fini(struct http_reply *r)
{
	buf_fini(&r->body);
}

/* ---- what libcurl calls ---- */

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct calling *x = ctx;
	struct buf *body = &x->reply->body;

	x->last_ns = date_monotonic_ns();
	if (size * count > body->max - MIN(body->max, body->len)) {
		(void)err_set(&x->failed, STATUS_LIMIT, "the answer has more than %llu bytes",
			      (unsigned long long)x->call->max_bytes);
		return 0;
	}
	buf_add(body, slice_make(data, size * count));
	return buf_check(body, "an answer", &x->failed) == STATUS_OK ? size * count : 0;
}

static void keep(char *out, size_t size, struct slice value)
{
	value = slice_trim(value);
	if (value.len < size) {
		memcpy(out, value.ptr, value.len);
		out[value.len] = '\0';
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct calling *x = ctx;
	struct slice line = slice_make(data, size * count), name, value;
	uint64_t seconds;

	x->last_ns = date_monotonic_ns();
	if (slice_starts(line, SLICE("HTTP/"))) {
		x->reply->etag[0] = x->reply->content_type[0] = '\0';
		x->reply->retry_after_s = 0;
	} else if (slice_cut(line, ':', &name, &value)) {
		if (slice_eq_nocase(name, SLICE("etag")))
			keep(x->reply->etag, sizeof(x->reply->etag), value);
		else if (slice_eq_nocase(name, SLICE("content-type")))
			keep(x->reply->content_type, sizeof(x->reply->content_type), value);
		else if (slice_eq_nocase(name, SLICE("retry-after")) && slice_to_u64(slice_trim(value), &seconds))
			x->reply->retry_after_s = (unsigned)MIN(seconds, (uint64_t)3600);
	}
	return size * count;
}

static size_t on_upload(char *to, size_t size, size_t count, void *ctx)
{
	struct calling *x = ctx;
	size_t n = 0;

	x->last_ns = date_monotonic_ns();
	if (x->call->upload) {
		if (source_read(x->call->upload, (uint8_t *)to, size * count, &n, &x->failed) != STATUS_OK)
			return CURL_READFUNC_ABORT;
	} else {
		struct slice rest = slice_from(x->call->body, (size_t)x->reply->sent);

		n = MIN(rest.len, size * count);
		if (n > 0)
			memcpy(to, rest.ptr, n);
	}
	x->reply->sent += n;
	return n;
}

/* A body is sent again where the server closed a kept connection, if that is possible. */
static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct calling *x = ctx;

	if (x->call->upload || origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->call->body.len)
		return CURL_SEEKFUNC_CANTSEEK;
	x->reply->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up_done)
{
	struct calling *x = ctx;

	(void)total;
	(void)done;
	(void)up_total;
	(void)up_done;
	x->waited = date_monotonic_ns() - x->last_ns > (uint64_t)x->caller->wait_s * UINT64_C(1000000000);
	return x->waited || (x->call->stop && atomic_load(x->call->stop));
}

/* ---- one request ---- */

static bool is_header(const struct http_call_header *h)
{
	for (size_t i = 0; i < h->value.len; i++)
		if ((h->value.ptr[i] < 0x20 && h->value.ptr[i] != '\t') || h->value.ptr[i] == 0x7f)
			return false;
	return true;
}

static enum status make_headers(const struct http_call *call, struct arena *arena, struct curl_slist **out,
				struct err *err)
{
	/* libcurl would wait for a 100 that few servers send. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	bool ok = list != NULL;

	*out = list;
	for (size_t i = 0; ok && i < call->n_headers; i++) {
		const struct http_call_header *h = &call->headers[i];
		size_t room = strlen(h->name) + h->value.len + 3;
		char *line = arena_alloc(arena, room);

		if (!is_header(h))
			return err_set(err, STATUS_INVALID, "header %s cannot be sent", h->name);
		if (line)
			snprintf(line, room, "%s: %.*s", h->name, (int)h->value.len, (const char *)h->value.ptr);
		list = line ? curl_slist_append(*out, line) : NULL;
		ok = list != NULL;
		if (ok)
			*out = list;
	}
	return ok ? STATUS_OK : err_nomem(err, "headers");
}

static enum status check_url(const char *url, bool *loopback, struct err *err)
{
	struct http_url_text shown;
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
	bool web;

	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0);
	if (rc == CURLUE_OK)
		rc = curl_url_get(u, CURLUPART_HOST, &host, 0);
	web = rc == CURLUE_OK && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	*loopback = rc == CURLUE_OK && http_host_is_loopback(slice_cstr(host));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	if (web)
		return STATUS_OK;
	return err_set(err, STATUS_INVALID, "\"%s\" is no URL of http:// or https://",
		       http_url_shown(&shown, slice_cstr(url)));
}

static void configure(struct calling *x, const char *url, bool loopback, struct curl_slist *headers, char *message)
{
	const struct http_caller *c = x->caller;
	CURL *curl = c->curl;

	curl_easy_reset(curl); /* keeps the connection */
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)c->connect_timeout_s);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, c->user_agent);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	if (c->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_file);
	if (loopback)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	if (strcmp(x->call->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	if (strcmp(x->call->method, "GET") == 0) {
		curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
		curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
	}
}

static void configure_body(struct calling *x)
{
	CURL *curl = x->caller->curl;
	bool known = !x->call->upload || x->call->upload_bytes != UINT64_MAX;
	uint64_t bytes = x->call->upload ? x->call->upload_bytes : x->call->body.len;

	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(curl, CURLOPT_READDATA, x);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, x);
	curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, 262144L);
	if (known)
		curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)bytes);
}

static enum status explain(struct calling *x, CURLcode rc, const char *message, const char *url, struct err *err)
{
	struct http_url_text shown;
	bool own = rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_OPERATION_TIMEDOUT ||
		   rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_PARTIAL_FILE;
	enum status st = rc == CURLE_OPERATION_TIMEDOUT ? STATUS_TIMEOUT : STATUS_IO;

	http_url_shown(&shown, slice_cstr(url));
	if (x->failed.code != STATUS_OK) {
		*err = x->failed;
		return err->code;
	}
	if (x->call->stop && atomic_load(x->call->stop))
		return err_set(err, STATUS_CANCELLED, "cancelled");
	if (x->waited)
		return err_set(err, STATUS_TIMEOUT, "%s \"%s\": no answer within %u s", x->call->method, shown.text,
			       x->caller->wait_s);
	if (rc == CURLE_GOT_NOTHING)
		return err_set(err, STATUS_REMOTE, "%s \"%s\": the connection was closed without an answer",
			       x->call->method, shown.text);
	if (rc == CURLE_UNSUPPORTED_PROTOCOL || rc == CURLE_WEIRD_SERVER_REPLY)
		return err_set(err, STATUS_REMOTE, "%s \"%s\": what answers there does not speak HTTP", x->call->method,
			       shown.text);
	return err_set(err, st, "%s \"%s\": %s", x->call->method, shown.text,
		       own && message[0] ? message : curl_easy_strerror(rc));
}

static enum status perform(struct calling *x, const char *url, struct arena *arena, struct err *err)
{
	char message[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	bool loopback;
	enum status st = check_url(url, &loopback, err);
	CURLcode rc;

	if (st == STATUS_OK)
		st = make_headers(x->call, arena, &headers, err);
	if (st != STATUS_OK) {
		curl_slist_free_all(headers);
		return st;
	}
	configure(x, url, loopback, headers, message);
	if (x->call->has_body)
		configure_body(x);
	/* A CUSTOMREQUEST would also be the method after a redirect. */
	if (strcmp(x->call->method, "GET") != 0 && strcmp(x->call->method, "HEAD") != 0)
		curl_easy_setopt(x->caller->curl, CURLOPT_CUSTOMREQUEST, x->call->method);
	x->last_ns = date_monotonic_ns();
	rc = curl_easy_perform(x->caller->curl);
	(void)curl_easy_getinfo(x->caller->curl, CURLINFO_RESPONSE_CODE, &x->reply->code);
	curl_slist_free_all(headers);
	/* A server may answer before it has read all, and close. */
	if (rc == CURLE_SEND_ERROR && x->reply->code >= 400)
		rc = CURLE_OK;
	return rc == CURLE_OK ? STATUS_OK : explain(x, rc, message, url, err);
}

enum status http_call(struct http_caller *c, const struct http_call *call, struct http_reply *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct calling x = { .caller = c, .call = call, .reply = out, .failed = ERR_INIT };
	char *url = call->url.len <= URL_BYTES ? arena_cstr(&arena, call->url) : NULL;

	buf_fini(&out->body);
	*out = (struct http_reply){ .body = BUF_INIT((size_t)call->max_bytes) };
	if (!url || strlen(url) != call->url.len)
		return err_set(err, STATUS_INVALID, "the URL is longer than %d bytes or has a NUL", URL_BYTES);
	return perform(&x, url, &arena, err);
}
