/* SPDX-License-Identifier: Apache-2.0 */
/* screen.c - columns, colours and wrapping. */
#include "report/screen.h"

#include "text/terminal.h"

#include <stdarg.h>
#include <stdio.h>

/* Narrower terminals get lines that break where they will. */
#define WIDTH_MIN 40
#define PIECE ((size_t)64 << 10)

void screen_init(struct screen *s, const struct report_out *out)
{
	memset(s, 0, sizeof(*s));
	s->out = out;
	s->buf = (struct buf)BUF_INIT((size_t)1 << 26);
	s->width = out->width ? MAX(out->width, (unsigned)WIDTH_MIN) : 0;
}

void screen_fini(struct screen *s)
{
	buf_fini(&s->buf);
}

void screen_tint(struct screen *s, enum tint tint)
{
	static const char *const codes[] = {
		[TINT_NONE] = "\033[0m",	   [TINT_BOLD] = "\033[1m",	   [TINT_DIM] = "\033[2m",
		[TINT_RED] = "\033[31m",	   [TINT_BOLD_RED] = "\033[1;31m", [TINT_YELLOW] = "\033[33m",
		[TINT_BOLD_YELLOW] = "\033[1;33m", [TINT_GREEN] = "\033[32m",	   [TINT_BLUE] = "\033[34m",
		[TINT_INVERSE] = "\033[1;7m",
	};

	if (s->out->colour)
		buf_add_cstr(&s->buf, codes[tint]);
}

enum tint screen_severity_tint(enum severity severity)
{
	static const enum tint tints[SEVERITY_COUNT] = {
		[SEVERITY_UNKNOWN] = TINT_DIM,	 [SEVERITY_NEGLIGIBLE] = TINT_DIM, [SEVERITY_LOW] = TINT_BLUE,
		[SEVERITY_MEDIUM] = TINT_YELLOW, [SEVERITY_HIGH] = TINT_RED,	   [SEVERITY_CRITICAL] = TINT_BOLD_RED,
	};

	return tints[severity];
}

void screen_text(struct screen *s, struct slice text)
{
	size_t before = s->buf.len;

	terminal_put(&s->buf, text);
	s->column += terminal_columns(slice_make(s->buf.ptr + before, s->buf.len - before));
}

void screen_put(struct screen *s, const char *text)
{
	buf_add_cstr(&s->buf, text);
	s->column += terminal_columns(slice_cstr(text));
}

void screen_printf(struct screen *s, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	screen_put(s, text);
}

void screen_blanks(struct screen *s, size_t n)
{
	s->column += n;
	while (n-- > 0)
		buf_add_byte(&s->buf, ' ');
}

void screen_trim(struct screen *s)
{
	while (s->buf.len > 0 && s->buf.ptr[s->buf.len - 1] == ' ')
		s->buf.len--;
}

void screen_space(struct screen *s, size_t columns, size_t indent)
{
	if (s->width > 0 && s->column + 1 + columns > s->width && s->column > indent) {
		screen_newline(s);
		screen_blanks(s, indent);
	} else {
		screen_blanks(s, 1);
	}
}

void screen_newline(struct screen *s)
{
	/* Cells are filled up, the last one of a line in vain. */
	screen_trim(s);
	buf_add_byte(&s->buf, '\n');
	s->column = 0;
}

void screen_cell(struct screen *s, struct slice text, size_t columns)
{
	size_t before = s->buf.len, begin = s->column;
	struct slice written;

	terminal_put(&s->buf, text);
	if (s->buf.failed != STATUS_OK)
		return;
	written = slice_make(s->buf.ptr + before, s->buf.len - before);
	if (terminal_columns(written) > columns) {
		s->buf.len = before + terminal_take(written, columns > 0 ? columns - 1 : 0).len;
		buf_add_cstr(&s->buf, "\u2026");
	}
	written = slice_make(s->buf.ptr + before, s->buf.len - before);
	s->column = begin + terminal_columns(written);
	if (s->column < begin + columns)
		screen_blanks(s, begin + columns - s->column);
}

void screen_wrap(struct screen *s, struct slice text, size_t indent)
{
	struct slice word;
	bool first = true;

	while (slice_word(&text, ' ', &word)) {
		if (!first)
			screen_space(s, terminal_columns(word), indent);
		screen_text(s, word);
		first = false;
	}
}

enum status screen_flush(struct screen *s, struct err *err)
{
	return s->buf.len < PIECE ? STATUS_OK : screen_end(s, err);
}

enum status screen_end(struct screen *s, struct err *err)
{
	TRY(buf_check(&s->buf, "report", err));
	TRY(s->out->write(s->out->ctx, buf_slice(&s->buf), err));
	buf_reset(&s->buf);
	return STATUS_OK;
}
