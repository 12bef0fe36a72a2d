/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pub.c - versions of Dart packages: N.N.N[-pre][+build], as pub_semver orders them.
 *
 * Semantic versions but for three things: the build counts (after the version without one), zeros in front of numbers
 * are allowed, and an identifier with a sign is a number.
 */
#include "version/number.h"
#include "version/scheme.h"

/* Dart's int. */
#define INT64_MAX_TEXT "9223372036854775807"
#define INT64_MIN_TEXT "9223372036854775808"

struct pub {
	struct slice number[3];
	struct slice pre, build; /* identifiers joined by dots; "" = none */
};

static bool identifiers_are_valid(struct slice s)
{
	for (;;) {
		struct slice part;
		bool more = slice_cut(s, '.', &part, &s);

		if (part.len == 0)
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!is_alnum(part.ptr[i]) && part.ptr[i] != '-')
				return false;
		if (!more)
			return true;
	}
}

static bool parse(struct slice s, struct pub *out)
{
	size_t plus;

	*out = (struct pub){ .pre = SLICE_EMPTY };
	for (size_t i = 0; i < 3; i++) {
		if (i > 0) {
			if (s.len == 0 || s.ptr[0] != '.')
				return false;
			s = slice_from(s, 1);
		}
		out->number[i] = number_take(&s);
		if (out->number[i].len == 0 || number_cmp(out->number[i], SLICE(INT64_MAX_TEXT)) > 0)
			return false;
	}
	plus = slice_find_byte(s, '+');
	if (plus != SIZE_MAX) {
		out->build = slice_from(s, plus + 1);
		if (!identifiers_are_valid(out->build))
			return false;
		s = slice_take(s, plus);
	}
	if (s.len == 0)
		return true;
	out->pre = slice_from(s, 1);
	return s.ptr[0] == '-' && identifiers_are_valid(out->pre);
}

static bool is_number(struct slice part, bool *out_negative, struct slice *out_digits)
{
	*out_negative = part.len > 1 && part.ptr[0] == '-';
	*out_digits = slice_from(part, *out_negative ? 1 : 0);
	return all_digits(*out_digits) &&
	       number_cmp(*out_digits, *out_negative ? SLICE(INT64_MIN_TEXT) : SLICE(INT64_MAX_TEXT)) <= 0;
}

static int compare_part(struct slice a, struct slice b)
{
	struct slice digits_a, digits_b;
	bool minus_a, minus_b;
	bool number_a = is_number(a, &minus_a, &digits_a), number_b = is_number(b, &minus_b, &digits_b);

	if (number_a != number_b)
		return number_a ? -1 : 1;
	if (!number_a)
		return slice_cmp(a, b);
	minus_a = minus_a && number_strip(digits_a).len > 0;
	minus_b = minus_b && number_strip(digits_b).len > 0;
	if (minus_a != minus_b)
		return minus_a ? -1 : 1;
	return minus_a ? number_cmp(digits_b, digits_a) : number_cmp(digits_a, digits_b);
}

/* Both have something; the longer one is newer. */
static int compare_parts(struct slice a, struct slice b)
{
	for (;;) {
		struct slice x, y;
		bool more_a = slice_cut(a, '.', &x, &a), more_b = slice_cut(b, '.', &y, &b);
		int c = compare_part(x, y);

		if (c != 0)
			return c;
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
	}
}

static int pub_compare(struct slice a, struct slice b)
{
	struct pub x, y;
	bool good_a = parse(a, &x), good_b = parse(b, &y);
	int c = 0;

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	for (size_t i = 0; i < 3 && c == 0; i++)
		c = number_cmp(x.number[i], y.number[i]);
	if (c != 0)
		return c;
	if (x.pre.len == 0 || y.pre.len == 0)
		c = (int)(x.pre.len == 0) - (int)(y.pre.len == 0);
	else
		c = compare_parts(x.pre, y.pre);
	if (c != 0)
		return c;
	if (x.build.len == 0 || y.build.len == 0)
		return (int)(x.build.len > 0) - (int)(y.build.len > 0);
	return compare_parts(x.build, y.build);
}

static bool pub_valid(struct slice v)
{
	struct pub p;

	return parse(v, &p);
}

const struct version_scheme version_scheme_pub = { "pub", pub_compare, pub_valid };
