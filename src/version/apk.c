/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apk.c - Alpine versions: number{.number}...[letter]{_suffix[number]}...[~hash][-rN].
 *
 * Source: apk-package(5) and the verdicts of apk 2.14 and 3.0 (`apk version -t`). A number after a dot that begins with
 * 0 is compared as text, as a fraction would be. docs/formats/version-apk.md lists where the two releases of apk differ
 * and what is made of it here.
 */
#include "version/scheme.h"

#include "version/number.h"

/* In the order in which they may follow each other; a larger kind ends sooner. */
enum kind { FIRST_NUMBER, NUMBER, LETTER_NUMBER, LETTER, SUFFIX, SUFFIX_NUMBER, HASH, REVISION, END, INVALID };

/* Pre-releases are negative. */
static const struct {
	const char *name;
	int rank;
} suffixes[] = {
	{ "alpha", -4 }, { "beta", -3 }, { "pre", -2 }, { "rc", -1 }, { "cvs", 1 },
	{ "svn", 2 },	 { "git", 3 },	 { "hg", 4 },	{ "p", 5 },
};

struct token {
	enum kind kind;
	int suffix;
	struct slice text;
};

static void take_number(struct token *t, enum kind kind, struct slice *s)
{
	size_t digits;

	t->text = number_take(s);
	digits = t->text.len;
	/* apk 2 refuses 18 digits and more; in a number after a dot it does not count zeros before the last zero. */
	if (kind == NUMBER && digits > 0 && t->text.ptr[0] == '0')
		digits = number_strip(t->text).len + 1;
	t->kind = t->text.len > 0 && digits < 18 ? kind : INVALID;
}

static void take_suffix(struct token *t, struct slice *s)
{
	size_t n = 0;

	while (n < s->len && is_lower(s->ptr[n]))
		n++;
	t->kind = INVALID;
	t->text = slice_take(*s, n);
	*s = slice_from(*s, n);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (slice_eq(t->text, slice_cstr(suffixes[i].name))) {
			t->kind = SUFFIX;
			t->suffix = suffixes[i].rank;
		}
	}
}

static void take_hash(struct token *t, struct slice *s)
{
	size_t n = 0;

	while (n < s->len && hex_value(s->ptr[n]) >= 0 && !is_upper(s->ptr[n]))
		n++;
	t->text = slice_take(*s, n);
	*s = slice_from(*s, n);
	/* apk 3 takes any hash, apk 2 none; an abbreviated commit has seven digits or more. */
	t->kind = n >= 7 ? HASH : INVALID;
}

/* On INVALID, *s stays where the token would have begun. */
static void next(struct token *t, struct slice *s)
{
	enum kind last = t->kind;
	struct slice start = *s;
	uint8_t c;

	if (s->len == 0) {
		t->kind = END;
		return;
	}
	c = s->ptr[0];
	t->kind = INVALID;
	if (is_lower(c) && last <= NUMBER) {
		t->text = slice_take(*s, 1);
		t->kind = LETTER;
		*s = slice_from(*s, 1);
	} else if (c == '.' && last <= NUMBER) {
		*s = slice_from(*s, 1);
		take_number(t, NUMBER, s);
	} else if (is_digit(c) && last == LETTER) {
		/* 1.9.5p2: outside the grammar, but apk 2 orders it and Alpine has published such versions. */
		take_number(t, LETTER_NUMBER, s);
	} else if (is_digit(c) && last == SUFFIX) {
		take_number(t, SUFFIX_NUMBER, s);
	} else if (c == '_' && last <= SUFFIX_NUMBER) {
		*s = slice_from(*s, 1);
		take_suffix(t, s);
	} else if (c == '~' && last < HASH) {
		*s = slice_from(*s, 1);
		take_hash(t, s);
	} else if (last < REVISION && slice_starts(*s, SLICE("-r"))) {
		*s = slice_from(*s, 2);
		take_number(t, REVISION, s);
	}
	if (t->kind == INVALID)
		*s = start;
}

static void first(struct token *t, struct slice *s)
{
	struct slice start = *s;

	take_number(t, FIRST_NUMBER, s);
	if (t->kind == INVALID)
		*s = start;
}

static int compare_token(const struct token *a, const struct token *b)
{
	switch (a->kind) {
	case NUMBER:
		if (a->text.ptr[0] == '0' || b->text.ptr[0] == '0')
			return slice_cmp(a->text, b->text);
		return number_cmp(a->text, b->text);
	case FIRST_NUMBER:
	case LETTER_NUMBER:
	case SUFFIX_NUMBER:
	case REVISION:
		return number_cmp(a->text, b->text);
	case SUFFIX:
		return a->suffix - b->suffix;
	case LETTER:
	case HASH:
	case END:
	case INVALID:
		break;
	}
	return slice_cmp(a->text, b->text);
}

static int apk_compare(struct slice a, struct slice b)
{
	struct token ta = { INVALID, 0, SLICE_EMPTY }, tb = { INVALID, 0, SLICE_EMPTY };

	first(&ta, &a);
	first(&tb, &b);
	while (ta.kind == tb.kind && ta.kind < END) {
		int c = compare_token(&ta, &tb);

		if (c != 0)
			return c;
		next(&ta, &a);
		next(&tb, &b);
	}
	if (ta.kind == tb.kind)
		return ta.kind == INVALID ? slice_cmp(a, b) : 0;
	if (ta.kind == SUFFIX && ta.suffix < 0)
		return -1;
	if (tb.kind == SUFFIX && tb.suffix < 0)
		return 1;
	return ta.kind > tb.kind ? -1 : 1;
}

static bool apk_valid(struct slice v)
{
	struct token t = { INVALID, 0, SLICE_EMPTY };

	first(&t, &v);
	while (t.kind < END)
		next(&t, &v);
	return t.kind == END;
}

const struct version_scheme version_scheme_apk = { "apk", apk_compare, apk_valid };
