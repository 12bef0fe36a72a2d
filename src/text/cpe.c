/* SPDX-License-Identifier: Apache-2.0 */
/* cpe.c - unbinding CPE names of both bindings and binding them as formatted strings (NIST IR 7695, section 6). */
#include "text/cpe.h"

#define URI_COMPONENTS 7

static bool is_punctuation(uint8_t c)
{
	return c > ' ' && c < 0x7f && !is_alnum(c) && c != '_';
}

static enum status bad_value(struct slice value, const char *what, struct err *err)
{
	struct err_quote q;

	return err_set(err, STATUS_MALFORMED, "CPE: %s in \"%s\"", what, err_slice(&q, value));
}

/* Characters of a value; a quoted pair is one. *quoted tells which. */
static uint8_t next_char(struct slice v, size_t *i, bool *quoted)
{
	*quoted = v.ptr[*i] == '\\' && *i + 1 < v.len;
	*i += *quoted;
	return v.ptr[(*i)++];
}

/* A star stands at an end only, question marks in a run at an end; a value is more than a star or a hyphen. */
static enum status check_value(struct slice v, struct err *err)
{
	size_t first = 0, last = v.len;
	bool quoted;

	if (slice_eq(v, SLICE("\\-")))
		return bad_value(v, "no value", err);
	if (v.ptr[0] == '*')
		first = 1;
	else
		while (first < v.len && v.ptr[first] == '?')
			first++;
	/* A wildcard after a backslash is quoted: find where the last unquoted run begins. */
	for (size_t i = first, run = v.len; i < v.len;) {
		size_t at = i;
		uint8_t c = next_char(v, &i, &quoted);
		bool wild = !quoted && (c == '*' || c == '?');

		if (wild && run == v.len)
			run = at;
		else if (!wild)
			run = v.len;
		last = run;
	}
	if (first < v.len && last <= first)
		return bad_value(v, "nothing but wildcards", err);
	for (size_t i = first; i < last;) {
		uint8_t c = next_char(v, &i, &quoted);

		if (!quoted && (c == '*' || c == '?'))
			return bad_value(v, "wildcard in the middle", err);
	}
	if (last < v.len && slice_find_byte(slice_from(v, last), '*') != SIZE_MAX && v.len - last > 1)
		return bad_value(v, "wildcard in the middle", err);
	return STATUS_OK;
}

/* Store out[0..n) as attribute a. */
static enum status put_value(struct cpe *c, size_t a, const uint8_t *text, size_t n, struct err *err)
{
	struct slice v = slice_make(text, n);

	TRY(check_value(v, err));
	if (a == CPE_PART && (n != 1 || (text[0] != 'a' && text[0] != 'o' && text[0] != 'h')))
		return bad_value(v, "part is none of a, o, h", err);
	c->attr[a].kind = CPE_VALUE;
	c->attr[a].value = v;
	return STATUS_OK;
}

/* One percent code of the URI binding at in[i]; writes at most 2 bytes. */
static enum status decode_percent(struct slice in, size_t i, uint8_t *out, size_t *n, struct err *err)
{
	int high = in.len - i >= 3 ? hex_value(in.ptr[i + 1]) : -1;
	int low = in.len - i >= 3 ? hex_value(in.ptr[i + 2]) : -1;
	uint8_t c;

	if (high < 0 || low < 0)
		return bad_value(in, "bad percent code", err);
	c = (uint8_t)(high * 16 + low);
	if (c == 1 || c == 2) {
		out[(*n)++] = c == 1 ? '?' : '*';
		return STATUS_OK;
	}
	if (is_punctuation(c))
		out[(*n)++] = '\\';
	else if (!is_alnum(c) && c != '_')
		return bad_value(in, "percent code of a character that is not allowed", err);
	out[(*n)++] = to_lower(c);
	return STATUS_OK;
}

static enum status decode_uri(struct cpe *c, size_t a, struct slice in, struct arena *arena, struct err *err)
{
	uint8_t *out;
	size_t n = 0;

	c->attr[a].kind = in.len == 0 ? CPE_ANY : CPE_NA;
	if (in.len == 0 || slice_eq(in, SLICE("-")))
		return STATUS_OK;
	out = arena_array(arena, in.len, 2);
	if (!out)
		return err_nomem(err, "CPE name");
	for (size_t i = 0; i < in.len; i++) {
		uint8_t ch = in.ptr[i];

		if (is_alnum(ch) || ch == '_') {
			out[n++] = to_lower(ch);
		} else if (ch == '.' || ch == '-' || ch == '~') {
			out[n++] = '\\';
			out[n++] = ch;
		} else if (ch == '%') {
			TRY(decode_percent(in, i, out, &n, err));
			i += 2;
		} else {
			return bad_value(in, "character that must be percent-encoded", err);
		}
	}
	return put_value(c, a, out, n, err);
}

/* "~edition~sw_edition~target_sw~target_hw~other" */
static enum status unpack_edition(struct cpe *c, struct slice in, struct arena *arena, struct err *err)
{
	static const uint8_t attrs[] = { CPE_EDITION, CPE_SW_EDITION, CPE_TARGET_SW, CPE_TARGET_HW, CPE_OTHER };
	struct slice rest = slice_from(in, 1), part;

	for (size_t i = 0; i < ARRAY_LEN(attrs); i++) {
		bool more = slice_cut(rest, '~', &part, &rest);

		if (more != (i + 1 < ARRAY_LEN(attrs)))
			return bad_value(in, "packed edition without five parts", err);
		TRY(decode_uri(c, attrs[i], part, arena, err));
	}
	return STATUS_OK;
}

static enum status parse_uri(struct slice text, struct arena *arena, struct cpe *c, struct err *err)
{
	struct slice rest = text, part;
	bool more = true;

	for (size_t a = CPE_PART; a < URI_COMPONENTS; a++) {
		part = SLICE_EMPTY;
		if (more)
			more = slice_cut(rest, ':', &part, &rest);
		if (a == CPE_EDITION && part.len > 0 && part.ptr[0] == '~')
			TRY(unpack_edition(c, part, arena, err));
		else
			TRY(decode_uri(c, a, part, arena, err));
	}
	if (more)
		return bad_value(text, "more than seven components", err);
	return STATUS_OK;
}

/* Take the next field, up to an unescaped colon; false if that colon was not there. */
static bool next_field(struct slice *rest, struct slice *field)
{
	size_t i = 0;

	while (i < rest->len && rest->ptr[i] != ':')
		i += rest->ptr[i] == '\\' ? 2 : 1;
	i = MIN(i, rest->len);
	*field = slice_take(*rest, i);
	if (i == rest->len) {
		*rest = SLICE_EMPTY;
		return false;
	}
	*rest = slice_from(*rest, i + 1);
	return true;
}

static enum status decode_formatted(struct cpe *c, size_t a, struct slice in, struct arena *arena, struct err *err)
{
	uint8_t *out;
	size_t n = 0;

	c->attr[a].kind = in.len == 0 ? CPE_UNSET : in.ptr[0] == '*' ? CPE_ANY : CPE_NA;
	if (in.len == 0 || slice_eq(in, SLICE("*")) || slice_eq(in, SLICE("-")))
		return STATUS_OK;
	out = arena_array(arena, in.len, 2);
	if (!out)
		return err_nomem(err, "CPE name");
	for (size_t i = 0; i < in.len; i++) {
		uint8_t ch = in.ptr[i];
		bool quoted = ch == '\\';

		if (quoted && ++i == in.len)
			return bad_value(in, "backslash at the end", err);
		ch = in.ptr[i];
		if (ch <= ' ' || ch >= 0x7f)
			return bad_value(in, "character that is not allowed", err);
		/* Letters, digits and the underscore need no quoting; the rest but wildcards always has it. */
		if (is_punctuation(ch) && (quoted || (ch != '*' && ch != '?')))
			out[n++] = '\\';
		out[n++] = ch;
	}
	return put_value(c, a, out, n, err);
}

static enum status parse_formatted(struct slice text, struct arena *arena, struct cpe *c, struct err *err)
{
	struct slice rest = text, part;

	for (size_t a = 0; a < CPE_ATTRS; a++) {
		bool more = next_field(&rest, &part);

		if (more != (a + 1 < CPE_ATTRS))
			return bad_value(text, "formatted string without eleven attributes", err);
		TRY(decode_formatted(c, a, part, arena, err));
	}
	return STATUS_OK;
}

enum status cpe_parse(struct slice text, struct arena *arena, struct cpe *out, struct err *err)
{
	struct cpe c = { 0 };

	if (slice_eq_nocase(slice_take(text, 5), SLICE("cpe:/")))
		TRY(parse_uri(slice_from(text, 5), arena, &c, err));
	else if (slice_eq_nocase(slice_take(text, 8), SLICE("cpe:2.3:")))
		TRY(parse_formatted(slice_from(text, 8), arena, &c, err));
	else
		return bad_value(text, "expected cpe:/ or cpe:2.3:", err);
	*out = c;
	return STATUS_OK;
}

static void print_value(struct slice v, struct buf *out)
{
	bool quoted;

	for (size_t i = 0; i < v.len;) {
		uint8_t c = next_char(v, &i, &quoted);

		if (quoted && c != '.' && c != '-' && c != '_')
			buf_add_byte(out, '\\');
		buf_add_byte(out, c);
	}
}

void cpe_print(const struct cpe *c, struct buf *out)
{
	bool any = false;

	for (size_t a = 0; a < CPE_ATTRS; a++)
		any = any || c->attr[a].kind != CPE_UNSET;
	if (!any)
		return;
	buf_add_cstr(out, "cpe:2.3");
	for (size_t a = 0; a < CPE_ATTRS; a++) {
		buf_add_byte(out, ':');
		if (c->attr[a].kind == CPE_VALUE)
			print_value(c->attr[a].value, out);
		else
			buf_add_byte(out, c->attr[a].kind == CPE_NA ? '-' : '*');
	}
}
