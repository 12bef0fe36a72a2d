/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.c - a report without the texts that the store has anyway.
 *
 * An index report repeats the names and versions of its packages and the digests of its layers, and numbers them. The
 * store keeps those texts once for all images; here they are replaced by marks, so that what is left is nearly the same
 * for every package, and zstd makes next to nothing of it. Any bytes have a shape: what is not recognised stays as it
 * is.
 *
 * Marks are bytes that JSON has no use for. What is recognised, and how, is the business of store_shape() alone: marks
 * say all that store_unshape() needs, so that what was stored is read by whoever knows the marks.
 */
#include "store/store_ops.h"

#include "base/map.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum mark {
	MARK_PLAIN = 0x01, /* the next byte is itself */
	MARK_NEXT = 0x02,  /* name of the package after the last one, which it is from now on */
	MARK_JUMP = 0x03,  /* the same of the package whose number follows, three bytes of seven bits */
	MARK_SAME = 0x0e,  /* the digest of last time: of a layer, or the manifest's */
	MARK_LAYER = 0x0f, /* the digest whose number follows, one byte */
	/* Numbers; which of REGISTERS it is about follows in one byte. */
	MARK_COUNT = 0x10,  /* one more than it had, which it has from now on */
	MARK_REPEAT = 0x11, /* what it has */
	MARK_FIELD = 0x12,  /* and the next ones: a field of the package */
	MARK_SET = 0x18,    /* the digits that follow; it has that from now on */
	/* The same three; and the package is from now on the one that was named when NAME_REGISTER had this number. */
	MARK_COUNT_OF = 0x19,
	MARK_REPEAT_OF = 0x1a,
	MARK_SET_OF = 0x1b,
};
#define FIELDS 6
#define JUMP_MAX ((size_t)1 << 21)
#define DIGESTS_MAX ((size_t)0x100)
#define REGISTERS 8u
#define REGISTER_BYTE 0x20u /* the first one's */
#define NAME_REGISTER 2u
#define DIGITS_MAX 15u
#define NO_PACKAGE SIZE_MAX

static bool is_mark(uint8_t c)
{
	return c < 0x20 && c != '\n' && c != '\t';
}

/* ---- what marks are about: the same on the way in and out ---- */

struct state {
	const struct store_report_texts *texts;
	size_t package; /* NO_PACKAGE: none was named yet */
	size_t digest;
	uint64_t registers[REGISTERS];
	/* The packages' numbers in the report, from the first one that was named. Owned. */
	size_t *numbered; /* number - base -> package */
	size_t n_numbered;
	uint64_t base;
	bool based;
};

static enum status state_init(struct state *s, const struct store_report_texts *texts, struct err *err)
{
	*s = (struct state){ .texts = texts, .package = NO_PACKAGE, .n_numbered = 4 * texts->n + 64 };
	s->numbered = malloc(s->n_numbered * sizeof(*s->numbered));
	for (size_t i = 0; s->numbered && i < s->n_numbered; i++)
		s->numbered[i] = NO_PACKAGE;
	return s->numbered ? STATUS_OK : err_nomem(err, "report");
}

static void state_fini(struct state *s)
{
	free(s->numbered);
}

static size_t next_package(const struct state *s)
{
	return s->package == NO_PACKAGE ? 0 : s->package + 1;
}

static size_t *slot_of(struct state *s, uint64_t number)
{
	return s->based && number >= s->base && number - s->base < s->n_numbered ? &s->numbered[number - s->base]
										 : NULL;
}

static void name_package(struct state *s, size_t package)
{
	size_t *slot;

	if (!s->based)
		s->base = s->registers[NAME_REGISTER];
	s->based = true;
	s->package = package;
	slot = slot_of(s, s->registers[NAME_REGISTER]);
	if (slot)
		*slot = package;
}

/* The manifest's is the one after those of its layers. */
static const struct digest *digest_at(const struct state *s, size_t i)
{
	return i < s->texts->n_layers ? &s->texts->layers[i] : &s->texts->manifest;
}

/* What is told of a package beside its name; that comes again in paths, and where it is the source's, too. */
static struct slice field_of(const struct state *s, size_t i)
{
	const struct store_package *p = &s->texts->packages[s->package].package;
	const struct slice fields[FIELDS] = {
		p->version, p->source_name, p->source_version, p->arch, p->module, p->name
	};

	return fields[i];
}

/* ---- texts ---- */

static int compare_slices(struct slice a, struct slice b)
{
	size_t n = MIN(a.len, b.len);
	int c = n > 0 ? memcmp(a.ptr, b.ptr, n) : 0;

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

/* By group, then by name, then by whatever tells them apart. */
static int compare_texts(const void *a, const void *b)
{
	const struct store_text *x = a, *y = b;
	const struct store_package *p = &x->package, *q = &y->package;
	const struct slice pairs[][2] = { { p->name, q->name },
					  { p->version, q->version },
					  { p->type, q->type },
					  { p->source_name, q->source_name },
					  { p->source_version, q->source_version },
					  { p->arch, q->arch },
					  { p->module, q->module },
					  { p->scope, q->scope } };
	int c = memcmp(x->group.bytes, y->group.bytes, STORE_KEY_BYTES);

	for (size_t i = 0; c == 0 && i < ARRAY_LEN(pairs); i++)
		c = compare_slices(pairs[i][0], pairs[i][1]);
	return c;
}

void store_texts_sort(struct store_text *texts, size_t n)
{
	if (n > 1)
		qsort(texts, n, sizeof(*texts), compare_texts);
}

static enum status texts_of(const struct store_keyed_groups *groups, struct store_text **out, size_t *out_n,
			    struct err *err)
{
	size_t n = 0, k = 0;

	for (size_t g = 0; g < groups->n; g++)
		n += groups->at[g].n;
	*out = calloc(n + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "packages");
	for (size_t g = 0; g < groups->n; g++)
		for (size_t i = 0; i < groups->at[g].n; i++)
			(*out)[k++] = (struct store_text){ groups->at[g].key, *groups->at[g].at[i].package };
	store_texts_sort(*out, n);
	*out_n = n;
	return STATUS_OK;
}

enum status store_manifest_report_pack(const struct store_manifest *m, struct slice report,
				       const struct store_keyed_groups *groups, struct buf *out, struct err *err)
{
	struct store_report_texts texts = { .manifest = m->digest, .layers = m->layers, .n_layers = m->n_layers };
	struct store_text *packages = NULL;
	enum status st;

	TRY(texts_of(groups, &packages, &texts.n, err));
	texts.packages = packages;
	st = store_report_pack(report, &texts, out, err);
	free(packages);
	return st;
}

/* ---- taking texts out ---- */

#define NAME_DEPTH 3u /* {"packages":{"1":{"name": */
#define INSIDE_MIN 3u /* bytes of a text that is looked for inside of others */
#define AHEAD 64u     /* so soon after a name comes the version that tells packages of one name apart */
#define DIGEST_TEXT (sizeof("sha256:") - 1 + 64)

struct shaper {
	struct state state;
	struct map by_name; /* name -> number of the first package that has it */
	size_t *same_name;  /* owned; of each package the next one with its name, or NO_PACKAGE */
	unsigned depth;	    /* open braces and brackets */
	struct buf *out;
};

static enum status shaper_init(struct shaper *s, const struct store_report_texts *texts, struct buf *out,
			       struct err *err)
{
	*s = (struct shaper){ .by_name = MAP_INIT, .out = out };
	TRY(state_init(&s->state, texts, err));
	s->same_name = calloc(texts->n + 1, sizeof(*s->same_name));
	if (!s->same_name)
		return err_nomem(err, "report");
	for (size_t i = texts->n; i-- > 0;) {
		bool is_new;
		uint64_t *slot = map_slot(&s->by_name, texts->packages[i].package.name, &is_new);

		if (!slot)
			return err_nomem(err, "report");
		s->same_name[i] = is_new ? NO_PACKAGE : (size_t)*slot;
		*slot = i;
	}
	return STATUS_OK;
}

static void shaper_fini(struct shaper *s)
{
	state_fini(&s->state);
	map_fini(&s->by_name);
	free(s->same_name);
}

/* How many bytes are no marks. */
static size_t plain_bytes(struct slice s)
{
	size_t n = 0;

	while (n < s.len && !is_mark(s.ptr[n]))
		n++;
	return n;
}

static void put_bytes(struct shaper *s, struct slice bytes)
{
	for (;;) {
		size_t n = plain_bytes(bytes);

		buf_add(s->out, slice_make(bytes.ptr, n));
		if (n == bytes.len)
			return;
		buf_add_byte(s->out, MARK_PLAIN);
		buf_add_byte(s->out, bytes.ptr[n]);
		bytes = slice_from(bytes, n + 1);
	}
}

/* The package that is told of here: the next one, or one of its name, best of all one whose version follows. */
static bool find_name(const struct shaper *s, struct slice text, struct slice ahead, size_t *out)
{
	const struct store_report_texts *texts = s->state.texts;
	size_t next = next_package(&s->state), i;
	bool is_next = next < texts->n && slice_eq(texts->packages[next].package.name, text);
	uint64_t first;

	*out = next;
	if (is_next && slice_find(ahead, texts->packages[next].package.version) != SIZE_MAX)
		return true;
	if (!map_get(&s->by_name, text, &first))
		return false;
	for (i = (size_t)first; i != NO_PACKAGE && slice_find(ahead, texts->packages[i].package.version) == SIZE_MAX;)
		i = s->same_name[i];
	if (i != NO_PACKAGE || !is_next)
		*out = i != NO_PACKAGE ? i : (size_t)first;
	return *out < JUMP_MAX;
}

static bool put_name(struct shaper *s, struct slice text, struct slice ahead)
{
	size_t at;

	if (!find_name(s, text, ahead, &at))
		return false;
	if (at == next_package(&s->state)) {
		buf_add_byte(s->out, MARK_NEXT);
	} else {
		buf_add_byte(s->out, MARK_JUMP);
		for (unsigned shift = 0; shift < 21; shift += 7)
			buf_add_byte(s->out, (uint8_t)(at >> shift & 0x7f));
	}
	name_package(&s->state, at);
	return true;
}

static bool put_field(struct shaper *s, struct slice text)
{
	if (s->state.package == NO_PACKAGE)
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		if (!slice_eq(field_of(&s->state, i), text))
			continue;
		buf_add_byte(s->out, (uint8_t)(MARK_FIELD + i));
		return true;
	}
	return false;
}

static bool put_digest(struct shaper *s, struct slice text)
{
	size_t n = MIN(s->state.texts->n_layers + 1, DIGESTS_MAX);
	struct digest_text one;

	for (size_t k = 0; text.len == DIGEST_TEXT && k < n; k++) {
		size_t i = (s->state.digest + k) % n;

		if (!slice_eq(slice_cstr(digest_print(&one, digest_at(&s->state, i))), text))
			continue;
		buf_add_byte(s->out, i == s->state.digest ? MARK_SAME : MARK_LAYER);
		if (i != s->state.digest)
			buf_add_byte(s->out, (uint8_t)i);
		s->state.digest = i;
		return true;
	}
	return false;
}

/* A number as limpid and Clair write them, of which objects of one depth mostly count on. */
static bool put_number(struct shaper *s, struct slice text)
{
	unsigned at = MIN(s->depth, REGISTERS - 1);
	uint64_t *last = &s->state.registers[at], v;
	size_t *slot;
	bool of;

	if (text.len > DIGITS_MAX || text.ptr[0] < '0' || text.ptr[0] > '9' || (text.len > 1 && text.ptr[0] == '0') ||
	    !slice_to_u64(text, &v))
		return false;
	slot = s->depth == NAME_DEPTH || s->depth == NAME_DEPTH - 1 ? slot_of(&s->state, v) : NULL;
	of = slot && *slot != NO_PACKAGE;
	if (of)
		s->state.package = *slot;
	if (v == *last + 1)
		buf_add_byte(s->out, of ? MARK_COUNT_OF : MARK_COUNT);
	else if (v == *last)
		buf_add_byte(s->out, of ? MARK_REPEAT_OF : MARK_REPEAT);
	else
		buf_add_byte(s->out, of ? MARK_SET_OF : MARK_SET);
	buf_add_byte(s->out, (uint8_t)(REGISTER_BYTE + at));
	if (v != *last && v != *last + 1)
		buf_add(s->out, text);
	*last = v;
	return true;
}

/* The first of the package's name and version in a text; its mark. */
static size_t find_inside(const struct shaper *s, struct slice text, struct slice *out, uint8_t *out_mark)
{
	static const size_t tried[] = { FIELDS - 1, 0 }; /* the name first: versions are short */
	size_t best = SIZE_MAX;

	for (size_t k = 0; s->state.package != NO_PACKAGE && k < ARRAY_LEN(tried); k++) {
		struct slice field = field_of(&s->state, tried[k]);
		size_t at = field.len >= INSIDE_MIN && text.len > field.len ? slice_find(text, field) : SIZE_MAX;

		if (at >= best)
			continue;
		best = at;
		*out = field;
		*out_mark = (uint8_t)(MARK_FIELD + tried[k]);
	}
	return best;
}

static void put_text(struct shaper *s, struct slice text)
{
	struct slice field;
	uint8_t mark;
	size_t at;

	while ((at = find_inside(s, text, &field, &mark)) != SIZE_MAX) {
		put_bytes(s, slice_take(text, at));
		buf_add_byte(s->out, mark);
		text = slice_from(text, at + field.len);
	}
	put_bytes(s, text);
}

/* A value whose member is called "name", where those of packages are. */
static bool is_name(const struct shaper *s, struct slice before)
{
	static const struct slice keys[] = { SLICE("\"name\":\""), SLICE("\"name\": \"") };

	for (size_t i = 0; s->depth == NAME_DEPTH && i < ARRAY_LEN(keys); i++)
		if (before.len >= keys[i].len && slice_eq(slice_from(before, before.len - keys[i].len), keys[i]))
			return true;
	return false;
}

/* A string between its quotes, what is before it with its first quote, and what is after it from its last. */
static void put_string(struct shaper *s, struct slice before, struct slice text, struct slice after)
{
	if (text.len == 0 || put_number(s, text))
		return;
	if (after.len > 1 && after.ptr[1] == ':')
		put_bytes(s, text);
	else if (!(is_name(s, before) && put_name(s, text, slice_take(after, AHEAD))) && !put_field(s, text) &&
		 !put_digest(s, text))
		put_text(s, text);
}

static void put_outside(struct shaper *s, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		s->depth += bytes.ptr[i] == '{' || bytes.ptr[i] == '[';
		s->depth -= s->depth > 0 && (bytes.ptr[i] == '}' || bytes.ptr[i] == ']');
	}
	put_bytes(s, bytes);
}

/* Up to the quote that ends a string. */
static size_t string_end(struct slice report, size_t at)
{
	while (at < report.len && report.ptr[at] != '"')
		at += report.ptr[at] == '\\' ? 2 : 1;
	return MIN(at, report.len);
}

static void put_all(struct shaper *s, struct slice report)
{
	size_t from = 0; /* of what is outside of strings, the last one's quote first */

	while (from < report.len && s->out->failed == STATUS_OK) {
		/* The quote that ended a string begins none. */
		size_t at = from > 0 ? from + 1 : 0, begin, end;

		begin = at < report.len ? slice_find_byte(slice_from(report, at), '"') : SIZE_MAX;
		begin = begin == SIZE_MAX ? report.len : at + begin + 1;
		put_outside(s, slice_make(report.ptr + from, begin - from));
		if (begin == report.len)
			return;
		end = string_end(report, begin);
		put_string(s, slice_take(report, begin), slice_make(report.ptr + begin, end - begin),
			   slice_from(report, end));
		from = end;
	}
}

enum status store_shape(struct slice report, const struct store_report_texts *texts, struct buf *out, struct err *err)
{
	struct shaper AUTO(shaper_fini) s;

	TRY(shaper_init(&s, texts, out, err));
	put_all(&s, report);
	return buf_check(out, "report", err);
}

/* ---- putting them back ---- */

struct filler {
	struct state state;
	struct slice rest;
	char number[24];
	struct digest_text digest;
};

static bool take_byte(struct filler *f, size_t *out)
{
	if (f->rest.len == 0)
		return false;
	*out = f->rest.ptr[0];
	f->rest = slice_from(f->rest, 1);
	return true;
}

static bool fill_name(struct filler *f, bool jump, struct slice *out)
{
	size_t at = jump ? 0 : next_package(&f->state), byte;

	for (unsigned shift = 0; jump && shift < 21; shift += 7) {
		if (!take_byte(f, &byte))
			return false;
		at |= (byte & 0x7f) << shift;
	}
	if (at >= f->state.texts->n)
		return false;
	name_package(&f->state, at);
	*out = f->state.texts->packages[at].package.name;
	return true;
}

static bool fill_digest(struct filler *f, bool same, struct slice *out)
{
	if (!same && !take_byte(f, &f->state.digest))
		return false;
	if (f->state.digest > f->state.texts->n_layers)
		return false;
	*out = slice_cstr(digest_print(&f->digest, digest_at(&f->state, f->state.digest)));
	return true;
}

static bool take_digits(struct filler *f, uint64_t *out)
{
	size_t n = 0;

	while (n < f->rest.len && n < DIGITS_MAX && f->rest.ptr[n] >= '0' && f->rest.ptr[n] <= '9')
		n++;
	if (!slice_to_u64(slice_take(f->rest, n), out))
		return false;
	f->rest = slice_from(f->rest, n);
	return true;
}

static bool fill_number(struct filler *f, size_t mark, struct slice *out)
{
	size_t at, *slot;
	uint64_t *v;
	int n;

	if (!take_byte(f, &at) || at - REGISTER_BYTE >= REGISTERS)
		return false;
	v = &f->state.registers[at - REGISTER_BYTE];
	if ((mark == MARK_SET || mark == MARK_SET_OF) && !take_digits(f, v))
		return false;
	*v += mark == MARK_COUNT || mark == MARK_COUNT_OF;
	if (mark >= MARK_COUNT_OF) {
		slot = slot_of(&f->state, *v);
		if (!slot || *slot == NO_PACKAGE)
			return false;
		f->state.package = *slot;
	}
	n = snprintf(f->number, sizeof(f->number), "%llu", (unsigned long long)*v);
	*out = slice_make(f->number, (size_t)n);
	return true;
}

/* What a mark stands for; false if there is no such thing. */
static bool fill(struct filler *f, size_t mark, struct slice *out)
{
	switch (mark) {
	case MARK_PLAIN:
		*out = slice_take(f->rest, 1);
		f->rest = slice_from(f->rest, out->len);
		return out->len == 1;
	case MARK_NEXT:
	case MARK_JUMP:
		return fill_name(f, mark == MARK_JUMP, out);
	case MARK_SAME:
	case MARK_LAYER:
		return fill_digest(f, mark == MARK_SAME, out);
	case MARK_COUNT:
	case MARK_REPEAT:
	case MARK_SET:
	case MARK_COUNT_OF:
	case MARK_REPEAT_OF:
	case MARK_SET_OF:
		return fill_number(f, mark, out);
	default:
		if (mark < MARK_FIELD || mark >= MARK_FIELD + FIELDS || f->state.package == NO_PACKAGE)
			return false;
		*out = field_of(&f->state, mark - MARK_FIELD);
		return true;
	}
}

static enum status fill_all(struct filler *f, struct buf *out, struct err *err)
{
	while (f->rest.len > 0 && out->failed == STATUS_OK) {
		size_t n = plain_bytes(f->rest), mark;
		struct slice text = slice_make(f->rest.ptr, n);

		f->rest = slice_from(f->rest, n);
		if (n == 0 && !(take_byte(f, &mark) && fill(f, mark, &text)))
			return err_set(err, STATUS_MALFORMED, "a report in the store is damaged");
		buf_add(out, text);
	}
	return buf_check(out, "report", err);
}

enum status store_unshape(struct slice shape, const struct store_report_texts *texts, struct buf *out, struct err *err)
{
	struct filler f = { .rest = shape };
	enum status st = state_init(&f.state, texts, err);

	if (st == STATUS_OK)
		st = fill_all(&f, out, err);
	state_fini(&f.state);
	return st;
}
