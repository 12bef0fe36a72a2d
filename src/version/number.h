/* SPDX-License-Identifier: Apache-2.0 */
/* number.h - decimal numbers of any length, compared without conversion. Private to version/. */
#ifndef LIMPID_VERSION_NUMBER_H
#define LIMPID_VERSION_NUMBER_H

#include "base/slice.h"

static inline struct slice number_strip(struct slice digits)
{
	while (digits.len > 0 && digits.ptr[0] == '0')
		digits = slice_from(digits, 1);
	return digits;
}

/* Order two runs of digits by value; an empty run is 0. */
static inline int number_cmp(struct slice a, struct slice b)
{
	a = number_strip(a);
	b = number_strip(b);
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return slice_cmp(a, b);
}

/* Cut the leading run of digits from *s. */
static inline struct slice number_take(struct slice *s)
{
	struct slice run = { s->ptr, 0 };

	while (run.len < s->len && is_digit(s->ptr[run.len]))
		run.len++;
	*s = slice_from(*s, run.len);
	return run;
}

static inline bool all_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	return s.len > 0;
}

#endif
