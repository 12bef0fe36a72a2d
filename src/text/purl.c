/* SPDX-License-Identifier: Apache-2.0 */
/* purl.c - taking package URLs apart from the right, and writing them in canonical form (purl-spec). */
#include "text/purl.h"

struct purl_rule {
	struct slice type;
	bool lower_namespace, lower_name, dash;
};

static const struct purl_rule rules[] = {
#define PURL(type, ns, name, dash) { SLICE_INIT(type), ns, name, dash },
#include "text/purl_types.def"
#undef PURL
};

static const struct purl_rule *find_rule(struct slice type)
{
	static const struct purl_rule none;

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (slice_eq_nocase(rules[i].type, type))
			return &rules[i];
	return &none;
}

static enum status bad(struct slice part, const char *what, struct err *err)
{
	struct err_quote q;

	return err_set(err, STATUS_MALFORMED, "package URL: %s \"%s\"", what, err_slice(&q, part));
}

static enum status decode(struct slice in, struct arena *arena, struct slice *out, struct err *err)
{
	uint8_t *p;
	size_t n = 0;

	*out = SLICE_EMPTY;
	if (in.len == 0)
		return STATUS_OK;
	p = arena_alloc(arena, in.len);
	if (!p)
		return err_nomem(err, "package URL");
	for (size_t i = 0; i < in.len; i++) {
		p[n] = in.ptr[i];
		if (p[n] == '%') {
			int high = in.len - i >= 3 ? hex_value(in.ptr[i + 1]) : -1;
			int low = in.len - i >= 3 ? hex_value(in.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return bad(in, "bad percent code in", err);
			p[n] = (uint8_t)(high * 16 + low);
			i += 2;
		}
		n++;
	}
	*out = slice_make(p, n);
	return slice_is_utf8(*out) ? STATUS_OK : bad(*out, "invalid UTF-8 in", err);
}

/* In place: decoded parts are ours. */
static void lower(struct slice s, bool dash)
{
	uint8_t *p = (uint8_t *)(uintptr_t)s.ptr;

	for (size_t i = 0; i < s.len; i++)
		p[i] = dash && p[i] == '_' ? '-' : to_lower(p[i]);
}

/* Segments between slashes, each decoded, empty ones left out; a subpath also loses "." and "..". */
static enum status decode_path(struct slice in, bool subpath, struct arena *arena, struct slice *out, struct err *err)
{
	struct slice word, part;
	uint8_t *p = NULL;
	size_t n = 0;

	*out = SLICE_EMPTY;
	if (in.len == 0)
		return STATUS_OK;
	p = arena_alloc(arena, in.len);
	if (!p)
		return err_nomem(err, "package URL");
	while (slice_word(&in, '/', &word)) {
		TRY(decode(word, arena, &part, err));
		if (subpath && (slice_eq(part, SLICE(".")) || slice_eq(part, SLICE(".."))))
			continue;
		if (slice_find_byte(part, '/') != SIZE_MAX)
			return bad(word, "encoded slash in the segment", err);
		if (n)
			p[n++] = '/';
		memcpy(p + n, part.ptr, part.len);
		n += part.len;
	}
	*out = slice_make(p, n);
	return STATUS_OK;
}

static bool is_key(struct slice key)
{
	for (size_t i = 0; i < key.len; i++)
		if (!is_alnum(key.ptr[i]) && key.ptr[i] != '.' && key.ptr[i] != '-' && key.ptr[i] != '_')
			return false;
	return key.len > 0 && !is_digit(key.ptr[0]);
}

static enum status parse_qualifiers(struct slice in, struct arena *arena, struct purl *p, struct err *err)
{
	struct slice pair, key, value;

	while (slice_word(&in, '&', &pair)) {
		struct purl_qualifier *q;

		slice_cut(pair, '=', &key, &value);
		if (!is_key(key))
			return bad(key, "qualifier key", err);
		if (value.len == 0)
			continue;
		if (p->n_qualifiers == ARRAY_LEN(p->qualifiers))
			return err_set(err, STATUS_LIMIT, "package URL: more than %zu qualifiers",
				       ARRAY_LEN(p->qualifiers));
		for (size_t i = 0; i < p->n_qualifiers; i++)
			if (slice_eq_nocase(p->qualifiers[i].key, key))
				return bad(key, "repeated qualifier", err);
		q = &p->qualifiers[p->n_qualifiers++];
		if (!arena_copy(arena, key, &q->key))
			return err_nomem(err, "package URL");
		lower(q->key, false);
		TRY(decode(value, arena, &q->value, err));
	}
	return STATUS_OK;
}

static enum status parse_type(struct slice in, struct arena *arena, struct slice *out, struct err *err)
{
	for (size_t i = 0; i < in.len; i++)
		if (!is_alnum(in.ptr[i]) && in.ptr[i] != '.' && in.ptr[i] != '-' && in.ptr[i] != '+')
			return bad(in, "type", err);
	if (in.len == 0 || is_digit(in.ptr[0]))
		return bad(in, "type", err);
	if (!arena_copy(arena, in, out))
		return err_nomem(err, "package URL");
	lower(*out, false);
	return STATUS_OK;
}

/* The version follows the last '@', unless that is a scope's: "@scope/name" is often written so. */
static void cut_version(struct slice *rest, struct slice *version)
{
	size_t at = slice_rfind_byte(*rest, '@');

	*version = SLICE_EMPTY;
	if (at == SIZE_MAX)
		return;
	if ((at == 0 || rest->ptr[at - 1] == '/') && slice_find_byte(slice_from(*rest, at), '/') != SIZE_MAX)
		return;
	*version = slice_from(*rest, at + 1);
	*rest = slice_take(*rest, at);
}

static struct slice strip_slashes(struct slice s)
{
	while (s.len > 0 && s.ptr[0] == '/')
		s = slice_from(s, 1);
	while (s.len > 0 && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

enum status purl_parse(struct slice text, struct arena *arena, struct purl *out, struct err *err)
{
	struct slice rest = text, subpath, qualifiers, scheme, type, version, name, ns = SLICE_EMPTY;
	const struct purl_rule *rule;
	struct purl p = { 0 };

	slice_rcut(rest, '#', &rest, &subpath);
	slice_rcut(rest, '?', &rest, &qualifiers);
	if (!slice_cut(rest, ':', &scheme, &rest) || !slice_eq_nocase(scheme, SLICE("pkg")))
		return bad(text, "expected pkg: in", err);
	if (!slice_cut(strip_slashes(rest), '/', &type, &rest))
		return bad(text, "no name in", err);
	TRY(parse_type(type, arena, &p.type, err));
	cut_version(&rest, &version);
	name = strip_slashes(rest);
	if (slice_rfind_byte(name, '/') != SIZE_MAX)
		slice_rcut(name, '/', &ns, &name);
	if (name.len == 0)
		return bad(text, "no name in", err);
	TRY(decode(name, arena, &p.name, err));
	TRY(decode(version, arena, &p.version, err));
	TRY(decode_path(ns, false, arena, &p.namespace_, err));
	TRY(decode_path(subpath, true, arena, &p.subpath, err));
	TRY(parse_qualifiers(qualifiers, arena, &p, err));
	rule = find_rule(p.type);
	if (rule->lower_namespace)
		lower(p.namespace_, false);
	if (rule->lower_name)
		lower(p.name, rule->dash);
	*out = p;
	return STATUS_OK;
}

/* Percent-encode all but unreserved characters, the colon and what `keep` adds. */
static void encode(struct slice s, uint8_t keep, bool lower_case, bool dash, struct buf *out)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = lower_case ? to_lower(s.ptr[i]) : s.ptr[i];

		if (dash && c == '_')
			c = '-';
		if (is_alnum(c) || c == '.' || c == '-' || c == '_' || c == '~' || c == ':' || (keep && c == keep)) {
			buf_add_byte(out, c);
			continue;
		}
		buf_add_byte(out, '%');
		buf_add_byte(out, (uint8_t)hex[c >> 4]);
		buf_add_byte(out, (uint8_t)hex[c & 15]);
	}
}

static void print_path(struct slice path, bool lower_case, char before, char after, struct buf *out)
{
	struct slice word;

	while (slice_word(&path, '/', &word)) {
		if (before)
			buf_add_byte(out, (uint8_t)before);
		before = after ? '\0' : '/';
		encode(word, 0, lower_case, false, out);
		if (after)
			buf_add_byte(out, (uint8_t)after);
	}
}

static void print_qualifiers(const struct purl *p, struct buf *out)
{
	char before = '?';
	size_t order[ARRAY_LEN(p->qualifiers)];
	size_t n = MIN(p->n_qualifiers, ARRAY_LEN(order));

	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at > 0 && slice_cmp(p->qualifiers[order[at - 1]].key, p->qualifiers[i].key) > 0; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (size_t i = 0; i < n; i++) {
		const struct purl_qualifier *q = &p->qualifiers[order[i]];

		if (q->value.len == 0)
			continue;
		buf_add_byte(out, (uint8_t)before);
		before = '&';
		encode(q->key, 0, true, false, out);
		buf_add_byte(out, '=');
		encode(q->value, '/', false, false, out);
	}
}

void purl_print(const struct purl *p, struct buf *out)
{
	const struct purl_rule *rule = find_rule(p->type);

	buf_add_cstr(out, "pkg:");
	encode(p->type, '+', true, false, out);
	buf_add_byte(out, '/');
	print_path(p->namespace_, rule->lower_namespace, '\0', '/', out);
	encode(p->name, 0, rule->lower_name, rule->dash, out);
	if (p->version.len) {
		buf_add_byte(out, '@');
		encode(p->version, 0, false, false, out);
	}
	print_qualifiers(p, out);
	print_path(p->subpath, false, '#', '\0', out);
}
