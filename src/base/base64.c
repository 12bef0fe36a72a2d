/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c - six bits a letter. */
#include "base/base64.h"

static const char letters[2][65] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" };

static int value_of(uint8_t c, unsigned form)
{
	const char *last = letters[(form & BASE64_URL) != 0] + 62;

	if (is_upper(c))
		return c - 'A';
	if (is_lower(c))
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == (uint8_t)last[0] ? 62 : c == (uint8_t)last[1] ? 63 : -1;
}

/* Are so many letters and so much padding a text of this form? */
static bool is_whole(size_t digits, size_t pads, unsigned form)
{
	if (digits % 4 == 1 || pads > 2 || (pads > 0 && (form & BASE64_BARE)))
		return false;
	if (pads > 0 || (form & BASE64_PADDED))
		return (digits + pads) % 4 == 0;
	return true;
}

bool base64_decode(struct slice text, unsigned form, struct arena *arena, struct slice *out)
{
	uint8_t *bytes = arena_alloc(arena, text.len / 4 * 3 + 4);
	size_t n = 0, digits = 0, pads = 0;
	uint32_t bits = 0;

	if (!bytes)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		int v = value_of(c, form);

		if ((form & BASE64_LINES) && (c == '\n' || c == '\r'))
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		if (v < 0 || pads > 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (++digits % 4 != 1)
			bytes[n++] = (uint8_t)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	if (!is_whole(digits, pads, form))
		return false;
	bytes[n] = 0;
	*out = slice_make(bytes, n);
	return true;
}

void base64_encode(struct slice bytes, unsigned form, struct buf *out)
{
	const char *alphabet = letters[(form & BASE64_URL) != 0];
	uint32_t bits = 0;
	unsigned n_bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | bytes.ptr[i];
		for (n_bits += 8; n_bits >= 6; n++) {
			n_bits -= 6;
			buf_add_byte(out, (uint8_t)alphabet[bits >> n_bits & 63]);
		}
	}
	if (n_bits > 0) {
		buf_add_byte(out, (uint8_t)alphabet[bits << (6 - n_bits) & 63]);
		n++;
	}
	for (; (form & BASE64_PADDED) && n % 4 != 0; n++)
		buf_add_byte(out, '=');
}
