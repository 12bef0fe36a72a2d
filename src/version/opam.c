/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opam.c - versions of OCaml packages: Debian's order of version and revision, without an epoch.
 *
 * Source: opam manual, "Version ordering"; OpamPackage.Version.of_string for what is one.
 */
#include "version/debian_part.h"
#include "version/scheme.h"

static bool opam_valid(struct slice v)
{
	for (size_t i = 0; i < v.len; i++)
		if (!is_alnum(v.ptr[i]) && (v.ptr[i] == '\0' || !strchr("-_+.~", v.ptr[i])))
			return false;
	return v.len > 0;
}

static int opam_compare(struct slice a, struct slice b)
{
	bool good_a = opam_valid(a), good_b = opam_valid(b);
	struct slice version_a, revision_a, version_b, revision_b;
	int c;

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	slice_rcut(a, '-', &version_a, &revision_a);
	slice_rcut(b, '-', &version_b, &revision_b);
	c = debian_part_cmp(version_a, version_b);
	return c != 0 ? c : debian_part_cmp(revision_a, revision_b);
}

const struct version_scheme version_scheme_opam = { "opam", opam_compare, opam_valid };
