/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glsa_ranges.c - bounds of a Gentoo advisory as intervals.
 *
 * The order has a next version behind each: its next revision. So every bound is a cut before or behind one version,
 * and what is vulnerable is a list of intervals from which the unaffected ones are taken.
 */
#include "feed/glsa_ranges.h"

/* More than any revision or number of a version will be. */
#define ENDLESS "999999999999"

/* Between two versions: right before this one, or right behind it and all that equal it. */
struct cut {
	struct slice version; /* "" = before all, or behind all */
	bool behind;
};

struct interval {
	struct cut from, to; /* from < to */
};

typedef VEC(struct interval) interval_list;

bool glsa_bound_read(struct slice word, struct slice text, struct glsa_bound *out, const char **why)
{
	static const struct {
		const char *word;
		enum glsa_op op;
	} words[] = { { "lt", GLSA_LT },   { "le", GLSA_LE },	{ "eq", GLSA_EQ },
		      { "ge", GLSA_GE },   { "gt", GLSA_GT },	{ "rlt", GLSA_RLT },
		      { "rle", GLSA_RLE }, { "rge", GLSA_RGE }, { "rgt", GLSA_RGT } };
	size_t i = 0;

	while (i < ARRAY_LEN(words) && !slice_eq(word, slice_cstr(words[i].word)))
		i++;
	*why = "the word for its range is none that is known";
	if (i == ARRAY_LEN(words))
		return false;
	out->op = words[i].op;
	out->version = slice_trim(text);
	if (out->op == GLSA_EQ && slice_ends(out->version, SLICE("*"))) {
		out->op = GLSA_PREFIX;
		out->version.len--;
		/* "1.2*" is 1.2 and all that goes on with a dot, a letter, a suffix or a revision. */
		for (i = 0; i < out->version.len; i++)
			if (!is_digit(out->version.ptr[i]) && out->version.ptr[i] != '.') {
				*why = "only numbers may stand before the * of its version";
				return false;
			}
	}
	*why = "its version is none of Portage's";
	return version_scheme_portage.valid(out->version);
}

static int cut_cmp(struct cut a, struct cut b)
{
	int c;

	if (a.version.len == 0 || b.version.len == 0)
		return (a.version.len > 0 ? 0 : a.behind ? 1 : -1) - (b.version.len > 0 ? 0 : b.behind ? 1 : -1);
	c = version_scheme_portage.compare(a.version, b.version);
	return c != 0 ? c : (int)a.behind - (int)b.behind;
}

/* "1.2-r3" -> "1.2", "3" */
static struct slice base_of(struct slice version, struct slice *out_revision)
{
	struct slice base;

	*out_revision = SLICE_EMPTY;
	if (!slice_rcut(version, '-', &base, out_revision))
		return version;
	*out_revision = slice_from(*out_revision, 1);
	return base;
}

static bool suffixed(struct arena *arena, struct slice base, const char *suffix, struct slice *out)
{
	return arena_printf(arena, out, "%.*s%s", SLICE_ARG(base), suffix);
}

/* The revision behind one: "1.2" -> "1.2-r1", "1.2-r19" -> "1.2-r20". */
static bool successor(struct arena *arena, struct slice version, struct slice *out)
{
	struct slice revision, base = base_of(version, &revision), digits = revision;
	size_t n = 0, at;
	char *text;

	while (digits.len > 0 && digits.ptr[0] == '0')
		digits = slice_from(digits, 1);
	text = arena_alloc(arena, base.len + 3 + digits.len + 1);
	if (!text)
		return false;
	memcpy(text, base.ptr, base.len);
	n = base.len;
	text[n++] = '-';
	text[n++] = 'r';
	/* One digit more, for the carry. */
	text[n++] = '0';
	for (size_t i = 0; i < digits.len; i++)
		text[n++] = (char)digits.ptr[i];
	for (at = n - 1; text[at] == '9'; at--)
		text[at] = '0';
	text[at]++;
	if (digits.len > 0 && text[base.len + 2] == '0') {
		memmove(text + base.len + 2, text + base.len + 3, digits.len);
		n--;
	}
	*out = slice_make(text, n);
	return true;
}

static bool interval_of(const struct glsa_bound *b, struct arena *arena, struct interval *out)
{
	static const struct cut first = { .behind = false }, last = { .behind = true };
	struct cut before = { b->version, false }, behind = { b->version, true }, revisions_from, revisions_to;
	struct slice ignored;

	revisions_from = (struct cut){ base_of(b->version, &ignored), false };
	revisions_to = (struct cut){ .behind = true };
	if (b->op >= GLSA_RLT && b->op <= GLSA_RGT &&
	    !suffixed(arena, revisions_from.version, "-r" ENDLESS, &revisions_to.version))
		return false;
	switch (b->op) {
	case GLSA_LT:
		*out = (struct interval){ first, before };
		return true;
	case GLSA_LE:
		*out = (struct interval){ first, behind };
		return true;
	case GLSA_EQ:
		*out = (struct interval){ before, behind };
		return true;
	case GLSA_GE:
		*out = (struct interval){ before, last };
		return true;
	case GLSA_GT:
		*out = (struct interval){ behind, last };
		return true;
	case GLSA_RLT:
		*out = (struct interval){ revisions_from, before };
		return true;
	case GLSA_RLE:
		*out = (struct interval){ revisions_from, behind };
		return true;
	case GLSA_RGE:
		*out = (struct interval){ before, revisions_to };
		return true;
	case GLSA_RGT:
		*out = (struct interval){ behind, revisions_to };
		return true;
	case GLSA_PREFIX:
	default:
		*out = (struct interval){ { .behind = true }, { .behind = true } };
		/* Before its alphas of alphas, behind all numbers that could follow. */
		return suffixed(arena, b->version, "_alpha_alpha_alpha", &out->from.version) &&
		       suffixed(arena, b->version, "." ENDLESS, &out->to.version);
	}
}

static bool push(interval_list *list, struct arena *arena, struct cut from, struct cut to)
{
	struct interval *at;

	if (cut_cmp(from, to) >= 0)
		return true;
	at = VEC_PUSH(list, arena);
	if (at)
		*at = (struct interval){ from, to };
	return at != NULL;
}

static bool take_away(interval_list *list, struct arena *arena, struct interval gone)
{
	interval_list left = { NULL, 0, 0 };

	for (size_t i = 0; i < list->len; i++) {
		struct interval one = list->at[i];
		struct cut to = cut_cmp(one.to, gone.from) < 0 ? one.to : gone.from;
		struct cut from = cut_cmp(one.from, gone.to) > 0 ? one.from : gone.to;

		if (!push(&left, arena, one.from, to) || !push(&left, arena, from, one.to))
			return false;
	}
	*list = left;
	return true;
}

/* Kept apart and in order: what is there already is left out. */
static bool add(interval_list *list, struct arena *arena, struct interval more)
{
	interval_list rest = { NULL, 0, 0 };
	size_t at = list->len;

	if (!push(&rest, arena, more.from, more.to))
		return false;
	for (size_t i = 0; i < at; i++)
		if (!take_away(&rest, arena, list->at[i]))
			return false;
	for (size_t i = 0; i < rest.len; i++)
		if (!push(list, arena, rest.at[i].from, rest.at[i].to))
			return false;
	for (size_t i = 1; i < list->len; i++)
		for (size_t k = i; k > 0 && cut_cmp(list->at[k].from, list->at[k - 1].from) < 0; k--) {
			struct interval swap = list->at[k];

			list->at[k] = list->at[k - 1];
			list->at[k - 1] = swap;
		}
	return true;
}

/* Neighbours that meet are one. */
static size_t join(interval_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->len; i++) {
		if (n > 0 && cut_cmp(list->at[n - 1].to, list->at[i].from) == 0)
			list->at[n - 1].to = list->at[i].to;
		else
			list->at[n++] = list->at[i];
	}
	return n;
}

static bool put_range(struct arena *arena, const struct interval *in, struct version_range *out)
{
	*out = (struct version_range){ .introduced = SLICE_EMPTY };
	if (in->to.behind)
		out->last_affected = in->to.version;
	else
		out->fixed = in->to.version;
	if (in->from.behind)
		return successor(arena, in->from.version, &out->introduced);
	out->introduced = in->from.version;
	return true;
}

bool glsa_ranges(const glsa_bound_list *bounds, struct slice slot, struct arena *arena,
		 const struct version_range **out, size_t *out_n)
{
	interval_list list = { NULL, 0, 0 };
	struct version_range *ranges;

	*out = NULL;
	*out_n = 0;
	for (int unaffected = 0; unaffected < 2; unaffected++)
		for (size_t i = 0; i < bounds->len; i++) {
			const struct glsa_bound *b = &bounds->at[i];
			struct interval one;

			if (b->unaffected != (unaffected != 0) || (b->slot.len > 0 && !slice_eq(b->slot, slot)))
				continue;
			if (!interval_of(b, arena, &one))
				return false;
			if (!(b->unaffected ? take_away(&list, arena, one) : add(&list, arena, one)))
				return false;
		}
	list.len = join(&list);
	ranges = arena_array(arena, list.len + 1, sizeof(*ranges));
	if (!ranges)
		return false;
	for (size_t i = 0; i < list.len; i++)
		if (!put_range(arena, &list.at[i], &ranges[i]))
			return false;
	*out = ranges;
	*out_n = list.len;
	return true;
}
