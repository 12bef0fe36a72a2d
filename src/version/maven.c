/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maven.c - versions of Maven artifacts, as ComparableVersion of Maven 3.9 orders them.
 *
 * Maven reads a version into nested lists. A list is only ever opened at the end of the one around it, so the nesting
 * is a flat run of items: numbers, words, and the opening of a list. Zeros and release words in front of an opening or
 * of the end do not count, nor does an opening after which nothing counts.
 *
 * Maven's comparison is no order: "1-sp" > "1" > "1.0.beta.1", but "1.0.beta.1" > "1-sp". So what is left of two
 * versions is compared with the release first: the one that is older than it is older than the other. Where Maven does
 * not go in circles, that changes nothing.
 */
#include "version/number.h"
#include "version/scheme.h"

enum item_kind { ITEM_END, ITEM_WORD, ITEM_LIST, ITEM_NUMBER };

struct item {
	enum item_kind kind;
	struct slice text;
	bool digit_follows; /* a word: a, b and m are short for alpha, beta and milestone */
};

/* How a version is read: items as Maven makes them, before any are left out. */
struct reader {
	struct slice text;
	size_t at, start;
	bool in_number, list_has_items, ended;
	struct item pending[3];
	size_t n_pending, taken;
};

/* Ranks of words; those that are not listed follow by their bytes. */
enum { RANK_RELEASE = 5, RANK_OTHER = 7 };

static int word_rank(const struct item *word)
{
	static const struct {
		const char *word;
		int rank;
	} ranks[] = {
		{ "alpha", 0 },
		{ "beta", 1 },
		{ "milestone", 2 },
		{ "rc", 3 },
		{ "cr", 3 },
		{ "snapshot", 4 },
		{ "ga", RANK_RELEASE },
		{ "final", RANK_RELEASE },
		{ "release", RANK_RELEASE },
		{ "sp", 6 },
	};

	if (word->digit_follows && word->text.len == 1) {
		static const char letters[] = "abm";
		const char *at = memchr(letters, to_lower(word->text.ptr[0]), sizeof(letters) - 1);

		if (at)
			return (int)(at - letters);
	}
	for (size_t i = 0; i < ARRAY_LEN(ranks); i++)
		if (slice_eq_nocase(word->text, slice_cstr(ranks[i].word)))
			return ranks[i].rank;
	return RANK_OTHER;
}

/* Against a release with nothing more: -1 older, 0 the same, 1 newer. */
static int item_sign(const struct item *item)
{
	int rank;

	if (item->kind == ITEM_NUMBER)
		return number_strip(item->text).len > 0;
	rank = word_rank(item);
	return (rank > RANK_RELEASE) - (rank < RANK_RELEASE);
}

static void push(struct reader *r, enum item_kind kind, struct slice text, bool digit_follows)
{
	r->pending[r->n_pending++] = (struct item){ kind, text, digit_follows };
	r->list_has_items = kind != ITEM_LIST;
}

/* What stands before `at`; nothing there is a zero. */
static void push_part(struct reader *r)
{
	struct slice part = slice_from(slice_take(r->text, r->at), r->start);

	push(r, part.len == 0 || r->in_number ? ITEM_NUMBER : ITEM_WORD, part, false);
}

static void read_byte(struct reader *r, uint8_t c)
{
	struct slice part = slice_from(slice_take(r->text, r->at), r->start);

	if (c == '.' || c == '-') {
		push_part(r);
		if (c == '-')
			push(r, ITEM_LIST, SLICE_EMPTY, false);
		r->start = r->at + 1;
	} else if (part.len > 0 && is_digit(c) && !r->in_number) {
		if (r->list_has_items)
			push(r, ITEM_LIST, SLICE_EMPTY, false);
		push(r, ITEM_WORD, part, true);
		push(r, ITEM_LIST, SLICE_EMPTY, false);
		r->start = r->at;
	} else if (part.len > 0 && !is_digit(c) && r->in_number) {
		push(r, ITEM_NUMBER, part, false);
		push(r, ITEM_LIST, SLICE_EMPTY, false);
		r->start = r->at;
	}
	if (c != '.' && c != '-')
		r->in_number = is_digit(c);
}

static struct item next_raw(struct reader *r)
{
	if (r->taken == r->n_pending) {
		r->taken = r->n_pending = 0;
		for (; r->at < r->text.len && r->n_pending == 0; r->at++)
			read_byte(r, r->text.ptr[r->at]);
		if (r->n_pending == 0 && !r->ended) {
			r->ended = true;
			if (r->at > r->start) {
				if (!r->in_number && r->list_has_items)
					push(r, ITEM_LIST, SLICE_EMPTY, false);
				push_part(r);
			}
		}
		if (r->n_pending == 0)
			return (struct item){ .kind = ITEM_END };
	}
	return r->pending[r->taken++];
}

/* Items that count. */
struct items {
	struct reader reader;
	/* Items to be given out unseen: up to one that counts, and zeros up to a word or number. Then it is looked up
	 * again. */
	size_t signed_for, kept_for;
	int sign;
};

/* The sign of all that is left: of its first item that has one. 0: nothing is left that counts. */
static int rest_sign(struct items *s)
{
	struct reader ahead;

	if (s->signed_for > 0)
		return s->sign;
	ahead = s->reader;
	s->sign = 0;
	for (;;) {
		struct item item = next_raw(&ahead);

		if (item.kind == ITEM_END)
			return 0;
		s->signed_for++;
		if (item.kind != ITEM_LIST)
			s->sign = item_sign(&item);
		if (s->sign != 0)
			return s->sign;
	}
}

static struct item take_raw(struct items *s)
{
	if (s->signed_for > 0)
		s->signed_for--;
	if (s->kept_for > 0)
		s->kept_for--;
	return next_raw(&s->reader);
}

/* Whether the zero or release word that was just taken stands before an item that is neither and no list. */
static bool is_kept(struct items *s)
{
	struct reader ahead;
	size_t n = 0;

	if (s->kept_for > 0)
		return true;
	ahead = s->reader;
	for (;;) {
		struct item item = next_raw(&ahead);

		n++;
		if (item.kind == ITEM_END || item.kind == ITEM_LIST)
			return false;
		if (item_sign(&item) != 0)
			break;
	}
	s->kept_for = n;
	return true;
}

/* Only while rest_sign() is not 0. */
static struct item next_item(struct items *s)
{
	struct item item = take_raw(s);

	if (item.kind == ITEM_LIST || item_sign(&item) != 0 || is_kept(s))
		return item;
	while (item.kind == ITEM_NUMBER || item.kind == ITEM_WORD)
		item = take_raw(s);
	return item;
}

static int compare_words(const struct item *a, const struct item *b)
{
	int rank_a = word_rank(a), rank_b = word_rank(b);

	if (rank_a != rank_b || rank_a != RANK_OTHER)
		return (rank_a > rank_b) - (rank_a < rank_b);
	for (size_t i = 0; i < a->text.len && i < b->text.len; i++)
		if (to_lower(a->text.ptr[i]) != to_lower(b->text.ptr[i]))
			return to_lower(a->text.ptr[i]) < to_lower(b->text.ptr[i]) ? -1 : 1;
	return (a->text.len > b->text.len) - (a->text.len < b->text.len);
}

static int maven_compare(struct slice a, struct slice b)
{
	struct items x = { .reader.text = a }, y = { .reader.text = b };

	for (;;) {
		int sign_x = rest_sign(&x), sign_y = rest_sign(&y), c = 0;
		struct item i, k;

		if (sign_x != sign_y)
			return sign_x < sign_y ? -1 : 1;
		if (sign_x == 0)
			return 0;
		i = next_item(&x);
		k = next_item(&y);
		/* A word is older than a list, and that than a number. */
		if (i.kind != k.kind)
			return i.kind < k.kind ? -1 : 1;
		if (i.kind == ITEM_NUMBER)
			c = number_cmp(i.text, k.text);
		else if (i.kind == ITEM_WORD)
			c = compare_words(&i, &k);
		if (c != 0)
			return c;
	}
}

/* ComparableVersion takes any text; what a project may not have as its version is none here. */
static bool maven_valid(struct slice v)
{
	static const char forbidden[] = "\\/:\"<>|?*[](){},";

	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] <= ' ' || v.ptr[i] == 0x7f || memchr(forbidden, v.ptr[i], sizeof(forbidden) - 1))
			return false;
	return v.len > 0;
}

const struct version_scheme version_scheme_maven = { "maven", maven_compare, maven_valid };
