/* SPDX-License-Identifier: Apache-2.0 */
/* registry_token.c - a bearer token from the server that a registry names (distribution specification, token flow). */
#include "image/remote_impl.h"

#include "image/challenge.h"
#include "text/json.h"

#include <stdlib.h>

#define ANSWER_BYTES ((size_t)1 << 20)
#define URL_BYTES ((size_t)1 << 16)

static void add_escaped(struct buf *b, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
			buf_add_byte(b, c);
		} else {
			buf_add_byte(b, '%');
			buf_add_byte(b, (uint8_t)hex[c >> 4]);
			buf_add_byte(b, (uint8_t)hex[c & 15]);
		}
	}
}

static void add_field(struct buf *b, char before, const char *name, struct slice value)
{
	buf_add_byte(b, (uint8_t)before);
	buf_add_cstr(b, name);
	buf_add_byte(b, '=');
	add_escaped(b, value);
}

static void add_scope(struct buf *b, const struct token_request *req)
{
	struct slice scope = req->challenge->scope;

	if (scope.len > 0) {
		add_field(b, '&', "scope", scope);
		return;
	}
	buf_add_cstr(b, "&scope=repository%3A");
	add_escaped(b, req->path);
	buf_add_cstr(b, "%3Apull");
}

static enum status keep_answer(void *ctx, struct slice bytes, struct err *err)
{
	struct buf *b = ctx;

	buf_add(b, bytes);
	return buf_check(b, "the token server's answer", err);
}

enum status token_answer_parse(struct slice json, struct arena *arena, struct slice *out, struct err *err)
{
	struct slice token;
	struct json_doc doc;
	bool kept;

	if (json_parse(json, &limits_default, &doc, err) != STATUS_OK)
		return err_set(err, STATUS_REMOTE, "its answer is not a JSON document");
	token = json_get_str(doc.root, "token");
	if (token.len == 0)
		token = json_get_str(doc.root, "access_token");
	kept = arena_copy(arena, token, out);
	json_doc_free(&doc);
	if (!kept)
		return err_nomem(err, "a token");
	for (size_t i = 0; i < out->len; i++)
		if (out->ptr[i] <= ' ' || out->ptr[i] >= 0x7f)
			return err_set(err, STATUS_REMOTE, "its token has bytes that no header can have");
	return out->len > 0 ? STATUS_OK : err_set(err, STATUS_REMOTE, "its answer has no token");
}

static struct slice without_port(struct slice host)
{
	if (!slice_ends(host, SLICE("]")))
		slice_rcut(host, ':', &host, NULL);
	return host;
}

/* http:// on the registry's own host, or on this machine: the password crosses no network that it would not cross
 * otherwise. */
static bool is_near(const struct token_request *req, struct slice realm)
{
	struct slice host = slice_from(realm, 7);
	size_t n = 0;

	if (!slice_starts(realm, SLICE("http://")))
		return false;
	while (n < host.len && !strchr("/?#", host.ptr[n]))
		n++;
	host = slice_take(host, n);
	if (slice_find_byte(host, '@') != SIZE_MAX || slice_find_byte(host, '\\') != SIZE_MAX)
		return false;
	host = without_port(host);
	return slice_eq_nocase(host, without_port(req->host)) || http_host_is_loopback(host);
}

/* The password goes to where the registry says: at least nobody else shall read it. */
static enum status check_realm(const struct token_request *req, struct err *err)
{
	struct slice realm = req->challenge->realm;
	struct http_url_text shown;

	if (slice_starts(realm, SLICE("https://")) || (req->plain && is_near(req, realm)))
		return STATUS_OK;
	return err_set(err, STATUS_AUTH,
		       "the registry names the token server \"%s\", which is not asked: it has no TLS",
		       http_url_shown(&shown, realm));
}

static enum status build(const struct token_request *req, struct arena *arena, struct buf *url, struct buf *form,
			 struct slice *basic, struct err *err)
{
	const struct credentials *c = req->credentials;
	struct slice realm = req->challenge->realm;
	bool refresh = c->identity_token.len > 0;

	buf_add(url, realm);
	if (refresh) {
		buf_add_cstr(form, "grant_type=refresh_token&client_id=limpid");
		add_field(form, '&', "service", req->challenge->service);
		add_scope(form, req);
		add_field(form, '&', "refresh_token", c->identity_token);
	} else {
		add_field(url, slice_find_byte(realm, '?') == SIZE_MAX ? '?' : '&', "service", req->challenge->service);
		add_scope(url, req);
		if (c->account.len > 0)
			add_field(url, '&', "account", c->account);
		if ((c->account.len > 0 || c->secret.len > 0) && !credentials_basic(c, arena, basic))
			return err_nomem(err, "a token");
	}
	buf_add_byte(form, '\0');
	TRY(buf_check(form, "a request for a token", err));
	return buf_check(url, "the URL of the token server", err);
}

static enum status ask(const struct token_request *req, struct arena *arena, struct buf *url, struct buf *form,
		       struct slice *out, struct err *err)
{
	struct slice basic = SLICE_EMPTY;
	struct http_field header = { SLICE("Authorization"), SLICE_EMPTY };
	struct buf AUTO(buf_fini) answer = BUF_INIT(ANSWER_BYTES);
	struct http_transfer t = { .headers = &header, .body = keep_answer, .ctx = &answer, .max_bytes = ANSWER_BYTES };
	struct http_transferred done;
	enum status st;

	TRY(build(req, arena, url, form, &basic, err));
	header.value = basic;
	t.n_headers = basic.len > 0;
	t.url = buf_slice(url);
	if (form->len > 1)
		t.form = slice_take(buf_slice(form), form->len - 1);
	st = http_client_get(req->http, &t, &done, err);
	if (st == STATUS_OK)
		st = token_answer_parse(buf_slice(&answer), arena, out, err);
	if (answer.ptr)
		explicit_bzero(answer.ptr, answer.len);
	return st;
}

enum status registry_token(const struct token_request *req, char **out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)8 << 20);
	struct buf AUTO(buf_fini) url = BUF_INIT(URL_BYTES), AUTO(buf_fini) form = BUF_INIT(URL_BYTES);
	struct http_url_text shown;
	struct slice token;
	enum status st;

	TRY(check_realm(req, err));
	st = ask(req, &arena, &url, &form, &token, err);
	if (form.ptr)
		explicit_bzero(form.ptr, form.len);
	if (st != STATUS_OK)
		return err_wrap(err, "token server %s", http_url_shown(&shown, req->challenge->realm));
	*out = malloc(token.len + sizeof("Bearer "));
	if (!*out)
		return err_nomem(err, "a token");
	memcpy(*out, "Bearer ", 7);
	memcpy(*out + 7, token.ptr, token.len + 1); /* arena_copy() has put a NUL behind it */
	return STATUS_OK;
}
