/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - lines of a stream, with a cap on each. */
#include "carry/lines.h"

void lines_begin(struct lines *l, struct source *in, size_t max)
{
	*l = (struct lines){ .in = in, .line = BUF_INIT(max) };
}

void lines_end(struct lines *l)
{
	buf_fini(&l->line);
}

static enum status fill(struct lines *l, struct err *err)
{
	size_t n;

	TRY(source_read(l->in, l->block, sizeof(l->block), &n, err));
	l->at = 0;
	l->len = n;
	l->ended = n == 0;
	return STATUS_OK;
}

/* Up to the end of the line or of the block; true if the line has ended. */
static bool take(struct lines *l)
{
	struct slice rest = slice_make(l->block + l->at, l->len - l->at);
	size_t end = slice_find_byte(rest, '\n');
	size_t n = MIN(end, rest.len);

	buf_add(&l->line, slice_take(rest, n));
	l->at += n + (end != SIZE_MAX);
	return end != SIZE_MAX;
}

enum status lines_next(struct lines *l, struct slice *out, struct err *err)
{
	for (;;) {
		bool whole = false;

		buf_reset(&l->line);
		while (!whole && !l->ended) {
			if (l->at == l->len)
				TRY(fill(l, err));
			whole = !l->ended && take(l);
		}
		if (!whole && l->line.len == 0 && l->line.failed == STATUS_OK)
			return err_set(err, STATUS_NOTFOUND, "the end");
		l->number++;
		l->unended = !whole;
		if (l->line.failed == STATUS_LIMIT)
			return err_set(err, STATUS_LIMIT, "a line of more than %zu bytes", l->line.max);
		TRY(buf_check(&l->line, "a line", err));
		*out = slice_trim(buf_slice(&l->line));
		if (out->len > 0)
			return STATUS_OK;
	}
}
