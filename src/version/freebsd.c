/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freebsd.c - versions of FreeBSD's packages: VERSION[_REVISION][,EPOCH].
 *
 * Source: what pkg's pkg_version_cmp() answers. docs/formats/version-freebsd.md says where it is left: what is no
 * version comes before all that are, by bytes.
 */
#include "version/scheme.h"

#include "version/number.h"

struct parts {
	struct slice version, revision, epoch;
	bool has_revision, has_epoch;
};

/* As pkg does: from the last underline on, and from the last comma behind it. A revision ends at a comma. */
static void split(struct slice v, struct parts *out)
{
	struct slice rest;

	*out = (struct parts){ .version = v };
	out->has_revision = slice_rcut(v, '_', &out->version, &rest);
	if (!out->has_revision) {
		out->has_epoch = slice_rcut(v, ',', &out->version, &out->epoch);
		if (!out->has_epoch)
			out->version = v;
		return;
	}
	out->has_epoch = slice_rcut(rest, ',', &out->revision, &out->epoch);
	if (!out->has_epoch)
		out->revision = rest;
	slice_cut(out->revision, ',', &out->revision, &rest);
}

static bool digits_and_commas(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]) && (s.ptr[i] != ',' || i == 0 || s.ptr[i - 1] == ','))
			return false;
	return s.len > 0 && s.ptr[s.len - 1] != ',';
}

/*
 * Ports have no hyphen, underline or comma in it (bsd.port.mk); advisories have epochs written twice. A comma and no
 * epoch behind it ("1.1,1_2") is an epoch in the wrong place, which pkg takes for no epoch.
 */
static bool freebsd_valid(struct slice v)
{
	struct parts p;
	bool something = false;

	split(v, &p);
	for (size_t i = 0; i < p.version.len; i++) {
		uint8_t c = p.version.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == '-' || c == '_')
			return false;
		if (c == ',' && (p.has_revision || !p.has_epoch))
			return false;
		something = something || is_alnum(c) || c == '*';
	}
	if (p.has_revision && !digits_and_commas(slice_from(v, p.version.len + 1)))
		return false;
	return something && (!p.has_epoch || all_digits(p.epoch));
}

/* What stands between separators; where there is none any more: zeros. */
struct component {
	int64_t number; /* NUMBER_NONE, NUMBER_STAR */
	int letter;	/* 0: none, or "pl"; LETTER_A for a, and so on */
	int64_t patch;	/* behind the letter; PATCH_NONE */
};

#define NUMBER_NONE (-1)
#define NUMBER_STAR (-2)
#define LETTER_A 2
#define PATCH_NONE (-1)

/* Numbers end there, and those above it are all equal. */
static uint64_t value(struct slice digits, uint64_t max)
{
	uint64_t n = 0;

	for (size_t i = 0; i < digits.len; i++) {
		unsigned digit = digits.ptr[i] - '0';

		if (n > (max - digit) / 10)
			return max;
		n = n * 10 + digit;
	}
	return n;
}

static struct slice take_letters(struct slice *s)
{
	struct slice run = { s->ptr, 0 };

	while (run.len < s->len && is_alpha(s->ptr[run.len]))
		run.len++;
	*s = slice_from(*s, run.len);
	return run;
}

/* Words that never belong to the number in front of them: "10alpha" is older than 10, "10a" newer. */
static bool is_stage(struct slice word)
{
	static const char *const stages[] = { "pl", "snap", "alpha", "beta", "pre", "rc" };

	for (size_t i = 0; i < ARRAY_LEN(stages); i++)
		if (slice_eq_nocase(word, slice_cstr(stages[i])))
			return true;
	return false;
}

static void skip_separators(struct slice *s)
{
	size_t n = 0;

	while (n < s->len && !is_alnum(s->ptr[n]) && s->ptr[n] != '*')
		n++;
	*s = slice_from(*s, n);
}

static struct component take_component(struct slice *s)
{
	struct component c = { .number = 0 };
	struct slice run = number_take(s), before;

	if (s->len > 0 && s->ptr[0] == '*' && run.len == 0) {
		/* Whatever follows counts no more. */
		*s = SLICE_EMPTY;
		c.number = NUMBER_STAR;
		return c;
	}
	c.number = run.len > 0 ? (int64_t)value(run, INT64_MAX) : NUMBER_NONE;
	before = *s;
	run = take_letters(s);
	if (run.len > 0 && is_stage(run) && c.number != NUMBER_NONE) {
		*s = before;
		return c;
	}
	if (run.len > 0) {
		if (!slice_eq_nocase(run, SLICE("pl")))
			c.letter = to_lower(run.ptr[0]) - 'a' + LETTER_A;
		run = number_take(s);
		c.patch = run.len > 0 ? (int64_t)value(run, INT64_MAX) : PATCH_NONE;
	}
	skip_separators(s);
	return c;
}

static int compare_section(struct slice a, struct slice b)
{
	while (a.len > 0 || b.len > 0) {
		struct component x = { .number = 0 }, y = { .number = 0 };

		if (a.len > 0)
			x = take_component(&a);
		if (b.len > 0)
			y = take_component(&b);
		if (x.number != y.number)
			return x.number < y.number ? -1 : 1;
		if (x.letter != y.letter)
			return x.letter < y.letter ? -1 : 1;
		if (x.patch != y.patch)
			return x.patch < y.patch ? -1 : 1;
	}
	return 0;
}

/* Sections are joined by "+": the first one that differs decides. */
static int compare_version(struct slice a, struct slice b)
{
	int c = 0;

	while (c == 0 && (a.len > 0 || b.len > 0)) {
		struct slice x, y;

		slice_cut(a, '+', &x, &a);
		slice_cut(b, '+', &y, &b);
		c = compare_section(x, y);
	}
	return c;
}

static int compare_number(struct slice a, struct slice b)
{
	uint64_t x = value(a, UINT64_MAX), y = value(b, UINT64_MAX);

	return (x > y) - (x < y);
}

static int freebsd_compare(struct slice a, struct slice b)
{
	bool good_a = freebsd_valid(a), good_b = freebsd_valid(b);
	struct parts pa, pb;
	int c;

	if (!good_a || !good_b)
		return good_a != good_b ? (int)good_a - (int)good_b : slice_cmp(a, b);
	split(a, &pa);
	split(b, &pb);
	c = compare_number(pa.epoch, pb.epoch);
	if (c == 0)
		c = compare_version(pa.version, pb.version);
	return c != 0 ? c : compare_number(pa.revision, pb.revision);
}

const struct version_scheme version_scheme_freebsd = { "freebsd", freebsd_compare, freebsd_valid };
