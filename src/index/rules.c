/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - one matcher for the path rules of all detectors.
 *
 * Exact paths and directories of child rules lie in small hash tables behind a bitmap of key lengths,
 * suffixes in a table by their last four bytes, globs by the first two of a name: nearly every path of a layer is
 * refused by two bitmap tests and two table slots.
 */
#include "index/rules.h"

#include <stdlib.h>

#define TAIL_BYTES 4
#define TAIL_SLOTS 256
#define HEAD_BYTES 2
#define NO_RULE UINT32_MAX

struct compiled {
	struct rule_hit hit;
	struct slice text; /* what the path is compared with */
	uint32_t next;	   /* of the same key, or NO_RULE */
};

struct key_slot {
	struct slice key;
	uint64_t hash;
	uint32_t first;
	bool used;
};

struct key_table {
	struct key_slot *at; /* owned */
	size_t cap;	     /* power of two */
	size_t len;
	uint64_t lengths[5]; /* bitmap of key lengths; all of 256 and over share the last bit */
};

struct rules {
	const struct detector *const *list; /* borrowed */
	size_t n;
	struct compiled *at; /* owned */
	size_t len, cap;
	struct key_table exact, child;
	uint32_t tails[TAIL_SLOTS]; /* suffix rules by their last four bytes */
	uint32_t short_tails;	    /* suffixes of fewer bytes */
	uint32_t heads[TAIL_SLOTS]; /* PATH_GLOB by the first bytes of a name */
	uint32_t any;		    /* PATH_ANY_FILE */
	uint8_t *texts;		    /* owned; texts that had to be made */
	size_t texts_len;
	bool lists; /* of packages' files are wanted */
};

static unsigned length_bit(size_t len)
{
	return len < 256 ? (unsigned)len : 256;
}

static struct key_slot *table_probe(const struct key_table *t, struct slice key, uint64_t hash)
{
	size_t i = (size_t)hash & (t->cap - 1);

	while (t->at[i].used && !(t->at[i].hash == hash && slice_eq(t->at[i].key, key)))
		i = (i + 1) & (t->cap - 1);
	return &t->at[i];
}

static const struct key_slot *table_find(const struct key_table *t, struct slice key)
{
	unsigned bit = length_bit(key.len);
	const struct key_slot *slot;

	if (t->cap == 0 || !(t->lengths[bit / 64] >> (bit % 64) & 1))
		return NULL;
	slot = table_probe(t, key, slice_hash(key, 0));
	return slot->used ? slot : NULL;
}

static bool table_grow(struct key_table *t)
{
	struct key_table bigger = *t;

	bigger.cap = t->cap ? t->cap * 2 : 64;
	bigger.at = calloc(bigger.cap, sizeof(*bigger.at));
	if (!bigger.at)
		return false;
	for (size_t i = 0; i < t->cap; i++)
		if (t->at[i].used)
			*table_probe(&bigger, t->at[i].key, t->at[i].hash) = t->at[i];
	free(t->at);
	*t = bigger;
	return true;
}

static struct key_slot *table_add(struct key_table *t, struct slice key)
{
	unsigned bit = length_bit(key.len);
	struct key_slot *slot;
	uint64_t hash = slice_hash(key, 0);

	if (t->len * 2 >= t->cap && !table_grow(t))
		return NULL;
	slot = table_probe(t, key, hash);
	if (!slot->used) {
		*slot = (struct key_slot){ key, hash, NO_RULE, true };
		t->lengths[bit / 64] |= UINT64_C(1) << (bit % 64);
		t->len++;
	}
	return slot;
}

static unsigned tail_slot(struct slice s)
{
	uint32_t tail;

	memcpy(&tail, s.ptr + (s.len - TAIL_BYTES), TAIL_BYTES);
	return (unsigned)((tail * UINT32_C(2654435761)) >> 24);
}

static unsigned head_slot(struct slice name)
{
	return (unsigned)(name.ptr[0] * 31 + name.ptr[1]) & (TAIL_SLOTS - 1);
}

static bool add_compiled(struct rules *r, struct rule_hit hit, struct slice text)
{
	uint32_t index = (uint32_t)r->len;
	uint32_t *first = NULL;
	struct key_slot *slot;

	r->at[r->len++] = (struct compiled){ hit, text, NO_RULE };
	switch (hit.rule->match) {
	case PATH_EXACT:
	case PATH_CHILD:
		slot = table_add(hit.rule->match == PATH_EXACT ? &r->exact : &r->child, text);
		if (!slot)
			return false;
		first = &slot->first;
		break;
	case PATH_SUFFIX:
	case PATH_NAME:
		first = text.len >= TAIL_BYTES ? &r->tails[tail_slot(text)] : &r->short_tails;
		break;
	case PATH_GLOB:
		first = &r->heads[head_slot(text)];
		break;
	case PATH_ANY_FILE:
		first = &r->any;
		break;
	case PATH_DOCUMENT:
		return true; /* no path is it */
	}
	r->at[index].next = *first;
	*first = index;
	return true;
}

/* The text of a child rule is its directory without the slash. */
static struct slice text_of(const struct path_rule *rule)
{
	struct slice text = slice_cstr(rule->text);

	if (rule->match == PATH_CHILD && text.len > 0 && text.ptr[text.len - 1] == '/')
		text.len--;
	return text;
}

static bool add_companion(struct rules *r, struct rule_hit hit)
{
	struct slice text = text_of(hit.rule), tail = slice_cstr(hit.rule->companion);
	uint8_t *made = r->texts + r->texts_len;

	hit.companion = true;
	if (hit.rule->match == PATH_CHILD)
		return add_compiled(r, hit, text);
	memcpy(made, text.ptr, text.len);
	memcpy(made + text.len, tail.ptr, tail.len);
	r->texts_len += text.len + tail.len;
	return add_compiled(r, hit, slice_make(made, text.len + tail.len));
}

static bool add_all(struct rules *r)
{
	for (size_t i = 0; i < r->n; i++) {
		for (const struct path_rule *rule = r->list[i]->rules; rule->text; rule++) {
			struct rule_hit hit = { r->list[i], rule, false };

			if (!add_compiled(r, hit, text_of(rule)) || (rule->companion && !add_companion(r, hit)))
				return false;
		}
	}
	return true;
}

enum status rules_compile(const struct detector *const *list, size_t n, struct rules **out, struct err *err)
{
	struct rules *r = calloc(1, sizeof(*r));
	size_t count = 0, bytes = 0;

	if (!r)
		return err_nomem(err, "path rules");
	for (size_t i = 0; i < n; i++) {
		for (const struct path_rule *rule = list[i]->rules; rule->text; rule++) {
			count += 2;
			bytes += strlen(rule->text) + (rule->companion ? strlen(rule->companion) : 0);
		}
	}
	r->list = list;
	r->n = n;
	r->cap = count + 1;
	r->at = calloc(r->cap, sizeof(*r->at));
	r->texts = calloc(1, bytes + 1);
	for (size_t i = 0; i < TAIL_SLOTS; i++)
		r->tails[i] = r->heads[i] = NO_RULE;
	r->short_tails = r->any = NO_RULE;
	if (!r->at || !r->texts || !add_all(r)) {
		rules_free(r);
		return err_nomem(err, "path rules");
	}
	*out = r;
	return STATUS_OK;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	free(r->exact.at);
	free(r->child.at);
	free(r->at);
	free(r->texts);
	free(r);
}

void rules_want_lists(struct rules *r)
{
	r->lists = true;
}

bool rules_wants_lists(const struct rules *r)
{
	return r->lists;
}

/* Text between stars, each as early as it can be: right for every glob that has nothing but stars. */
static bool glob_holds(struct slice glob, struct slice name)
{
	struct slice part;
	size_t at;

	if (!slice_cut(glob, '*', &part, &glob))
		return slice_eq(part, name);
	if (!slice_starts(name, part))
		return false;
	name = slice_from(name, part.len);
	while (slice_cut(glob, '*', &part, &glob)) {
		at = slice_find(name, part);
		if (at == SIZE_MAX)
			return false;
		name = slice_from(name, at + part.len);
	}
	return slice_ends(name, part);
}

static bool holds(const struct compiled *c, struct slice path)
{
	struct slice tail;

	switch (c->hit.rule->match) {
	case PATH_SUFFIX:
		return slice_ends(path, c->text);
	case PATH_NAME:
		return slice_ends(path, c->text) &&
		       (path.len == c->text.len || path.ptr[path.len - c->text.len - 1] == '/');
	case PATH_GLOB:
		return glob_holds(c->text, path_base(path));
	case PATH_CHILD:
		if (!c->hit.companion)
			return true;
		tail = slice_cstr(c->hit.rule->companion);
		return slice_ends(path, tail) && path.len > c->text.len + 1 + tail.len;
	case PATH_EXACT:
	case PATH_DOCUMENT:
	case PATH_ANY_FILE:
		break;
	}
	return true;
}

static bool accepted(const struct compiled *c, struct slice path)
{
	if (!c->hit.rule->accept)
		return true;
	if (c->hit.companion)
		path.len -= strlen(c->hit.rule->companion);
	return c->hit.rule->accept(path);
}

static size_t collect(const struct rules *r, uint32_t first, struct slice path, struct rule_hit *hits, size_t n)
{
	for (uint32_t i = first; i != NO_RULE && n < RULE_HITS_MAX; i = r->at[i].next)
		if (holds(&r->at[i], path) && (!r->at[i].hit.rule->list || r->lists) && accepted(&r->at[i], path))
			hits[n++] = r->at[i].hit;
	return n;
}

static size_t match_named(const struct rules *r, struct slice path, struct rule_hit *hits)
{
	const struct key_slot *slot = table_find(&r->exact, path);
	size_t n = slot ? collect(r, slot->first, path, hits, 0) : 0;
	struct slice base;

	slot = table_find(&r->child, path_dir(path));
	if (slot)
		n = collect(r, slot->first, path, hits, n);
	if (path.len >= TAIL_BYTES)
		n = collect(r, r->tails[tail_slot(path)], path, hits, n);
	base = path_base(path);
	if (base.len >= HEAD_BYTES)
		n = collect(r, r->heads[head_slot(base)], path, hits, n);
	return collect(r, r->short_tails, path, hits, n);
}

size_t rules_match(const struct rules *r, struct slice path, struct rule_hit hits[RULE_HITS_MAX])
{
	return collect(r, r->any, path, hits, match_named(r, path, hits));
}

const struct path_rule *rules_of(const struct rules *r, const struct detector *d, struct slice path)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = match_named(r, path, hits);

	for (size_t i = 0; i < n; i++)
		if (hits[i].detector == d && !hits[i].companion)
			return hits[i].rule;
	return NULL;
}

bool rules_want_too(const struct rules *r, const struct rule_hit *hit, struct slice path)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = match_named(r, path, hits);

	for (size_t i = 0; i < n; i++)
		if (hits[i].detector == hit->detector && hits[i].companion == hit->companion)
			return true;
	return false;
}

/*
 * A program or library may be anywhere, but package databases list every file of the system: data, headers and
 * documentation are left out, as is everything with another extension outside the directories of programs.
 */
static bool may_be_program(struct slice path)
{
	if (slice_starts(path, SLICE("usr/share/")) || slice_starts(path, SLICE("usr/include/")) ||
	    slice_starts(path, SLICE("etc/")) || slice_starts(path, SLICE("var/")) ||
	    slice_starts(path, SLICE("usr/src/")) || slice_starts(path, SLICE("usr/lib/.build-id/")))
		return false;
	if (slice_find_byte(path_base(path), '.') == SIZE_MAX || slice_ends(path, SLICE(".so")) ||
	    slice_has(path_base(path), SLICE(".so.")))
		return true;
	return slice_has(path, SLICE("bin/")) || slice_has(path, SLICE("libexec/"));
}

bool rules_may_be_owned(const struct rules *r, struct slice path)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = match_named(r, path, hits);

	for (size_t i = 0; i < n; i++)
		if (hits[i].detector->kind == DETECTOR_PACKAGE &&
		    (hits[i].rule->match == PATH_SUFFIX || hits[i].rule->match == PATH_NAME ||
		     hits[i].rule->match == PATH_GLOB))
			return true;
	return r->any != NO_RULE && may_be_program(path);
}

const struct detector *rules_detector(const struct rules *r, struct slice name)
{
	for (size_t i = 0; i < r->n; i++)
		if (slice_eq(name, slice_cstr(r->list[i]->name)))
			return r->list[i];
	return NULL;
}

const struct detector *const *rules_detectors(const struct rules *r, size_t *out_n)
{
	*out_n = r->n;
	return r->list;
}
