/* SPDX-License-Identifier: Apache-2.0 */
/* stomp_frame.c - reading and writing frames of STOMP. */
#include "notify/stomp_frame.h"

struct parser {
	struct slice bytes;
	size_t at;
	enum stomp_version version;
	bool escaped;
	struct arena *arena;
};

enum line { LINE_WHOLE, LINE_OPEN };

/* The next line without its end. */
static enum line take_line(struct parser *p, struct slice *out)
{
	struct slice rest = slice_from(p->bytes, p->at);
	size_t end = slice_find_byte(rest, '\n');

	if (end == SIZE_MAX)
		return LINE_OPEN;
	*out = slice_take(rest, end);
	p->at += end + 1;
	/* A value of 1.1 may end in CR; CONNECTED comes before the version is known. */
	if (out->len > 0 && out->ptr[out->len - 1] == '\r' && (p->version == STOMP_1_2 || !p->escaped))
		out->len--;
	return LINE_WHOLE;
}

static enum status unescape(struct parser *p, struct slice text, struct slice *out, struct err *err)
{
	size_t offset = (size_t)(text.ptr - p->bytes.ptr);
	uint8_t *copy;
	size_t n = 0;

	*out = text;
	if (!p->escaped || p->version == STOMP_1_0 || slice_find_byte(text, '\\') == SIZE_MAX)
		return STATUS_OK;
	copy = arena_alloc(p->arena, text.len);
	if (!copy)
		return err_nomem(err, "a header");
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '\\') {
			uint8_t next = i + 1 < text.len ? text.ptr[i + 1] : 0;

			if (next == 'n')
				c = '\n';
			else if (next == 'c')
				c = ':';
			else if (next == 'r' && p->version == STOMP_1_2)
				c = '\r';
			else if (next != '\\')
				return err_at(err, STATUS_MALFORMED, offset + i, "no escape of STOMP");
			i++;
		}
		copy[n++] = c;
	}
	*out = slice_make(copy, n);
	return STATUS_OK;
}

static enum status take_header(struct parser *p, struct slice line, struct stomp_header *out, struct err *err)
{
	size_t offset = (size_t)(line.ptr - p->bytes.ptr);
	struct slice name, value;

	if (!slice_cut(line, ':', &name, &value))
		return err_at(err, STATUS_MALFORMED, offset, "a header without a colon");
	if (p->version == STOMP_1_0) { /* whose texts were often written with blanks around */
		name = slice_trim(name);
		value = slice_trim(value);
	}
	if (name.len == 0)
		return err_at(err, STATUS_MALFORMED, offset, "a header without a name");
	TRY(unescape(p, name, &out->name, err));
	return unescape(p, value, &out->value, err);
}

static enum status take_headers(struct parser *p, struct stomp_frame *out, bool *out_open, struct err *err)
{
	VEC(struct stomp_header) headers = { 0 };
	struct slice line;

	for (;;) {
		struct stomp_header *h;

		*out_open = take_line(p, &line) == LINE_OPEN;
		if (*out_open || line.len == 0)
			break;
		if (headers.len == STOMP_HEADERS)
			return err_at(err, STATUS_LIMIT, p->at, "more than %d headers", STOMP_HEADERS);
		h = VEC_PUSH(&headers, p->arena);
		if (!h)
			return err_nomem(err, "headers");
		TRY(take_header(p, line, h, err));
	}
	out->headers = headers.at;
	out->n_headers = headers.len;
	return STATUS_OK;
}

static enum status take_body(struct parser *p, struct stomp_frame *out, bool *out_open, struct err *err)
{
	struct slice rest = slice_from(p->bytes, p->at), length = stomp_header_get(out, "content-length");
	uint64_t n;

	if (length.len == 0) {
		n = slice_find_byte(rest, '\0');
		*out_open = n == SIZE_MAX;
	} else {
		if (!slice_to_u64(slice_trim(length), &n))
			return err_at(err, STATUS_MALFORMED, p->at, "content-length is no number");
		if (n > STOMP_FRAME_BYTES)
			return err_at(err, STATUS_LIMIT, p->at, "a frame of more than %zu bytes", STOMP_FRAME_BYTES);
		*out_open = rest.len <= n;
		if (!*out_open && rest.ptr[n] != '\0')
			return err_at(err, STATUS_MALFORMED, p->at + n, "no NUL after the body");
	}
	if (*out_open)
		return STATUS_OK;
	out->body = slice_take(rest, (size_t)n);
	p->at += (size_t)n + 1;
	return STATUS_OK;
}

static bool is_command(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_upper(s.ptr[i]))
			return false;
	return s.len > 0 && s.len <= 16;
}

enum status stomp_parse(struct slice bytes, enum stomp_version version, struct arena *arena, struct stomp_frame *out,
			size_t *out_used, struct err *err)
{
	struct parser p = { .bytes = bytes, .version = version, .arena = arena };
	struct stomp_frame frame = { .n_headers = 0 };
	bool open;

	*out = frame;
	while (p.at < bytes.len && (bytes.ptr[p.at] == '\n' || bytes.ptr[p.at] == '\r'))
		p.at++;
	*out_used = p.at;
	open = take_line(&p, &frame.command) == LINE_OPEN;
	if (!open) {
		if (!is_command(frame.command))
			return err_at(err, STATUS_MALFORMED, *out_used, "no command of STOMP");
		p.escaped = !slice_eq(frame.command, SLICE("CONNECT")) && !slice_eq(frame.command, SLICE("CONNECTED"));
		TRY(take_headers(&p, &frame, &open, err));
	}
	if (!open)
		TRY(take_body(&p, &frame, &open, err));
	if (open && bytes.len - *out_used > STOMP_FRAME_BYTES)
		return err_at(err, STATUS_LIMIT, *out_used, "a frame of more than %zu bytes", STOMP_FRAME_BYTES);
	if (open)
		return STATUS_OK;
	*out = frame;
	*out_used = p.at;
	return STATUS_OK;
}

struct slice stomp_header_get(const struct stomp_frame *f, const char *name)
{
	for (size_t i = 0; i < f->n_headers; i++)
		if (slice_eq(f->headers[i].name, slice_cstr(name)))
			return f->headers[i].value;
	return SLICE_EMPTY;
}

/* ---- writing ---- */

void stomp_begin(struct stomp_writer *w, struct buf *out, enum stomp_version version, const char *command)
{
	*w = (struct stomp_writer){ .out = out, .version = version, .plain = strcmp(command, "CONNECT") == 0 };
	buf_add_cstr(out, command);
	buf_add_byte(out, '\n');
}

/* False if a byte cannot be said. */
static bool add_escaped(struct stomp_writer *w, uint8_t c, bool name)
{
	bool escapes = !w->plain && w->version != STOMP_1_0;

	if (c == '\0' || (c == '\n' && !escapes) || (c == '\r' && w->version != STOMP_1_2 && !w->plain && escapes) ||
	    (c == '\r' && !escapes) || (c == ':' && !escapes && name))
		return false;
	if (escapes && c == '\n')
		buf_add_cstr(w->out, "\\n");
	else if (escapes && c == '\r')
		buf_add_cstr(w->out, "\\r");
	else if (escapes && c == ':')
		buf_add_cstr(w->out, "\\c");
	else if (escapes && c == '\\')
		buf_add_cstr(w->out, "\\\\");
	else
		buf_add_byte(w->out, c);
	return true;
}

void stomp_add(struct stomp_writer *w, const char *name, struct slice value)
{
	for (const char *c = name; *c; c++)
		w->bad = !add_escaped(w, (uint8_t)*c, true) || w->bad;
	buf_add_byte(w->out, ':');
	for (size_t i = 0; i < value.len; i++)
		w->bad = !add_escaped(w, value.ptr[i], false) || w->bad;
	buf_add_byte(w->out, '\n');
}

enum status stomp_end(struct stomp_writer *w, struct slice body, struct err *err)
{
	if (body.len > 0)
		buf_printf(w->out, "content-length:%zu\n", body.len);
	buf_add_byte(w->out, '\n');
	buf_add(w->out, body);
	buf_add_byte(w->out, '\0');
	if (w->bad)
		return err_set(err, STATUS_INVALID, "a header cannot be said in this version of STOMP");
	return buf_check(w->out, "a frame", err);
}
