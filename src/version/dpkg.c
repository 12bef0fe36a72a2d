/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg.c - Debian versions: [epoch:]upstream[-revision].
 *
 * Source: deb-version(7); the order of its parts is debian_part.h.
 */
#include "version/debian_part.h"
#include "version/scheme.h"

static struct slice trim_blanks(struct slice v)
{
	while (v.len > 0 && (v.ptr[0] == ' ' || v.ptr[0] == '\t'))
		v = slice_from(v, 1);
	while (v.len > 0 && (v.ptr[v.len - 1] == ' ' || v.ptr[v.len - 1] == '\t'))
		v.len--;
	return v;
}

/* dpkg reads the epoch with strtoimax(): a sign is allowed, and no number below 0. */
static struct slice strip_sign(struct slice epoch)
{
	struct slice digits = slice_from(epoch, 1);

	if (epoch.len < 2 || !all_digits(digits))
		return epoch;
	if (epoch.ptr[0] == '+' || (epoch.ptr[0] == '-' && number_strip(digits).len == 0))
		return digits;
	return epoch;
}

static void split(struct slice v, struct slice *epoch, struct slice *upstream, struct slice *revision)
{
	size_t colon = slice_find_byte(v, ':');

	*epoch = SLICE_EMPTY;
	if (colon != SIZE_MAX) {
		*epoch = strip_sign(slice_take(v, colon));
		v = slice_from(v, colon + 1);
	}
	slice_rcut(v, '-', upstream, revision);
}

static int dpkg_compare(struct slice a, struct slice b)
{
	struct slice ea, ua, ra, eb, ub, rb;
	int c;

	split(trim_blanks(a), &ea, &ua, &ra);
	split(trim_blanks(b), &eb, &ub, &rb);
	c = debian_part_cmp(ea, eb);
	if (c == 0)
		c = debian_part_cmp(ua, ub);
	return c != 0 ? c : debian_part_cmp(ra, rb);
}

/*
 * What dpkg refuses to compare. A character that policy does not allow, or an upstream version that begins with a
 * letter, is only a warning there, in the database as well as in --compare-versions.
 */
static bool dpkg_valid(struct slice v)
{
	size_t colon = SIZE_MAX;

	v = trim_blanks(v);
	for (size_t i = 0; i < v.len; i++) {
		if (is_space(v.ptr[i]) || v.ptr[i] == '\0')
			return false;
		if (v.ptr[i] == ':' && colon == SIZE_MAX)
			colon = i;
	}
	if (colon != SIZE_MAX) {
		struct slice epoch = strip_sign(slice_take(v, colon));

		/* The epoch is an int. */
		if (!all_digits(epoch) || number_cmp(epoch, SLICE("2147483647")) > 0)
			return false;
		v = slice_from(v, colon + 1);
	}
	/* Neither what comes before the last hyphen nor what comes behind it is empty. */
	return v.len > 0 && v.ptr[v.len - 1] != '-' && slice_rfind_byte(v, '-') != 0;
}

const struct version_scheme version_scheme_dpkg = { "dpkg", dpkg_compare, dpkg_valid };
