/* SPDX-License-Identifier: Apache-2.0 */
/* http_client.c - streamed bodies by libcurl: shared connections, redirects, limits per host, retries, resumption. */
#include "io/http_client_impl.h"

#include "base/date.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_AFTER_MAX_S 20
#define RESUME_BYTES ((uint64_t)16 << 20) /* another try for so many bytes that came */

static uint64_t now_ns(void)
{
	return date_monotonic_ns();
}

static bool stopped(const struct http_run *r)
{
	return r->t->stop && atomic_load(r->t->stop);
}

/* ---- what libcurl calls ---- */

/* Only the first bytes of an error's page are read, so that the connection can be used again. */
#define PAGE_BYTES 16384

static enum status hand_on(struct http_run *r, struct slice bytes)
{
	uint64_t skip = MIN(r->skip, (uint64_t)bytes.len);

	if (!r->began && r->t->begin)
		r->t->begin(r->t->ctx, r->length);
	r->began = true;
	r->skip -= skip;
	bytes = slice_from(bytes, (size_t)skip);
	if (bytes.len == 0)
		return STATUS_OK;
	if (r->t->max_bytes > 0 && bytes.len > r->t->max_bytes - MIN(r->t->max_bytes, r->got))
		return err_set(&r->sink_err, STATUS_LIMIT, "more than %llu bytes",
			       (unsigned long long)r->t->max_bytes);
	r->got += bytes.len;
	return r->t->body(r->t->ctx, bytes, &r->sink_err);
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct http_run *r = ctx;
	size_t n = size * count;
	curl_off_t length = -1;

	if (!r->wanted) {
		r->page += n;
		if (r->t->page)
			buf_add(r->t->page, slice_make(data, n));
		return r->page > PAGE_BYTES ? 0 : n;
	}
	if (!r->began && curl_easy_getinfo(r->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK &&
	    length > 0)
		r->length = (uint64_t)length;
	if (hand_on(r, slice_make(data, n)) != STATUS_OK)
		return 0;
	r->last_ns = now_ns(); /* the time the receiver took is not the sender's */
	return n;
}

static void keep_etag(struct http_run *r, struct slice value)
{
	/* A weak one does not promise the same bytes. */
	if (value.len > 1 && value.ptr[0] == '"' && value.len < sizeof(r->answer_etag)) {
		memcpy(r->answer_etag, value.ptr, value.len);
		r->answer_etag[value.len] = '\0';
	}
}

/* "bytes 100-199/200": where it begins. */
static bool range_begin(struct slice value, uint64_t *out)
{
	struct slice first;

	return slice_starts(value, SLICE("bytes ")) && slice_cut(slice_from(value, 6), '-', &first, NULL) &&
	       slice_to_u64(slice_trim(first), out);
}

/* The headers of an answer have ended: is its body the one that was asked for? */
static bool take_answer(struct http_run *r)
{
	bool same = r->etag[0] != '\0' && strcmp(r->etag, r->answer_etag) == 0;

	r->skip = 0;
	if (r->code == 200 && r->got == 0) {
		memcpy(r->etag, r->answer_etag, sizeof(r->etag));
		return true;
	}
	if (r->code == 200 && same) {
		r->skip = r->got;
		return true;
	}
	if (r->code == 206 && r->got > 0 && r->range_begin == r->got && (same || r->answer_etag[0] == '\0'))
		return true;
	r->changed = r->got > 0 && (r->code == 200 || r->code == 206);
	return false;
}

static void forget_caught(struct http_run *r)
{
	for (size_t i = 0; i < r->t->n_caught; i++)
		r->t->caught[i].value[0] = '\0';
	if (r->t->page)
		buf_reset(r->t->page);
}

static void catch_header(struct http_run *r, struct slice name, struct slice value)
{
	for (size_t i = 0; i < r->t->n_caught; i++) {
		struct http_caught *c = &r->t->caught[i];
		size_t at = strlen(c->value);

		if (slice_eq_nocase(name, slice_cstr(c->name)))
			snprintf(c->value + at, sizeof(c->value) - at, "%s%.*s", at ? ", " : "", SLICE_ARG(value));
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct http_run *r = ctx;
	struct slice line = slice_make(data, size * count), name, value;

	r->last_ns = now_ns();
	if (slice_starts(line, SLICE("HTTP/"))) {
		r->wanted = false;
		r->code = 0;
		r->range_begin = UINT64_MAX;
		r->answer_etag[0] = '\0';
		forget_caught(r);
		(void)curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &r->code);
	} else if (slice_cut(line, ':', &name, &value)) {
		catch_header(r, name, slice_trim(value));
		if (slice_eq_nocase(name, SLICE("etag")))
			keep_etag(r, slice_trim(value));
		else if (slice_eq_nocase(name, SLICE("content-range")) &&
			 !range_begin(slice_trim(value), &r->range_begin))
			r->range_begin = UINT64_MAX;
	} else if (slice_trim(line).len == 0) {
		(void)curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &r->code);
		r->wanted = take_answer(r);
	}
	return size * count;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up_done)
{
	struct http_run *r = ctx;

	(void)total;
	(void)done;
	(void)up_total;
	(void)up_done;
	r->stalled = now_ns() - r->last_ns > (uint64_t)r->client->stall_timeout_s * UINT64_C(1000000000);
	return r->stalled || stopped(r);
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http_run *r = ctx;
	bool local = r->client->unix_socket && address->family == AF_UNIX;
	const char *why = local ? NULL : http_address_refused(&r->client->policy, r->hop.name, &address->addr);

	(void)purpose;
	if (why) {
		r->refused = why;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- one request ---- */

/* What is for the host that was meant, and not for one that it names. */
static void configure_peer(struct http_run *r)
{
	const struct http_client *c = r->client;
	CURL *curl = r->curl;

	if (c->ca_pem) {
		struct curl_blob blob = { .data = c->ca_pem, .len = strlen(c->ca_pem), .flags = CURL_BLOB_COPY };

		curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
	}
	if (c->unix_socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, c->unix_socket);
	if (c->cert_file && !r->hop.foreign) {
		curl_easy_setopt(curl, CURLOPT_SSLCERT, c->cert_file);
		curl_easy_setopt(curl, CURLOPT_SSLKEY, c->key_file ? c->key_file : c->cert_file);
	}
	if (r->t->form.ptr) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)r->t->form.len);
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, (const char *)r->t->form.ptr);
	}
}

static void configure(struct http_run *r, struct curl_slist *headers, char *message)
{
	const struct http_client *c = r->client;
	const char *proxy = r->hop.https ? c->https_proxy : c->http_proxy;
	CURL *curl = r->curl;

	curl_easy_reset(curl); /* keeps connections */
	curl_easy_setopt(curl, CURLOPT_CURLU, r->hop.url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)c->connect_timeout_s);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, c->user_agent);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* proxies do not get them */
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 262144L);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, r);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 4L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	if (c->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_file);
	configure_peer(r);
	if (proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, proxy);
	if (r->hop.loopback || c->no_proxy)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, r->hop.loopback ? "*" : c->no_proxy);
}

static enum status status_of_code(long code)
{
	if (code == 404 || code == 410)
		return STATUS_NOTFOUND;
	return code == 401 || code == 403 ? STATUS_AUTH : STATUS_REMOTE;
}

static enum status status_of(CURLcode rc)
{
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		return STATUS_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return STATUS_NOMEM;
	case CURLE_URL_MALFORMAT:
		return STATUS_INVALID;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return STATUS_REMOTE;
	default:
		return STATUS_IO;
	}
}

/* libcurl's own words name hosts and ports, and may quote the peer: only of those that do not. */
static const char *words(CURLcode rc, const char *message)
{
	bool own = rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST ||
		   rc == CURLE_COULDNT_RESOLVE_PROXY || rc == CURLE_OPERATION_TIMEDOUT || rc == CURLE_PARTIAL_FILE ||
		   rc == CURLE_PEER_FAILED_VERIFICATION;

	return own && message[0] ? message : curl_easy_strerror(rc);
}

static enum status explain(struct http_run *r, CURLcode rc, const char *message, struct err *err)
{
	struct http_url_text url;
	enum status st;

	http_url_shown(&url, r->hop.shown);
	if (stopped(r))
		return err_set(err, STATUS_CANCELLED, "cancelled");
	if (r->sink_err.code != STATUS_OK) {
		*err = r->sink_err;
		return err->code == STATUS_LIMIT ? err_wrap(err, "\"%s\"", url.text) : err->code;
	}
	if (r->refused)
		return err_set(err, STATUS_AUTH, "\"%s\" leads to %s: disallowed by policy", url.text, r->refused);
	if (r->changed)
		return err_set(err, STATUS_REMOTE, "\"%s\" broke off and could not be resumed where it was", url.text);
	if (r->code != 0 && !r->wanted) {
		st = err_set(err, status_of_code(r->code), "unexpected status code: \"%ld\" for \"%s\"", r->code,
			     url.text);
		err->sys_errno = (int)r->code;
		return st;
	}
	if (r->stalled)
		return err_set(err, STATUS_TIMEOUT, "\"%s\": nothing came for %u s, after %llu bytes", url.text,
			       r->client->stall_timeout_s, (unsigned long long)r->got);
	return err_set(err, status_of(rc), "\"%s\": %s", url.text, words(rc, message));
}

/* True if another try may end otherwise. */
static bool may_pass(const struct http_run *r, CURLcode rc)
{
	if (stopped(r) || r->sink_err.code != STATUS_OK || r->refused || r->changed)
		return false;
	if (r->code != 0 && !r->wanted)
		return r->code == 429 || (r->code >= 502 && r->code <= 504) || (r->code == 500 && r->client->retry_500);
	return rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_RECV_ERROR ||
	       rc == CURLE_SEND_ERROR || rc == CURLE_PARTIAL_FILE || rc == CURLE_GOT_NOTHING ||
	       rc == CURLE_OPERATION_TIMEDOUT || rc == CURLE_HTTP2 || rc == CURLE_HTTP2_STREAM || r->stalled;
}

/* The answer to one GET, and what is to be done next. */
static enum status request(struct http_run *r, enum http_next *next, struct err *err)
{
	char message[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURLcode rc;

	TRY(http_headers(r, &headers, err));
	r->code = 0;
	r->page = 0;
	r->wanted = r->changed = r->stalled = false;
	r->refused = NULL;
	r->last_ns = now_ns();
	configure(r, headers, message);
	rc = curl_easy_perform(r->curl);
	curl_slist_free_all(headers);
	if (rc == CURLE_OK && r->wanted && r->skip == 0) {
		*next = HTTP_DONE;
		return STATUS_OK;
	}
	if (!r->wanted && r->code >= 301 && r->code <= 308 && r->got == 0 && !r->t->form.ptr && http_hop_redirect(r)) {
		*next = HTTP_REDIRECTED;
		return STATUS_OK;
	}
	r->changed = r->changed || (rc == CURLE_OK && r->wanted); /* shorter than what came before */
	*next = may_pass(r, rc) ? HTTP_AGAIN : HTTP_FAILED;
	return explain(r, rc, message, err);
}

/* False when the caller gave up meanwhile. */
static bool pause_s(const struct http_run *r, unsigned tenths)
{
	for (; tenths > 0 && !stopped(r); tenths--)
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	return !stopped(r);
}

static unsigned wait_tenths(const struct http_run *r)
{
	unsigned most = r->client->retry_after_max_s ? r->client->retry_after_max_s : RETRY_AFTER_MAX_S;

	if (r->out->retry_after_s > 0)
		return (unsigned)MIN(r->out->retry_after_s, most) * 10;
	return 2u << MIN(r->out->tries, 6u);
}

static enum status another_try(struct http_run *r, struct err *err)
{
	unsigned allowed = r->client->retries + (unsigned)MIN(r->got / RESUME_BYTES, 1000);
	unsigned most = r->client->retry_after_max_s;

	/* What has been handed on cannot be taken back. */
	if (r->out->tries > allowed || (r->got > 0 && r->etag[0] == '\0') || (most > 0 && r->out->retry_after_s > most))
		return err->code;
	if (r->t->waits)
		r->t->waits(r->t->ctx, r->wanted ? 0 : r->code, (wait_tenths(r) + 9) / 10);
	if (!pause_s(r, wait_tenths(r)))
		return err_set(err, STATUS_CANCELLED, "cancelled");
	return STATUS_OK;
}

static void keep_retry_after(struct http_run *r)
{
	curl_off_t after = 0;

	(void)curl_easy_getinfo(r->curl, CURLINFO_RETRY_AFTER, &after);
	r->out->retry_after_s = after > 0 ? (uint64_t)after : 0;
}

static enum status follow(struct http_run *r, struct err *err)
{
	struct http_url_text url;

	for (;;) {
		enum http_next next = HTTP_FAILED;
		enum status st = http_lease(r, err);

		if (st == STATUS_OK) {
			st = request(r, &next, err);
			keep_retry_after(r);
			http_release(r);
		}
		if (next == HTTP_REDIRECTED && ++r->out->redirects <= r->client->redirects)
			continue;
		if (next == HTTP_REDIRECTED)
			return err_set(err, STATUS_REMOTE, "\"%s\": stopped after %u redirects",
				       http_url_shown(&url, r->t->url), r->client->redirects);
		if (next != HTTP_AGAIN)
			return st;
		r->out->tries++;
		TRY(another_try(r, err));
	}
}

enum status http_client_get(struct http_client *c, const struct http_transfer *t, struct http_transferred *out,
			    struct err *err)
{
	struct http_run r = { .client = c, .t = t, .out = out, .sink_err = ERR_INIT };
	enum status st;

	*out = (struct http_transferred){ 0 };
	st = http_hop_init(&r, err);
	if (st == STATUS_OK)
		st = follow(&r, err);
	if (st == STATUS_OK && !r.began && t->begin)
		t->begin(t->ctx, 0);
	http_hop_fini(&r);
	out->foreign = r.hop.foreign;
	out->code = r.code;
	out->bytes = r.got;
	return st;
}
