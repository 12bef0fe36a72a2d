/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webhook.c - a POST with the notification's callback: Clair's body, headers and token.
 *
 * The code of the answer decides, however its body goes on. Headers of the settings and the token go to the target's
 * own origin only.
 */
#include "notify/transfer.h"
#include "notify/webhook_impl.h"

#include "base/date.h"
#include "io/http_client.h"
#include "io/jwt.h"

#include <stdlib.h>
#include <strings.h>

#define ISSUER "clair-notifier"
#define RETRY_AFTER_MAX_S 86400
#define PAGE_SHOWN 200 /* bytes of an error's page that may help */
#define PAGE_READ 65536

struct webhook {
	struct transfer t;
	struct webhook_kind kind;
	struct http_url_text target; /* without secrets */
	char *url;		     /* owned; what is asked: the target, or the same under the certificate's name */
	struct curl_slist *way;	     /* owned; where that name is; NULL: what it says */
	char *host;		     /* owned; "Host: " of the target, where the URL has another; NULL */
	struct buf body, token;
	/* the request at hand */
	char page[PAGE_SHOWN];
	size_t page_len;
	uint64_t page_read;
};

static bool is_field(struct slice s, bool name)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f ||
		    (name && (s.ptr[i] <= ' ' || s.ptr[i] == ':')))
			return false;
	return !name || s.len > 0;
}

/* The certificate is to be for another name: that is the URL's host then, and found where the target is. */
static enum status name_host(struct webhook *w, struct err *err)
{
	char *host = NULL, *port = NULL, *plain = NULL, *scheme = NULL, text[1024] = "";
	CURLU *u = curl_url();
	bool good = u && curl_url_set(u, CURLUPART_URL, config_cstr(w->kind.target), 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    curl_url_set(u, CURLUPART_HOST, config_cstr(w->kind.name), 0) == CURLUE_OK &&
		    (size_t)snprintf(text, sizeof(text), "%s:%s:%s:%s", config_cstr(w->kind.name), port, host, port) <
			    sizeof(text) &&
		    curl_url_get(u, CURLUPART_URL, &plain, 0) == CURLUE_OK;

	/* Without TLS there is no certificate. */
	if (good && strcmp(scheme, "https") == 0) {
		w->way = curl_slist_append(NULL, text);
		snprintf(text, sizeof(text), "Host: %s:%s", host, port);
		free(w->url);
		w->url = strdup(plain);
		w->host = strdup(text);
		good = w->way && w->url && w->host;
	}
	curl_free(host);
	curl_free(port);
	curl_free(plain);
	curl_free(scheme);
	curl_url_cleanup(u);
	return good ? STATUS_OK : err_set(err, STATUS_INVALID, "the name in the certificate cannot be used");
}

void webhook_close(void *self)
{
	struct webhook *w = self;

	transfer_fini(&w->t);
	buf_fini(&w->body);
	buf_fini(&w->token);
	curl_slist_free_all(w->way);
	free(w->url);
	free(w->host);
	free(w);
}

enum status webhook_open_kind(const struct deliverer *d, const struct webhook_kind *kind, void **out, struct err *err)
{
	struct err_quote q;
	struct webhook *w;

	for (size_t i = 0; i < kind->headers.n; i++)
		if (!is_field(kind->headers.at[i].name, true) || !is_field(kind->headers.at[i].value, false))
			return err_set(err, STATUS_INVALID, "header \"%s\" cannot be sent",
				       err_slice(&q, kind->headers.at[i].name));
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_nomem(err, "a deliverer");
	w->kind = *kind;
	w->body = w->token = (struct buf)BUF_INIT(1 << 20);
	http_url_shown(&w->target, kind->target);
	w->url = strdup(config_cstr(kind->target));
	if (!w->url)
		(void)err_nomem(err, "a deliverer");
	if (!w->url || transfer_init(&w->t, d, err) != STATUS_OK ||
	    (kind->name.len > 0 && name_host(w, err) != STATUS_OK)) {
		webhook_close(w);
		return err->code;
	}
	*out = w;
	return STATUS_OK;
}

/* ---- the request ---- */

static bool add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool add_header(struct curl_slist **list, struct slice name, struct slice value)
{
	struct buf line = BUF_INIT(1 << 20);
	bool good;

	buf_add(&line, name);
	/* libcurl takes "NAME;" for a header without a value. */
	buf_add_cstr(&line, value.len ? ": " : ";");
	buf_add(&line, value);
	buf_add_byte(&line, '\0');
	good = line.failed == STATUS_OK && add_line(list, (const char *)line.ptr);
	buf_fini(&line);
	return good;
}

static bool add_configured(const struct webhook *w, struct curl_slist **list, bool *out_authorized)
{
	/* What the request says itself. */
	static const char *const ours[] = { "content-type", "content-length", "transfer-encoding", "connection",
					    "expect" };

	*out_authorized = false;
	for (size_t i = 0; i < w->kind.headers.n; i++) {
		struct slice name = w->kind.headers.at[i].name;
		bool skip = false;

		for (size_t k = 0; k < ARRAY_LEN(ours); k++)
			skip = skip || slice_eq_nocase(name, slice_cstr(ours[k]));
		*out_authorized = *out_authorized || slice_eq_nocase(name, SLICE("authorization"));
		if (!skip && !add_header(list, name, w->kind.headers.at[i].value))
			return false;
	}
	return true;
}

/* Of the first request, or of one that went back to the same origin. */
static enum status make_headers(struct webhook *w, bool own_origin, struct curl_slist **out, struct err *err)
{
	const struct config_auth *auth = &w->t.d->setup.config->auth;
	bool authorized = false;

	if (!add_line(out, "Content-Type: application/json") || !add_line(out, "Expect:") || !add_line(out, "Accept:"))
		return err_nomem(err, "headers");
	if (!own_origin)
		return STATUS_OK;
	if (!add_configured(w, out, &authorized) || (w->host && !add_line(out, w->host)))
		return err_nomem(err, "headers");
	if (w->kind.sign && auth->psk && !authorized) {
		buf_reset(&w->token);
		buf_add_cstr(&w->token, "Bearer ");
		TRY(jwt_sign(auth->psk_key, SLICE(ISSUER), deliverer_now(w->t.d), &w->token, err));
		TRY(buf_check(&w->token, "a token", err));
		if (!add_header(out, SLICE("Authorization"), buf_slice(&w->token)))
			return err_nomem(err, "headers");
	}
	return STATUS_OK;
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx)
{
	struct webhook *w = ctx;
	long code = 0;

	if (slice_trim(slice_make(data, size * count)).len == 0 &&
	    curl_easy_getinfo(w->t.curl, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK && code >= 200)
		w->t.answered_ns = date_monotonic_ns();
	return size * count;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct webhook *w = ctx;
	size_t n = MIN(size * count, sizeof(w->page) - w->page_len);

	memcpy(w->page + w->page_len, data, n);
	w->page_len += n;
	w->page_read += size * count;
	return w->page_read > PAGE_READ ? 0 : size * count;
}

/* *out_code is 0 if there was no whole answer. */
static CURLcode post(struct webhook *w, const char *url, struct curl_slist *headers, long *out_code)
{
	const struct config_delivery *own = deliverer_own(w->t.d);
	CURL *curl = w->t.curl;
	CURLcode rc;

	transfer_reset(&w->t, w->kind.tls);
	if (w->way)
		curl_easy_setopt(curl, CURLOPT_CONNECT_TO, w->way);
	if (w->kind.own_proxy)
		curl_easy_setopt(curl, CURLOPT_PROXY, w->kind.proxy.len ? config_cstr(w->kind.proxy) : "");
	w->page_len = w->page_read = 0;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, w->t.d->setup.user_agent);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* proxies do not get them */
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, w->body.ptr);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)w->body.len);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
			 (long)MIN((own->connect_timeout + own->timeout) / 1000000, INT32_MAX));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, w);
	rc = transfer_run(&w->t);
	*out_code = 0;
	if (w->t.answered_ns > 0)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, out_code);
	return rc;
}

/* ---- redirects ---- */

struct origin {
	bool https;
	char text[300];
};

static bool origin_of(const char *url, struct origin *out)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	bool good = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (good) {
		snprintf(out->text, sizeof(out->text), "%s://%s:%s", scheme, host, port);
		out->https = strcmp(scheme, "https") == 0;
		good = out->https || strcmp(scheme, "http") == 0;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return good;
}

/* To where it leads, the arena's; NULL and *err if that is not followed. */
static const char *redirected(struct webhook *w, const struct origin *from, struct arena *arena, long code,
			      unsigned redirects, struct err *err)
{
	struct http_url_text shown;
	struct origin to;
	char *url = NULL;

	if (curl_easy_getinfo(w->t.curl, CURLINFO_REDIRECT_URL, &url) != CURLE_OK || !url) {
		err_set(err, STATUS_REMOTE, "%s answers %ld without saying to where", w->target.text, code);
		return NULL;
	}
	http_url_shown(&shown, slice_cstr(url));
	if (code != 307 && code != 308)
		err_set(err, STATUS_REMOTE, "%s answers %ld and %s, which would drop the body: set it as target",
			w->target.text, code, shown.text);
	else if (redirects >= (unsigned)deliverer_own(w->t.d)->webhook_redirects)
		err_set(err, STATUS_REMOTE, "%s: more than %u redirects", w->target.text, redirects);
	else if (!origin_of(url, &to) || (from->https && !to.https))
		err_set(err, STATUS_REMOTE, "%s redirects to %s, which is not followed", w->target.text, shown.text);
	else
		return arena_cstr(arena, slice_cstr(url));
	err->sys_errno = (int)code;
	return NULL;
}

/* ---- the answer ---- */

/* Of what would be answered so whenever it is asked, only codes about this message count. */
static bool is_final(long code)
{
	return code == 400 || code == 410 || code == 413 || code == 415 || code == 422;
}

static enum delivery judge(struct webhook *w, long code, struct delivery_result *out, struct err *err)
{
	struct transfer_words words;
	curl_off_t wait = 0;
	enum status st = code == 401 || code == 403 ? STATUS_AUTH : code == 404 ? STATUS_NOTFOUND : STATUS_REMOTE;

	if (code >= 200 && code < 300) {
		out->messages = 1;
		return DELIVERY_DONE;
	}
	if (code == 429 || code == 503)
		(void)curl_easy_getinfo(w->t.curl, CURLINFO_RETRY_AFTER, &wait);
	out->retry_after_s = (int64_t)MIN(MAX(wait, 0), RETRY_AFTER_MAX_S);
	err_set(err, st, w->page_len ? "%s answers %ld: \"%s\"" : "%s answers %ld%s", w->target.text, code,
		w->page_len ? transfer_words(&words, slice_make(w->page, w->page_len)) : "");
	err->sys_errno = (int)code;
	return is_final(code) ? DELIVERY_NEVER : DELIVERY_AGAIN;
}

enum delivery webhook_send(void *self, const struct delivery_message *m, struct delivery_result *out, struct err *err)
{
	struct webhook *w = self;
	struct arena AUTO(arena_fini) arena = ARENA_INIT(1 << 20);
	const char *url = w->url;
	struct origin origin, at;
	unsigned redirects = 0;

	out->peer = slice_cstr(w->target.text);
	buf_reset(&w->body);
	if (!origin_of(url, &origin)) {
		err_set(err, STATUS_INVALID, "%s is no http:// or https:// URL", w->target.text);
		return DELIVERY_AGAIN;
	}
	if (w->kind.body(&w->kind, m->id, &w->body, err) != STATUS_OK)
		return DELIVERY_AGAIN;
	for (at = origin;; redirects++) {
		struct curl_slist *headers = NULL;
		long code = 0;
		CURLcode rc;

		if (make_headers(w, strcmp(at.text, origin.text) == 0, &headers, err) != STATUS_OK) {
			curl_slist_free_all(headers);
			return DELIVERY_AGAIN;
		}
		rc = post(w, url, headers, &code);
		curl_slist_free_all(headers);
		if (code == 0) {
			transfer_explain(&w->t, rc, out->peer, err);
			return DELIVERY_AGAIN;
		}
		if (code < 300 || code >= 400)
			return judge(w, code, out, err);
		url = redirected(w, &at, &arena, code, redirects, err);
		if (!url || !origin_of(url, &at))
			return DELIVERY_AGAIN;
	}
}

void webhook_rest(void *self)
{
	struct webhook *w = self;
	struct err err = ERR_INIT;
	struct transfer fresh;

	/* A handle closes its connections when it goes. */
	if (transfer_init(&fresh, w->t.d, &err) != STATUS_OK)
		return;
	transfer_fini(&w->t);
	w->t = fresh;
}

/* ---- Clair v4's ---- */

static bool is_wanted(const struct config *config)
{
	return config->notifier.webhook.present && config->notifier.webhook.target.len > 0;
}

static bool is_direct(const struct config *config)
{
	(void)config;
	return false;
}

static enum status put_callback(const struct webhook_kind *kind, struct slice id, struct buf *out, struct err *err)
{
	return deliverer_callback_body(kind->callback, id, out, err);
}

static enum status webhook_open(const struct deliverer *d, void **out, struct err *err)
{
	const struct config_webhook *set = &d->setup.config->notifier.webhook;
	const struct webhook_kind kind = { .target = set->target,
					   .tls = &deliverer_own(d)->webhook_tls,
					   .headers = set->headers,
					   .sign = true,
					   .callback = set->callback,
					   .body = put_callback };

	return webhook_open_kind(d, &kind, out, err);
}

const struct deliverer_class deliverer_webhook = {
	.is_wanted = is_wanted,
	.is_direct = is_direct,
	.open = webhook_open,
	.close = webhook_close,
	.rest = webhook_rest,
	.send = webhook_send,
};
