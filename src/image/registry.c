/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - one repository of a registry: requests, who asks, and what refusals mean. */
#include "image/challenge.h"
#include "image/remote_impl.h"

#include "text/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RETRIES 3
#define RETRY_AFTER_MAX_S 90
#define CONNECT_TIMEOUT_S 20
#define PARALLEL 4
#define AUTHORISED_MAX 3 /* requests of one transfer: unknown, with a token that had expired, with a new one */
#define PAGE_BYTES 32768
#define REGISTRY_MEMORY ((size_t)16 << 20)

struct registry {
	struct registry *next;
	struct remotes *all;  /* borrowed */
	struct arena arena;   /* of what does not change after registry_of() */
	struct reference ref; /* host and path; in the arena */
	struct slice base;    /* "https://registry-1.docker.io" */
	bool plain, loopback;
	struct http_client *http, *elsewhere;
	struct credentials credentials;
	pthread_mutex_t lock; /* guards all below */
	char *authorization;  /* header, owned; NULL: none yet */
	unsigned generation;  /* of it */
	bool basic_sent;
};

/* ---- the client ---- */

/* Of "host", "host:port", "[::1]", "[::1]:port". */
static bool is_loopback(struct slice host)
{
	if (!slice_ends(host, SLICE("]")))
		slice_rcut(host, ':', &host, NULL);
	return http_host_is_loopback(host);
}

static enum status make_client(const struct registry *r, const struct registry_tls *tls, struct http_client **out,
			       struct err *err)
{
	const struct remote_options *o = &r->all->options;
	struct http_client_options options = { .per_host = MAX(o->parallel ? o->parallel : PARALLEL, 2u),
					       .connect_timeout_s = CONNECT_TIMEOUT_S,
					       .retries = RETRIES,
					       .retry_500 = true,
					       .retry_after_max_s = RETRY_AFTER_MAX_S,
					       .insecure = o->insecure,
					       .ca_pem = tls->ca_pem,
					       .cert_file = tls->cert_file,
					       .key_file = tls->key_file };

	return http_client_new(&options, out, err);
}

/* For layers that are kept elsewhere: what an image names must not reach into this machine's own network. */
static enum status make_elsewhere(const struct registry *r, struct http_client **out, struct err *err)
{
	struct http_client_options options = { .connect_timeout_s = CONNECT_TIMEOUT_S, .retries = 1 };

	options.policy.refuse_loopback = options.policy.refuse_private = options.policy.refuse_link_local =
		!r->loopback;
	return http_client_new(&options, out, err);
}

static enum status drop_bytes(void *ctx, struct slice bytes, struct err *err)
{
	(void)ctx;
	(void)bytes;
	(void)err;
	return STATUS_OK;
}

/* 0 if nobody answers in this scheme. */
static long code_of(const struct registry *r, const char *scheme)
{
	struct http_client_options options = {
		.connect_timeout_s = 5, .stall_timeout_s = 5, .insecure = true, .no_redirects = true
	};
	struct err ignored = ERR_INIT;
	struct http_transferred done = { .code = 0 };
	struct http_client *http;
	char url[400];

	snprintf(url, sizeof(url), "%s://%.*s/v2/", scheme, SLICE_ARG(r->ref.host));
	if (http_client_new(&options, &http, &ignored) != STATUS_OK)
		return 0;
	if (http_client_get(http, &(struct http_transfer){ .url = slice_cstr(url), .body = drop_bytes }, &done,
			    &ignored) != STATUS_OK)
		ignored = (struct err)ERR_INIT;
	http_client_free(http);
	return done.code;
}

/*
 * Registries of this machine may do without TLS, as for docker. That is found out without credentials. One that wants a
 * certificate of the client does not answer by TLS either, and 400 without.
 */
static bool is_plain(const struct registry *r)
{
	long code = code_of(r, "https") == 0 ? code_of(r, "http") : 400;

	return code != 0 && code != 400;
}

static enum status prepare(struct registry *r, const struct reference *ref, struct err *err)
{
	const struct remote_options *o = &r->all->options;
	struct registry_tls tls;
	bool hub = slice_eq(ref->host, SLICE("docker.io"));

	if (!arena_copy(&r->arena, ref->host, &r->ref.host) || !arena_copy(&r->arena, ref->path, &r->ref.path))
		return err_nomem(err, "a registry");
	r->loopback = is_loopback(ref->host);
	r->plain = o->plain_http || (r->loopback && is_plain(r));
	if (!arena_printf(&r->arena, &r->base, "%s://%.*s", r->plain ? "http" : "https",
			  SLICE_ARG(hub ? SLICE("registry-1.docker.io") : r->ref.host)))
		return err_nomem(err, "a registry");
	TRY(credentials_find(&o->credentials, &r->ref, &r->arena, &r->credentials, err));
	TRY(registry_tls_find(o->cert_dirs, r->ref.host, &r->arena, &tls, err));
	TRY(make_client(r, &tls, &r->http, err));
	return make_elsewhere(r, &r->elsewhere, err);
}

enum status registry_of(struct remotes *all, const struct reference *ref, struct registry **out, struct err *err)
{
	struct registry *r = all->registries;
	enum status st;

	while (r && (!slice_eq(r->ref.host, ref->host) || !slice_eq(r->ref.path, ref->path)))
		r = r->next;
	if (r) {
		*out = r;
		return STATUS_OK;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_nomem(err, "a registry");
	r->all = all;
	r->arena = (struct arena)ARENA_INIT(REGISTRY_MEMORY);
	pthread_mutex_init(&r->lock, NULL);
	st = prepare(r, ref, err);
	if (st != STATUS_OK) {
		registry_free(r);
		return st;
	}
	r->next = all->registries;
	all->registries = r;
	*out = r;
	return STATUS_OK;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void registry_free(struct registry *r)
{
	http_client_free(r->http);
	http_client_free(r->elsewhere);
	forget(r->authorization);
	pthread_mutex_destroy(&r->lock);
	arena_fini(&r->arena);
	free(r);
}

struct registry *registry_next(const struct registry *r)
{
	return r->next;
}

/* ---- who asks ---- */

/* With the lock. */
static enum status authorise(struct registry *r, struct slice value, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct challenge challenge;
	struct slice basic;
	char *header = NULL;

	if (r->credentials.registry_token.len > 0 && !r->authorization) {
		if (asprintf(&header, "Bearer %s", (const char *)r->credentials.registry_token.ptr) < 0)
			return err_nomem(err, "a token");
	} else {
		TRY(challenge_parse(value, &arena, &challenge, err));
		if (challenge.scheme == CHALLENGE_BEARER) {
			struct token_request req = { r->http,	    &challenge,	 &r->credentials,
						     r->ref.path, r->ref.host, r->plain };

			TRY(registry_token(&req, &header, err));
		} else if (challenge.scheme == CHALLENGE_BASIC && r->credentials.account.len > 0 && !r->basic_sent) {
			r->basic_sent = true;
			if (!credentials_basic(&r->credentials, &arena, &basic))
				return err_nomem(err, "credentials");
			header = strndup((const char *)basic.ptr, basic.len);
			if (!header)
				return err_nomem(err, "credentials");
		} else {
			return err_set(err, STATUS_AUTH, "refused");
		}
	}
	forget(r->authorization);
	r->authorization = header;
	r->generation++;
	return STATUS_OK;
}

/* Whoever was refused first gets the new token, the others take it. */
static enum status authorise_once(struct registry *r, unsigned generation, struct slice value, struct err *err)
{
	enum status st = STATUS_OK;

	pthread_mutex_lock(&r->lock);
	if (r->generation == generation)
		st = authorise(r, value, err);
	pthread_mutex_unlock(&r->lock);
	return st;
}

static char *current(struct registry *r, unsigned *generation)
{
	char *copy;

	pthread_mutex_lock(&r->lock);
	copy = r->authorization ? strdup(r->authorization) : NULL;
	*generation = r->generation;
	pthread_mutex_unlock(&r->lock);
	return copy;
}

/* ---- requests ---- */

struct passing {
	const struct registry *registry;
	const struct layer_sink *sink;
	struct err begin_err;
};

static void on_begin(void *ctx, uint64_t length)
{
	struct passing *p = ctx;

	p->begin_err = (struct err)ERR_INIT;
	if (p->sink->begin && p->sink->begin(p->sink->ctx, length, &p->begin_err) == STATUS_OK)
		p->begin_err = (struct err)ERR_INIT;
}

static enum status on_body(void *ctx, struct slice bytes, struct err *err)
{
	struct passing *p = ctx;

	if (p->begin_err.code != STATUS_OK) {
		*err = p->begin_err;
		return err->code;
	}
	return p->sink->bytes(p->sink->ctx, bytes, err);
}

static void on_wait(void *ctx, long code, unsigned seconds)
{
	const struct passing *p = ctx;
	const struct registry *r = p->registry;

	if (code == 429)
		remote_note(r->all, "%.*s limits how often it is asked (429); trying again in %u s",
			    SLICE_ARG(r->ref.host), seconds);
	else if (code != 0)
		remote_note(r->all, "%.*s answered with %ld; trying again in %u s", SLICE_ARG(r->ref.host), code,
			    seconds);
	else
		remote_note(r->all, "the connection to %.*s broke; trying again in %u s", SLICE_ARG(r->ref.host),
			    seconds);
}

/* "TOOMANYREQUESTS" of {"errors":[{"code":...}]}: a word in capitals, which holds no secret. "" if there is none. */
static const char *error_code(struct slice page, char *out, size_t size)
{
	struct err ignored = ERR_INIT;
	struct json_doc doc;
	struct slice code;

	out[0] = '\0';
	if (json_parse(page, &limits_default, &doc, &ignored) != STATUS_OK)
		return out;
	code = json_get_str(yyjson_arr_get_first(json_get(doc.root, "errors")), "code");
	for (size_t i = 0; i < code.len; i++)
		if (!is_upper(code.ptr[i]) && code.ptr[i] != '_')
			code = SLICE_EMPTY;
	if (code.len > 0 && code.len < 40)
		snprintf(out, size, " (%.*s)", SLICE_ARG(code));
	json_doc_free(&doc);
	return out;
}

static enum status explain_refusal(const struct registry *r, long code, const char *word, struct err *err)
{
	const struct credentials *c = &r->credentials;
	const char *host = (const char *)r->ref.host.ptr;

	if (c->trouble[0] != '\0')
		remote_note(r->all, "credentials could not be read: %s", c->trouble);
	if (credentials_known(c))
		err_set(err, STATUS_AUTH,
			"the registry refuses access with the credentials known for it%s: they may have expired, or "
			"there is "
			"no such image; try: docker login %s",
			word, host);
	else
		err_set(err, STATUS_AUTH,
			"the registry refuses access%s: it needs a login, or there is no such image; try: docker login "
			"%s",
			word, host);
	err->sys_errno = (int)code;
	return STATUS_AUTH;
}

static enum status explain(const struct registry *r, const struct registry_get *get,
			   const struct http_transferred *done, struct slice page, struct err *err)
{
	const char *host = (const char *)r->ref.host.ptr;
	char word[64];
	struct err_quote q;

	error_code(page, word, sizeof(word));
	/* It may ask for anything and name any token server: credentials are the registry's alone. */
	if (done->code == 401 && done->foreign)
		return err_set(err, STATUS_AUTH,
			       "%s sent us to another server, which asks for credentials: it gets none", host);
	if (done->code == 401 || (done->code == 403 && err->sys_errno == 403))
		return explain_refusal(r, done->code, word, err);
	if (done->code == 404 && err->code == STATUS_NOTFOUND)
		return err_set(err, STATUS_NOTFOUND, "the registry has no %s of it%s", err_slice(&q, get->path), word);
	if (done->code == 429 && err->code == STATUS_REMOTE) {
		if (done->retry_after_s > 0)
			err_set(err, STATUS_REMOTE, "%s limits how often it is asked%s: try again in %llu s, or log in",
				host, word, (unsigned long long)done->retry_after_s);
		else
			err_set(err, STATUS_REMOTE, "%s limits how often it is asked%s: try again later, or log in",
				host, word);
		err->sys_errno = 429;
		return STATUS_REMOTE;
	}
	return err->code;
}

/* One request by the authorization that is in force; *out_challenge is set when it is refused. */
static enum status request(struct registry *r, const struct registry_get *get, struct http_transfer *t,
			   struct http_transferred *done, unsigned *generation, struct err *err)
{
	struct http_field fields[2];
	char *authorization = current(r, generation);
	enum status st;

	t->n_headers = 0;
	t->headers = fields;
	if (get->accept.len > 0)
		fields[t->n_headers++] = (struct http_field){ SLICE("Accept"), get->accept };
	if (authorization)
		fields[t->n_headers++] = (struct http_field){ SLICE("Authorization"), slice_cstr(authorization) };
	st = http_client_get(r->http, t, done, err);
	forget(authorization);
	t->headers = NULL;
	return st;
}

static void hand_out(const struct http_caught *from, struct http_caught *to)
{
	if (to)
		memcpy(to->value, from->value, sizeof(to->value));
}

static enum status get_with(struct registry *r, const struct registry_get *get, struct http_transfer *t,
			    struct passing *p, struct err *err)
{
	struct http_transferred done;
	unsigned generation;

	for (unsigned i = 1;; i++) {
		enum status st = request(r, get, t, &done, &generation, err);

		if (st == STATUS_OK && p->begin_err.code != STATUS_OK)
			*err = p->begin_err;
		if (st == STATUS_OK)
			return p->begin_err.code;
		/* What was handed on already cannot be taken back. */
		if (done.code != 401 || done.foreign || st != STATUS_AUTH || done.bytes > 0 || i >= AUTHORISED_MAX)
			return explain(r, get, &done, buf_slice(t->page), err);
		st = authorise_once(r, generation, slice_cstr(t->caught[0].value), err);
		if (st == STATUS_AUTH && err->sys_errno == 0 && strcmp(err->msg, "refused") != 0)
			return st;
		if (st == STATUS_AUTH)
			return explain(r, get, &done, buf_slice(t->page), err);
		if (st != STATUS_OK)
			return st;
	}
}

enum status registry_get(struct registry *r, const struct registry_get *get, struct err *err)
{
	struct http_caught caught[] = { { .name = "WWW-Authenticate" },
					{ .name = "Content-Type" },
					{ .name = "Docker-Content-Digest" } };
	struct buf AUTO(buf_fini) page = BUF_INIT(PAGE_BYTES);
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 16);
	struct passing p = { .registry = r, .sink = get->sink, .begin_err = ERR_INIT };
	struct http_transfer t = { .caught = caught,
				   .n_caught = ARRAY_LEN(caught),
				   .page = &page,
				   .max_bytes = get->max_bytes,
				   .body = on_body,
				   .begin = on_begin,
				   .waits = on_wait,
				   .ctx = &p,
				   .stop = get->sink->stop };
	enum status st;

	if (!arena_printf(&arena, &t.url, "%.*s/v2/%.*s/%.*s", SLICE_ARG(r->base), SLICE_ARG(r->ref.path),
			  SLICE_ARG(get->path)))
		return err_nomem(err, "a URL");
	st = get_with(r, get, &t, &p, err);
	hand_out(&caught[1], get->content_type);
	hand_out(&caught[2], get->content_digest);
	return st;
}

enum status registry_get_url(struct registry *r, struct slice url, uint64_t max_bytes, const struct layer_sink *sink,
			     struct err *err)
{
	struct passing p = { .registry = r, .sink = sink, .begin_err = ERR_INIT };
	struct http_transfer t = {
		.url = url, .max_bytes = max_bytes, .body = on_body, .begin = on_begin, .ctx = &p, .stop = sink->stop
	};
	struct http_transferred done;
	enum status st = http_client_get(r->elsewhere, &t, &done, err);

	if (st == STATUS_OK && p.begin_err.code != STATUS_OK)
		*err = p.begin_err;
	return st == STATUS_OK ? p.begin_err.code : st;
}

enum status registry_locate(struct registry *r, const struct digest *blob, struct arena *arena, struct slice *out_url,
			    struct slice *out_authorization, struct err *err)
{
	struct digest_text text;
	unsigned ignored;
	char *authorization = current(r, &ignored);
	bool ok = arena_printf(arena, out_url, "%.*s/v2/%.*s/blobs/%s", SLICE_ARG(r->base), SLICE_ARG(r->ref.path),
			       digest_print(&text, blob)) &&
		  arena_copy(arena, slice_cstr(authorization), out_authorization);

	forget(authorization);
	return ok ? STATUS_OK : err_nomem(err, "a layer");
}
