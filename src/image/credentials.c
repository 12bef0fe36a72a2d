/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.c - the files and programs that know who asks a registry. */
#include "base/base64.h"
#include "image/credentials.h"

#include "base/buf.h"
#include "io/file.h"
#include "text/json.h"

#include <errno.h>
#include <stdio.h>

#define AUTH_FILE_BYTES ((size_t)4 << 20)
#define NETRC_BYTES ((size_t)1 << 20)

/* What docker login has written for its own registry since the first protocol. */
#define HUB_KEY "https://index.docker.io/v1/"

bool credentials_basic(const struct credentials *c, struct arena *arena, struct slice *out)
{
	struct buf AUTO(buf_fini) plain = BUF_INIT(SIZE_MAX), text = BUF_INIT(SIZE_MAX);

	buf_add(&plain, c->account);
	buf_add_byte(&plain, ':');
	buf_add(&plain, c->secret);
	buf_add(&text, SLICE("Basic "));
	base64_encode(buf_slice(&plain), BASE64_PADDED, &text);
	return plain.failed == STATUS_OK && text.failed == STATUS_OK && arena_copy(arena, buf_slice(&text), out);
}

/* ---- config.json ---- */

static bool is_hub(struct slice host)
{
	return slice_eq(host, SLICE("docker.io"));
}

/* "https://host/v1/" and "host/v2/" are the host; "host/name/space" stays, as podman writes it. */
static struct slice plain_key(struct slice key)
{
	bool web = slice_starts(key, SLICE("https://")) || slice_starts(key, SLICE("http://"));

	if (web)
		key = slice_from(key, slice_find(key, SLICE("://")) + 3);
	if (web || slice_ends(key, SLICE("/v1/")) || slice_ends(key, SLICE("/v2/")))
		slice_cut(key, '/', &key, NULL);
	return slice_ends(key, SLICE("/")) ? slice_take(key, key.len - 1) : key;
}

/* How much of the reference a key names; 0 if it is about another. */
static size_t fit_of(struct slice key, const struct reference *ref)
{
	struct slice plain = plain_key(key), rest;

	if (is_hub(ref->host) && (slice_eq(plain, SLICE("index.docker.io")) || slice_eq(plain, SLICE("docker.io")) ||
				  slice_eq(plain, SLICE("registry-1.docker.io"))))
		return slice_eq(key, SLICE(HUB_KEY)) ? 2 : 1;
	if (slice_eq(plain, ref->host))
		return slice_eq(key, plain) ? 2 : 1;
	if (!slice_starts(plain, ref->host) || plain.ptr[ref->host.len] != '/')
		return 0;
	rest = slice_from(plain, ref->host.len + 1);
	if (!slice_starts(ref->path, rest) || (rest.len < ref->path.len && ref->path.ptr[rest.len] != '/'))
		return 0;
	return 2 + rest.len;
}

static enum status take_entry(yyjson_val *v, struct arena *arena, struct credentials *out, struct err *err)
{
	struct slice auth = json_get_str(v, "auth"), pair, password;

	if (!arena_copy(arena, json_get_str(v, "username"), &out->account) ||
	    !arena_copy(arena, json_get_str(v, "password"), &out->secret) ||
	    !arena_copy(arena, json_get_str(v, "identitytoken"), &out->identity_token) ||
	    !arena_copy(arena, json_get_str(v, "registrytoken"), &out->registry_token))
		return err_nomem(err, "credentials");
	if (auth.len == 0)
		return STATUS_OK;
	if (!base64_decode(slice_trim(auth), 0, arena, &pair) || !slice_cut(pair, ':', &out->account, &password))
		return err_set(err, STATUS_MALFORMED, "\"auth\" is not base64 of USER:PASSWORD");
	/* docker strips what older versions of it padded with. */
	while (password.len > 0 && password.ptr[password.len - 1] == 0)
		password.len--;
	out->secret = password;
	return STATUS_OK;
}

/* The member of the map whose key fits best. */
static yyjson_val *best_of(yyjson_val *map, const struct reference *ref, struct slice *out_key)
{
	yyjson_val *key, *value, *best = NULL;
	size_t i, n, most = 0;

	if (!yyjson_is_obj(map))
		return NULL;
	yyjson_obj_foreach(map, i, n, key, value)
	{
		size_t fit = fit_of(json_str(key), ref);

		if (fit > most) {
			most = fit;
			best = value;
			*out_key = json_str(key);
		}
	}
	return best;
}

static enum status take_root(yyjson_val *root, const struct reference *ref, struct arena *arena, struct auth_entry *out,
			     struct err *err)
{
	struct slice key = SLICE_EMPTY;
	yyjson_val *v = best_of(json_get(root, "credHelpers"), ref, &key);

	if (!arena_copy(arena, json_str(v), &out->helper) || !arena_copy(arena, key, &out->helper_key) ||
	    !arena_copy(arena, json_get_str(root, "credsStore"), &out->store))
		return err_nomem(err, "credentials");
	v = best_of(json_get(root, "auths"), ref, &key);
	return yyjson_is_obj(v) ? take_entry(v, arena, &out->own, err) : STATUS_OK;
}

enum status auth_file_parse(struct slice json, const struct reference *ref, struct arena *arena, struct auth_entry *out,
			    struct err *err)
{
	struct auth_entry entry = { .helper = { 0 } };
	struct json_doc doc;
	enum status st;

	if (json_parse(json, &limits_default, &doc, err) != STATUS_OK) {
		/* Words of the parser may quote what stands there. */
		return err_at(err, err->code, err->offset, "it is not a JSON document");
	}
	st = yyjson_is_obj(doc.root) ? take_root(doc.root, ref, arena, &entry, err)
				     : err_set(err, STATUS_MALFORMED, "it is not a JSON object");
	json_doc_free(&doc);
	if (st == STATUS_OK)
		*out = entry;
	return st;
}

/* ---- helpers ---- */

enum status helper_answer_parse(struct slice json, struct arena *arena, struct credentials *out, struct err *err)
{
	struct slice user, secret;
	struct json_doc doc;
	bool kept;

	if (json_parse(json, &limits_default, &doc, err) != STATUS_OK)
		return err_set(err, STATUS_MALFORMED, "its answer is not a JSON document");
	kept = arena_copy(arena, json_get_str(doc.root, "Username"), &user) &&
	       arena_copy(arena, json_get_str(doc.root, "Secret"), &secret);
	json_doc_free(&doc);
	if (!kept)
		return err_nomem(err, "credentials");
	if (secret.len == 0)
		return err_set(err, STATUS_NOTFOUND, "it knows none");
	if (slice_eq(user, SLICE("<token>"))) {
		out->identity_token = secret;
	} else {
		out->account = user;
		out->secret = secret;
	}
	return STATUS_OK;
}

static enum status ask_helper(const struct credential_sources *sources, struct slice name, struct slice key,
			      struct arena *arena, struct credentials *out, struct err *err)
{
	struct slice answer;
	struct err_quote q;
	enum status st = helper_run(sources, name, key, arena, &answer, err);

	if (st == STATUS_OK)
		st = helper_answer_parse(answer, arena, out, err);
	return st == STATUS_OK ? st : err_wrap(err, "docker-credential-%s", err_slice(&q, name));
}

/* ---- netrc ---- */

static bool next_word(struct slice *s, struct slice *out)
{
	size_t n = 0;

	for (;;) {
		while (s->len > 0 && is_space(s->ptr[0]))
			*s = slice_from(*s, 1);
		if (s->len == 0 || s->ptr[0] != '#')
			break;
		(void)slice_line(s, out);
	}
	while (n < s->len && !is_space(s->ptr[n]))
		n++;
	*out = slice_take(*s, n);
	*s = slice_from(*s, n);
	if (out->len > 1 && out->ptr[0] == '"' && out->ptr[out->len - 1] == '"')
		*out = slice_take(slice_from(*out, 1), out->len - 2);
	return n > 0;
}

/* A macro ends at an empty line. */
static void skip_macro(struct slice *s)
{
	struct slice line;

	(void)slice_line(s, &line);
	while (slice_line(s, &line) && slice_trim(line).len > 0)
		continue;
}

bool netrc_parse(struct slice text, struct slice host, struct slice *out_user, struct slice *out_password)
{
	struct slice word, name, *into;
	bool ours = false, found = false;

	slice_cut(host, ':', &host, NULL);
	while (next_word(&text, &word)) {
		bool machine = slice_eq(word, SLICE("machine")), fallback = slice_eq(word, SLICE("default"));

		if (machine || fallback) {
			if (found)
				return true;
			if (machine && !next_word(&text, &name))
				return false;
			found = ours = fallback || slice_eq_nocase(name, host);
			if (found)
				*out_user = *out_password = SLICE_EMPTY;
			continue;
		}
		if (slice_eq(word, SLICE("macdef"))) {
			skip_macro(&text);
			continue;
		}
		into = slice_eq(word, SLICE("login"))	   ? out_user
		       : slice_eq(word, SLICE("password")) ? out_password
							   : &name;
		if (!next_word(&text, &name))
			return found;
		if (ours)
			*into = name;
	}
	return found;
}

/* ---- all of them ---- */

static void trouble(struct credentials *out, const char *file, const struct err *err)
{
	if (out->trouble[0] == '\0')
		snprintf(out->trouble, sizeof(out->trouble), "%.180s: %.200s", file, err->msg);
}

/* False: this file knows nothing. */
static bool from_auth_file(const struct credential_sources *sources, const char *file, const struct reference *ref,
			   struct arena *arena, struct credentials *out)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(AUTH_FILE_BYTES);
	struct slice common_key = is_hub(ref->host) ? SLICE(HUB_KEY) : ref->host;
	struct auth_entry entry = { .helper = { 0 } };
	struct err err = ERR_INIT;

	if (file_read(file, &text, &err) != STATUS_OK ||
	    auth_file_parse(buf_slice(&text), ref, arena, &entry, &err) != STATUS_OK) {
		if (err.sys_errno != ENOENT && err.sys_errno != ENOTDIR)
			trouble(out, file, &err);
		return false;
	}
	if (entry.helper.len > 0) {
		if (ask_helper(sources, entry.helper, entry.helper_key, arena, out, &err) == STATUS_OK)
			return true;
		trouble(out, file, &err);
	}
	if (credentials_known(&entry.own)) {
		memcpy(entry.own.trouble, out->trouble, sizeof(out->trouble));
		*out = entry.own;
		return true;
	}
	if (entry.store.len > 0 && entry.helper.len == 0) {
		if (ask_helper(sources, entry.store, common_key, arena, out, &err) == STATUS_OK)
			return true;
		if (err.code != STATUS_NOTFOUND)
			trouble(out, file, &err);
	}
	return false;
}

static enum status from_netrc(const struct credential_sources *sources, const struct reference *ref,
			      struct arena *arena, struct credentials *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(NETRC_BYTES);
	struct slice user = SLICE_EMPTY, password = SLICE_EMPTY;
	struct err ignored = ERR_INIT;

	if (file_read(sources->netrc, &text, &ignored) != STATUS_OK) {
		if (ignored.sys_errno != ENOENT && ignored.sys_errno != ENOTDIR)
			trouble(out, sources->netrc, &ignored);
		return STATUS_OK;
	}
	if (netrc_parse(buf_slice(&text), ref->host, &user, &password) &&
	    (!arena_copy(arena, user, &out->account) || !arena_copy(arena, password, &out->secret)))
		return err_nomem(err, "credentials");
	return STATUS_OK;
}

enum status credentials_find(const struct credential_sources *sources, const struct reference *ref, struct arena *arena,
			     struct credentials *out, struct err *err)
{
	*out = (struct credentials){ .trouble = "" };
	for (size_t i = 0; sources->auth_files && sources->auth_files[i]; i++)
		if (from_auth_file(sources, sources->auth_files[i], ref, arena, out))
			return STATUS_OK;
	return sources->netrc ? from_netrc(sources, ref, arena, out, err) : STATUS_OK;
}
