/* SPDX-License-Identifier: Apache-2.0 */
/* screen.h - writing for people: colours, columns and wrapped sentences, all text made harmless. Private to report/. */
#ifndef LIMPID_REPORT_SCREEN_H
#define LIMPID_REPORT_SCREEN_H

#include "base/buf.h"
#include "report/report.h"

enum tint {
	TINT_NONE,
	TINT_BOLD,
	TINT_DIM,
	TINT_RED,
	TINT_BOLD_RED,
	TINT_YELLOW,
	TINT_BOLD_YELLOW,
	TINT_GREEN,
	TINT_BLUE,
	TINT_INVERSE,
};

struct screen {
	const struct report_out *out; /* borrowed */
	struct buf buf;		      /* what was not handed on yet */
	size_t width;		      /* columns; 0 = unlimited */
	size_t column;		      /* where the next character goes */
};

void screen_init(struct screen *s, const struct report_out *out);
void screen_fini(struct screen *s);

/* Colour everything until the next call; nothing where colours are off. */
void screen_tint(struct screen *s, enum tint tint);
enum tint screen_severity_tint(enum severity severity);
/* Text of ours, as it is. */
void screen_put(struct screen *s, const char *text);
void screen_printf(struct screen *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Text of an image or a feed. */
void screen_text(struct screen *s, struct slice text);
/* The same, cut to columns with an ellipsis, and filled up to them with blanks. */
void screen_cell(struct screen *s, struct slice text, size_t columns);
/* Words from here on, broken at the width; further lines begin at column indent. */
void screen_wrap(struct screen *s, struct slice text, size_t indent);
/* A blank, or a new line with an indent if what comes next has more columns than are left. */
void screen_space(struct screen *s, size_t columns, size_t indent);
/* Take back blanks at the end. */
void screen_trim(struct screen *s);
void screen_blanks(struct screen *s, size_t n);
void screen_newline(struct screen *s);
/* Hand on what was written when it is much; call it between lines. */
enum status screen_flush(struct screen *s, struct err *err) NODISCARD;
/* Hand on the rest. */
enum status screen_end(struct screen *s, struct err *err) NODISCARD;

#endif
