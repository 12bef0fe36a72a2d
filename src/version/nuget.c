/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nuget.c - versions of NuGet packages: N[.N[.N[.N]]][-labels][+metadata].
 *
 * Source: NuGet's documentation of versions, and NuGetVersion and VersionComparer of NuGet.Client: numbers of 31 bits
 * with zeros in front allowed, labels without regard to case, metadata that does not count.
 */
#include "version/number.h"
#include "version/scheme.h"

#define NUMBERS 4
#define INT32_MAX_TEXT "2147483647"
#define INT32_MIN_TEXT "2147483648"

struct nuget {
	struct slice number[NUMBERS]; /* "" = 0 */
	struct slice labels;	      /* joined by dots; "" = a release */
};

/* Dot-separated, each of [0-9A-Za-z-]+; a number without zeros in front unless they are allowed. */
static bool parts_are_valid(struct slice s, bool zeros)
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

static bool parse(struct slice s, struct nuget *out)
{
	size_t n = 0, plus, dash;

	*out = (struct nuget){ .labels = SLICE_EMPTY };
	s = slice_trim(s);
	plus = slice_find_byte(s, '+');
	if (plus != SIZE_MAX && !parts_are_valid(slice_from(s, plus + 1), true))
		return false;
	s = slice_take(s, plus);
	dash = slice_find_byte(s, '-');
	if (dash != SIZE_MAX) {
		out->labels = slice_from(s, dash + 1);
		if (!parts_are_valid(out->labels, false))
			return false;
		s = slice_take(s, dash);
	}
	for (;;) {
		struct slice number = number_take(&s);

		if (number.len == 0 || n == NUMBERS || number_cmp(number, SLICE(INT32_MAX_TEXT)) > 0)
			return false;
		out->number[n++] = number;
		if (s.len == 0)
			return true;
		if (s.ptr[0] != '.')
			return false;
		s = slice_from(s, 1);
	}
}

/* A label that .NET reads as an int is a number; it may have a sign. */
static bool is_number(struct slice label, bool *out_negative, struct slice *out_digits)
{
	*out_negative = label.len > 1 && label.ptr[0] == '-';
	*out_digits = slice_from(label, *out_negative ? 1 : 0);
	return all_digits(*out_digits) &&
	       number_cmp(*out_digits, *out_negative ? SLICE(INT32_MIN_TEXT) : SLICE(INT32_MAX_TEXT)) <= 0;
}

static int compare_words(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return to_lower(a.ptr[i]) < to_lower(b.ptr[i]) ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

static int compare_label(struct slice a, struct slice b)
{
	struct slice digits_a, digits_b;
	bool minus_a, minus_b;
	bool number_a = is_number(a, &minus_a, &digits_a), number_b = is_number(b, &minus_b, &digits_b);

	if (number_a != number_b)
		return number_a ? -1 : 1;
	if (!number_a)
		return compare_words(a, b);
	/* -0 is 0 */
	minus_a = minus_a && number_strip(digits_a).len > 0;
	minus_b = minus_b && number_strip(digits_b).len > 0;
	if (minus_a != minus_b)
		return minus_a ? -1 : 1;
	return minus_a ? number_cmp(digits_b, digits_a) : number_cmp(digits_a, digits_b);
}

static int compare_labels(struct slice a, struct slice b)
{
	if (a.len == 0 || b.len == 0)
		return (int)(a.len == 0) - (int)(b.len == 0);
	for (;;) {
		struct slice x, y;
		bool more_a = slice_cut(a, '.', &x, &a), more_b = slice_cut(b, '.', &y, &b);
		int c = compare_label(x, y);

		if (c != 0)
			return c;
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
	}
}

static int nuget_compare(struct slice a, struct slice b)
{
	struct nuget x, y;
	bool good_a = parse(a, &x), good_b = parse(b, &y);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	for (size_t i = 0; i < NUMBERS; i++) {
		int c = number_cmp(x.number[i], y.number[i]);

		if (c != 0)
			return c;
	}
	return compare_labels(x.labels, y.labels);
}

static bool nuget_valid(struct slice v)
{
	struct nuget p;

	return parse(v, &p);
}

const struct version_scheme version_scheme_nuget = { "nuget", nuget_compare, nuget_valid };
