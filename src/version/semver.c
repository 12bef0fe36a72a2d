/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semver.c - Semantic Versioning 2.0.0 (semver.org, sections 9 to 11); a leading v and missing numbers are tolerated.
 */
#include "version/semver.h"

#include "version/number.h"
#include "version/scheme.h"

bool semver_identifiers_valid(struct slice s, bool zeros)
{
	for (;;) {
		struct slice part;
		bool more = slice_cut(s, '.', &part, &s);

		if (part.len == 0 || (!zeros && part.len > 1 && part.ptr[0] == '0' && all_digits(part)))
			return false;
		for (size_t i = 0; i < part.len; i++)
			if (!is_alnum(part.ptr[i]) && part.ptr[i] != '-')
				return false;
		if (!more)
			return true;
	}
}

bool semver_parse(struct slice s, struct semver *out)
{
	memset(out, 0, sizeof(*out));
	if (s.len > 0 && s.ptr[0] == 'v')
		s = slice_from(s, 1);
	for (;;) {
		struct slice n = number_take(&s);

		if (n.len == 0 || (n.len > 1 && n.ptr[0] == '0'))
			return false;
		out->number[out->n_numbers++] = n;
		if (out->n_numbers == 3 || s.len == 0 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	if (s.len > 0 && s.ptr[0] == '-') {
		size_t end = slice_find_byte(s, '+');

		out->pre = slice_from(slice_take(s, end), 1);
		s = end == SIZE_MAX ? SLICE_EMPTY : slice_from(s, end);
		if (!semver_identifiers_valid(out->pre, false))
			return false;
	}
	if (s.len == 0)
		return true;
	out->build = slice_from(s, 1);
	return s.ptr[0] == '+' && semver_identifiers_valid(out->build, true);
}

/* The next identifier of a pre-release, taken off *s; false at the end. */
static bool take_identifier(struct semver *s, struct slice *out)
{
	if (s->pre.len > 0) {
		slice_cut(s->pre, '.', out, &s->pre);
		return true;
	}
	*out = s->pre_number;
	s->pre_number = SLICE_EMPTY;
	return out->len > 0;
}

static int compare_pre(struct semver a, struct semver b)
{
	if (a.pre.len == 0 || b.pre.len == 0)
		return (int)(a.pre.len == 0) - (int)(b.pre.len == 0);
	for (;;) {
		struct slice x, y;
		bool more_x = take_identifier(&a, &x), more_y = take_identifier(&b, &y);
		bool number_x, number_y;
		int c;

		if (!more_x || !more_y)
			return (int)more_x - (int)more_y;
		number_x = all_digits(x);
		number_y = all_digits(y);
		if (number_x != number_y)
			return number_x ? -1 : 1;
		c = number_x ? number_cmp(x, y) : slice_cmp(x, y);
		if (c != 0)
			return c;
	}
}

int semver_order(const struct semver *a, const struct semver *b)
{
	for (size_t i = 0; i < 3; i++) {
		int c = number_cmp(a->number[i], b->number[i]);

		if (c != 0)
			return c;
	}
	return compare_pre(*a, *b);
}

static int semver_compare(struct slice a, struct slice b)
{
	struct semver x, y;
	bool good_a = semver_parse(a, &x), good_b = semver_parse(b, &y);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	return semver_order(&x, &y);
}

static bool semver_valid(struct slice v)
{
	struct semver p;

	return semver_parse(v, &p);
}

const struct version_scheme version_scheme_semver = { "semver", semver_compare, semver_valid };
