/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - one document by HTTP(S), by libcurl. */
#include "io/http.h"

#include "io/file.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define REDIRECTS_MAX 5L
#define RETRY_AFTER_MAX_S 60u

struct transfer {
	const struct http_request *req;
	int fd;
	struct hasher *hasher; /* owned */
	uint64_t bytes;
	bool too_large;
	enum status write_failed;
	struct err write_err;
	struct http_validators validators;
	curl_off_t retry_after_s;
};

static void transfer_fini(struct transfer *t)
{
	hasher_free(t->hasher);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t n = size * count;

	t->bytes += n;
	if (t->bytes > t->req->max_bytes) {
		t->too_large = true;
		return 0;
	}
	hasher_add(t->hasher, slice_make(data, n));
	t->write_failed = file_write_all(t->fd, slice_make(data, n), &t->write_err);
	return t->write_failed == STATUS_OK ? n : 0;
}

static void keep(char *out, size_t size, struct slice value)
{
	value = slice_trim(value);
	if (value.len < size) {
		if (value.len > 0)
			memcpy(out, value.ptr, value.len);
		out[value.len] = '\0';
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	struct slice line = slice_make(data, size * count), name, value;

	if (slice_starts(line, SLICE("HTTP/"))) /* of a redirect's answer, or the last one */
		memset(&t->validators, 0, sizeof(t->validators));
	if (slice_cut(line, ':', &name, &value)) {
		if (slice_eq_nocase(name, SLICE("etag")))
			keep(t->validators.etag, sizeof(t->validators.etag), value);
		else if (slice_eq_nocase(name, SLICE("last-modified")))
			keep(t->validators.last_modified, sizeof(t->validators.last_modified), value);
	}
	return size * count;
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t done, curl_off_t up_total, curl_off_t up_done)
{
	struct transfer *t = ctx;

	(void)up_total;
	(void)up_done;
	if (t->req->progress)
		t->req->progress(t->req->progress_ctx, (uint64_t)done, (uint64_t)total);
	return 0;
}

static struct curl_slist *conditions(const struct http_request *req)
{
	struct curl_slist *list = NULL;
	char line[300];

	if (!req->validators)
		return NULL;
	if (req->validators->etag[0]) {
		snprintf(line, sizeof(line), "If-None-Match: %s", req->validators->etag);
		list = curl_slist_append(list, line);
	} else if (req->validators->last_modified[0]) {
		snprintf(line, sizeof(line), "If-Modified-Since: %s", req->validators->last_modified);
		list = curl_slist_append(list, line);
	}
	return list;
}

static void configure(CURL *curl, struct transfer *t, struct curl_slist *headers, char *message)
{
	curl_easy_setopt(curl, CURLOPT_URL, t->req->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT,
			 t->req->connect_timeout_s ? (long)t->req->connect_timeout_s : 30L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)t->req->timeout_s);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "limpid");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, t->req->progress ? 0L : 1L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
	/* An error page is not the document: do not write it. */
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	/* A length told beforehand is refused before a byte is fetched; on_body() counts in any case. */
	if (t->req->max_bytes <= INT64_MAX)
		curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)t->req->max_bytes);
}

static enum status status_of(CURLcode rc, long code)
{
	switch (rc) {
	case CURLE_OPERATION_TIMEDOUT:
		return STATUS_TIMEOUT;
	case CURLE_OUT_OF_MEMORY:
		return STATUS_NOMEM;
	case CURLE_URL_MALFORMAT:
		/* Of the request, or of what the peer redirects to. */
		return code == 0 ? STATUS_INVALID : STATUS_REMOTE;
	case CURLE_UNSUPPORTED_PROTOCOL: /* of a redirect; or an answer that is no HTTP */
	case CURLE_TOO_MANY_REDIRECTS:
		return STATUS_REMOTE;
	case CURLE_HTTP_RETURNED_ERROR:
		if (code == 404 || code == 410)
			return STATUS_NOTFOUND;
		return code == 401 || code == 403 ? STATUS_AUTH : STATUS_REMOTE;
	default:
		return STATUS_IO;
	}
}

static enum status explain(const struct transfer *t, CURLcode rc, long code, const char *message, struct err *err)
{
	if (t->too_large || rc == CURLE_FILESIZE_EXCEEDED)
		return err_set(err, STATUS_LIMIT, "%s: larger than %llu bytes", t->req->url,
			       (unsigned long long)t->req->max_bytes);
	if (t->write_failed != STATUS_OK) {
		*err = t->write_err;
		return err_wrap(err, "%s", t->req->url);
	}
	if (rc == CURLE_HTTP_RETURNED_ERROR)
		err_set(err, status_of(rc, code), "%s: The requested URL returned error: %ld", t->req->url, code);
	else
		err_set(err, status_of(rc, code), "%s: %s", t->req->url, message[0] ? message : curl_easy_strerror(rc));
	err->sys_errno = (int)code;
	return err->code;
}

static bool worth_another_try(CURLcode rc, long code)
{
	if (rc == CURLE_HTTP_RETURNED_ERROR)
		return code == 429 || code >= 500;
	return rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_RECV_ERROR ||
	       rc == CURLE_SEND_ERROR || rc == CURLE_PARTIAL_FILE || rc == CURLE_GOT_NOTHING ||
	       rc == CURLE_OPERATION_TIMEDOUT || rc == CURLE_HTTP2_STREAM;
}

static enum status attempt(const struct http_request *req, int fd, struct http_answer *out, struct err *err)
{
	struct transfer AUTO(transfer_fini) t = { .req = req, .fd = fd, .write_err = ERR_INIT };
	struct curl_slist *headers = conditions(req);
	char message[CURL_ERROR_SIZE] = "";
	CURL *curl = curl_easy_init();
	bool conditional = headers != NULL;
	curl_off_t wait = 0;
	long code = 0;
	CURLcode rc;

	out->again = false;
	out->retry_after_s = 0;
	t.hasher = hasher_new(DIGEST_SHA256);
	if (!curl || !t.hasher) {
		curl_easy_cleanup(curl);
		curl_slist_free_all(headers);
		return err_nomem(err, "HTTP client");
	}
	configure(curl, &t, headers, message);
	rc = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait);
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	/* An error's page that is longer than the document may be is that error all the same. */
	if (rc == CURLE_FILESIZE_EXCEEDED && code >= 400)
		rc = CURLE_HTTP_RETURNED_ERROR;
	if (rc != CURLE_OK) {
		out->again = worth_another_try(rc, code) && !t.too_large;
		out->retry_after_s = (unsigned)MIN(wait > 0 ? wait : 0, INT32_MAX);
		return explain(&t, rc, code, message, err);
	}
	if (code != 200 && !(code == 304 && conditional)) {
		err_set(err, STATUS_REMOTE, "%s: unexpected answer %ld", req->url, code);
		err->sys_errno = (int)code;
		return STATUS_REMOTE;
	}
	out->code = code;
	out->validators = t.validators;
	out->bytes = t.bytes;
	return hasher_final(t.hasher, &out->digest, err);
}

/* Without a scheme libcurl would guess one. */
static bool is_http(struct slice url)
{
	return slice_eq_nocase(slice_take(url, 7), SLICE("http://")) ||
	       slice_eq_nocase(slice_take(url, 8), SLICE("https://"));
}

enum status http_get(const struct http_request *req, int fd, struct http_answer *out, struct err *err)
{
	enum status st = STATUS_IO;
	struct err_quote q;

	if (!is_http(slice_cstr(req->url)))
		return err_set(err, STATUS_INVALID, "%s: not an http:// or https:// URL",
			       err_slice(&q, slice_cstr(req->url)));
	pthread_once(&once, global_init);
	for (unsigned try = 0; try <= req->retries; try++) {
		unsigned wait_s;

		/* A try that failed half-way left bytes behind. */
		if (try > 0 && (ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) < 0))
			return err_errno(err, "cannot start again");
		st = attempt(req, fd, out, err);
		if (st == STATUS_OK || !out->again || try == req->retries)
			break;
		wait_s = MIN(out->retry_after_s, RETRY_AFTER_MAX_S);
		nanosleep(&(struct timespec){ .tv_sec = wait_s ? wait_s : 1u << MIN(try, 5u) }, NULL);
	}
	return st;
}
