/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pacman.c - versions of pacman's packages: [epoch:]version[-release].
 *
 * Source: vercmp(8) and what libalpm answers. docs/formats/version-pacman.md says where it is left: what is no version
 * comes before all that are, by bytes, since libalpm's order of such texts is none.
 */
#include "version/scheme.h"

#include "version/number.h"

static struct slice take_separators(struct slice *s)
{
	struct slice run = { s->ptr, 0 };

	while (run.len < s->len && !is_alnum(s->ptr[run.len]))
		run.len++;
	*s = slice_from(*s, run.len);
	return run;
}

static struct slice take_letters(struct slice *s)
{
	struct slice run = { s->ptr, 0 };

	while (run.len < s->len && is_alpha(s->ptr[run.len]))
		run.len++;
	*s = slice_from(*s, run.len);
	return run;
}

/* One of them has come to its end: what is left of the other is newer, but for letters that follow without a
 * separator. */
static int compare_ends(struct slice a, struct slice b)
{
	if (a.len == 0 && b.len == 0)
		return 0;
	if (a.len == 0)
		return is_alpha(b.ptr[0]) ? 1 : -1;
	return is_alpha(a.ptr[0]) ? -1 : 1;
}

static int compare_part(struct slice a, struct slice b)
{
	while (a.len > 0 && b.len > 0) {
		struct slice before_a = take_separators(&a), before_b = take_separators(&b), x, y;
		bool number;
		int c;

		if (a.len == 0 || b.len == 0)
			break;
		if (before_a.len != before_b.len)
			return before_a.len < before_b.len ? -1 : 1;
		number = is_digit(a.ptr[0]);
		x = number ? number_take(&a) : take_letters(&a);
		y = number ? number_take(&b) : take_letters(&b);
		/* Numbers are newer than letters. */
		if (y.len == 0)
			return number ? 1 : -1;
		c = number ? number_cmp(x, y) : slice_cmp(x, y);
		if (c != 0)
			return c;
	}
	return compare_ends(a, b);
}

struct parts {
	struct slice epoch, version, release;
	bool has_release;
};

static void split(struct slice v, struct parts *out)
{
	struct slice rest = v, digits = number_take(&rest);

	*out = (struct parts){ .epoch = SLICE_EMPTY };
	if (rest.len > 0 && rest.ptr[0] == ':') {
		out->epoch = digits;
		v = slice_from(rest, 1);
	}
	out->has_release = slice_rcut(v, '-', &out->version, &out->release);
}

/*
 * makepkg allows letters, digits and ". _ + ~" among others, and no white space, colon, slash or hyphen. Two separators
 * in a row, and one at the beginning, are refused here: with them libalpm's order goes in circles ("1..a" > "1.5" >
 * "1." > "1..a"; ")" < "11" < "[r" < ")").
 */
static bool is_part(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7f || s.ptr[i] == ':' || s.ptr[i] == '/' || s.ptr[i] == '-')
			return false;
		if (!is_alnum(s.ptr[i]) && (i == 0 || !is_alnum(s.ptr[i - 1])))
			return false;
	}
	return s.len > 0;
}

static bool pacman_valid(struct slice v)
{
	struct parts p;

	split(v, &p);
	return is_part(p.version) && (!p.has_release || is_part(p.release));
}

static int pacman_compare(struct slice a, struct slice b)
{
	bool good_a = pacman_valid(a), good_b = pacman_valid(b);
	struct parts pa, pb;
	int c;

	if (!good_a || !good_b)
		return good_a != good_b ? (int)good_a - (int)good_b : slice_cmp(a, b);
	split(a, &pa);
	split(b, &pb);
	c = number_cmp(pa.epoch, pb.epoch);
	if (c == 0)
		c = compare_part(pa.version, pb.version);
	/* libalpm looks at releases only where both have one; installed packages always do. None comes first. */
	if (c == 0)
		c = (int)pa.has_release - (int)pb.has_release;
	return c != 0 ? c : compare_part(pa.release, pb.release);
}

const struct version_scheme version_scheme_pacman = { "pacman", pacman_compare, pacman_valid };
