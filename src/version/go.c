/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go.c - versions of Go modules and of Go itself.
 *
 * Modules: semver with a v (go.dev/ref/mod#versions); short forms v1 and v1.2 without pre-release; +incompatible is
 * a build tag. Go itself: "go1.21rc2" means 1.21.0-rc.2 (go.dev/doc/toolchain#version); what follows a blank or a
 * hyphen, as in "go1.20.12 X:strictfipsruntime" and "go1.20.3-corp", names how it was built.
 */
#include "version/scheme.h"
#include "version/semver.h"

#include "version/number.h"

/* N.N[.N] or N.Nword[N], word being rc, beta or the like, read as the pre-release word.N of N.N.0. */
static bool parse_toolchain(struct slice s, struct semver *out)
{
	memset(out, 0, sizeof(*out));
	for (;;) {
		struct slice n = number_take(&s);

		if (n.len == 0 || (n.len > 1 && n.ptr[0] == '0'))
			return false;
		out->number[out->n_numbers++] = n;
		if (out->n_numbers == 3 || s.len == 0 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	if (s.len == 0)
		return true;
	out->pre = s;
	out->pre.len = 0;
	while (s.len > 0 && is_lower(s.ptr[0])) {
		out->pre.len++;
		s = slice_from(s, 1);
	}
	out->pre_number = number_take(&s);
	if (out->pre_number.len > 1 && out->pre_number.ptr[0] == '0')
		return false;
	/* A patch release has no pre-releases. */
	return s.len == 0 && out->pre.len > 0 && out->n_numbers == 2;
}

static bool parse(struct slice s, struct semver *out)
{
	if (slice_starts(s, SLICE("go"))) {
		slice_cut(slice_from(s, 2), ' ', &s, NULL);
		slice_cut(s, '-', &s, NULL);
		return parse_toolchain(s, out);
	}
	if (semver_parse(s, out))
		return out->n_numbers == 3 || (out->pre.len == 0 && out->build.len == 0);
	/* The toolchain's version without its go, as build information and feeds have it. */
	slice_cut(s, ' ', &s, NULL);
	return parse_toolchain(s, out);
}

static int go_compare(struct slice a, struct slice b)
{
	struct semver x, y;
	bool good_a = parse(a, &x), good_b = parse(b, &y);

	/* As golang.org/x/mod/semver: invalid text is older than any version and all of it is equal. */
	if (!good_a || !good_b)
		return (int)good_a - (int)good_b;
	return semver_order(&x, &y);
}

static bool go_valid(struct slice v)
{
	struct semver p;

	return parse(v, &p);
}

const struct version_scheme version_scheme_go = { "go", go_compare, go_valid };
