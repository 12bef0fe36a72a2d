/* SPDX-License-Identifier: Apache-2.0 */
/* json_writer.c - JSON text, written as its parts are named. */
#include "text/json_writer.h"

#include "base/date.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HAS_MEMBER 0x80U

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent)
{
	*w = (struct json_writer){ .out = out, .indent = indent };
}

static uint8_t level_kind(const struct json_writer *w)
{
	return w->depth ? w->stack[w->depth - 1] & (uint8_t)~HAS_MEMBER : 0;
}

/* Comma, new line and blanks before a member or a closing bracket, where wanted; at most break_room() bytes. */
static uint8_t *write_break(const struct json_writer *w, bool comma, uint8_t *p)
{
	size_t blanks = (size_t)w->depth * w->indent;

	if (comma)
		*p++ = ',';
	if (w->indent) {
		*p++ = '\n';
		memset(p, ' ', blanks);
		p += blanks;
	}
	return p;
}

static size_t break_room(const struct json_writer *w)
{
	return (size_t)w->depth * w->indent + 2;
}

static void put_break(struct json_writer *w, bool comma)
{
	uint8_t *p = buf_reserve(w->out, break_room(w));

	if (p)
		w->out->len += (size_t)(write_break(w, comma, p) - p);
}

/* Is there a member before the one that begins now? */
static bool next_member(struct json_writer *w)
{
	uint8_t *level = &w->stack[w->depth - 1];
	bool has = *level & HAS_MEMBER;

	*level |= HAS_MEMBER;
	return has;
}

/* What stands before any value; false if none may stand here. */
static bool begin_value(struct json_writer *w)
{
	uint8_t kind = level_kind(w);

	if (w->bug || (kind == '{' && !w->have_key) || (kind == 0 && w->done)) {
		w->bug = true;
		return false;
	}
	if (kind == '[')
		put_break(w, next_member(w));
	w->have_key = false;
	if (kind == 0)
		w->done = true;
	return true;
}

static void open_level(struct json_writer *w, uint8_t kind)
{
	if (!begin_value(w))
		return;
	if (w->depth == ARRAY_LEN(w->stack)) {
		w->bug = true;
		return;
	}
	buf_add_byte(w->out, kind);
	w->stack[w->depth++] = kind;
}

void json_object(struct json_writer *w)
{
	open_level(w, '{');
}

void json_array(struct json_writer *w)
{
	open_level(w, '[');
}

void json_close(struct json_writer *w)
{
	uint8_t level;

	if (w->bug || w->depth == 0 || w->have_key) {
		w->bug = true;
		return;
	}
	level = w->stack[--w->depth];
	if (level & HAS_MEMBER)
		put_break(w, false);
	buf_add_byte(w->out, (level & (uint8_t)~HAS_MEMBER) == '{' ? '}' : ']');
}

#define EACH_BYTE(c) ((uint64_t)(c) * UINT64_C(0x0101010101010101))

/* Is one of eight bytes below n (at most 128)? Of bytes above 127 nothing is said: they are asked for apart. */
static inline uint64_t one_below(uint64_t eight, uint8_t n)
{
	return (eight - EACH_BYTE(n)) & ~eight & EACH_BYTE(0x80);
}

static inline uint64_t one_is(uint64_t eight, uint8_t c)
{
	return one_below(eight ^ EACH_BYTE(c), 1);
}

/* How many bytes from i on can stand in a string as they are, at a first look: eight at a time. */
static size_t plain_run(const struct json_writer *w, struct slice s, size_t i)
{
	size_t from = i;

	while (s.len - i >= 8) {
		uint64_t eight;

		memcpy(&eight, s.ptr + i, sizeof(eight));
		if ((eight & EACH_BYTE(0x80)) || one_below(eight, 0x20) || one_is(eight, '"') || one_is(eight, '\\') ||
		    (w->html_escape && (one_is(eight, '<') || one_is(eight, '>') || one_is(eight, '&'))))
			break;
		i += 8;
	}
	while (i < s.len && s.ptr[i] >= 0x20 && s.ptr[i] < 0x80 && s.ptr[i] != '"' && s.ptr[i] != '\\' &&
	       !(w->html_escape && (s.ptr[i] == '<' || s.ptr[i] == '>' || s.ptr[i] == '&')))
		i++;
	return i - from;
}

static void put_escape(struct buf *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	switch (c) {
	case '"':
	case '\\':
		text[1] = (char)c;
		break;
	case '\n':
		text[1] = 'n';
		break;
	case '\r':
		text[1] = 'r';
		break;
	case '\t':
		text[1] = 't';
		break;
	case '\b':
		text[1] = 'b';
		break;
	case '\f':
		text[1] = 'f';
		break;
	default:
		buf_add(out, slice_make(text, 6));
		return;
	}
	buf_add(out, slice_make(text, 2));
}

/* Length of the bytes at i that can be copied; 0 if the byte there has to be replaced. */
static size_t plain_length(const struct json_writer *w, struct slice s, size_t i)
{
	uint8_t c = s.ptr[i];
	size_t n;

	if (c < 0x20 || c == '"' || c == '\\')
		return 0;
	if (c < 0x80)
		return w->html_escape && (c == '<' || c == '>' || c == '&') ? 0 : 1;
	n = utf8_sequence(slice_from(s, i));
	/* U+2028 and U+2029 end a line in JavaScript. */
	if (n == 3 && w->html_escape && c == 0xe2 && s.ptr[i + 1] == 0x80 && (s.ptr[i + 2] & 0xfe) == 0xa8)
		return 0;
	return n;
}

/* A string of which something at i or behind it has to be replaced. */
static void put_rest(struct json_writer *w, struct slice s, size_t i)
{
	size_t run = i;

	while (i < s.len) {
		size_t n = plain_run(w, s, i);

		i += n;
		if (i == s.len)
			break;
		n = plain_length(w, s, i);
		if (n) {
			i += n;
			continue;
		}
		if (i > run)
			buf_add(w->out, slice_make(s.ptr + run, i - run));
		if (s.ptr[i] < 0x80) {
			put_escape(w->out, s.ptr[i]);
		} else if (utf8_sequence(slice_from(s, i)) == 3) {
			buf_add_cstr(w->out, s.ptr[i + 2] & 1 ? "\\u2029" : "\\u2028");
			i += 2;
		} else {
			buf_add_cstr(w->out, "\xef\xbf\xbd");
		}
		run = ++i;
	}
	if (i > run)
		buf_add(w->out, slice_make(s.ptr + run, i - run));
}

static void put_string(struct json_writer *w, struct slice s)
{
	size_t plain = plain_run(w, s, 0);
	uint8_t *p = buf_reserve(w->out, plain + 2);

	if (!p)
		return;
	*p = '"';
	if (plain > 0)
		memcpy(p + 1, s.ptr, plain);
	w->out->len += plain + 1;
	if (plain < s.len)
		put_rest(w, s, plain);
	buf_add_byte(w->out, '"');
}

/* Nearly every key: with all that stands around it, in one go. */
static void put_plain_key(struct json_writer *w, struct slice key)
{
	uint8_t *begin = buf_reserve(w->out, break_room(w) + key.len + 4), *p;

	if (!begin)
		return;
	p = write_break(w, next_member(w), begin);
	*p++ = '"';
	if (key.len > 0)
		memcpy(p, key.ptr, key.len);
	p += key.len;
	*p++ = '"';
	*p++ = ':';
	if (w->indent)
		*p++ = ' ';
	w->out->len += (size_t)(p - begin);
}

void json_key_slice(struct json_writer *w, struct slice key)
{
	if (w->bug || level_kind(w) != '{' || w->have_key) {
		w->bug = true;
		return;
	}
	w->have_key = true;
	if (plain_run(w, key, 0) == key.len) {
		put_plain_key(w, key);
		return;
	}
	put_break(w, next_member(w));
	put_string(w, key);
	buf_add(w->out, w->indent ? SLICE(": ") : SLICE(":"));
}

void json_key(struct json_writer *w, const char *key)
{
	json_key_slice(w, slice_cstr(key));
}

void json_string(struct json_writer *w, struct slice s)
{
	if (begin_value(w))
		put_string(w, s);
}

void json_cstr(struct json_writer *w, const char *s)
{
	json_string(w, slice_cstr(s));
}

static void put_u64(struct buf *out, uint64_t n)
{
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	buf_add(out, slice_make(text + at, sizeof(text) - at));
}

void json_u64(struct json_writer *w, uint64_t n)
{
	if (begin_value(w))
		put_u64(w->out, n);
}

void json_i64(struct json_writer *w, int64_t n)
{
	if (!begin_value(w))
		return;
	if (n < 0)
		buf_add_byte(w->out, '-');
	put_u64(w->out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

/* Fewest significant digits that read back as n (n > 0); *exponent is that of the first digit. */
static size_t shortest_digits(double n, char digits[static 20], int *exponent)
{
	char text[48];
	size_t len = 0;
	const char *p;
	bool negative;

	/* 15 digits are enough for all but the last bits, and trailing zeros go. Subnormal numbers have fewer. */
	for (int precision = n < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, n);
		if (strtod(text, NULL) == n) /* our own text, not input */
			break;
	}
	/* The decimal point depends on the locale; digits and exponent do not. */
	for (p = text; *p && *p != 'e'; p++)
		if (is_digit((uint8_t)*p))
			digits[len++] = *p;
	while (len > 1 && digits[len - 1] == '0')
		len--;
	negative = p[0] && p[1] == '-';
	*exponent = 0;
	for (p = *p ? p + 2 : p; is_digit((uint8_t)*p); p++)
		*exponent = *exponent * 10 + (*p - '0');
	if (negative)
		*exponent = -*exponent;
	return len;
}

/* As ECMAScript and Go print: plain from 1e-6 to below 1e21, else with an exponent. */
static void put_double(struct buf *out, double n)
{
	char digits[20];
	int exponent;
	size_t len = shortest_digits(n, digits, &exponent), whole;

	if (exponent < -6 || exponent >= 21) {
		buf_add(out, slice_make(digits, 1));
		if (len > 1) {
			buf_add_byte(out, '.');
			buf_add(out, slice_make(digits + 1, len - 1));
		}
		buf_printf(out, "e%+d", exponent);
		return;
	}
	if (exponent < 0) {
		buf_add_cstr(out, "0.");
		for (int i = exponent + 1; i < 0; i++)
			buf_add_byte(out, '0');
		buf_add(out, slice_make(digits, len));
		return;
	}
	whole = (size_t)exponent + 1;
	buf_add(out, slice_make(digits, MIN(len, whole)));
	for (size_t i = len; i < whole; i++)
		buf_add_byte(out, '0');
	if (len > whole) {
		buf_add_byte(out, '.');
		buf_add(out, slice_make(digits + whole, len - whole));
	}
}

void json_double(struct json_writer *w, double n)
{
	if (!begin_value(w))
		return;
	if (!isfinite(n)) {
		buf_add_cstr(w->out, "null");
		return;
	}
	if (signbit(n))
		buf_add_byte(w->out, '-');
	if (fpclassify(n) == FP_ZERO)
		buf_add_byte(w->out, '0');
	else
		put_double(w->out, fabs(n));
}

void json_bool(struct json_writer *w, bool b)
{
	if (begin_value(w))
		buf_add_cstr(w->out, b ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	if (begin_value(w))
		buf_add_cstr(w->out, "null");
}

void json_raw(struct json_writer *w, struct slice json)
{
	if (begin_value(w))
		buf_add(w->out, json);
}

void json_member_str(struct json_writer *w, const char *key, struct slice s)
{
	json_key(w, key);
	json_string(w, s);
}

void json_member_cstr(struct json_writer *w, const char *key, const char *s)
{
	json_key(w, key);
	json_cstr(w, s);
}

void json_member_u64(struct json_writer *w, const char *key, uint64_t n)
{
	json_key(w, key);
	json_u64(w, n);
}

void json_member_bool(struct json_writer *w, const char *key, bool b)
{
	json_key(w, key);
	json_bool(w, b);
}

void json_member_time(struct json_writer *w, const char *key, int64_t unix_s)
{
	struct date_text text;

	json_key(w, key);
	if (unix_s == DATE_NONE)
		json_null(w);
	else
		json_cstr(w, date_print(&text, unix_s));
}

enum status json_writer_end(struct json_writer *w, struct err *err)
{
	if (w->bug || w->depth != 0 || !w->done)
		return err_set(err, STATUS_BUG, "JSON writer: parts were written out of order");
	return buf_check(w->out, "JSON text", err);
}
