/* SPDX-License-Identifier: Apache-2.0 */
/* http_hop.c - the client's handles and hosts; where the next request of a transfer goes, and with which headers. */
#include "io/http_client_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define HOP_MEMORY ((size_t)1 << 20)
#define URL_BYTES 65536
#define HOST_MAX 255 /* names of DNS have no more; origins are compared as they are kept */

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- the client ---- */

static bool copy(char **out, const char *text, const char *otherwise)
{
	const char *from = text && text[0] ? text : otherwise;

	*out = from ? strdup(from) : NULL;
	return !from || *out;
}

static bool copy_pem(char **out, struct slice pem)
{
	*out = pem.len > 0 ? strndup((const char *)pem.ptr, pem.len) : NULL;
	return pem.len == 0 || *out;
}

static bool copy_rules(struct http_client *c, const struct http_address_policy *p)
{
	c->policy = *p;
	c->rules = calloc(p->n_allow + p->n_deny + 1, sizeof(*c->rules));
	if (!c->rules)
		return false;
	if (p->n_allow > 0)
		memcpy(c->rules, p->allow, p->n_allow * sizeof(*c->rules));
	if (p->n_deny > 0)
		memcpy(c->rules + p->n_allow, p->deny, p->n_deny * sizeof(*c->rules));
	c->policy.allow = c->rules;
	c->policy.deny = c->rules + p->n_allow;
	return true;
}

enum status http_client_new(const struct http_client_options *o, struct http_client **out, struct err *err)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c)
		return err_nomem(err, "an HTTP client");
	pthread_once(&once, global_init);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	if (!copy_rules(c, &o->policy)) {
		http_client_free(c);
		return err_nomem(err, "an HTTP client");
	}
	c->redirects = o->no_redirects ? 0 : o->redirects ? o->redirects : 10;
	c->insecure = o->insecure;
	c->per_host = o->per_host ? o->per_host : 8;
	c->connect_timeout_s = o->connect_timeout_s ? o->connect_timeout_s : 15;
	c->stall_timeout_s = o->stall_timeout_s ? o->stall_timeout_s : 60;
	c->retries = o->retries;
	c->retry_500 = o->retry_500;
	c->retry_after_max_s = o->retry_after_max_s;
	if (!copy(&c->user_agent, o->user_agent, "limpid") || !copy(&c->http_proxy, o->http_proxy, NULL) ||
	    !copy(&c->https_proxy, o->https_proxy, NULL) || !copy(&c->no_proxy, o->no_proxy, NULL) ||
	    !copy(&c->ca_file, o->ca_file, NULL) || !copy(&c->cert_file, o->cert_file, NULL) ||
	    !copy(&c->key_file, o->key_file, NULL) || !copy(&c->unix_socket, o->unix_socket, NULL) ||
	    !copy_pem(&c->ca_pem, o->ca_pem)) {
		http_client_free(c);
		return err_nomem(err, "an HTTP client");
	}
	*out = c;
	return STATUS_OK;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	while (c->n_idle > 0)
		curl_easy_cleanup(c->idle[--c->n_idle].curl);
	free(c->rules);
	free(c->user_agent);
	free(c->http_proxy);
	free(c->https_proxy);
	free(c->no_proxy);
	free(c->ca_file);
	free(c->cert_file);
	free(c->key_file);
	free(c->unix_socket);
	free(c->ca_pem);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* ---- handles and hosts ---- */

/* The host's row; a free one if it has none; NULL if there is neither. */
static unsigned *busy_of(struct http_client *c, const char *host)
{
	size_t free_row = HTTP_HOSTS_MAX;

	for (size_t i = 0; i < HTTP_HOSTS_MAX; i++) {
		if (c->hosts[i].busy > 0 && strcmp(c->hosts[i].host, host) == 0)
			return &c->hosts[i].busy;
		if (c->hosts[i].busy == 0)
			free_row = MIN(free_row, i);
	}
	if (free_row == HTTP_HOSTS_MAX)
		return NULL;
	snprintf(c->hosts[free_row].host, sizeof(c->hosts[free_row].host), "%s", host);
	return &c->hosts[free_row].busy;
}

/* Best one that talked to the host last: it may still be connected. */
static CURL *take_idle(struct http_client *c, const char *host)
{
	size_t at = c->n_idle;
	CURL *curl;

	for (size_t i = 0; i < c->n_idle && at == c->n_idle; i++)
		if (strcmp(c->idle[i].host, host) == 0)
			at = i;
	if (at == c->n_idle && c->n_idle < HTTP_IDLE_MAX)
		return NULL;
	at = MIN(at, c->n_idle - 1);
	curl = c->idle[at].curl;
	c->idle[at] = c->idle[--c->n_idle];
	return curl;
}

static bool given_up(const struct http_run *r)
{
	return r->t->stop && atomic_load(r->t->stop);
}

enum status http_lease(struct http_run *r, struct err *err)
{
	struct http_client *c = r->client;
	bool stop;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		unsigned *busy = busy_of(c, r->hop.host);
		struct timespec until;

		stop = given_up(r);
		if (stop)
			break;
		if (busy && *busy < c->per_host) {
			(*busy)++;
			memcpy(r->hop_leased, r->hop.host, sizeof(r->hop_leased));
			r->curl = take_idle(c, r->hop.host);
			break;
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&c->changed, &c->lock, &until);
	}
	pthread_mutex_unlock(&c->lock);
	if (stop)
		return err_set(err, STATUS_CANCELLED, "cancelled");
	if (!r->curl)
		r->curl = curl_easy_init();
	if (!r->curl) {
		http_release(r);
		return err_nomem(err, "an HTTP client");
	}
	return STATUS_OK;
}

void http_release(struct http_run *r)
{
	struct http_client *c = r->client;
	CURL *drop = NULL;

	pthread_mutex_lock(&c->lock);
	(*busy_of(c, r->hop_leased))--;
	if (r->curl && c->n_idle < HTTP_IDLE_MAX) {
		c->idle[c->n_idle].curl = r->curl;
		snprintf(c->idle[c->n_idle++].host, HTTP_HOST_BYTES, "%s", r->hop_leased);
	} else {
		drop = r->curl;
	}
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	curl_easy_cleanup(drop);
	r->curl = NULL;
}

/* ---- where to ---- */

const char *http_url_shown(struct http_url_text *t, struct slice url)
{
	static const char hex[] = "0123456789abcdef";
	size_t end = 0, at = 0, scheme, from;
	struct slice host;

	while (end < url.len && url.ptr[end] != '?' && url.ptr[end] != '#')
		end++;
	url = slice_take(url, end);
	scheme = slice_find(url, SLICE("://"));
	from = scheme == SIZE_MAX ? 0 : scheme + 3;
	host = slice_from(url, from);
	host = slice_take(host, MIN(slice_find_byte(host, '/'), host.len));
	for (size_t i = 0; i < url.len && at + 8 < sizeof(t->text); i++) {
		size_t user = slice_rfind_byte(host, '@');

		if (i == from && user != SIZE_MAX)
			i += user + 1; /* user and password */
		if (i >= url.len)
			break;
		if (url.ptr[i] < 0x20 || url.ptr[i] >= 0x7f || url.ptr[i] == '"') {
			t->text[at++] = '%';
			t->text[at++] = hex[url.ptr[i] >> 4];
			t->text[at++] = hex[url.ptr[i] & 15];
		} else {
			t->text[at++] = (char)url.ptr[i];
		}
	}
	if (at + 8 >= sizeof(t->text)) {
		memcpy(t->text + at, "...", 3);
		at += 3;
	}
	t->text[at] = '\0';
	return t->text;
}

/* A proxy would connect for us: an address or denied name in the URL itself is looked at before it is asked. */
static const char *literal_refused(const struct http_client *c, const char *host)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	char bare[64];
	size_t n = strlen(host);

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		return http_address_refused(&c->policy, host, (struct sockaddr *)&in);
	if (n < 3 || n - 2 >= sizeof(bare) || host[0] != '[')
		return NULL;
	snprintf(bare, sizeof(bare), "%.*s", (int)n - 2, host + 1);
	if (inet_pton(AF_INET6, bare, &in6.sin6_addr) != 1)
		return NULL;
	return http_address_refused(&c->policy, host, (struct sockaddr *)&in6);
}

/* Look at hop.url, which is complete. */
static enum status examine(struct http_run *r, struct err *err)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *text = NULL;
	struct http_url_text shown;
	enum status st = STATUS_OK;
	const char *why;

	if (curl_url_get(r->hop.url, CURLUPART_URL, &text, 0) != CURLUE_OK ||
	    curl_url_get(r->hop.url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    !arena_copy(&r->arena, slice_cstr(text), &r->hop.shown)) {
		st = err_set(err, STATUS_INVALID, "not a URL");
	} else if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) {
		st = err_set(err, STATUS_INVALID, "\"%s\": unsupported protocol scheme \"%.20s\"",
			     http_url_shown(&shown, r->hop.shown), scheme);
	} else if (curl_url_get(r->hop.url, CURLUPART_HOST, &host, 0) != CURLUE_OK || strlen(host) > HOST_MAX ||
		   curl_url_get(r->hop.url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK) {
		st = err_set(err, STATUS_INVALID, "\"%s\" names no host", http_url_shown(&shown, r->hop.shown));
	} else {
		char origin[sizeof(r->origin)];

		why = literal_refused(r->client, host);
		if (why)
			st = err_set(err, STATUS_AUTH, "\"%s\" is %s: disallowed by policy",
				     http_url_shown(&shown, r->hop.shown), why);
		r->hop.https = strcmp(scheme, "https") == 0;
		r->hop.loopback = http_host_is_loopback(slice_cstr(host));
		snprintf(r->hop.name, sizeof(r->hop.name), "%s", host);
		snprintf(r->hop.host, sizeof(r->hop.host), "%s:%s", host, port);
		snprintf(origin, sizeof(origin), "%s://%s", scheme, r->hop.host);
		if (r->origin[0] == '\0')
			memcpy(r->origin, origin, sizeof(origin));
		r->hop.foreign = strcmp(r->origin, origin) != 0;
	}
	curl_free(text);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return st;
}

enum status http_hop_init(struct http_run *r, struct err *err)
{
	struct http_url_text shown;
	char *text;
	CURLUcode rc;

	r->arena = (struct arena)ARENA_INIT(HOP_MEMORY);
	r->hop.url = curl_url();
	text = r->t->url.len <= URL_BYTES ? arena_cstr(&r->arena, r->t->url) : NULL;
	if (!r->hop.url)
		return err_nomem(err, "a URL");
	if (!text || strlen(text) != r->t->url.len)
		return err_set(err, STATUS_INVALID, "the URL is longer than %d bytes or has a NUL", URL_BYTES);
	/* libcurl would take the first part of the path for the host. */
	if (slice_eq_nocase(slice_take(r->t->url, 8), SLICE("http:///")) ||
	    slice_eq_nocase(slice_take(r->t->url, 9), SLICE("https:///")))
		return err_set(err, STATUS_INVALID, "\"%s\" names no host", http_url_shown(&shown, r->t->url));
	rc = curl_url_set(r->hop.url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE);
	if (rc != CURLUE_OK)
		return err_set(err, STATUS_INVALID, "\"%s\" is no URL: %s", http_url_shown(&shown, r->t->url),
			       curl_url_strerror(rc));
	return examine(r, err);
}

bool http_hop_redirect(struct http_run *r)
{
	char *to = NULL;
	struct err err = ERR_INIT;

	/* As libcurl has resolved it against the URL that was asked for. */
	if (curl_easy_getinfo(r->curl, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || !to)
		return false;
	if (curl_url_set(r->hop.url, CURLUPART_URL, to, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE) != CURLUE_OK)
		return false;
	if (examine(r, &err) == STATUS_OK)
		return true;
	r->sink_err = err; /* which explains itself */
	return false;
}

void http_hop_fini(struct http_run *r)
{
	curl_url_cleanup(r->hop.url);
	arena_fini(&r->arena);
}

/* ---- headers ---- */

static bool is_token(struct slice s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !memchr(others, s.ptr[i], sizeof(others) - 1))
			return false;
	return s.len > 0;
}

static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] < 0x20 && s.ptr[i] != '\t') || s.ptr[i] == 0x7f)
			return false;
	return true;
}

static bool is_one_of(struct slice name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq_nocase(name, slice_cstr(list[i])))
			return true;
	return false;
}

static bool add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool add_header(struct http_run *r, const struct http_field *h, struct curl_slist **list)
{
	struct slice line;

	/* libcurl takes "NAME;" for a header without a value. */
	if (!arena_printf(&r->arena, &line, h->value.len ? "%.*s: " : "%.*s;", SLICE_ARG(h->name)))
		return false;
	if (h->value.len > 0) {
		char *whole = arena_alloc(&r->arena, line.len + h->value.len + 1);

		if (!whole)
			return false;
		memcpy(whole, line.ptr, line.len);
		memcpy(whole + line.len, h->value.ptr, h->value.len);
		return add_line(list, whole);
	}
	return add_line(list, (const char *)line.ptr);
}

static bool add_resume(struct http_run *r, struct curl_slist **list)
{
	char line[300];

	snprintf(line, sizeof(line), "Range: bytes=%llu-", (unsigned long long)r->got);
	if (!add_line(list, line))
		return false;
	snprintf(line, sizeof(line), "If-Range: %s", r->etag);
	return add_line(list, line);
}

enum status http_headers(struct http_run *r, struct curl_slist **out, struct err *err)
{
	/* libcurl says these itself. */
	static const char *const ours[] = { "host", "content-length", "transfer-encoding", "trailer", "connection",
					    "range", "if-range" };
	static const char *const harmless[] = { "accept", "accept-language" };
	struct err_quote q;

	for (size_t i = 0; i < r->t->n_headers; i++) {
		const struct http_field *h = &r->t->headers[i];

		if (!is_token(h->name) || !is_value(h->value)) {
			curl_slist_free_all(*out);
			*out = NULL;
			return err_set(err, STATUS_INVALID, "header \"%s\" cannot be sent", err_slice(&q, h->name));
		}
		if (is_one_of(h->name, ours, ARRAY_LEN(ours)) ||
		    (r->hop.foreign && !is_one_of(h->name, harmless, ARRAY_LEN(harmless))))
			continue;
		if (!add_header(r, h, out))
			return err_nomem(err, "headers");
	}
	if (r->got > 0 && !add_resume(r, out))
		return err_nomem(err, "headers");
	return STATUS_OK;
}
