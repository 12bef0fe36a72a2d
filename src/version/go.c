/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go.c - versions of Go modules and of Go itself.
 *
 * Modules: semver with a v (go.dev/ref/mod#versions); short forms v1 and v1.2 without pre-release; +incompatible is
 * a build tag. Go itself: "go1.21rc2" means 1.21.0-rc.2 (go.dev/doc/toolchain#version); what follows a blank, as in
 * "go1.20.12 X:strictfipsruntime", names how it was built.
 */
#include "version/scheme.h"
#include "version/semver.h"

#include "version/number.h"

struct go_version {
	struct semver semver;
	/* "rc2" of the toolchain: letters and number, which semver would write as two identifiers. */
	struct slice word, number;
};

/* 1.21rc2, 1.21beta1: no dot or dash before the word. */
static bool parse_toolchain(struct slice s, struct go_version *out)
{
	struct slice *numbers = out->semver.number;

	memset(out, 0, sizeof(*out));
	while (out->semver.n_numbers < 3) {
		struct slice n = number_take(&s);

		if (n.len == 0)
			return false;
		numbers[out->semver.n_numbers++] = n;
		if (s.len == 0 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	if (s.len == 0)
		return true;
	out->word = s;
	out->word.len = 0;
	while (s.len > 0 && is_lower(s.ptr[0])) {
		out->word.len++;
		s = slice_from(s, 1);
	}
	out->number = number_take(&s);
	return s.len == 0 && out->word.len > 0 && out->number.len > 0;
}

static bool parse(struct slice s, struct go_version *out)
{
	bool toolchain = slice_starts(s, SLICE("go"));

	memset(out, 0, sizeof(*out));
	if (toolchain)
		slice_cut(slice_from(s, 2), ' ', &s, NULL);
	if (semver_parse(s, &out->semver))
		return out->semver.n_numbers == 3 || (out->semver.pre.len == 0 && out->semver.build.len == 0);
	slice_cut(s, ' ', &s, NULL);
	return parse_toolchain(s, out);
}

static int order(const struct go_version *a, const struct go_version *b)
{
	struct go_version x = *a, y = *b;
	int c;

	if (x.word.len == 0 && y.word.len == 0)
		return semver_order(&x.semver, &y.semver);
	/* Compare the word as the first identifier and the number as the second. */
	if (x.word.len == 0) {
		slice_cut(x.semver.pre, '.', &x.word, &x.number);
		x.semver.pre = SLICE_EMPTY;
	}
	if (y.word.len == 0) {
		slice_cut(y.semver.pre, '.', &y.word, &y.number);
		y.semver.pre = SLICE_EMPTY;
	}
	c = semver_order(&x.semver, &y.semver);
	if (c != 0)
		return c;
	if (x.word.len == 0 || y.word.len == 0)
		return (int)(x.word.len == 0) - (int)(y.word.len == 0);
	if (all_digits(x.word) != all_digits(y.word))
		return all_digits(x.word) ? -1 : 1;
	c = slice_cmp(x.word, y.word);
	if (c != 0)
		return c;
	if (all_digits(x.number) != all_digits(y.number))
		return x.number.len == 0 || all_digits(x.number) ? -1 : 1;
	return all_digits(x.number) ? number_cmp(x.number, y.number) : slice_cmp(x.number, y.number);
}

static int go_compare(struct slice a, struct slice b)
{
	struct go_version x, y;
	bool good_a = parse(a, &x), good_b = parse(b, &y);

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	return order(&x, &y);
}

static bool go_valid(struct slice v)
{
	struct go_version p;

	return parse(v, &p);
}

const struct version_scheme version_scheme_go = { "go", go_compare, go_valid };
