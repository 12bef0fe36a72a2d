/* SPDX-License-Identifier: Apache-2.0 */
/*
 * debian_part.h - parts of versions in Debian's order, which dpkg and opam share. Private to version/.
 *
 * Runs of non-digits are ordered with '~' before the end of the text, letters before other bytes; runs of digits by
 * value. Source: deb-version(7).
 */
#ifndef LIMPID_VERSION_DEBIAN_PART_H
#define LIMPID_VERSION_DEBIAN_PART_H

#include "version/number.h"

static inline int debian_weight(struct slice s)
{
	uint8_t c;

	if (s.len == 0 || is_digit(s.ptr[0]))
		return 0;
	c = s.ptr[0];
	if (c == '~')
		return -1;
	/* As where char is signed: bytes beyond ASCII come between letters and punctuation. */
	return is_alpha(c) || c >= 0x80 ? c : c + 256;
}

/* Negative, zero or positive; an empty part is as "0". */
static inline int debian_part_cmp(struct slice a, struct slice b)
{
	while (a.len > 0 || b.len > 0) {
		int c;

		while ((a.len > 0 && !is_digit(a.ptr[0])) || (b.len > 0 && !is_digit(b.ptr[0]))) {
			c = debian_weight(a) - debian_weight(b);
			if (c != 0)
				return c;
			a = slice_from(a, 1);
			b = slice_from(b, 1);
		}
		c = number_cmp(number_take(&a), number_take(&b));
		if (c != 0)
			return c;
	}
	return 0;
}

#endif
