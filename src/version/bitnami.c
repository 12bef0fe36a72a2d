/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitnami.c - versions of Bitnami's components: numbers between dots, and the revision of the build: "7.4.0-0".
 *
 * A revision makes a version newer, which is where semver says the opposite. Source: docs/formats/bitnami.md.
 */
#include "version/scheme.h"

#include "version/number.h"

#define NUMBERS 4u

struct parts {
	struct slice number[NUMBERS], revision;
};

/* "1.2.3[.4][-5]"; a component whose own version is another kind of text has no place in the order. */
static bool split(struct slice v, struct parts *out)
{
	size_t n = 0;

	*out = (struct parts){ .revision = SLICE_EMPTY };
	if (slice_cut(v, '-', &v, &out->revision) && !all_digits(out->revision))
		return false;
	for (;;) {
		if (n == NUMBERS)
			return false;
		out->number[n] = number_take(&v);
		if (out->number[n++].len == 0)
			return false;
		if (v.len == 0)
			return true;
		if (v.ptr[0] != '.')
			return false;
		v = slice_from(v, 1);
	}
}

static bool bitnami_valid(struct slice v)
{
	struct parts p;

	return split(v, &p);
}

/* What is no version comes first, by bytes. */
static int bitnami_compare(struct slice a, struct slice b)
{
	struct parts pa, pb;
	bool good_a = split(a, &pa), good_b = split(b, &pb);

	if (!good_a || !good_b)
		return good_a != good_b ? (int)good_a - (int)good_b : slice_cmp(a, b);
	for (size_t i = 0; i < NUMBERS; i++) {
		int c = number_cmp(pa.number[i], pb.number[i]);

		if (c != 0)
			return c;
	}
	/* No revision is older than revision 0. */
	if ((pa.revision.len > 0) != (pb.revision.len > 0))
		return pa.revision.len > 0 ? 1 : -1;
	return number_cmp(pa.revision, pb.revision);
}

const struct version_scheme version_scheme_bitnami = { "bitnami", bitnami_compare, bitnami_valid };
