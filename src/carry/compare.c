/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c - two states of a database side by side. */
#include "carry/compare.h"

#include "carry/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- states ---- */

void carry_state_close(struct carry_state *s)
{
	segment_set_free(s->set);
	arena_fini(&s->arena);
	*s = (struct carry_state){ .set = NULL };
}

static void state_init(struct carry_state *s)
{
	*s = (struct carry_state){ .arena = ARENA_INIT((size_t)256 << 20) };
}

/* On failure there is nothing left to close. */
static enum status finish(struct carry_state *s, enum status st)
{
	if (st != STATUS_OK)
		carry_state_close(s);
	return st;
}

static enum status open_set(struct carry_state *s, const char *segments, const struct segment_set_entry *entries,
			    size_t n, struct err *err)
{
	const struct diag_sink quiet = { NULL, NULL };

	TRY(segment_set_open(segments, entries, n, &quiet, &s->set, err));
	for (size_t i = 0; i < n; i++)
		if (segment_set_why(s->set, i).len > 0)
			return err_set(err, STATUS_MALFORMED, "%.*s: %.*s", SLICE_ARG(entries[i].source),
				       SLICE_ARG(segment_set_why(s->set, i)));
	return STATUS_OK;
}

static enum status open_sources(struct carry_state *s, struct store *store, const char *segments, int64_t at_s,
				struct err *err)
{
	struct segment_set_entry *entries;
	struct store_source *sources;
	size_t n, kept = 0;

	if (at_s == DATE_NONE)
		TRY(store_sources(store, &s->arena, &sources, &n, err));
	else
		TRY(store_sources_at(store, at_s, &s->arena, &sources, &n, err));
	entries = arena_array(&s->arena, n + 1, sizeof(*entries));
	if (!entries)
		return err_nomem(err, "sources");
	for (size_t i = 0; i < n; i++)
		if (sources[i].segment.algo != DIGEST_NONE)
			entries[kept++] = (struct segment_set_entry){ .source = sources[i].name,
								      .feed = sources[i].feed,
								      .digest = sources[i].segment };
	return open_set(s, segments, entries, kept, err);
}

enum status carry_state_of_store(struct store *store, const char *segments, int64_t at_s, struct carry_state *out,
				 struct err *err)
{
	state_init(out);
	return finish(out, open_sources(out, store, segments, at_s, err));
}

static enum status open_operation(struct carry_state *s, struct store *store, const char *segments, struct slice ref,
				  struct err *err)
{
	struct store_operation op;
	struct segment_set_entry entry = { .updated_s = DATE_NONE };
	struct store_source row;
	struct err ignored = ERR_INIT; /* a source that is gone has no set that is known */

	TRY(store_operation_get(store, ref, &s->arena, &op, err));
	entry.source = s->only = op.source;
	entry.digest = op.segment;
	if (store_source_get(store, op.source, &s->arena, &row, &ignored) == STATUS_OK)
		entry.feed = row.feed;
	return open_set(s, segments, &entry, op.segment.algo != DIGEST_NONE, err);
}

enum status carry_state_of_operation(struct store *store, const char *segments, struct slice ref,
				     struct carry_state *out, struct err *err)
{
	state_init(out);
	return finish(out, open_operation(out, store, segments, ref, err));
}

/* What is open stays readable without its name. */
static void remove_segments(const char *scratch, const bundle_source_list *sources)
{
	struct bundle_name name;
	char path[4400];

	for (size_t i = 0; i < sources->len; i++) {
		bundle_name(&sources->at[i].segment, &name);
		snprintf(path, sizeof(path), "%s%s", scratch, strchr(name.text, '/'));
		(void)unlink(path);
	}
}

/* All of the set lie in one folder. */
static enum status link_base(const struct bundle_reader *r, struct err *err)
{
	for (size_t i = 0; i < r->sources.len; i++) {
		const struct bundle_source *s = &r->sources.at[i];
		struct bundle_name name;
		char from[4400], to[4400];

		bundle_name(&s->segment, &name);
		snprintf(from, sizeof(from), "%s%s", r->base ? r->base : r->folder, strchr(name.text, '/'));
		snprintf(to, sizeof(to), "%s%s", r->folder, strchr(name.text, '/'));
		if (!s->here && symlink(from, to) != 0 && errno != EEXIST)
			return err_errno(err, "cannot make %s", to);
	}
	return STATUS_OK;
}

static enum status open_bundle(struct carry_state *s, struct bundle_reader *r, const char *scratch, struct source *in,
			       struct err *err)
{
	struct segment_set_entry *entries;

	TRY(bundle_read(r, in, err));
	TRY(link_base(r, err));
	entries = arena_array(&s->arena, r->sources.len + 1, sizeof(*entries));
	if (!entries)
		return err_nomem(err, "sources");
	for (size_t i = 0; i < r->sources.len; i++)
		entries[i] = (struct segment_set_entry){ .source = r->sources.at[i].name,
							 .feed = r->sources.at[i].feed,
							 .digest = r->sources.at[i].segment };
	return open_set(s, scratch, entries, r->sources.len, err);
}

enum status carry_state_of_bundle(struct source *in, const char *scratch, const char *base, const struct limits *limits,
				  struct carry_state *out, struct err *err)
{
	struct bundle_reader r;
	enum status st;

	state_init(out);
	bundle_reader_init(&r, scratch, limits, NULL);
	r.base = base;
	st = open_bundle(out, &r, scratch, in, err);
	remove_segments(scratch, &r.sources);
	bundle_reader_fini(&r);
	return finish(out, st);
}

/* ---- comparing ---- */

struct side {
	const struct carry_state *state;
	size_t *order; /* of the set's entries, by name; owned */
	size_t n, at;
};

struct comparison {
	struct side before, after;
	struct slice only;
	struct arena arena; /* of one source */
	struct {
		VEC(struct slice) ids;
	} of[3];
};

static void comparison_fini(struct comparison *c)
{
	free(c->before.order);
	free(c->after.order);
	arena_fini(&c->arena);
}

static struct slice name_at(const struct side *s, size_t i)
{
	const struct segment_set_entry *entry;

	segment_set_at(s->state->set, s->order[i], &entry);
	return entry->source;
}

static int by_name(const void *a, const void *b, void *side)
{
	const struct segment_set_entry *x, *y;
	const struct side *s = side;

	segment_set_at(s->state->set, *(const size_t *)a, &x);
	segment_set_at(s->state->set, *(const size_t *)b, &y);
	return slice_cmp(x->source, y->source);
}

static enum status side_init(struct side *s, const struct carry_state *state, struct err *err)
{
	s->state = state;
	s->n = segment_set_count(state->set);
	s->order = calloc(s->n + 1, sizeof(*s->order));
	if (!s->order)
		return err_nomem(err, "a comparison");
	for (size_t i = 0; i < s->n; i++)
		s->order[i] = i;
	qsort_r(s->order, s->n, sizeof(*s->order), by_name, s);
	return STATUS_OK;
}

static enum status on_advisory(void *ctx, enum segment_advisory_change change, struct slice id, struct err *err)
{
	struct comparison *c = ctx;
	struct slice *at = VEC_PUSH(&c->of[change].ids, &c->arena);

	if (!at)
		return err_nomem(err, "a comparison");
	*at = id; /* of the mapping */
	return STATUS_OK;
}

/* a or b is NULL where the source is not in that state. */
static enum status compare_source(struct comparison *c, const struct segment *a, const struct segment *b,
				  const struct segment_set_entry *entry, const struct carry_difference_sink *sink,
				  size_t *same, struct err *err)
{
	const struct segment_changes_sink ids = { on_advisory, c };
	struct carry_difference d = {
		.source = entry->source, .feed = entry->feed, .only_before = !b, .only_after = !a
	};
	size_t changes = 0;

	arena_reset(&c->arena);
	memset(c->of, 0, sizeof(c->of));
	TRY(segment_changes(a, b, &ids, err));
	for (size_t i = 0; i < ARRAY_LEN(c->of); i++) {
		d.of[i].ids = c->of[i].ids.at;
		d.of[i].n = c->of[i].ids.len;
		changes += d.of[i].n;
	}
	if (a && b && changes == 0) {
		++*same;
		return STATUS_OK;
	}
	return sink->source(sink->ctx, &d, err);
}

static enum status step(struct comparison *c, const struct carry_difference_sink *sink, size_t *same, struct err *err)
{
	struct side *x = &c->before, *y = &c->after;
	const struct segment_set_entry *entry = NULL;
	const struct segment *a = NULL, *b = NULL;
	int order;

	if (x->at >= x->n || y->at >= y->n)
		order = x->at >= x->n ? 1 : -1;
	else
		order = slice_cmp(name_at(x, x->at), name_at(y, y->at));
	if (order <= 0)
		a = segment_set_at(x->state->set, x->order[x->at++], &entry);
	if (order >= 0)
		b = segment_set_at(y->state->set, y->order[y->at++], &entry);
	if (c->only.len > 0 && !slice_eq(c->only, entry->source))
		return STATUS_OK;
	return compare_source(c, a, b, entry, sink, same, err);
}

enum status carry_compare(const struct carry_state *before, const struct carry_state *after,
			  const struct carry_difference_sink *sink, size_t *out_same, struct err *err)
{
	struct comparison AUTO(comparison_fini)
		c = { .arena = ARENA_INIT((size_t)1 << 30), .only = before->only.len > 0 ? before->only : after->only };

	*out_same = 0;
	if (before->only.len > 0 && after->only.len > 0 && !slice_eq(before->only, after->only))
		return err_set(err, STATUS_INVALID, "one is of %.*s, the other of %.*s", SLICE_ARG(before->only),
			       SLICE_ARG(after->only));
	TRY(side_init(&c.before, before, err));
	TRY(side_init(&c.after, after, err));
	while (c.before.at < c.before.n || c.after.at < c.after.n)
		TRY(step(&c, sink, out_same, err));
	return STATUS_OK;
}
