/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_text.c - a version in the bytes of a program, found by the texts around it.
 *
 * The longest text of a pattern is searched; where it stands, the pattern is tried from each place before it that it
 * could begin at. Large programs are searched in pieces that overlap by more than a pattern can be long.
 */
#include "index/package/program_text.h"

#include "base/macros.h"

#define PIECE_BYTES ((size_t)4 << 20) /* searched before what was read is given back */
#define OVERLAP_BYTES ((size_t)1024)
#define VERSION_MAX 64
#define SUFFIX_LETTERS_MAX 8 /* "preview" */
#define RUN_MAX 64
#define GAP_MAX 200

enum kind { LITERAL, VERSION, VERSION_SUFFIX, VERSION_NAMED, NULS, BLANKS, DIGITS, HEX, WORD, GAP };

struct token {
	enum kind kind;
	struct slice text; /* LITERAL; VERSION_NAMED: what it begins with */
};

struct pattern {
	struct slice also; /* empty: nothing */
	struct token at[PROGRAM_TOKENS_MAX];
	size_t n, anchor; /* anchor == n: it has no text */
	size_t reach;	  /* bytes that may stand before the anchor */
};

struct search {
	const struct pattern *p;
	struct slice in;
	size_t anchor_at;
	struct slice version;
};

/* ---- patterns ---- */

static bool hole_kind(uint8_t c, enum kind *out)
{
	static const struct {
		char hole;
		enum kind kind;
	} holes[] = { { 'v', VERSION }, { 'V', VERSION_SUFFIX }, { 'n', VERSION_NAMED }, { '0', NULS }, { 'b', BLANKS },
		      { 'd', DIGITS },	{ 'x', HEX },		 { 'w', WORD },		 { '~', GAP } };

	for (size_t i = 0; i < ARRAY_LEN(holes); i++) {
		if (holes[i].hole == (char)c) {
			*out = holes[i].kind;
			return true;
		}
	}
	return false;
}

static bool is_hole(struct slice s)
{
	return s.len >= 3 && s.ptr[0] == '{' && s.ptr[2] == '}';
}

static bool is_version(enum kind k)
{
	return k == VERSION || k == VERSION_SUFFIX || k == VERSION_NAMED;
}

/* Digits and dots, no dot at the end; how many numbers there are. */
static size_t numbers_len(struct slice s, unsigned *count)
{
	size_t n = 0, end = 0;

	*count = 0;
	while (n < s.len && n < VERSION_MAX && is_digit(s.ptr[n])) {
		while (n < s.len && n < VERSION_MAX && is_digit(s.ptr[n]))
			n++;
		end = n;
		(*count)++;
		if (n >= s.len || s.ptr[n] != '.')
			break;
		n++;
	}
	return end;
}

/* "3.11" of "libpython3.11.so.1.0"; empty if the first number of the name has no dot. */
static struct slice number_in(struct slice name)
{
	size_t at = 0;
	unsigned count;

	while (at < name.len && !is_digit(name.ptr[at]))
		at++;
	name = slice_from(name, at);
	name = slice_take(name, numbers_len(name, &count));
	return count >= 2 ? name : SLICE_EMPTY;
}

static size_t token_reach(const struct token *t)
{
	return t->kind == LITERAL ? t->text.len : t->kind == GAP ? GAP_MAX : t->kind == WORD ? 12 : RUN_MAX;
}

static void set_anchor(struct pattern *p)
{
	size_t longest = 0;

	p->anchor = p->n;
	for (size_t i = 0; i < p->n; i++) {
		if (p->at[i].text.len > longest) {
			longest = p->at[i].text.len;
			p->anchor = i;
		}
	}
	/* Of NULs that a pattern begins with, one is enough. */
	p->reach = 0;
	for (size_t i = 0; i < p->anchor && p->anchor < p->n; i++)
		p->reach += i == 0 && p->at[i].kind == NULS ? 1 : token_reach(&p->at[i]);
}

/* One alternative. False: no pattern, or one that wants a number from a name without. */
static bool compile(struct slice text, struct slice name, struct pattern *out)
{
	size_t versions = 0;

	*out = (struct pattern){ .n = 0 };
	while (text.len > 0) {
		struct token *t = &out->at[out->n];
		size_t len = 1;

		if (is_hole(text) && text.ptr[1] == '&') {
			if (out->n != 1 || out->at[0].kind != LITERAL || out->also.len > 0)
				return false;
			out->also = out->at[0].text;
			out->n = 0;
			text = slice_from(text, 3);
			continue;
		}
		if (out->n == PROGRAM_TOKENS_MAX)
			return false;
		if (is_hole(text)) {
			*t = (struct token){ .kind = LITERAL };
			if (!hole_kind(text.ptr[1], &t->kind))
				return false;
			versions += is_version(t->kind);
			t->text = t->kind == VERSION_NAMED ? name : SLICE_EMPTY;
			len = 3;
		} else {
			while (len < text.len && !is_hole(slice_from(text, len)))
				len++;
			*t = (struct token){ LITERAL, slice_take(text, len) };
		}
		if (t->kind == VERSION_NAMED && name.len == 0)
			return false;
		out->n++;
		text = slice_from(text, len);
	}
	set_anchor(out);
	return versions == 1 && (out->anchor < out->n || out->at[0].kind == NULS);
}

static bool next_alternative(struct slice *rest, struct slice *one)
{
	size_t at = slice_find(*rest, SLICE("{|}"));

	if (rest->len == 0)
		return false;
	*one = slice_take(*rest, at == SIZE_MAX ? rest->len : at);
	*rest = at == SIZE_MAX ? SLICE_EMPTY : slice_from(*rest, at + 3);
	return true;
}

bool program_text_valid(const char *pattern)
{
	struct slice rest = slice_cstr(pattern), one;
	struct pattern p;
	bool any = false;

	while (next_alternative(&rest, &one)) {
		if (!compile(one, SLICE("1.2"), &p))
			return false;
		any = true;
	}
	return any;
}

/* ---- matching ---- */

static bool in_run(enum kind k, uint8_t c)
{
	switch (k) {
	case NULS:
		return c == 0;
	case BLANKS:
		return c == ' ';
	case DIGITS:
		return is_digit(c);
	case HEX:
	case WORD:
		return is_digit(c) || is_lower(c);
	default:
		return false;
	}
}

/* How many bytes of its kind stand at the beginning of s; 0 if too few. */
static size_t run_len(enum kind k, struct slice s)
{
	size_t n = 0, max = k == WORD ? 12 : k == HEX ? RUN_MAX : s.len;

	while (n < s.len && n < max && in_run(k, s.ptr[n]))
		n++;
	return (k == WORD && n < 12) || (k == HEX && n < 7) ? 0 : n;
}

/* What may follow the numbers of a version: letters, then numbers; 0 if nothing does. */
static size_t suffix_len(struct slice s)
{
	size_t n = s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '_') ? 1 : 0, letters = n;

	while (n < s.len && is_alpha(s.ptr[n]))
		n++;
	if (n == letters || n - letters > SUFFIX_LETTERS_MAX)
		return 0;
	while (n < s.len && n < VERSION_MAX &&
	       (is_digit(s.ptr[n]) || (s.ptr[n] == '.' && n + 1 < s.len && is_digit(s.ptr[n + 1]))))
		n++;
	return n < s.len && is_alpha(s.ptr[n]) ? 0 : n;
}

static bool match(struct search *s, size_t token, size_t at);

static bool match_version(struct search *s, size_t token, size_t at)
{
	const struct token *t = &s->p->at[token];
	struct slice here = slice_from(s->in, at);
	unsigned count;
	size_t n = numbers_len(here, &count), suffix;

	if (n == 0 || (t->kind == VERSION_NAMED && (!slice_starts(here, t->text) || n <= t->text.len ||
						    here.ptr[t->text.len] != '.')))
		return false;
	/* The version begins here: what stands before it is no part of it. */
	if (at > 0 && (token == 0 || s->p->at[token - 1].kind == GAP) &&
	    (is_digit(s->in.ptr[at - 1]) || s->in.ptr[at - 1] == '.'))
		return false;
	suffix = t->kind == VERSION ? 0 : suffix_len(slice_from(here, n));
	if (suffix > 0 && match(s, token + 1, at + n + suffix)) {
		s->version = slice_take(here, n + suffix);
		return true;
	}
	/* Digits that belong to what follows may touch it: "4.0.11" and "841ce7054bd9-1542" of one text. */
	for (; count >= 2 && n > 0 && is_digit(here.ptr[n - 1]); n--) {
		if (match(s, token + 1, at + n)) {
			s->version = slice_take(here, n);
			return true;
		}
	}
	return false;
}

static bool match(struct search *s, size_t token, size_t at)
{
	const struct token *t = &s->p->at[token];
	struct slice here = slice_from(s->in, at);
	size_t n;

	if (token == s->p->n)
		return true;
	if (token == s->p->anchor && at != s->anchor_at)
		return false;
	if (is_version(t->kind))
		return match_version(s, token, at);
	if (t->kind == GAP) {
		for (n = 0; n <= GAP_MAX && n <= here.len; n++)
			if (match(s, token + 1, at + n))
				return true;
		return false;
	}
	n = t->kind == LITERAL ? (slice_starts(here, t->text) ? t->text.len : 0) : run_len(t->kind, here);
	return n > 0 && match(s, token + 1, at + n);
}

/* The pattern with its anchor at `at`, or without one beginning there. */
static bool match_around(struct search *s, size_t at)
{
	size_t least = at > s->p->reach ? at - s->p->reach : 0;

	s->anchor_at = at;
	for (size_t begin = at;; begin--) {
		if (match(s, 0, begin))
			return true;
		if (begin == least)
			return false;
	}
}

/* Matches whose anchor begins at from or later, and before end. */
static bool search_piece(struct search *s, size_t from, size_t end)
{
	const struct pattern *p = s->p;
	struct slice wanted = p->anchor < p->n ? p->at[p->anchor].text : slice_make("", 1);
	size_t at;

	while (from < end && (at = slice_find(slice_from(s->in, from), wanted)) != SIZE_MAX && from + at < end) {
		from += at;
		if (match_around(s, from))
			return true;
		from += p->anchor < p->n ? 1 : run_len(NULS, slice_from(s->in, from));
	}
	return false;
}

static void pace_on(const struct program_pace *pace)
{
	if (pace && pace->searched)
		pace->searched(pace->ctx);
}

static bool search(const struct pattern *p, struct slice all, const struct program_pace *pace, struct slice *out)
{
	for (size_t at = 0; at < all.len; at += PIECE_BYTES) {
		size_t before = at < OVERLAP_BYTES ? at : OVERLAP_BYTES;
		struct search s = { .p = p };

		s.in = slice_take(slice_from(all, at - before), before + PIECE_BYTES + OVERLAP_BYTES);
		if (search_piece(&s, before, before + PIECE_BYTES)) {
			*out = s.version;
			return true;
		}
		pace_on(pace);
	}
	return false;
}

static bool has_text(struct slice all, struct slice text, const struct program_pace *pace)
{
	for (size_t at = 0; at < all.len; at += PIECE_BYTES) {
		if (slice_has(slice_take(slice_from(all, at), PIECE_BYTES + OVERLAP_BYTES), text))
			return true;
		pace_on(pace);
	}
	return false;
}

bool program_text_find(const char *pattern, struct slice bytes, struct slice name, const struct program_pace *pace,
		       struct slice *out)
{
	struct slice rest = slice_cstr(pattern), one;
	struct pattern p;

	while (next_alternative(&rest, &one)) {
		if (!compile(one, number_in(name), &p) || (p.also.len > 0 && !has_text(bytes, p.also, pace)))
			continue;
		if (search(&p, bytes, pace, out))
			return true;
	}
	return false;
}
