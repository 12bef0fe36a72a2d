/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portage.c - versions of Gentoo's packages: N(.N)*[letter](_suffix[N])*[-rN].
 *
 * Source: the Package Manager Specification, 3.2 and 3.3, and what Portage's vercmp() answers.
 */
#include "version/scheme.h"

#include "version/number.h"

/* In the order of the specification; none of them stands between rc and p. */
enum suffix { SUFFIX_ALPHA, SUFFIX_BETA, SUFFIX_PRE, SUFFIX_RC, SUFFIX_NONE, SUFFIX_P };

struct parts {
	struct slice numbers; /* between dots, at least one */
	uint8_t letter;	      /* 0 = none */
	struct slice suffixes; /* "_rc1_p2"; "" = none */
	struct slice revision; /* digits; "" = 0 */
};

/* Cut "_rc1" from *s; SUFFIX_NONE and *s as it was if there is none. */
static enum suffix take_suffix(struct slice *s, struct slice *out_number)
{
	static const struct {
		const char *word;
		enum suffix suffix;
	} words[] = { { "_alpha", SUFFIX_ALPHA },
		      { "_beta", SUFFIX_BETA },
		      { "_pre", SUFFIX_PRE },
		      { "_rc", SUFFIX_RC },
		      { "_p", SUFFIX_P } };

	*out_number = SLICE_EMPTY;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_starts(*s, slice_cstr(words[i].word))) {
			*s = slice_from(*s, strlen(words[i].word));
			*out_number = number_take(s);
			return words[i].suffix;
		}
	return SUFFIX_NONE;
}

static bool split(struct slice s, struct parts *out)
{
	struct slice begin = s, ignored;

	*out = (struct parts){ .letter = 0 };
	for (;;) {
		if (number_take(&s).len == 0)
			return false;
		if (s.len == 0 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	out->numbers = slice_take(begin, begin.len - s.len);
	if (s.len > 0 && is_lower(s.ptr[0])) {
		out->letter = s.ptr[0];
		s = slice_from(s, 1);
	}
	begin = s;
	while (take_suffix(&s, &ignored) != SUFFIX_NONE)
		;
	out->suffixes = slice_take(begin, begin.len - s.len);
	if (!slice_starts(s, SLICE("-r")))
		return s.len == 0;
	s = slice_from(s, 2);
	out->revision = number_take(&s);
	return out->revision.len > 0 && s.len == 0;
}

static struct slice without_zeros_behind(struct slice digits)
{
	while (digits.len > 0 && digits.ptr[digits.len - 1] == '0')
		digits.len--;
	return digits;
}

/* A number behind a dot: with a zero in front it is what follows a decimal point. */
static int compare_number(struct slice a, struct slice b)
{
	if (a.ptr[0] != '0' && b.ptr[0] != '0')
		return number_cmp(a, b);
	return slice_cmp(without_zeros_behind(a), without_zeros_behind(b));
}

static int compare_numbers(struct slice a, struct slice b)
{
	int c = number_cmp(number_take(&a), number_take(&b));

	while (c == 0 && a.len > 0 && b.len > 0) {
		a = slice_from(a, 1);
		b = slice_from(b, 1);
		c = compare_number(number_take(&a), number_take(&b));
	}
	/* 1 < 1.0 */
	return c != 0 ? c : (int)(a.len > 0) - (int)(b.len > 0);
}

static int compare_suffixes(struct slice a, struct slice b)
{
	while (a.len > 0 || b.len > 0) {
		struct slice number_a, number_b;
		enum suffix x = take_suffix(&a, &number_a), y = take_suffix(&b, &number_b);
		int c = x != y ? (x < y ? -1 : 1) : number_cmp(number_a, number_b);

		if (c != 0)
			return c;
	}
	return 0;
}

/* What is no version comes first, by bytes. */
static int portage_compare(struct slice a, struct slice b)
{
	struct parts x, y;
	bool good_a = split(a, &x), good_b = split(b, &y);
	int c;

	if (!good_a || !good_b)
		return good_a != good_b ? (int)good_a - (int)good_b : slice_cmp(a, b);
	c = compare_numbers(x.numbers, y.numbers);
	if (c == 0)
		c = (int)x.letter - (int)y.letter;
	if (c == 0)
		c = compare_suffixes(x.suffixes, y.suffixes);
	return c != 0 ? c : number_cmp(x.revision, y.revision);
}

static bool portage_valid(struct slice v)
{
	struct parts p;

	return split(v, &p);
}

const struct version_scheme version_scheme_portage = { "portage", portage_compare, portage_valid };
