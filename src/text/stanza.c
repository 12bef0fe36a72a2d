/* SPDX-License-Identifier: Apache-2.0 */
/* stanza.c - "Field: value" paragraphs over borrowed bytes (deb822(5), RFC 822 headers). */
#include "text/stanza.h"

/* The line at pos without its end; *next is the position after it. */
static struct slice line_at(struct slice in, size_t pos, size_t *next)
{
	struct slice rest = slice_from(in, pos), line = SLICE_EMPTY;
	size_t before = rest.len;

	slice_line(&rest, &line);
	*next = pos + (before - rest.len);
	return line;
}

static bool is_blank(struct slice line)
{
	/* Only leading blanks are looked at, so a long line costs nothing. */
	for (size_t i = 0; i < line.len; i++)
		if (!is_space(line.ptr[i]))
			return false;
	return true;
}

static bool is_folded(struct slice line)
{
	return line.len > 0 && (line.ptr[0] == ' ' || line.ptr[0] == '\t') && !is_blank(line);
}

/* Printable ASCII but the colon; a comment or an option is no field. */
static bool is_name(struct slice name)
{
	if (name.len == 0 || name.ptr[0] == '#' || name.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
			return false;
	return true;
}

/* Go past the continuation lines at pos; the bytes of them, without the last line's end. */
static struct slice take_folded(struct stanza_reader *r)
{
	size_t from = r->pos, end = from, next;

	while (r->pos < r->in.len) {
		struct slice line = line_at(r->in, r->pos, &next);

		if (!is_folded(line))
			break;
		end = r->pos + line.len;
		r->pos = next;
	}
	return end > from ? slice_make(r->in.ptr + from, end - from) : SLICE_EMPTY;
}

bool stanza_next(struct stanza_reader *r, size_t *out_offset)
{
	size_t next;

	while (r->pos < r->in.len) {
		bool blank = is_blank(line_at(r->in, r->pos, &next));

		if (blank)
			r->inside = false;
		else if (!r->inside)
			break;
		r->pos = next;
	}
	if (r->pos >= r->in.len)
		return false;
	r->inside = true;
	*out_offset = r->pos;
	return true;
}

bool stanza_field(struct stanza_reader *r, struct stanza_field *out)
{
	while (r->inside && r->pos < r->in.len) {
		size_t next, offset = r->pos;
		struct slice line = line_at(r->in, offset, &next), name, value;

		r->pos = next;
		if (is_blank(line)) {
			r->inside = false;
			return false;
		}
		if (slice_cut(line, ':', &name, &value) && is_name(name) && slice_find_byte(value, 0) == SIZE_MAX) {
			*out = (struct stanza_field){ name, slice_trim(value), take_folded(r), offset };
			return true;
		}
		if (r->bad)
			r->bad(r->ctx, offset, line);
		/* What continues such a line belongs to it. */
		take_folded(r);
	}
	r->inside = false;
	return false;
}
