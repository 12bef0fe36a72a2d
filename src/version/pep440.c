/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pep440.c - Python versions: [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local].
 *
 * Source: PEP 440 with its normalisations (case, separators, alpha/beta/c/pre/preview/rev/r, a leading v), as the
 * packaging library reads them.
 */
#include "version/pep440.h"

#include "version/number.h"
#include "version/scheme.h"

static bool starts_nocase(struct slice s, const char *word)
{
	return slice_eq_nocase(slice_take(s, strlen(word)), slice_cstr(word));
}

static struct slice skip_separator(struct slice s)
{
	return s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '_' || s.ptr[0] == '.') ? slice_from(s, 1) : s;
}

/* [sep]word[sep][number]; the longest word first in words. Moves *s past it and the second sep. */
static bool take_label(struct slice *s, const char *const *words, size_t n, size_t *out_word, struct slice *out_number)
{
	struct slice t = skip_separator(*s);

	for (size_t i = 0; i < n; i++) {
		if (!starts_nocase(t, words[i]))
			continue;
		t = skip_separator(slice_from(t, strlen(words[i])));
		*out_number = number_take(&t);
		*out_word = i;
		*s = t;
		return true;
	}
	return false;
}

/* Bytes of what Python's \s matches at the end of s (at_end) or its beginning: Unicode white space in UTF-8. */
static size_t blank_len(struct slice s, bool at_end)
{
	/* U+0085 and U+00A0, U+1680, U+2000 to 200A, 2028, 2029, 202F, 205F, 3000 */
	static const struct slice blanks[] = {
		SLICE_INIT("\xc2\x85"),	    SLICE_INIT("\xc2\xa0"),	SLICE_INIT("\xe1\x9a\x80"),
		SLICE_INIT("\xe2\x80\x80"), SLICE_INIT("\xe2\x80\x81"), SLICE_INIT("\xe2\x80\x82"),
		SLICE_INIT("\xe2\x80\x83"), SLICE_INIT("\xe2\x80\x84"), SLICE_INIT("\xe2\x80\x85"),
		SLICE_INIT("\xe2\x80\x86"), SLICE_INIT("\xe2\x80\x87"), SLICE_INIT("\xe2\x80\x88"),
		SLICE_INIT("\xe2\x80\x89"), SLICE_INIT("\xe2\x80\x8a"), SLICE_INIT("\xe2\x80\xa8"),
		SLICE_INIT("\xe2\x80\xa9"), SLICE_INIT("\xe2\x80\xaf"), SLICE_INIT("\xe2\x81\x9f"),
		SLICE_INIT("\xe3\x80\x80"),
	};
	uint8_t c;

	if (s.len == 0)
		return 0;
	c = s.ptr[at_end ? s.len - 1 : 0];
	if (c < 0x80)
		return is_space(c) || (c >= 0x1c && c <= 0x1f) ? 1 : 0;
	for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
		if (at_end ? slice_ends(s, blanks[i]) : slice_starts(s, blanks[i]))
			return blanks[i].len;
	return 0;
}

static struct slice trim_blanks(struct slice s)
{
	size_t n;

	while ((n = blank_len(s, false)) > 0)
		s = slice_from(s, n);
	while ((n = blank_len(s, true)) > 0)
		s.len -= n;
	return s;
}

static bool take_release(struct slice *s, struct slice *out)
{
	struct slice t = *s;

	if (number_take(&t).len == 0)
		return false;
	while (t.len > 1 && t.ptr[0] == '.' && is_digit(t.ptr[1])) {
		t = slice_from(t, 1);
		number_take(&t);
	}
	*out = slice_take(*s, s->len - t.len);
	*s = t;
	return true;
}

static bool local_is_valid(struct slice local)
{
	bool after_separator = true;

	for (size_t i = 0; i < local.len; i++) {
		bool separator = local.ptr[i] == '-' || local.ptr[i] == '_' || local.ptr[i] == '.';

		if (separator ? after_separator : !is_alnum(local.ptr[i]))
			return false;
		after_separator = separator;
	}
	return !after_separator;
}

static void take_post(struct slice *s, struct pep440 *out)
{
	static const char *const words[] = { "post", "rev", "r" };
	size_t word;

	if (s->len > 1 && s->ptr[0] == '-' && is_digit(s->ptr[1])) {
		*s = slice_from(*s, 1);
		out->post_n = number_take(s);
		out->post = true;
	} else {
		out->post = take_label(s, words, ARRAY_LEN(words), &word, &out->post_n);
	}
}

bool pep440_parse(struct slice s, struct pep440 *out)
{
	static const char *const pre_words[] = { "alpha", "beta", "preview", "pre", "rc", "a", "b", "c" };
	static const enum pep440_pre pre_kinds[] = { PEP440_PRE_A,  PEP440_PRE_B, PEP440_PRE_RC, PEP440_PRE_RC,
						     PEP440_PRE_RC, PEP440_PRE_A, PEP440_PRE_B,	 PEP440_PRE_RC };
	static const char *const dev_words[] = { "dev" };
	struct slice t;
	size_t word;

	memset(out, 0, sizeof(*out));
	s = trim_blanks(s);
	if (s.len > 0 && to_lower(s.ptr[0]) == 'v')
		s = slice_from(s, 1);
	t = s;
	out->epoch = number_take(&t);
	if (out->epoch.len > 0 && t.len > 0 && t.ptr[0] == '!')
		s = slice_from(t, 1);
	else
		out->epoch = SLICE_EMPTY;
	if (!take_release(&s, &out->release))
		return false;
	out->pre =
		take_label(&s, pre_words, ARRAY_LEN(pre_words), &word, &out->pre_n) ? pre_kinds[word] : PEP440_PRE_NONE;
	take_post(&s, out);
	out->dev = take_label(&s, dev_words, ARRAY_LEN(dev_words), &word, &out->dev_n);
	if (s.len == 0)
		return true;
	if (s.ptr[0] != '+')
		return false;
	out->local = slice_from(s, 1);
	return local_is_valid(out->local);
}

/* Trailing zeros do not count. */
static int compare_release(struct slice a, struct slice b)
{
	while (a.len > 0 || b.len > 0) {
		struct slice x, y;
		int c;

		slice_cut(a, '.', &x, &a);
		slice_cut(b, '.', &y, &b);
		c = number_cmp(x, y);
		if (c != 0)
			return c;
	}
	return 0;
}

/* A development release without pre or post comes before all pre-releases; no pre comes after them. */
static int pre_rank(const struct pep440 *p)
{
	if (p->pre == PEP440_PRE_NONE && !p->post && p->dev)
		return -1;
	return (int)p->pre;
}

static bool take_segment(struct slice *s, struct slice *out)
{
	size_t n = 0;

	if (s->len == 0)
		return false;
	while (n < s->len && is_alnum(s->ptr[n]))
		n++;
	*out = slice_take(*s, n);
	*s = slice_from(*s, n + 1);
	return true;
}

static int compare_text_nocase(struct slice a, struct slice b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (to_lower(a.ptr[i]) != to_lower(b.ptr[i]))
			return to_lower(a.ptr[i]) < to_lower(b.ptr[i]) ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

/* No local version before any; numbers after words; a longer one after its beginning. */
static int compare_local(struct slice a, struct slice b)
{
	for (;;) {
		struct slice x = SLICE_EMPTY, y = SLICE_EMPTY;
		bool more_a = take_segment(&a, &x), more_b = take_segment(&b, &y);
		bool number_a, number_b;
		int c;

		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		number_a = all_digits(x);
		number_b = all_digits(y);
		if (number_a != number_b)
			return number_a ? 1 : -1;
		c = number_a ? number_cmp(x, y) : compare_text_nocase(x, y);
		if (c != 0)
			return c;
	}
}

static int pep440_compare(struct slice a, struct slice b)
{
	struct pep440 x, y;
	bool good_a = pep440_parse(a, &x), good_b = pep440_parse(b, &y);
	int c;

	if (!good_a || !good_b)
		return good_a != good_b ? (good_a ? 1 : -1) : slice_cmp(a, b);
	c = number_cmp(x.epoch, y.epoch);
	if (c == 0)
		c = compare_release(x.release, y.release);
	if (c == 0)
		c = pre_rank(&x) - pre_rank(&y);
	if (c == 0)
		c = number_cmp(x.pre_n, y.pre_n);
	if (c == 0)
		c = (int)x.post - (int)y.post;
	if (c == 0)
		c = number_cmp(x.post_n, y.post_n);
	if (c == 0)
		c = (int)y.dev - (int)x.dev;
	if (c == 0)
		c = number_cmp(x.dev_n, y.dev_n);
	return c != 0 ? c : compare_local(x.local, y.local);
}

static bool pep440_valid(struct slice v)
{
	struct pep440 p;

	return pep440_parse(v, &p);
}

const struct version_scheme version_scheme_pep440 = { "pep440", pep440_compare, pep440_valid };
