/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dpkg.c - Debian versions: [epoch:]upstream[-revision].
 *
 * Source: deb-version(7). Runs of non-digits are ordered with '~' before the end of the text, letters before other
 * bytes; runs of digits by value.
 */
#include "version/scheme.h"

#include "version/number.h"

static int weight(struct slice s)
{
	uint8_t c;

	if (s.len == 0 || is_digit(s.ptr[0]))
		return 0;
	c = s.ptr[0];
	if (c == '~')
		return -1;
	return is_alpha(c) ? c : c + 256;
}

static int compare_part(struct slice a, struct slice b)
{
	while (a.len > 0 || b.len > 0) {
		int c;

		while ((a.len > 0 && !is_digit(a.ptr[0])) || (b.len > 0 && !is_digit(b.ptr[0]))) {
			c = weight(a) - weight(b);
			if (c != 0)
				return c;
			a = slice_from(a, 1);
			b = slice_from(b, 1);
		}
		c = number_cmp(number_take(&a), number_take(&b));
		if (c != 0)
			return c;
	}
	return 0;
}

static void split(struct slice v, struct slice *epoch, struct slice *upstream, struct slice *revision)
{
	*epoch = SLICE_EMPTY;
	if (slice_find_byte(v, ':') != SIZE_MAX)
		slice_cut(v, ':', epoch, &v);
	slice_rcut(v, '-', upstream, revision);
}

static int dpkg_compare(struct slice a, struct slice b)
{
	struct slice ea, ua, ra, eb, ub, rb;
	int c;

	split(slice_trim(a), &ea, &ua, &ra);
	split(slice_trim(b), &eb, &ub, &rb);
	c = compare_part(ea, eb);
	if (c == 0)
		c = compare_part(ua, ub);
	return c != 0 ? c : compare_part(ra, rb);
}

static bool only(struct slice s, const char *punctuation)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && (s.ptr[i] == '\0' || !strchr(punctuation, s.ptr[i])))
			return false;
	return true;
}

/* As dpkg reads its own database: an upstream version that begins with a letter is a warning there, no error. */
static bool dpkg_valid(struct slice v)
{
	struct slice epoch, upstream, revision;
	bool dash;

	v = slice_trim(v);
	split(v, &epoch, &upstream, &revision);
	dash = slice_ends(v, SLICE("-"));
	if (slice_find_byte(v, ':') != SIZE_MAX && (!all_digits(epoch) || number_strip(epoch).len > 10))
		return false;
	return upstream.len > 0 && !dash && only(upstream, ".-+~:") && only(revision, ".+~");
}

const struct version_scheme version_scheme_dpkg = { "dpkg", dpkg_compare, dpkg_valid };
