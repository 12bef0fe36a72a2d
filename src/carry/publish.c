/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - what an update run asks before it puts something in force, asked of what was carried here. */
#include "carry/publish.h"

#include <stdio.h>

enum status carry_run_begin(struct carry_run *run, struct store *store, const struct carry_options *options,
			    struct carry_summary *summary, struct err *err)
{
	int n = snprintf(run->segments, sizeof(run->segments), "%s/segments", options->dir);

	if (n < 0 || (size_t)n >= sizeof(run->segments))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	run->store = store;
	run->options = options;
	run->summary = summary;
	*summary = (struct carry_summary){ 0 };
	return STATUS_OK;
}

void carry_tell(const struct carry_run *run, const struct carry_event *e)
{
	if (run->options->event)
		run->options->event(run->options->event_ctx, e);
}

enum status carry_target_load(const struct carry_run *run, struct slice name, struct arena *arena,
			      struct carry_target *out, struct err *err)
{
	struct err why = ERR_INIT;
	struct segment *seg;
	enum status st;

	*out = (struct carry_target){ .known = false };
	st = store_source_get(run->store, name, arena, &out->row, err);
	if (st == STATUS_NOTFOUND)
		out->row = (struct store_source){ .last_attempt_s = DATE_NONE,
						  .last_success_s = DATE_NONE,
						  .last_change_s = DATE_NONE };
	else if (st != STATUS_OK)
		return st;
	out->known = st == STATUS_OK;
	out->records = out->row.records;
	if (out->row.segment.algo != DIGEST_NONE &&
	    segment_open_of(run->segments, &out->row.segment, name, &seg, &why) == STATUS_OK) {
		out->usable = segment_verify_digest(seg, &why) == STATUS_OK;
		out->rows = segment_get_stats(seg)->rows;
		segment_free(seg);
	}
	return arena_copy(arena, name, &out->row.name) ? STATUS_OK : err_nomem(err, "a source");
}

struct slice carry_feed_of(const struct carry_target *target, struct slice name)
{
	static const char *const sets[] = {
#define FEED(file, name, what) name,
#include "feed/feeds.def"
#undef FEED
	};

	if (target->known && target->row.feed.len > 0)
		return target->row.feed;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct slice set = slice_cstr(sets[i]);

		if (slice_starts(name, set) && (name.len == set.len || !is_alnum(name.ptr[set.len])))
			return set;
	}
	return name;
}

/* As limpid-update counts: advisories, or what is said of CVEs. */
static uint64_t records_of(const struct carry_target *t, const struct segment_stats *stats)
{
	return t->row.kind == STORE_ENRICHMENT ? stats->rows : stats->advisories;
}

static void tell(const struct carry_run *run, enum carry_event_kind kind, const struct carry_target *t,
		 const struct segment_stats *stats, uint64_t lines, struct slice text)
{
	const struct carry_event e = { .kind = kind,
				       .source = t->row.name,
				       .records = records_of(t, stats),
				       .previous = t->records,
				       .lines = lines,
				       .text = text };

	carry_tell(run, &e);
}

/* More than a fifth of the rows gone, or all of them. */
static bool is_shrunk(const struct carry_target *t, const struct segment_stats *stats)
{
	return t->usable && stats->rows < t->rows - t->rows / 5;
}

static enum status hold_back(const struct carry_run *run, struct carry_target *t, const struct digest *segment,
			     const struct segment_stats *stats, uint64_t lines, struct arena *arena, struct err *err)
{
	struct store_source row;
	struct slice text;
	struct digest_text d;
	enum status st;

	/* What is in force stays described by where it came from. */
	st = store_source_get(run->store, t->row.name, arena, &row, err);
	if (st != STATUS_OK)
		return st;
	digest_print(&d, segment);
	if (!arena_printf(arena, &text, "%llu rows, %llu are in force", (unsigned long long)stats->rows,
			  (unsigned long long)t->rows) ||
	    !arena_printf(arena, &row.error, "kept back: %.*s", SLICE_ARG(text)))
		return err_nomem(err, "a source");
	slice_cut(slice_cstr(d.text), ':', NULL, &row.held_back);
	row.last_attempt_s = date_now();
	TRY(store_source_put(run->store, &row, err));
	run->summary->held_back++;
	tell(run, CARRY_HELD_BACK, t, stats, lines, text);
	return STATUS_OK;
}

static enum status refuse_older(const struct carry_run *run, const struct carry_target *t,
				const struct segment_stats *stats, int64_t as_of_s, uint64_t lines, struct arena *arena,
				struct err *err)
{
	struct date_text theirs, ours;
	struct slice text;

	if (!arena_printf(arena, &text, "it is of %s, what is in force is of %s", date_print(&theirs, as_of_s),
			  date_print(&ours, t->row.last_success_s)))
		return err_nomem(err, "a source");
	run->summary->older++;
	tell(run, CARRY_OLDER, t, stats, lines, text);
	return STATUS_OK;
}

static enum status put(const struct carry_run *run, struct carry_target *t, const struct digest *segment,
		       const struct segment_stats *stats, int64_t as_of_s, struct err *err)
{
	struct digest_text text;
	char path[4400], ref[37];

	digest_print(&text, segment);
	snprintf(path, sizeof(path), "%s/%s.seg", run->segments, strchr(text.text, ':') + 1);
	TRY(store_segment_put(run->store, segment, path, err));
	t->row.last_attempt_s = date_now();
	if (!digest_eq(&t->row.segment, segment))
		t->row.last_change_s = t->row.last_attempt_s;
	/* As old as its data, not as its journey; a clock that runs ahead makes nothing younger. */
	t->row.last_success_s = as_of_s == DATE_NONE ? t->row.last_attempt_s : MIN(as_of_s, t->row.last_attempt_s);
	t->row.next_s = DATE_NONE;
	t->row.segment = *segment;
	t->row.records = records_of(t, stats);
	t->row.error = t->row.held_back = SLICE_EMPTY;
	return store_publish(run->store, &t->row, ref, err);
}

enum status carry_publish(const struct carry_run *run, struct carry_target *t, const struct digest *segment,
			  const struct segment_stats *stats, int64_t as_of_s, uint64_t lines, struct arena *arena,
			  struct err *err)
{
	bool same = t->usable && digest_eq(&t->row.segment, segment);

	if (!same && !run->options->accept && t->usable && as_of_s != DATE_NONE && t->row.last_success_s != DATE_NONE &&
	    as_of_s < t->row.last_success_s)
		return refuse_older(run, t, stats, as_of_s, lines, arena, err);
	if (!same && !run->options->accept && is_shrunk(t, stats))
		return hold_back(run, t, segment, stats, lines, arena, err);
	if (same && as_of_s != DATE_NONE && t->row.last_success_s != DATE_NONE && as_of_s < t->row.last_success_s)
		as_of_s = t->row.last_success_s;
	TRY(put(run, t, segment, stats, as_of_s, err));
	run->summary->published += !same;
	run->summary->unchanged += same;
	run->summary->records += records_of(t, stats);
	tell(run, same ? CARRY_UNCHANGED : CARRY_PUBLISHED, t, stats, lines, SLICE_EMPTY);
	return STATUS_OK;
}
