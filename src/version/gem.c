/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gem.c - versions of Ruby gems, as Gem::Version of RubyGems orders them.
 *
 * Segments are runs of digits and runs of letters; a hyphen stands for ".pre.". Missing segments are 0; zeros before
 * the first word do not count.
 */
#include "version/number.h"
#include "version/scheme.h"

struct segments {
	struct slice rest;
	bool after_word; /* a word has been taken: zeros count from here on */
	size_t zeros;	 /* to be given out before rest */
};

/* A run of digits or of letters, "pre" for a hyphen; false at the end. */
static bool take_segment(struct slice *rest, struct slice *out)
{
	size_t n = 0;

	while (rest->len > 0 && !is_alnum(rest->ptr[0]) && rest->ptr[0] != '-')
		*rest = slice_from(*rest, 1);
	if (rest->len == 0)
		return false;
	if (rest->ptr[0] == '-') {
		*rest = slice_from(*rest, 1);
		*out = SLICE("pre");
		return true;
	}
	while (n < rest->len && is_alnum(rest->ptr[n]) && is_digit(rest->ptr[n]) == is_digit(rest->ptr[0]))
		n++;
	*out = slice_take(*rest, n);
	*rest = slice_from(*rest, n);
	return true;
}

static bool is_zero(struct slice segment)
{
	return all_digits(segment) && number_strip(segment).len == 0;
}

static bool next_segment(struct segments *s, struct slice *out)
{
	struct slice ahead, segment = SLICE_EMPTY;
	size_t zeros = 0;

	if (s->zeros > 0) {
		s->zeros--;
		*out = SLICE("0");
		return true;
	}
	if (!take_segment(&s->rest, out))
		return false;
	if (s->after_word || !is_zero(*out)) {
		s->after_word |= !is_digit(out->ptr[0]);
		return true;
	}
	/* Zeros at last: given out if a number follows, left out before the first word and at the end. */
	for (ahead = s->rest; take_segment(&ahead, &segment); zeros++) {
		bool number = is_digit(segment.ptr[0]);

		if (number && number_strip(segment).len > 0) {
			s->zeros = zeros;
			*out = SLICE("0");
			return true;
		}
		s->rest = ahead;
		if (!number) {
			s->after_word = true;
			*out = segment;
			return true;
		}
	}
	s->rest = SLICE_EMPTY;
	return false;
}

static bool gem_valid(struct slice v)
{
	bool in_pre = false;

	v = slice_trim(v);
	if (v.len == 0)
		return true;
	if (number_take(&v).len == 0)
		return false;
	while (v.len > 0) {
		size_t n = 1;

		/* Words of the first part begin with a dot; from the first hyphen on, hyphens are letters. */
		if (v.ptr[0] == '-')
			in_pre = true;
		else if (v.ptr[0] != '.')
			return false;
		while (n < v.len && (is_alnum(v.ptr[n]) || (in_pre && v.ptr[n] == '-')))
			n++;
		if (n == 1)
			return false;
		v = slice_from(v, n);
	}
	return true;
}

static int compare_segments(struct slice a, struct slice b)
{
	struct segments x = { .rest = a }, y = { .rest = b };

	for (;;) {
		struct slice i = SLICE("0"), k = SLICE("0");
		bool more_x = next_segment(&x, &i), more_y = next_segment(&y, &k);
		bool number_x = is_digit(i.ptr[0]), number_y = is_digit(k.ptr[0]);
		int c;

		if (!more_x && !more_y)
			return 0;
		if (number_x != number_y)
			return number_x ? 1 : -1;
		c = number_x ? number_cmp(i, k) : slice_cmp(i, k);
		if (c != 0)
			return c;
	}
}

static int gem_compare(struct slice a, struct slice b)
{
	bool good_a = gem_valid(a), good_b = gem_valid(b);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	return compare_segments(a, b);
}

const struct version_scheme version_scheme_gem = { "gem", gem_compare, gem_valid };
