/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - requests to a Clair or to limpid-serve, and what their answers mean. */
#include "client/service.h"

#include "base/date.h"
#include "io/http_client.h"
#include "io/jwt.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdlib.h>
#include <time.h>

#define WAIT_S 900u
#define HEADERS_MAX 4
#define TRIES 5u /* of a request that comes back with 429 */
#define RETRY_AFTER_MAX_S 20u

struct service {
	struct arena arena;
	struct slice address; /* without a slash at its end */
	struct slice key, issuer, token;
	struct http_caller *caller;
	struct http_reply reply; /* the last one */
	const struct limits *limits;
};

static enum status prepare(struct service *s, const struct service_options *o, struct err *err)
{
	struct http_caller_options caller = { .user_agent = o->user_agent,
					      .wait_s = o->wait_s ? o->wait_s : WAIT_S,
					      .ca_file = o->ca_file,
					      .insecure = o->insecure };
	struct slice address = slice_trim(o->address);
	struct http_url_text shown;

	if (!slice_starts(address, SLICE("http://")) && !slice_starts(address, SLICE("https://")))
		return err_set(err, STATUS_INVALID, "\"%s\" is no URL: write it with http:// or https://",
			       http_url_shown(&shown, address));
	slice_cut(address, '?', &address, NULL);
	while (slice_ends(address, SLICE("/")))
		address.len--;
	if (!arena_copy(&s->arena, address, &s->address) || !arena_copy(&s->arena, o->key, &s->key) ||
	    !arena_copy(&s->arena, o->issuer, &s->issuer) || !arena_copy(&s->arena, o->token, &s->token))
		return err_nomem(err, "a service");
	s->limits = o->limits ? o->limits : &limits_default;
	return http_caller_new(&caller, &s->caller, err);
}

enum status service_new(const struct service_options *options, struct service **out, struct err *err)
{
	struct service *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s)
		return err_nomem(err, "a service");
	s->arena = (struct arena)ARENA_INIT((size_t)1 << 20);
	st = prepare(s, options, err);
	if (st == STATUS_OK)
		*out = s;
	else
		service_free(s);
	return st;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	http_reply_fini(&s->reply);
	http_caller_free(s->caller);
	arena_fini(&s->arena);
	free(s);
}

/* ---- what answers say ---- */

static const char *shown(const struct service *s, struct http_url_text *t)
{
	return http_url_shown(t, s->address);
}

static bool is_page(const struct http_reply *r)
{
	struct slice body = slice_trim(buf_slice(&r->body));

	return slice_starts(slice_cstr(r->content_type), SLICE("text/html")) || slice_starts(body, SLICE("<"));
}

/* The words of an error's document: {"code","message"} of Clair 4, {"Error":{"Message"}} of Clair 2. */
static void quote_reason(const struct service *s, char *out, size_t size)
{
	struct slice body = slice_trim(buf_slice(&s->reply.body)), words = SLICE_EMPTY;
	struct err ignored = ERR_INIT;
	struct json_doc doc = { NULL, NULL };
	size_t at = 0;

	if (json_parse(body, s->limits, &doc, &ignored) == STATUS_OK) {
		words = json_get_str(doc.root, "message");
		if (words.len == 0)
			words = json_get_str(json_get(doc.root, "Error"), "Message");
	}
	if (words.len == 0 && is_page(&s->reply))
		words = SLICE("a page of HTML: is this the address of Clair's API, or of something before it?");
	else if (words.len == 0 && body.len == 0)
		words = SLICE("without a word");
	else if (words.len == 0)
		words = body;
	/* Longer than err_slice() quotes: a reason is what people need. */
	for (size_t i = 0; i < words.len && at + 5 < MIN(size, (size_t)300); i++) {
		if (words.ptr[i] >= 0x20 && words.ptr[i] != 0x7f)
			out[at++] = (char)words.ptr[i];
		else
			at += (size_t)snprintf(out + at, size - at, "\\x%02x", words.ptr[i]);
	}
	out[at] = '\0';
	json_doc_free(&doc);
}

static enum status refused(const struct service *s, const char *what, struct err *err)
{
	bool signs = s->key.len > 0 || s->token.len > 0;
	struct http_url_text url;
	char words[320];
	enum status st = STATUS_REMOTE;

	quote_reason(s, words, sizeof(words));
	if (s->reply.code == 401 || s->reply.code == 403) {
		st = err_set(err, STATUS_AUTH, "%s: %s answered %ld: %s", what, shown(s, &url), s->reply.code,
			     signs ? "it does not accept this token: it may have expired, or its key or issuer is "
				     "not one of auth.psk there"
				   : "it wants a token");
	} else {
		if (s->reply.code == 404)
			st = STATUS_NOTFOUND;
		else if (s->reply.code == 429)
			st = STATUS_CONFLICT;
		st = err_set(err, st, "%s: %s answered %ld: %s", what, shown(s, &url), s->reply.code, words);
	}
	err->sys_errno = (int)s->reply.code;
	return st;
}

/* The document of an answer; *out is the caller's to free. */
static enum status document(const struct service *s, const char *what, struct json_doc *out, struct err *err)
{
	struct slice body = buf_slice(&s->reply.body);
	struct http_url_text url;

	if (slice_trim(body).len == 0)
		return err_set(err, STATUS_REMOTE, "%s: %s answered %ld without a document", what, shown(s, &url),
			       s->reply.code);
	if (is_page(&s->reply))
		return err_set(err, STATUS_REMOTE,
			       "%s: %s answered with a page of HTML, not JSON: is this the address of Clair's API, or "
			       "of something before it?",
			       what, shown(s, &url));
	if (json_parse(body, s->limits, out, err) != STATUS_OK) {
		err->code = STATUS_REMOTE;
		return err_wrap(err, "%s: %s answered with a broken document", what, shown(s, &url));
	}
	return STATUS_OK;
}

/* ---- requests ---- */

static enum status sign(struct service *s, struct buf *out, struct err *err)
{
	buf_add_cstr(out, "Bearer ");
	if (s->key.len > 0)
		TRY(jwt_sign(s->key, s->issuer, date_now(), out, err));
	else
		buf_add(out, s->token);
	return buf_check(out, "a token", err);
}

/* path begins with a slash. */
static enum status ask(struct service *s, struct http_call *call, const char *path, struct slice rest,
		       const struct http_call_header *header, struct err *err)
{
	struct buf AUTO(buf_fini) token = BUF_INIT(65536), url = BUF_INIT(65536);
	struct http_call_header headers[HEADERS_MAX] = { { "Accept", SLICE("application/json") } };

	call->headers = headers;
	call->n_headers = 1;
	call->max_bytes = s->limits->index_bytes;
	if (header)
		headers[call->n_headers++] = *header;
	if (call->has_body && !call->upload)
		headers[call->n_headers++] = (struct http_call_header){ "Content-Type", SLICE("application/json") };
	if (s->key.len > 0 || s->token.len > 0) {
		TRY(sign(s, &token, err));
		headers[call->n_headers++] = (struct http_call_header){ "Authorization", buf_slice(&token) };
	}
	buf_add(&url, s->address);
	buf_add_cstr(&url, path);
	buf_add(&url, rest);
	TRY(buf_check(&url, "a URL", err));
	call->url = buf_slice(&url);
	for (unsigned tries = 1;; tries++) {
		TRY(http_call(s->caller, call, &s->reply, err));
		/* What was uploaded cannot be sent again from here. */
		if (s->reply.code != 429 || call->upload || tries == TRIES)
			return STATUS_OK;
		nanosleep(&(struct timespec){ .tv_sec = MAX(1u, MIN(s->reply.retry_after_s, RETRY_AFTER_MAX_S)) },
			  NULL);
	}
}

static enum status get(struct service *s, const char *path, struct slice rest, struct err *err)
{
	struct http_call call = { .method = "GET" };

	return ask(s, &call, path, rest, NULL, err);
}

static bool has_member(const struct service *s, const char *name)
{
	struct err ignored = ERR_INIT;
	struct json_doc doc;
	bool has;

	if (s->reply.code != 200 || json_parse(buf_slice(&s->reply.body), s->limits, &doc, &ignored) != STATUS_OK)
		return false;
	has = json_get(doc.root, name) != NULL;
	json_doc_free(&doc);
	return has;
}

/* 401 is an answer, too: what is behind it has this API. */
static bool wants_token(const struct service *s)
{
	return s->reply.code == 401 || s->reply.code == 403;
}

enum status service_ask(struct service *s, struct service_kind *out, struct err *err)
{
	struct http_url_text url;
	char words[320];
	long code;

	*out = (struct service_kind){ .api = SERVICE_V4 };
	TRY(get(s, "/indexer/api/v1/index_state", SLICE_EMPTY, err));
	if (wants_token(s))
		return refused(s, "asking what the server can do", err);
	if (has_member(s, "state")) {
		TRY(get(s, "/limpid/v1/status", SLICE_EMPTY, err));
		out->limpid = has_member(s, "version") || wants_token(s);
		return STATUS_OK;
	}
	code = s->reply.code;
	quote_reason(s, words, sizeof(words));
	TRY(get(s, "/v1/namespaces", SLICE_EMPTY, err));
	out->api = SERVICE_V1;
	if (has_member(s, "Namespaces"))
		return STATUS_OK;
	return err_set(err, STATUS_UNSUPPORTED,
		       "%s is no Clair: it answered %ld to index_state (%s) and %ld to /v1/namespaces; see its address",
		       shown(s, &url), code, words, s->reply.code);
}

/* ---- Clair 4 ---- */

static void put_indexed(const struct service *s, struct service_indexed *out)
{
	out->code = s->reply.code;
	memcpy(out->etag, s->reply.etag, sizeof(out->etag));
}

enum status service_index_known(struct service *s, const struct digest *manifest, const char *validator,
				struct service_indexed *out, struct err *err)
{
	struct http_call_header known = { "If-None-Match", slice_cstr(validator) };
	struct http_call call = { .method = "GET" };
	struct digest_text text;

	TRY(ask(s, &call, "/indexer/api/v1/index_report/", slice_cstr(digest_print(&text, manifest)),
		validator[0] ? &known : NULL, err));
	if (s->reply.code != 200 && s->reply.code != 304 && s->reply.code != 404)
		return refused(s, "index report", err);
	*out = (struct service_indexed){ .finished = has_member(s, "manifest_hash") };
	put_indexed(s, out);
	return STATUS_OK;
}

static enum status read_indexed(const struct service *s, yyjson_val *root, struct service_indexed *out, struct err *err)
{
	struct slice state = json_get_str(root, "state"), why = json_get_str(root, "err");
	struct http_url_text url;
	char words[400];
	size_t n = MIN(why.len, sizeof(words) - 1);

	if (json_get_str(root, "manifest_hash").len == 0)
		return err_set(err, STATUS_REMOTE, "index report: %s answered without manifest_hash: no Clair 4?",
			       shown(s, &url));
	for (size_t i = 0; i < n; i++)
		words[i] = why.ptr[i] >= 0x20 && why.ptr[i] != 0x7f ? (char)why.ptr[i] : ' ';
	words[n] = '\0';
	if (!json_get_bool(root, "success") && (why.len > 0 || slice_eq(state, SLICE("IndexError"))))
		return err_set(err, STATUS_REMOTE, "indexer error: %s", words);
	out->finished = json_get_bool(root, "success") || slice_eq(state, SLICE("IndexFinished"));
	put_indexed(s, out);
	return STATUS_OK;
}

enum status service_index(struct service *s, struct slice manifest, struct service_indexed *out, struct err *err)
{
	struct http_call call = { .method = "POST", .has_body = true, .body = manifest };
	struct json_doc doc;
	enum status st;

	TRY(ask(s, &call, "/indexer/api/v1/index_report", SLICE_EMPTY, NULL, err));
	if (s->reply.code != 200 && s->reply.code != 201)
		return refused(s, "index report", err);
	TRY(document(s, "index report", &doc, err));
	st = read_indexed(s, doc.root, out, err);
	json_doc_free(&doc);
	return st;
}

enum status service_report(struct service *s, const struct digest *manifest, struct slice *out, struct err *err)
{
	struct http_url_text url;
	struct digest_text text;
	struct json_doc doc;
	bool is_report;

	TRY(get(s, "/matcher/api/v1/vulnerability_report/", slice_cstr(digest_print(&text, manifest)), err));
	if (s->reply.code == 202)
		return err_set(err, STATUS_CONFLICT, "%s has read no advisories yet: try again when its updaters ran",
			       shown(s, &url));
	if (s->reply.code != 200)
		return refused(s, "vulnerability report", err);
	TRY(document(s, "vulnerability report", &doc, err));
	is_report = json_get(doc.root, "manifest_hash") != NULL;
	json_doc_free(&doc);
	*out = buf_slice(&s->reply.body);
	return is_report ? STATUS_OK
			 : err_set(err, STATUS_REMOTE,
				   "vulnerability report: %s answered with another document: it lacks manifest_hash",
				   shown(s, &url));
}

enum status service_delete(struct service *s, const struct digest *manifests, size_t n, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)1 << 24);
	struct http_call call = { .method = "DELETE", .has_body = true };
	struct json_writer w;

	json_writer_init(&w, &body, 0);
	json_array(&w);
	for (size_t i = 0; i < n; i++) {
		struct digest_text text;

		json_cstr(&w, digest_print(&text, &manifests[i]));
	}
	json_close(&w);
	TRY(json_writer_end(&w, err));
	call.body = buf_slice(&body);
	TRY(ask(s, &call, "/indexer/api/v1/index_report", SLICE_EMPTY, NULL, err));
	return s->reply.code == 200 || s->reply.code == 204 ? STATUS_OK : refused(s, "delete", err);
}

/* ---- limpid's push ---- */

enum status service_layer_known(struct service *s, const struct digest *layer, bool *out, struct err *err)
{
	struct http_call call = { .method = "HEAD" };
	struct digest_text text;

	TRY(ask(s, &call, "/limpid/v1/layers/", slice_cstr(digest_print(&text, layer)), NULL, err));
	*out = s->reply.code == 200;
	return wants_token(s) ? refused(s, "layer", err) : STATUS_OK;
}

enum status service_push(struct service *s, const struct digest *layer, struct source *bytes, uint64_t length,
			 struct err *err)
{
	struct http_call call = { .method = "PUT", .has_body = true, .upload = bytes, .upload_bytes = length };
	struct digest_text text;
	enum status st;

	TRY(ask(s, &call, "/limpid/v1/layers/", slice_cstr(digest_print(&text, layer)), NULL, err));
	if (s->reply.code == 200 || s->reply.code == 201)
		return STATUS_OK;
	st = refused(s, "pushing a layer", err);
	if (st == STATUS_NOTFOUND)
		st = err->code = STATUS_UNSUPPORTED;
	return st;
}

/* ---- Clair 2 ---- */

enum status service_post_layer(struct service *s, struct slice name, struct slice path, struct slice parent,
			       struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)1 << 20);
	struct http_call call = { .method = "POST", .has_body = true };
	struct json_writer w;

	json_writer_init(&w, &body, 0);
	json_object(&w);
	json_key(&w, "Layer");
	json_object(&w);
	json_member_str(&w, "Name", name);
	json_member_str(&w, "Path", path);
	if (parent.len > 0)
		json_member_str(&w, "ParentName", parent);
	json_member_cstr(&w, "Format", "Docker");
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	call.body = buf_slice(&body);
	TRY(ask(s, &call, "/v1/layers", SLICE_EMPTY, NULL, err));
	return s->reply.code == 201 ? STATUS_OK : refused(s, "layer", err);
}

enum status service_get_layer(struct service *s, struct slice name, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) rest = BUF_INIT(65536);
	struct json_doc doc;

	buf_add(&rest, name);
	buf_add_cstr(&rest, "?features&vulnerabilities");
	TRY(buf_check(&rest, "a URL", err));
	TRY(get(s, "/v1/layers/", buf_slice(&rest), err));
	if (s->reply.code != 200)
		return refused(s, "layer", err);
	TRY(document(s, "layer", &doc, err));
	json_doc_free(&doc);
	*out = buf_slice(&s->reply.body);
	return STATUS_OK;
}
