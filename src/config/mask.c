/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.c - passwords out of what is printed: whole secrets, connection strings, URLs, and whatever in a scanner's
 * settings is named like a secret. In doubt it masks.
 */
#include "config/mask.h"

#include "config/tree.h"

#include "base/buf.h"

#define MASK "***"
#define MASK_BYTES ((size_t)4 << 20)

bool mask_is_secret_name(struct slice name)
{
	static const char *const parts[] = {
		"password", "passwd", "passcode", "passphrase", "secret",	 "token",
		"api_key",  "apikey", "private",  "credential", "authorization", "cookie"
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		for (size_t at = 0; at + strlen(parts[i]) <= name.len; at++)
			if (slice_eq_nocase(slice_take(slice_from(name, at), strlen(parts[i])), slice_cstr(parts[i])))
				return true;
	return slice_eq_nocase(name, SLICE("key")) || slice_eq_nocase(name, SLICE("pass"));
}

/* name=value&...: values of names that sound secret. */
static void put_query(struct buf *out, struct slice query)
{
	struct slice pair, name, value;

	for (bool more = true, first = true; more; first = false) {
		bool has_value;

		more = slice_cut(query, '&', &pair, &query);
		has_value = slice_cut(pair, '=', &name, &value);
		if (!first)
			buf_add_byte(out, '&');
		buf_add(out, name);
		if (!has_value)
			continue;
		buf_add_byte(out, '=');
		buf_add(out, mask_is_secret_name(name) ? SLICE(MASK) : value);
	}
}

/* scheme://user:password@host/path?query; a password may hold what it should not, so the last @ counts. */
static void put_url(struct buf *out, struct slice scheme, struct slice rest)
{
	struct slice before, query, user, host, name;
	bool has_query = slice_cut(rest, '?', &before, &query);

	/* A question mark in a password: then an @ comes before any parameter has its value. */
	if (has_query && slice_find_byte(query, '@') < slice_find_byte(query, '=')) {
		before = rest;
		has_query = false;
	}
	buf_add(out, scheme);
	buf_add_cstr(out, "://");
	if (slice_rcut(before, '@', &user, &host)) {
		bool password = slice_cut(user, ':', &name, NULL);

		/* A lone name may be a token, but not where names of databases' users stand. */
		if (password || slice_starts(scheme, SLICE("postgres")))
			buf_add(out, name);
		if (password)
			buf_add_cstr(out, ":" MASK);
		else if (!slice_starts(scheme, SLICE("postgres")))
			buf_add_cstr(out, MASK);
		buf_add_byte(out, '@');
		before = host;
	}
	buf_add(out, before);
	if (!has_query)
		return;
	buf_add_byte(out, '?');
	put_query(out, query);
}

/*
 * A value of libpq's key = value: bare, or in quotes with backslashes. Moves *at behind it. What stands right behind a
 * closing quote belongs to it here, though libpq would refuse it: it may be the rest of a password.
 */
static void skip_value(struct slice s, size_t *at)
{
	bool quoted = false;

	for (; *at < s.len; (*at)++) {
		if (s.ptr[*at] == '\\')
			(*at)++;
		else if (s.ptr[*at] == '\'')
			quoted = !quoted;
		else if (!quoted && is_space(s.ptr[*at]))
			break;
	}
	*at = MIN(*at, s.len);
}

static void put_pairs(struct buf *out, struct slice s)
{
	size_t at = 0;

	while (at < s.len) {
		size_t from = at, equals, value;
		struct slice name;

		while (at < s.len && s.ptr[at] != '=')
			at++;
		equals = at;
		name = slice_trim(slice_make(s.ptr + from, equals - from));
		for (at = MIN(at + 1, s.len); at < s.len && is_space(s.ptr[at]); at++)
			;
		value = at;
		skip_value(s, &at);
		buf_add(out, slice_make(s.ptr + from, value - from));
		/* "sslpassword" as well; a name that swallowed others is a string that libpq refuses: nothing of it is
		 * shown. */
		if (mask_is_secret_name(name) || slice_find_byte(name, ' ') != SIZE_MAX)
			buf_add_cstr(out, MASK);
		else
			buf_add(out, slice_make(s.ptr + value, at - value));
	}
}

bool mask_text(const struct setting *s, struct slice text, struct arena *arena, struct slice *out)
{
	struct buf AUTO(buf_fini) masked = BUF_INIT(MASK_BYTES);
	struct slice scheme, rest;

	if (text.len == 0) {
		*out = text;
		return true;
	}
	if (s && (s->flags & SETTING_SECRET)) {
		*out = SLICE(MASK);
		return true;
	}
	if (value_scheme(text, &scheme, &rest))
		put_url(&masked, scheme, rest);
	else if (s && (s->flags & SETTING_PASSWORD) && slice_find_byte(text, '=') != SIZE_MAX)
		put_pairs(&masked, text);
	else if (s && (s->flags & SETTING_PASSWORD) && slice_find_byte(text, '@') != SIZE_MAX)
		buf_add_cstr(&masked, MASK);
	else
		buf_add(&masked, text);
	return masked.failed == STATUS_OK && arena_copy(arena, buf_slice(&masked), out);
}

static bool mask_node(struct node *n, bool secret, struct arena *arena)
{
	if (n->kind == NODE_STRING || (secret && n->kind == NODE_NUMBER)) {
		if (secret) {
			n->kind = NODE_STRING;
			n->text = SLICE(MASK);
			return true;
		}
		return mask_text(NULL, n->text, arena, &n->text);
	}
	return true;
}

/* What is below a key that sounds secret is secret. */
static bool mask_tree(struct node *root, bool all, struct arena *arena)
{
	struct {
		struct node *node;
		bool secret;
	} stack[CONFIG_DEPTH + 2];
	struct node *n = root;
	size_t depth = 0;
	bool secret = all;

	while (n) {
		bool own = secret || mask_is_secret_name(n->key);

		if (!mask_node(n, own, arena))
			return false;
		if (n->child && depth <= CONFIG_DEPTH) {
			stack[depth].node = n;
			stack[depth++].secret = secret;
			n = n->child;
			secret = own;
			continue;
		}
		while (depth > 0 && !n->next) {
			n = stack[--depth].node;
			secret = stack[depth].secret;
		}
		n = depth > 0 ? n->next : NULL;
	}
	return true;
}

static void ignore_twice(void *ctx, const struct node *again, struct place before, bool fatal)
{
	(void)ctx;
	(void)again;
	(void)before;
	(void)fatal;
}

enum status mask_json(struct slice name, struct slice json, struct arena *arena, struct slice *out, struct err *err)
{
	const struct tree_sink sink = { ignore_twice, NULL };
	struct buf AUTO(buf_fini) text = BUF_INIT(MASK_BYTES);
	struct json_writer w;
	struct place where;
	struct node *root;

	TRY(tree_from_json(json, "", arena, &sink, &root, &where, err));
	if (!mask_tree(root, mask_is_secret_name(name), arena))
		return err_nomem(err, "settings");
	json_writer_init(&w, &text, 0);
	TRY(node_write(root, &w, err));
	TRY(json_writer_end(&w, err));
	return arena_copy(arena, buf_slice(&text), out) ? STATUS_OK : err_nomem(err, "settings");
}
