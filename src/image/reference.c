/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - names of images in registries: grammar and defaults. */
#include "image/reference.h"

#include "base/buf.h"

#define TAG_MAX 128
#define PATH_MAX_BYTES 255

/* ---- pieces of the grammar ---- */

static bool is_domain_component(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return s.len > 0 && s.ptr[0] != '-' && s.ptr[s.len - 1] != '-';
}

static bool is_domain_name(struct slice s)
{
	struct slice part;
	bool more = true;

	while (more) {
		more = slice_cut(s, '.', &part, &s);
		if (!is_domain_component(part))
			return false;
	}
	return true;
}

static bool is_port(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* "[" hex digits and colons "]", then perhaps a port. */
static bool is_v6_and_port(struct slice s)
{
	size_t end = slice_find_byte(s, ']');
	struct slice port;

	if (end == SIZE_MAX || end < 2)
		return false;
	for (size_t i = 1; i < end; i++)
		if (hex_value(s.ptr[i]) < 0 && s.ptr[i] != ':')
			return false;
	port = slice_from(s, end + 1);
	return port.len == 0 || (port.ptr[0] == ':' && is_port(slice_from(port, 1)));
}

static bool is_host(struct slice s)
{
	struct slice name, port;

	if (slice_starts(s, SLICE("[")))
		return is_v6_and_port(s);
	return slice_cut(s, ':', &name, &port) ? is_domain_name(name) && is_port(port) : is_domain_name(s);
}

static bool is_path_byte(uint8_t c)
{
	return is_lower(c) || is_digit(c);
}

/* Bytes of the separator that s begins with: ".", "_", "__" or dashes; 0 if it begins with none. */
static size_t separator(struct slice s)
{
	size_t n = 0;

	if (s.len == 0)
		return 0;
	if (s.ptr[0] == '.')
		return 1;
	if (s.ptr[0] == '_')
		return s.len > 1 && s.ptr[1] == '_' ? 2 : 1;
	while (n < s.len && s.ptr[n] == '-')
		n++;
	return n;
}

static bool is_path_component(struct slice s)
{
	while (s.len > 0) {
		size_t n = 0;

		while (n < s.len && is_path_byte(s.ptr[n]))
			n++;
		if (n == 0)
			return false;
		s = slice_from(s, n);
		if (s.len == 0)
			return true;
		n = separator(s);
		if (n == 0)
			return false;
		s = slice_from(s, n);
	}
	return false;
}

static bool is_path(struct slice s)
{
	struct slice part;
	bool more = true;

	while (more) {
		more = slice_cut(s, '/', &part, &s);
		if (!is_path_component(part))
			return false;
	}
	return true;
}

static bool is_tag(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (!is_alnum(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return s.len > 0 && s.len <= TAG_MAX;
}

static bool has_upper(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_upper(s.ptr[i]))
			return true;
	return false;
}

static bool is_identifier(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (hex_value(s.ptr[i]) < 0 || is_upper(s.ptr[i]))
			return false;
	return s.len == 64;
}

/* ---- the whole ---- */

/* A first part is a host if it could not be a part of a path: it has a dot or a colon, or is "localhost". */
static void split_host(struct slice text, struct reference *out, struct slice *rest)
{
	struct slice first;
	bool named = slice_cut(text, '/', &first, rest);

	if (named && (slice_find_byte(first, '.') != SIZE_MAX || slice_find_byte(first, ':') != SIZE_MAX ||
		      slice_eq(first, SLICE("localhost")) || has_upper(first))) {
		out->host = first;
	} else {
		out->host = SLICE("docker.io");
		*rest = text;
	}
	if (slice_eq(out->host, SLICE("index.docker.io")))
		out->host = SLICE("docker.io");
}

static enum status bad(struct err *err, struct slice text, const char *why)
{
	struct err_quote q;

	return err_set(err, STATUS_INVALID, "%s is no reference of an image: %s", err_slice(&q, text), why);
}

static enum status take_digest(struct slice text, struct slice *rest, struct reference *out, struct err *err)
{
	struct slice digest;

	if (!slice_cut(*rest, '@', rest, &digest))
		return STATUS_OK;
	for (size_t i = 0; i < digest.len; i++)
		if (i > 6 && is_upper(digest.ptr[i]))
			return bad(err, text, "a digest has lower-case digits");
	return digest_parse(digest, &out->digest) ? STATUS_OK
						  : bad(err, text, "what follows \"@\" is not sha256:<64 digits>");
}

enum status reference_parse(struct slice text, struct arena *arena, struct reference *out, struct err *err)
{
	struct reference r = { .digest = { 0 } };
	struct slice rest, whole;
	bool tagged;

	if (text.len == 0)
		return bad(err, text, "it is empty");
	if (slice_find(text, SLICE("://")) != SIZE_MAX)
		return bad(err, text, "it has no scheme, as in docker://HOST/PATH:TAG");
	if (is_identifier(text))
		return bad(err, text, "64 hexadecimal digits are an id, not a name");
	split_host(text, &r, &rest);
	TRY(take_digest(text, &rest, &r, err));
	tagged = slice_cut(rest, ':', &r.path, &r.tag);
	if (!is_host(r.host))
		return bad(err, text, "the host before the first \"/\" is none");
	if (has_upper(r.path))
		return bad(err, text, "the name must be lower-case");
	if (!is_path(r.path))
		return bad(err, text, "the name is letters and digits, with \".\", \"_\", \"-\" and \"/\" between");
	if (tagged && !is_tag(r.tag))
		return bad(err, text, "a tag is at most 128 letters, digits, \".\", \"_\" and \"-\"");
	if (slice_eq(r.host, SLICE("docker.io")) && slice_find_byte(r.path, '/') == SIZE_MAX) {
		if (!arena_printf(arena, &whole, "library/%.*s", SLICE_ARG(r.path)))
			return err_nomem(err, "a reference");
		r.path = whole;
	}
	if (r.path.len > PATH_MAX_BYTES)
		return bad(err, text, "the name has more than 255 bytes");
	if (!tagged && r.digest.algo == DIGEST_NONE)
		r.tag = SLICE("latest");
	*out = r;
	return STATUS_OK;
}

void reference_print(const struct reference *r, struct buf *out)
{
	struct digest_text text;

	buf_printf(out, "%.*s/%.*s", SLICE_ARG(r->host), SLICE_ARG(r->path));
	if (r->tag.len > 0)
		buf_printf(out, ":%.*s", SLICE_ARG(r->tag));
	if (r->digest.algo != DIGEST_NONE)
		buf_printf(out, "@%s", digest_print(&text, &r->digest));
}
