/* SPDX-License-Identifier: Apache-2.0 */
/* negotiate.c - choosing what a client accepts. */
#include "server/negotiate.h"

#define ELEMENTS 32

/* Weights are thousandths; RFC 9110 has three decimals, Go reads any float. */
struct weighed {
	struct slice type, subtype;
	unsigned q;
};

static bool is_token(struct slice s)
{
	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?=", c))
			return false;
	}
	return true;
}

/* "0.25" in thousandths, at most 1; false if it is no such number. */
static bool read_q(struct slice s, unsigned *out)
{
	struct slice whole, part;
	uint64_t w = 0;
	unsigned q, scale = 100;

	if (s.len == 0)
		return false;
	slice_cut(s, '.', &whole, &part);
	if ((whole.len > 0 && !slice_to_u64(whole, &w)) || (whole.len == 0 && part.len == 0))
		return false;
	q = w > 1 ? 1000 : (unsigned)w * 1000;
	for (size_t i = 0; i < part.len; i++, scale /= 10) {
		if (!is_digit(part.ptr[i]))
			return false;
		q += (unsigned)(part.ptr[i] - '0') * scale;
	}
	*out = MIN(q, 1000);
	return true;
}

/* Take the next parameter off; values may be quoted. False if it is malformed. */
static bool take_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
	size_t end;
	struct slice s = *rest;

	end = slice_find_byte(s, '=');
	if (end == SIZE_MAX)
		return false;
	*name = slice_trim(slice_take(s, end));
	s = slice_from(s, end + 1);
	if (s.len > 0 && s.ptr[0] == '"') {
		for (end = 1; end < s.len && s.ptr[end] != '"'; end++)
			end += s.ptr[end] == '\\';
		if (end >= s.len)
			return false;
		*value = slice_make(s.ptr + 1, end - 1);
		s = slice_trim(slice_from(s, end + 1));
		if (s.len > 0 && s.ptr[0] != ';')
			return false;
		*rest = slice_from(s, 1);
		return is_token(*name);
	}
	slice_cut(s, ';', value, rest);
	*value = slice_trim(*value);
	return is_token(*name) && is_token(*value);
}

/* One element of Accept. NULL, or what Go's mime package says of it. */
static const char *read_element(struct slice s, struct weighed *out)
{
	struct slice type, rest, name, value;

	slice_cut(s, ';', &type, &rest);
	type = slice_trim(type);
	if (type.len == 0)
		return "mime: no media type";
	if (!slice_cut(type, '/', &out->type, &out->subtype))
		return is_token(type) ? "mime: expected slash after first token" : "mime: expected token after slash";
	if (!is_token(out->type))
		return "mime: expected slash after first token";
	if (!is_token(out->subtype))
		return "mime: unexpected content after media subtype";
	out->q = 1000;
	while (slice_trim(rest).len > 0) {
		rest = slice_trim(rest);
		if (!take_parameter(&rest, &name, &value))
			return "mime: invalid media parameter";
		if (slice_eq_nocase(name, SLICE("q")) && !read_q(value, &out->q))
			out->q = 0;
	}
	return NULL;
}

static bool matches(const struct weighed *w, struct slice allowed)
{
	struct slice type, subtype;

	slice_cut(allowed, '/', &type, &subtype);
	if (slice_eq(w->type, SLICE("*")))
		return slice_eq(w->subtype, SLICE("*"));
	return slice_eq_nocase(w->type, type) &&
	       (slice_eq(w->subtype, SLICE("*")) || slice_eq_nocase(w->subtype, subtype));
}

static const char *refuse(struct response *resp, const char *const *allowed, size_t n)
{
	struct slice all = SLICE_EMPTY;

	for (size_t i = 0; i < n; i++) {
		if (!arena_printf(resp->arena, &all, "%.*s%s%s", SLICE_ARG(all), i > 0 ? " " : "", allowed[i]))
			break;
	}
	response_error(resp, 415, "unable to negotiate common media type for [%.*s]", SLICE_ARG(all));
	return NULL;
}

/* Clair sorts stably by weight. */
static void add_sorted(struct weighed *at, size_t *n, const struct weighed *w)
{
	size_t i = *n;

	for (; i > 0 && at[i - 1].q < w->q; i--)
		at[i] = at[i - 1];
	at[i] = *w;
	(*n)++;
}

const char *negotiate_type(const struct request *req, struct response *resp, const char *const *allowed, size_t n)
{
	struct weighed wanted[ELEMENTS], w;
	struct slice line, element;
	size_t n_wanted = 0, n_lines = 0;

	for (; request_header(req, "Accept", n_lines, &line); n_lines++) {
		do {
			const char *wrong;

			bool more = slice_cut(line, ',', &element, &line);
			wrong = n_wanted == ELEMENTS ? "too many media types" : read_element(element, &w);
			if (wrong) {
				response_error(resp, 400, "malformed request: %s", wrong);
				return NULL;
			}
			add_sorted(wanted, &n_wanted, &w);
			if (!more)
				break;
		} while (true);
	}
	if (n_lines == 0)
		return allowed[0];
	for (size_t i = 0; i < n_wanted; i++) {
		for (size_t k = 0; k < n; k++) {
			if (matches(&wanted[i], slice_cstr(allowed[k])))
				return allowed[k];
		}
	}
	return refuse(resp, allowed, n);
}

bool negotiate_not_modified(const struct request *req, struct slice tag)
{
	struct slice line;

	for (size_t i = 0; request_header(req, "If-None-Match", i, &line); i++) {
		if (line.len == tag.len + 2 && line.ptr[0] == '"' && line.ptr[line.len - 1] == '"' &&
		    slice_eq(slice_make(line.ptr + 1, tag.len), tag))
			return true;
	}
	return false;
}

const char *content_coding_name(enum content_coding coding)
{
	static const char *const names[] = { NULL, "gzip", "deflate", "zstd", NULL };

	return names[coding];
}

struct offer {
	enum content_coding coding;
	bool star;
	unsigned q;
};

/* One element of Accept-Encoding; false if nothing here knows the coding. */
static bool read_coding(struct slice s, struct offer *out, bool *forbidden)
{
	struct slice name, rest, key, value;

	slice_cut(s, ';', &name, &rest);
	name = slice_trim(name);
	rest = slice_trim(rest);
	/* A coding without a weight counts as 0 when they are sorted, and only "q=0" forbids: Clair's reading. */
	out->q = 0;
	*forbidden = slice_eq(rest, SLICE("q=0"));
	if (slice_cut(rest, '=', &key, &value) && slice_eq(slice_trim(key), SLICE("q")) && !read_q(value, &out->q))
		*forbidden = true;
	out->star = slice_eq(name, SLICE("*"));
	for (int c = CODING_GZIP; c <= CODING_ZSTD; c++) {
		if (slice_eq_nocase(name, slice_cstr(content_coding_name((enum content_coding)c)))) {
			out->coding = (enum content_coding)c;
			return true;
		}
	}
	if (slice_eq_nocase(name, SLICE("x-gzip"))) {
		out->coding = CODING_GZIP;
		return true;
	}
	out->coding = CODING_IDENTITY;
	return out->star || slice_eq_nocase(name, SLICE("identity"));
}

enum content_coding negotiate_coding(const struct request *req, bool *told)
{
	struct slice line, element;
	struct offer offers[ELEMENTS], o;
	size_t n = 0;
	bool no_identity = false, no_star = false, no_gzip = false, forbidden, more;

	*told = false;
	if (!request_header(req, "Accept-Encoding", 0, &line))
		return CODING_IDENTITY;
	do {
		size_t i;

		more = slice_cut(line, ',', &element, &line);
		if (!read_coding(element, &o, &forbidden))
			continue;
		if (forbidden) {
			no_star |= o.star;
			no_identity |= !o.star && o.coding == CODING_IDENTITY;
			no_gzip |= o.coding == CODING_GZIP;
			continue;
		}
		if (n == ELEMENTS)
			break;
		for (i = n++; i > 0 && offers[i - 1].q < o.q; i--)
			offers[i] = offers[i - 1];
		offers[i] = o;
	} while (more);
	for (size_t i = 0; i < n; i++) {
		if (!offers[i].star && offers[i].coding != CODING_IDENTITY)
			return offers[i].coding;
		if (offers[i].star && !no_gzip)
			return CODING_GZIP;
		if (offers[i].star && no_identity)
			return CODING_NONE;
		break;
	}
	*told = true;
	return n == 0 && (no_identity || no_star) ? CODING_NONE : CODING_IDENTITY;
}
