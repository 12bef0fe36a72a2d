/* SPDX-License-Identifier: Apache-2.0 */
/*
 * composer.c - versions of PHP packages, as composer/semver normalises and PHP's version_compare orders them.
 *
 * Three forms: one to four numbers, missing ones being 0; dates ("2010-01-02", "20100102"); branches of numbers
 * ("1.x-dev", where x is a very large number). The first two may have a stability with numbers, and -dev. A branch with
 * a name
 * ("dev-main") has no place in the order and is no version here.
 */
#include "version/number.h"
#include "version/scheme.h"

#define NUMBERS_MAX 8

/* What version_compare makes of words. The end is between RC and numbers, a patch after both. */
enum part_rank { PART_UNKNOWN = -1, PART_DEV, PART_ALPHA, PART_BETA, PART_RC, PART_END, PART_NUMBER, PART_PATCH };

struct composer {
	struct slice number[NUMBERS_MAX];
	size_t n_numbers;
	enum part_rank stability;	/* PART_END = none */
	struct slice stability_numbers; /* with dots and hyphens */
	bool dev;
};

#define BRANCH_ANY SLICE("9999999")

static const struct {
	const char *word;
	enum part_rank rank;
} stabilities[] = {
	/* the longer first */
	{ "stable", PART_UNKNOWN }, { "beta", PART_BETA },   { "b", PART_BETA },
	{ "rc", PART_RC },	    { "alpha", PART_ALPHA }, { "a", PART_ALPHA },
	{ "patch", PART_PATCH },    { "pl", PART_PATCH },    { "p", PART_PATCH },
};

static bool ends_nocase(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len && slice_eq_nocase(slice_from(s, s.len - suffix.len), suffix);
}

static bool is_one_of(struct slice s, const char *set)
{
	return s.len > 0 && s.ptr[0] != '\0' && strchr(set, s.ptr[0]);
}

/* [.-]?dev and the end, or the end. */
static bool read_dev(struct slice s, struct composer *out)
{
	if (s.len == 0)
		return true;
	if (is_one_of(s, ".-"))
		s = slice_from(s, 1);
	out->dev = slice_eq_nocase(s, SLICE("dev"));
	return out->dev;
}

/* word numbers* [.-]?dev? */
static bool read_stability(struct slice s, struct composer *out)
{
	for (size_t i = 0; i < ARRAY_LEN(stabilities); i++) {
		struct slice word = slice_take(s, strlen(stabilities[i].word)), rest = slice_from(s, word.len), numbers;

		if (!slice_eq_nocase(word, slice_cstr(stabilities[i].word)))
			continue;
		numbers = rest;
		for (;;) {
			struct slice next = is_one_of(rest, ".-") ? slice_from(rest, 1) : rest;

			if (number_take(&next).len == 0)
				break;
			rest = next;
		}
		out->dev = false;
		if (!read_dev(rest, out))
			continue;
		/* Only in lower case does it mean nothing; what follows it is dropped then, too. */
		if (slice_eq(word, SLICE("stable"))) {
			out->dev = false;
			return true;
		}
		out->stability = stabilities[i].rank;
		out->stability_numbers = slice_take(numbers, numbers.len - rest.len);
		return true;
	}
	return false;
}

/* [._-]? [stability] [.-]?dev? */
static bool read_modifier(struct slice s, struct composer *out)
{
	struct slice after = is_one_of(s, "._-") ? slice_from(s, 1) : s;

	return read_stability(after, out) || read_dev(after, out) || read_dev(s, out);
}

/* N{1,5}(.N){0,3} */
static bool read_classical(struct slice s, struct composer *out)
{
	out->number[0] = number_take(&s);
	if (out->number[0].len == 0 || out->number[0].len > 5)
		return false;
	for (out->n_numbers = 1; out->n_numbers < 4 && s.len > 1 && s.ptr[0] == '.' && is_digit(s.ptr[1]);) {
		s = slice_from(s, 1);
		out->number[out->n_numbers++] = number_take(&s);
	}
	while (out->n_numbers < 4)
		out->number[out->n_numbers++] = SLICE_EMPTY;
	return read_modifier(s, out);
}

/* Takes n digits off *s; with or without a separator before them, which begins a number of its own. */
static bool take_digits(struct slice *s, size_t n, struct composer *out)
{
	struct slice t = *s;
	bool separated = is_one_of(t, ".:-");

	if (separated)
		t = slice_from(t, 1);
	if (t.len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_digit(t.ptr[i]))
			return false;
	if (separated || out->n_numbers == 0) {
		if (out->n_numbers == NUMBERS_MAX)
			return false;
		out->number[out->n_numbers++] = slice_take(t, n);
	} else {
		out->number[out->n_numbers - 1].len += n;
	}
	*s = slice_from(t, n);
	return true;
}

/* NNNN([.:-]?NN){1,6}([.:-]?N{1,3})?, as many as can be, for what follows to be a modifier. */
static bool read_date(struct slice s, struct composer *out)
{
	for (size_t pairs = 6; pairs > 0; pairs--) {
		for (size_t last = 4; last-- > 0;) {
			struct slice rest = s;
			bool good;

			*out = (struct composer){ .stability = PART_END };
			good = !is_one_of(rest, ".:-") && take_digits(&rest, 4, out);
			for (size_t i = 0; good && i < pairs; i++)
				good = take_digits(&rest, 2, out);
			if (good && last > 0)
				good = take_digits(&rest, last, out);
			if (good && read_modifier(rest, out))
				return true;
		}
	}
	return false;
}

/* N(.N or .x or .*){0,3}[.-]?dev */
static bool read_branch(struct slice s, struct composer *out)
{
	*out = (struct composer){ .stability = PART_END, .dev = true };
	if (!ends_nocase(s, SLICE("dev")))
		return false;
	s.len -= 3;
	if (s.len > 0 && (s.ptr[s.len - 1] == '.' || s.ptr[s.len - 1] == '-'))
		s.len--;
	s = slice_trim(s);
	if (s.len > 0 && to_lower(s.ptr[0]) == 'v')
		s = slice_from(s, 1);
	for (;;) {
		struct slice number = number_take(&s);

		if (number.len == 0 && out->n_numbers > 0 && is_one_of(s, "xX*")) {
			number = BRANCH_ANY;
			s = slice_from(s, 1);
		}
		if (number.len == 0)
			return false;
		out->number[out->n_numbers++] = number;
		if (s.len == 0 || out->n_numbers == 4 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	while (out->n_numbers < 4)
		out->number[out->n_numbers++] = BRANCH_ANY;
	return s.len == 0;
}

/* "1.0 as 2.0", "1.0@beta", "1.0+build" without what follows. */
static struct slice strip(struct slice s)
{
	static const char *const flags[] = { "@stable", "@rc", "@beta", "@alpha", "@dev" };
	size_t as, plus;

	s = slice_trim(s);
	as = slice_find(s, SLICE(" as "));
	if (as != SIZE_MAX) {
		struct slice before = slice_trim(slice_take(s, as)), after = slice_trim(slice_from(s, as + 4));
		bool single = before.len > 0 && after.len > 0;

		for (size_t i = 0; i < before.len + after.len; i++) {
			uint8_t c = i < before.len ? before.ptr[i] : after.ptr[i - before.len];

			single &= c != ',' && !is_space(c);
		}
		if (single)
			s = before;
	}
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (ends_nocase(s, slice_cstr(flags[i]))) {
			s.len -= strlen(flags[i]);
			break;
		}
	plus = slice_find_byte(s, '+');
	if (plus == SIZE_MAX || plus == 0 || plus + 1 == s.len)
		return s;
	for (size_t i = 0; i < s.len; i++)
		if (is_space(s.ptr[i]) || (i < plus && s.ptr[i] == ','))
			return s;
	return slice_take(s, plus);
}

static bool parse(struct slice s, struct composer *out)
{
	struct slice text = strip(s), numbers;

	if (slice_eq_nocase(slice_take(text, 4), SLICE("dev-")))
		return false;
	numbers = text.len > 0 && to_lower(text.ptr[0]) == 'v' ? slice_from(text, 1) : text;
	*out = (struct composer){ .stability = PART_END };
	return read_classical(numbers, out) || read_date(numbers, out) || read_branch(text, out);
}

/* ---- the order ---- */

struct part {
	enum part_rank rank;
	struct slice number;
};

/* The next part of a version, in the order of its normal form. */
static struct part next_part(const struct composer *c, size_t *at, struct slice *stability_numbers)
{
	size_t i = (*at)++;

	if (i < c->n_numbers)
		return (struct part){ PART_NUMBER, c->number[i] };
	if (i == c->n_numbers) {
		if (c->stability != PART_END)
			return (struct part){ c->stability, SLICE_EMPTY };
		return (struct part){ c->dev ? PART_DEV : PART_END, SLICE_EMPTY };
	}
	while (is_one_of(*stability_numbers, ".-"))
		*stability_numbers = slice_from(*stability_numbers, 1);
	if (stability_numbers->len > 0)
		return (struct part){ PART_NUMBER, number_take(stability_numbers) };
	/* Once: then the end. */
	if (c->dev && c->stability != PART_END && i < SIZE_MAX / 2) {
		*at = SIZE_MAX / 2;
		return (struct part){ PART_DEV, SLICE_EMPTY };
	}
	return (struct part){ PART_END, SLICE_EMPTY };
}

static int composer_compare(struct slice a, struct slice b)
{
	struct composer x, y;
	bool good_a = parse(a, &x), good_b = parse(b, &y);
	struct slice numbers_x, numbers_y;
	size_t at_x = 0, at_y = 0;

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	numbers_x = x.stability_numbers;
	numbers_y = y.stability_numbers;
	for (;;) {
		struct part i = next_part(&x, &at_x, &numbers_x), k = next_part(&y, &at_y, &numbers_y);
		int c = i.rank == PART_NUMBER && k.rank == PART_NUMBER ? number_cmp(i.number, k.number)
								       : (int)i.rank - (int)k.rank;

		if (c != 0 || (i.rank == PART_END && k.rank == PART_END))
			return c;
	}
}

static bool composer_valid(struct slice v)
{
	struct composer p;

	return parse(v, &p);
}

const struct version_scheme version_scheme_composer = { "composer", composer_compare, composer_valid };
