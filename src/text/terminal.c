/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - harmless text, and how wide it is. */
#include "text/terminal.h"

static uint32_t code_point(struct slice s, size_t n)
{
	static const uint8_t first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = s.ptr[0] & first_bits[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s.ptr[i] & 0x3f);
	return c;
}

static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff;
}

size_t terminal_harmless(struct slice s)
{
	size_t n = utf8_sequence(s);

	return n > 0 && !is_harmful(code_point(s, n)) ? n : 0;
}

void terminal_put(struct buf *b, struct slice s)
{
	while (s.len > 0) {
		size_t n = terminal_harmless(s);

		if (n > 0) {
			buf_add(b, slice_take(s, n));
		} else {
			buf_add_byte(b, '?');
			n = utf8_sequence(s);
			n = n ? n : 1;
		}
		s = slice_from(s, n);
	}
}

/* The blocks of East Asian Wide and Fullwidth (UAX #11) and of combining marks, in their large parts. */
static size_t columns_of(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		size_t columns;
	} blocks[] = { { 0x0300, 0x036f, 0 },	{ 0x200b, 0x200d, 0 },	{ 0x20d0, 0x20ff, 0 }, { 0xfe00, 0xfe0f, 0 },
		       { 0x1100, 0x115f, 2 },	{ 0x2e80, 0xa4cf, 2 },	{ 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 },
		       { 0xfe30, 0xfe6f, 2 },	{ 0xff00, 0xff60, 2 },	{ 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1f64f, 2 },
		       { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 } };

	for (size_t i = 0; c >= 0x0300 && i < ARRAY_LEN(blocks); i++)
		if (c >= blocks[i].first && c <= blocks[i].last)
			return blocks[i].columns;
	return 1;
}

struct slice terminal_take(struct slice s, size_t max)
{
	size_t at = 0, used = 0;

	while (at < s.len) {
		struct slice rest = slice_from(s, at);
		size_t n = utf8_sequence(rest), wide = n ? columns_of(code_point(rest, n)) : 1;

		if (used + wide > max)
			break;
		used += wide;
		at += n ? n : 1;
	}
	return slice_take(s, at);
}

size_t terminal_columns(struct slice s)
{
	size_t used = 0;

	while (s.len > 0) {
		size_t n = utf8_sequence(s);

		used += n ? columns_of(code_point(s, n)) : 1;
		s = slice_from(s, n ? n : 1);
	}
	return used;
}
