/* SPDX-License-Identifier: Apache-2.0 */
/*
 * npm_range.c - from npm's ranges to comparators ("^1.2" is ">=1.2.0 <2.0.0-0"), and from those to an answer.
 *
 * What npm takes for a range is what its regular expressions do to the text one after another; the steps here are
 * theirs, so that oddities ("~> =1", "1.2.3*") come out alike. docs/formats/npm-range.md has the list.
 */
#include "version/npm_range.h"

#include "version/number.h"
#include "version/semver.h"

#include <stdlib.h>

#define SAFE_MAX (((uint64_t)1 << 53) - 1) /* npm computes in doubles, and refuses what they cannot tell apart */
#define VERSION_MAX 256			   /* bytes of a version */

enum operator { ANY, EQUAL, LESS, UP_TO, MORE, FROM };

/* A version with its numbers as such; pre_number: struct semver's. */
struct exact {
	uint64_t number[3];
	struct slice pre, pre_number;
};

struct comparator {
	enum operator how; /* ANY: version says nothing */
	struct exact version;
};

static int exact_cmp(const struct exact *a, const struct exact *b)
{
	const struct semver x = { .pre = a->pre, .pre_number = a->pre_number };
	const struct semver y = { .pre = b->pre, .pre_number = b->pre_number };

	for (size_t i = 0; i < 3; i++)
		if (a->number[i] != b->number[i])
			return a->number[i] < b->number[i] ? -1 : 1;
	return semver_order(&x, &y);
}

/* ---- one alternative: the text ---- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What may stand in front of a number, and a number or what stands for any. */
static bool is_prefix(uint8_t c)
{
	return c == 'v' || c == '=' || c == ' ';
}

static bool is_start(uint8_t c)
{
	return is_digit(c) || c == 'x' || c == 'X' || c == '*';
}

static bool is_version_byte(uint8_t c)
{
	return is_alnum(c) || c == '.' || c == '-' || c == '*';
}

struct text {
	uint8_t at[NPM_RANGE_PART_MAX];
	size_t len;
};

static struct slice text_slice(const struct text *t)
{
	return slice_make(t->at, t->len);
}

static uint8_t text_byte(const struct text *t, size_t i)
{
	return i < t->len ? t->at[i] : 0;
}

/* "+b.1" anywhere is nothing. */
static size_t build_len(struct slice s)
{
	size_t n = 1, last = 0;

	if (s.len == 0 || s.ptr[0] != '+')
		return 0;
	for (; n < s.len && (is_alnum(s.ptr[n]) || s.ptr[n] == '-' || (s.ptr[n] == '.' && n > last + 1)); n++)
		if (s.ptr[n] == '.')
			last = n;
	if (n > 1 && s.ptr[n - 1] == '.')
		n--;
	return n > 1 ? n : 0;
}

/* Copied without blanks around, with single ones within, and without builds. False: it is too long. */
static bool text_copy(struct slice s, struct text *out)
{
	out->len = 0;
	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s = slice_take(s, s.len - 1);
	for (size_t i = 0; i < s.len;) {
		size_t skip = build_len(slice_from(s, i));
		bool blank = is_blank(s.ptr[i]);

		if (skip == 0 && blank)
			while (i + skip < s.len && is_blank(s.ptr[i + skip]))
				skip++;
		if ((blank && i > 0) || skip == 0) {
			if (out->len == sizeof(out->at))
				return false;
			out->at[out->len++] = blank ? ' ' : s.ptr[i];
		}
		i += MAX(skip, 1);
	}
	return true;
}

/* The blank behind an operator in front of a version, which a match that begins here loses; SIZE_MAX: none. */
static size_t blank_behind_operator(const struct text *t, size_t at)
{
	if (text_byte(t, at) == ' ')
		at++;
	if (text_byte(t, at) == '<' || text_byte(t, at) == '>')
		at++;
	if (text_byte(t, at) == '=')
		at++;
	return text_byte(t, at) == ' ' ? at : SIZE_MAX;
}

static void text_cut(struct text *t, size_t at, size_t n)
{
	memmove(t->at + at, t->at + at + n, t->len - at - n);
	t->len -= n;
}

/* ">= 1" is ">=1". */
static void join_operators(struct text *t)
{
	for (size_t i = 0; i < t->len;) {
		size_t begin = i, blank;

		if (is_start(t->at[i])) { /* a version, in which none begins */
			while (is_version_byte(text_byte(t, i)))
				i++;
			continue;
		}
		if (!is_prefix(t->at[i++]) && t->at[begin] != '<' && t->at[begin] != '>')
			continue;
		while (i < t->len && is_prefix(t->at[i]))
			i++;
		if (!is_start(text_byte(t, i)))
			continue;
		blank = blank_behind_operator(t, begin);
		if (blank == SIZE_MAX)
			continue;
		text_cut(t, blank, 1);
		i--;
	}
}

/* "~> 1" and "^ 1" are "~1" and "^1". */
static void join_sign(struct text *t, uint8_t sign)
{
	for (size_t i = 0; i < t->len; i++) {
		size_t end = i + 1;

		if (t->at[i] != sign)
			continue;
		if (sign == '~' && text_byte(t, end) == '>')
			end++;
		if (text_byte(t, end) == ' ')
			text_cut(t, i + 1, end - i);
	}
}

/* ---- partial versions ---- */

/* "1.2.x": the numbers that are there and not x. */
struct partial {
	uint64_t number[3];
	bool is_x[3]; /* x, X, *, or not there */
	bool given[3];
	struct slice pre;
	struct slice prefix; /* v and = in front */
};

/* A number, or what stands for any, cut off *s. */
static bool take_part(struct slice *s, struct partial *out, size_t i)
{
	struct slice digits;

	if (s->len > 0 && !is_digit(s->ptr[0]) && is_start(s->ptr[0])) {
		*s = slice_from(*s, 1);
		out->given[i] = true;
		return true;
	}
	digits = number_take(s);
	if (digits.len == 0 || (digits.len > 1 && digits.ptr[0] == '0'))
		return false;
	for (size_t k = 0; k < digits.len && out->number[i] <= SAFE_MAX; k++)
		out->number[i] = out->number[i] * 10 + (uint64_t)(digits.ptr[k] - '0');
	out->given[i] = true;
	out->is_x[i] = false;
	return true;
}

static bool read_partial(struct slice s, struct partial *out)
{
	size_t n = 0;

	*out = (struct partial){ .is_x = { true, true, true } };
	while (n < s.len && is_prefix(s.ptr[n]))
		n++;
	out->prefix = slice_take(s, n);
	s = slice_from(s, n);
	for (size_t i = 0; i < 3; i++) {
		if (!take_part(&s, out, i))
			return false;
		if (i == 2 || s.len == 0 || s.ptr[0] != '.')
			break;
		s = slice_from(s, 1);
	}
	if (s.len == 0)
		return true;
	out->pre = slice_from(s, 1);
	return out->given[2] && s.ptr[0] == '-' && semver_identifiers_valid(out->pre, false);
}

/* Numbers behind one that may be any: "x.1". */
static bool is_out_of_order(const struct partial *p)
{
	return (p->is_x[0] && !p->is_x[1]) || (p->is_x[1] && p->given[2] && !p->is_x[2]);
}

/* ---- one alternative: its comparators ---- */

struct visitor {
	void (*visit)(void *ctx, const struct comparator *c);
	void *ctx;
};

static bool visit(const struct visitor *v, enum operator how, uint64_t a, uint64_t b, uint64_t c, struct slice pre)
{
	const struct comparator it = { how, { { a, b, c }, pre, SLICE_EMPTY } };

	if (a > SAFE_MAX || b > SAFE_MAX || c > SAFE_MAX || pre.len > VERSION_MAX)
		return false;
	v->visit(v->ctx, &it);
	return true;
}

static bool visit_any(const struct visitor *v)
{
	return visit(v, ANY, 0, 0, 0, SLICE_EMPTY);
}

/* ">=0.0.0" in these very letters is any version for npm, pre-releases as well. */
static bool visit_from(const struct visitor *v, const struct partial *p, struct slice pre)
{
	if (p->number[0] == 0 && p->number[1] == 0 && p->number[2] == 0 && pre.len == 0 && p->prefix.len == 0)
		return visit_any(v);
	return visit(v, FROM, p->number[0], p->number[1], p->number[2], pre);
}

/* Below all versions with the number after the one at `place`, their pre-releases, too. */
static bool visit_below_next(const struct visitor *v, const struct partial *p, size_t place)
{
	return visit(v, LESS, p->number[0] + (place == 0), place > 0 ? p->number[1] + (place == 1) : 0,
		     place == 2 ? p->number[2] + 1 : 0, SLICE("0"));
}

/* From the partial version (what is not there is 0) to below the next at `place`. */
static bool visit_line(const struct visitor *v, const struct partial *p, size_t place)
{
	struct partial from = *p;

	from.prefix = SLICE_EMPTY;
	if (p->is_x[1])
		from.number[1] = 0;
	if (p->is_x[1] || p->is_x[2])
		from.number[2] = 0;
	return visit_from(v, &from, p->is_x[1] || p->is_x[2] ? SLICE_EMPTY : p->pre) && visit_below_next(v, p, place);
}

static bool read_caret(const struct visitor *v, struct slice s)
{
	struct partial p;

	if (!read_partial(s, &p))
		return false;
	if (p.is_x[0])
		return visit_any(v);
	if (p.is_x[1] || p.number[0] > 0)
		return visit_line(v, &p, 0);
	return visit_line(v, &p, p.is_x[2] || p.number[1] > 0 ? 1 : 2);
}

static bool read_tilde(const struct visitor *v, struct slice s)
{
	struct partial p;

	if (s.len > 0 && s.ptr[0] == '>')
		s = slice_from(s, 1);
	if (!read_partial(s, &p))
		return false;
	if (p.is_x[0])
		return visit_any(v);
	return visit_line(v, &p, p.is_x[1] ? 0 : 1);
}

static enum operator take_operator(struct slice *s)
{
	bool less = s->len > 0 && s->ptr[0] == '<', more = s->len > 0 && s->ptr[0] == '>', equal;

	*s = slice_from(*s, less || more ? 1 : 0);
	equal = s->len > 0 && s->ptr[0] == '=';
	*s = slice_from(*s, equal ? 1 : 0);
	if (less)
		return equal ? UP_TO : LESS;
	if (more)
		return equal ? FROM : MORE;
	return EQUAL;
}

/* "<1.2", ">1": with numbers missing. */
static bool visit_partial(const struct visitor *v, enum operator how, const struct partial *p)
{
	size_t place = p->is_x[1] ? 0 : 1;
	uint64_t minor = place == 0 ? 0 : p->number[1];
	struct partial from = *p;

	if (p->is_x[0])
		return how == LESS || how == MORE ? visit(v, LESS, 0, 0, 0, SLICE("0")) : visit_any(v);
	switch (how) {
	case LESS:
		return visit(v, LESS, p->number[0], minor, 0, SLICE("0"));
	case UP_TO:
		return visit_below_next(v, p, place);
	case MORE:
		return place == 0 ? visit(v, FROM, p->number[0] + 1, 0, 0, SLICE_EMPTY)
				  : visit(v, FROM, p->number[0], minor + 1, 0, SLICE_EMPTY);
	case FROM:
		from.number[1] = minor;
		from.number[2] = 0;
		from.prefix = SLICE_EMPTY;
		return visit_from(v, &from, SLICE_EMPTY);
	default:
		return visit_line(v, p, place);
	}
}

/* All three numbers; in front of them at most a v. */
static bool visit_exact(const struct visitor *v, enum operator how, const struct partial *p)
{
	if (p->is_x[2] || p->is_x[1] || p->is_x[0] || (p->prefix.len > 0 && !slice_eq(p->prefix, SLICE("v"))))
		return false;
	return how == FROM ? visit_from(v, p, p->pre)
			   : visit(v, how, p->number[0], p->number[1], p->number[2], p->pre);
}

/* Drops the first star between the two places, with the operator in front of it. */
static void drop_star(struct text *t, size_t begin, size_t *end)
{
	size_t star = begin, first;

	while (star < *end && t->at[star] != '*')
		star++;
	if (star == *end)
		return;
	first = star;
	if (first > begin && t->at[first - 1] == '=')
		first--;
	if (first > begin && (t->at[first - 1] == '<' || t->at[first - 1] == '>'))
		first--;
	text_cut(t, first, star + 1 - first);
	*end -= star + 1 - first;
}

/* What stands between the two places; *end moves when something is dropped. */
static bool read_comparator(const struct visitor *v, struct text *t, size_t begin, size_t *end)
{
	struct slice s = slice_make(t->at + begin, *end - begin), rest = s;
	enum operator how = take_operator(&rest);
	struct partial p;
	size_t plus;

	if (s.len > 0 && s.ptr[0] == '^')
		return read_caret(v, slice_from(s, 1));
	if (s.len > 0 && s.ptr[0] == '~')
		return read_tilde(v, slice_from(s, 1));
	if (read_partial(rest, &p) && !is_out_of_order(&p))
		return p.is_x[0] || p.is_x[1] || p.is_x[2] ? visit_partial(v, how, &p) : visit_exact(v, how, &p);
	drop_star(t, begin, end);
	rest = slice_make(t->at + begin, *end - begin);
	if (rest.len == 0)
		return visit_any(v);
	plus = slice_find_byte(rest, '+');
	if (plus != SIZE_MAX && plus + build_len(slice_from(rest, plus)) == rest.len)
		rest.len = plus;
	how = take_operator(&rest);
	return read_partial(rest, &p) && visit_exact(v, how, &p);
}

/* "1.2 - 2.3.4"; false: it is none of those. Of blanks that builds leave behind, npm bears one in most places. */
static bool split_hyphen(struct slice s, struct partial *from, struct partial *to)
{
	static const struct slice hyphen = SLICE_INIT(" - ");
	size_t at;

	s = slice_from(s, s.len > 0 && s.ptr[0] == ' ' ? 1 : 0);
	s = slice_take(s, s.len - (s.len > 0 && s.ptr[s.len - 1] == ' ' ? 1 : 0));
	at = slice_find(s, hyphen);
	if (at == SIZE_MAX || !read_partial(slice_take(s, at), from))
		return false;
	s = slice_from(s, at + hyphen.len);
	return read_partial(slice_from(s, s.len > 0 && s.ptr[0] == ' ' ? 1 : 0), to);
}

static bool visit_hyphen(const struct visitor *v, const struct partial *from, const struct partial *to)
{
	struct partial end = *to;

	if (from->is_x[0] || from->is_x[1] || from->is_x[2]) {
		if (!visit_partial(v, FROM, from))
			return false;
	} else if (!visit_exact(v, FROM, from)) {
		return false;
	}
	if (to->is_x[0] || to->is_x[1] || to->is_x[2])
		return visit_partial(v, UP_TO, to);
	if (to->pre.len > 0)
		end.prefix = SLICE_EMPTY; /* it is written anew */
	return visit_exact(v, UP_TO, &end);
}

/* Calls visit for each comparator, at least once. False: no range. */
static bool read_alternative(struct slice s, struct text *room, const struct visitor *v)
{
	struct partial from, to;
	size_t begin = 0;

	if (!text_copy(s, room))
		return false;
	if (split_hyphen(text_slice(room), &from, &to))
		return visit_hyphen(v, &from, &to);
	join_operators(room);
	join_sign(room, '~');
	join_sign(room, '^');
	for (;;) {
		size_t end = begin;

		while (end < room->len && room->at[end] != ' ')
			end++;
		if (!read_comparator(v, room, begin, &end))
			return false;
		if (end >= room->len)
			return true;
		begin = end + 1;
	}
}

/* The next alternative of a range; false at the end. *at: SIZE_MAX at first behind the last one. */
static bool next_alternative(struct slice range, size_t *at, struct slice *out)
{
	struct slice rest;
	size_t end;

	if (*at == SIZE_MAX)
		return false;
	rest = slice_from(range, *at);
	end = slice_find(rest, SLICE("||"));
	*out = slice_take(rest, end);
	*at = end == SIZE_MAX ? SIZE_MAX : *at + end + 2;
	return true;
}

/* ---- does it hold? ---- */

/* What the comparators of an alternative say of a version. */
struct verdict {
	const struct exact *version; /* NULL: only whether they can be read is asked */
	bool all, is_any, is_null;   /* is_null: it says that nothing is held */
	bool speaks;		     /* of a pre-release of the same numbers */
};

static bool satisfies(const struct exact *v, const struct comparator *c)
{
	int order = exact_cmp(v, &c->version);

	switch (c->how) {
	case EQUAL:
		return order == 0;
	case LESS:
		return order < 0;
	case UP_TO:
		return order <= 0;
	case MORE:
		return order > 0;
	case FROM:
		return order >= 0;
	default:
		return true;
	}
}

static void judge(void *ctx, const struct comparator *c)
{
	struct verdict *j = ctx;
	const struct exact *v = j->version, *w = &c->version;

	if (c->how == ANY)
		return;
	j->is_any = false;
	j->is_null |= c->how == LESS && w->number[0] == 0 && w->number[1] == 0 && w->number[2] == 0 &&
		      slice_eq(w->pre, SLICE("0"));
	if (!v)
		return;
	j->all &= satisfies(v, c);
	j->speaks |= w->pre.len > 0 && memcmp(v->number, w->number, sizeof(v->number)) == 0;
}

static bool read_version(struct slice text, struct exact *out)
{
	struct semver v;

	memset(out, 0, sizeof(*out));
	if (text.len > VERSION_MAX || !semver_parse(text, &v))
		return false;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < v.number[i].len; k++) {
			out->number[i] = out->number[i] * 10 + (uint64_t)(v.number[i].ptr[k] - '0');
			if (out->number[i] > SAFE_MAX)
				return false;
		}
	out->pre = v.pre;
	return true;
}

/* NULL: whether it can be read. */
static bool holds(struct slice range, const struct exact *version, bool *out)
{
	size_t at = 0, n = 0;
	struct text room;
	struct slice one;
	bool any = false;

	*out = false;
	while (next_alternative(range, &at, &one)) {
		struct verdict j = { .version = version, .all = true, .is_any = true };
		const struct visitor v = { judge, &j };

		if (!read_alternative(one, &room, &v))
			return false;
		n += !j.is_null;
		any |= j.is_any;
		*out |= version && j.all && (version->pre.len == 0 || j.speaks);
	}
	/* An alternative that is any version makes npm forget the others, which may speak of pre-releases. */
	if (version && any && n > 1)
		*out = version->pre.len == 0;
	return true;
}

bool npm_range_valid(struct slice range)
{
	bool held;

	return holds(range, NULL, &held);
}

bool npm_range_holds(struct slice range, struct slice version)
{
	struct exact v;
	bool held;

	return read_version(version, &v) && holds(range, &v, &held) && held;
}

/* ---- as intervals ---- */

/* [from, to); an end that is not there is open. */
struct span {
	struct exact from, to;
	bool has_from, has_to;
};

typedef VEC(struct span) span_list;

/* The first version behind this one. */
static struct exact successor(struct exact v)
{
	if (v.pre.len > 0) {
		v.pre_number = SLICE("0");
		return v;
	}
	v.number[2]++;
	v.pre = SLICE("0");
	return v;
}

static void narrow_from(struct span *s, struct exact v)
{
	if (!s->has_from || exact_cmp(&v, &s->from) > 0)
		s->from = v;
	s->has_from = true;
}

static void narrow_to(struct span *s, struct exact v)
{
	if (!s->has_to || exact_cmp(&v, &s->to) < 0)
		s->to = v;
	s->has_to = true;
}

static void narrow(void *ctx, const struct comparator *c)
{
	if (c->how == EQUAL || c->how == FROM)
		narrow_from(ctx, c->version);
	if (c->how == MORE)
		narrow_from(ctx, successor(c->version));
	if (c->how == EQUAL || c->how == UP_TO)
		narrow_to(ctx, successor(c->version));
	if (c->how == LESS)
		narrow_to(ctx, c->version);
}

static bool is_empty(const struct span *s)
{
	return s->has_from && s->has_to && exact_cmp(&s->from, &s->to) >= 0;
}

static int by_from(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (!x->has_from || !y->has_from)
		return (int)x->has_from - (int)y->has_from;
	return exact_cmp(&x->from, &y->from);
}

/* Ascending, and one of those that overlap or touch. */
static void join_spans(span_list *list)
{
	size_t n = 0;

	if (list->len == 0)
		return;
	qsort(list->at, list->len, sizeof(*list->at), by_from);
	for (size_t i = 1; i < list->len; i++) {
		struct span *last = &list->at[n], *next = &list->at[i];

		if (last->has_to && next->has_from && exact_cmp(&next->from, &last->to) > 0)
			list->at[++n] = *next;
		else if (last->has_to && (!next->has_to || exact_cmp(&next->to, &last->to) > 0))
			last->to = next->to, last->has_to = next->has_to;
	}
	list->len = n + 1;
}

static enum status read_spans(struct slice range, struct arena *arena, span_list *out, struct err *err)
{
	size_t at = 0;
	struct slice one;

	while (next_alternative(range, &at, &one)) {
		struct text *room = arena_alloc(arena, sizeof(*room)); /* pre-releases lie in it */
		struct span s = { .has_from = false }, *slot;
		const struct visitor v = { narrow, &s };

		if (!room)
			return err_nomem(err, "npm range");
		if (!read_alternative(one, room, &v))
			return err_set(err, STATUS_MALFORMED, "\"%.*s\" is no range of npm's", SLICE_ARG(range));
		if (is_empty(&s))
			continue;
		slot = VEC_PUSH(out, arena);
		if (!slot)
			return err_nomem(err, "npm range");
		*slot = s;
	}
	join_spans(out);
	return STATUS_OK;
}

/* What of the span is in none of the others, which are ascending. */
static bool subtract(struct span s, const span_list *others, struct arena *arena, span_list *out)
{
	struct span *slot;

	for (size_t i = 0; i < others->len; i++) {
		const struct span *o = &others->at[i];
		struct span before = s;

		if (o->has_to && s.has_from && exact_cmp(&o->to, &s.from) <= 0)
			continue;
		if (o->has_from && s.has_to && exact_cmp(&o->from, &s.to) >= 0)
			break;
		if (o->has_from) {
			before.to = o->from;
			before.has_to = true;
			if (!is_empty(&before)) {
				slot = VEC_PUSH(out, arena);
				if (!slot)
					return false;
				*slot = before;
			}
		}
		if (!o->has_to)
			return true;
		s.from = o->to;
		s.has_from = true;
		if (is_empty(&s))
			return true;
	}
	slot = VEC_PUSH(out, arena);
	if (!slot)
		return false;
	*slot = s;
	return true;
}

static bool print(struct arena *arena, bool given, const struct exact *v, struct slice *out)
{
	*out = SLICE_EMPTY;
	return !given || arena_printf(arena, out, "%llu.%llu.%llu%s%.*s%s%.*s", (unsigned long long)v->number[0],
				      (unsigned long long)v->number[1], (unsigned long long)v->number[2],
				      v->pre.len > 0 ? "-" : "", SLICE_ARG(v->pre), v->pre_number.len > 0 ? "." : "",
				      SLICE_ARG(v->pre_number));
}

enum status npm_range_intervals(struct slice range, const struct slice *except, struct arena *arena,
				struct npm_interval **out, size_t *out_n, struct err *err)
{
	span_list all = { NULL, 0, 0 }, others = { NULL, 0, 0 }, left = { NULL, 0, 0 };

	TRY(read_spans(range, arena, &all, err));
	if (except)
		TRY(read_spans(*except, arena, &others, err));
	for (size_t i = 0; i < all.len; i++)
		if (!subtract(all.at[i], &others, arena, &left))
			return err_nomem(err, "npm range");
	*out = arena_array(arena, left.len + 1, sizeof(**out));
	*out_n = left.len;
	if (!*out)
		return err_nomem(err, "npm range");
	for (size_t i = 0; i < left.len; i++)
		if (!print(arena, left.at[i].has_from, &left.at[i].from, &(*out)[i].from) ||
		    !print(arena, left.at[i].has_to, &left.at[i].to, &(*out)[i].to))
			return err_nomem(err, "npm range");
	return STATUS_OK;
}
