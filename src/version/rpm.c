/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpm.c - RPM versions: [epoch:]version[-release].
 *
 * Source: rpm-version(7) and the behaviour of rpmvercmp(). '~' sorts before the end of the text, '^' after it but
 * before anything that goes on otherwise; every other byte that is no ASCII letter or digit only separates.
 */
#include "version/scheme.h"

#include "version/number.h"

static struct slice skip_separators(struct slice s)
{
	while (s.len > 0 && !is_alnum(s.ptr[0]) && s.ptr[0] != '~' && s.ptr[0] != '^')
		s = slice_from(s, 1);
	return s;
}

static bool at(struct slice s, uint8_t c)
{
	return s.len > 0 && s.ptr[0] == c;
}

static struct slice take_letters(struct slice *s)
{
	struct slice run = { s->ptr, 0 };

	while (run.len < s->len && is_alpha(s->ptr[run.len]))
		run.len++;
	*s = slice_from(*s, run.len);
	return run;
}

static int compare_part(struct slice a, struct slice b)
{
	if (slice_eq(a, b))
		return 0;
	for (;;) {
		bool number;
		struct slice x, y;
		int c;

		a = skip_separators(a);
		b = skip_separators(b);
		if (at(a, '~') || at(b, '~')) {
			if (!at(a, '~') || !at(b, '~'))
				return at(a, '~') ? -1 : 1;
			a = slice_from(a, 1);
			b = slice_from(b, 1);
			continue;
		}
		if (at(a, '^') || at(b, '^')) {
			if (a.len == 0 || b.len == 0)
				return a.len == 0 ? -1 : 1;
			if (!at(a, '^') || !at(b, '^'))
				return at(a, '^') ? -1 : 1;
			a = slice_from(a, 1);
			b = slice_from(b, 1);
			continue;
		}
		if (a.len == 0 || b.len == 0)
			return (a.len > 0) - (b.len > 0);
		number = is_digit(a.ptr[0]);
		x = number ? number_take(&a) : take_letters(&a);
		y = number ? number_take(&b) : take_letters(&b);
		/* Numbers are newer than letters. */
		if (y.len == 0)
			return number ? 1 : -1;
		c = number ? number_cmp(x, y) : slice_cmp(x, y);
		if (c != 0)
			return c;
	}
}

/* True if there is a release, even an empty one. */
static bool split(struct slice v, struct slice *epoch, struct slice *version, struct slice *release)
{
	struct slice digits, rest = v;

	digits = number_take(&rest);
	*epoch = SLICE_EMPTY;
	if (at(rest, ':')) {
		*epoch = digits;
		v = slice_from(rest, 1);
	}
	return slice_rcut(v, '-', version, release);
}

static int rpm_compare(struct slice a, struct slice b)
{
	struct slice ea, va, ra, eb, vb, rb;
	bool has_a = split(a, &ea, &va, &ra), has_b = split(b, &eb, &vb, &rb);
	int c = number_cmp(ea, eb);

	if (c == 0)
		c = compare_part(va, vb);
	/* No release comes before any, even one that begins with '~'. */
	if (c == 0)
		c = (int)has_a - (int)has_b;
	return c != 0 ? c : compare_part(ra, rb);
}

/* librpm refuses nothing but the empty text; no tool writes blanks and control characters into a version. */
static bool rpm_valid(struct slice v)
{
	struct slice epoch, version, release;

	split(v, &epoch, &version, &release);
	for (size_t i = 0; i < v.len; i++)
		if (is_space(v.ptr[i]) || v.ptr[i] < 0x20)
			return false;
	return version.len > 0;
}

const struct version_scheme version_scheme_rpm = { "rpm", rpm_compare, rpm_valid };
