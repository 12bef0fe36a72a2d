/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rhctag.c - tags of Red Hat's container catalogue: [v]version[-release], or the time of the build.
 *
 * Source: claircore's pkg/rhctag. docs/formats/version-rhctag.md says where it is left: a release may have hyphens.
 */
#include "version/rhctag.h"

#include "version/scheme.h"

/* Times of builds have ten digits since 2001. */
#define TIME_DIGITS 10

/* "v4.6.0-2021-x" -> "4.6.0" and "2021-x"; a hyphen at the beginning does not separate. No release is release 0. */
static void split(struct slice tag, struct slice *version, struct slice *release)
{
	size_t at;

	if (slice_starts(tag, SLICE("v")))
		tag = slice_from(tag, 1);
	at = slice_find_byte(tag, '-');
	*version = tag;
	*release = SLICE("0");
	if (at == SIZE_MAX || at == 0)
		return;
	*version = slice_take(tag, at);
	*release = slice_from(tag, at + 1);
}

static bool is_number(struct slice s, uint64_t *out)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	return slice_to_u64(s, out) && *out <= INT64_MAX;
}

/* What tags are made of (OCI distribution specification). */
static bool is_tag(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	return s.len > 0;
}

bool rhctag_parse(struct slice tag, struct rhctag *out)
{
	struct slice version, release, major, rest, minor;

	*out = (struct rhctag){ .major = 0 };
	split(tag, &version, &release);
	slice_cut(version, '.', &major, &rest);
	if (!is_tag(tag) || !is_number(major, &out->major)) {
		*out = (struct rhctag){ .major = 0 };
		return false;
	}
	slice_cut(rest, '.', &minor, NULL);
	if (!is_number(minor, &out->minor))
		out->minor = 0;
	out->by_time = tag.len >= TIME_DIGITS && version.len == tag.len && major.len == version.len;
	return true;
}

static bool rhctag_valid(struct slice v)
{
	struct rhctag ignored;

	return rhctag_parse(v, &ignored);
}

/* As RPM orders the version, then the release. */
static int rhctag_compare(struct slice a, struct slice b)
{
	struct slice va, ra, vb, rb;
	int c;

	split(a, &va, &ra);
	split(b, &vb, &rb);
	c = version_scheme_rpm.compare(va, vb);
	return c != 0 ? c : version_scheme_rpm.compare(ra, rb);
}

const struct version_scheme version_scheme_rhctag = { "rhctag", rhctag_compare, rhctag_valid };
