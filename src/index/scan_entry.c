/* SPDX-License-Identifier: Apache-2.0 */
/* scan_entry.c - the bytes of one file, for all who want them: whole, in ranges, or kept until its companion is there.
 */
#include "index/scan_impl.h"

#include <stdlib.h>

#define HELD_MAX 64 /* files that wait for companions; a layer has a handful of databases */

/* ---- the bytes of a file ---- */

static uint64_t want_max(const struct scan *s, const struct scan_want *w)
{
	if (w->again)
		return s->job->limits->spool_bytes;
	return w->hit.rule->max_bytes ? w->hit.rule->max_bytes : s->job->limits->file_bytes;
}

static bool is_whole(const struct scan_want *w)
{
	return w->again || w->hit.companion || w->hit.rule->need == DETECT_WHOLE;
}

static bool is_held(const struct scan_want *w)
{
	return w->hit.companion || w->hit.rule->companion;
}

static enum status reserve(struct scan *s, uint64_t n, struct err *err)
{
	uint8_t *bigger;

	if (n <= s->bytes_cap)
		return STATUS_OK;
	bigger = realloc(s->bytes, (size_t)n);
	if (!bigger)
		return err_nomem(err, "a file of the layer");
	s->bytes = bigger;
	s->bytes_cap = (size_t)n;
	return STATUS_OK;
}

static enum status too_large(struct scan *s, const struct tar_entry *entry, const struct scan_want *w, struct err *err)
{
	diag_emit(&s->diags, scan_unread_code(w, DIAG_LIMIT), w->own, ERR_NO_OFFSET,
		  "the file has %llu bytes; at most %llu are read%s", (unsigned long long)entry->size,
		  (unsigned long long)want_max(s, w),
		  w->again		      ? " (limits.spool_bytes)"
		  : w->hit.rule->max_bytes == 0 ? " (limits.file_bytes)"
						: "");
	return scan_seen(s, w, entry->size, LAYER_FILE_REGULAR, err);
}

static struct detect_file file_of(const struct tar_entry *entry, const struct scan_want *w)
{
	return (struct detect_file){ .path = w->wanted,
				     .rule = w->hit.rule,
				     .size = entry->size,
				     .mode = entry->mode,
				     .second_pass = w->again };
}

static enum status not_ours(struct scan *s, const struct tar_entry *entry, const struct scan_want *w, struct err *err)
{
	if (w->hit.rule->match != PATH_ANY_FILE)
		return scan_seen(s, w, entry->size, LAYER_FILE_REGULAR, err);
	return STATUS_OK;
}

static enum status parse_whole(struct scan *s, const struct tar_entry *entry, const struct scan_want *w,
			       struct slice bytes, struct err *err)
{
	struct detect_file file = file_of(entry, w);

	if (is_whole(w)) {
		file.bytes = bytes;
		return scan_parse(s, &file, w, err);
	}
	if (w->hit.rule->need == DETECT_PRESENCE)
		return scan_parse(s, &file, w, err);
	file.head = slice_take(bytes, DETECT_HEAD_BYTES);
	file.n_ranges = w->hit.detector->plan(file.head, entry->size, entry->mode, file.ranges);
	if (file.n_ranges == 0)
		return not_ours(s, entry, w, err);
	for (size_t i = 0; i < file.n_ranges; i++)
		file.range_bytes[i] = file.ranges[i].offset > bytes.len
					      ? SLICE_EMPTY
					      : slice_take(slice_from(bytes, (size_t)file.ranges[i].offset),
							   (size_t)MIN(file.ranges[i].len, (uint64_t)bytes.len));
	return scan_parse(s, &file, w, err);
}

/* Keep the bytes for the end of the layer: the spool they lie in, if there is one that nobody has kept yet. */
static enum status hold(struct scan *s, const struct tar_entry *entry, const struct scan_want *w, struct slice bytes,
			struct spool **spool, struct err *err)
{
	struct scan_held *held = VEC_PUSH(&s->held, s->arena);
	struct source *src;
	enum status st;

	if (!held || !scan_keep_want(s, w, &held->want)) {
		if (held)
			s->held.len--;
		return scan_full(s, err);
	}
	held->size = entry->size;
	held->mode = entry->mode;
	if (*spool) {
		held->content = *spool;
		*spool = NULL;
		return STATUS_OK;
	}
	src = source_from_slice(bytes);
	if (!src) {
		s->held.len--;
		return err_nomem(err, "a file of the layer");
	}
	st = spool_read_into(s->job->area, src, s->job->limits->spool_memory, s->job->limits->spool_bytes,
			     &held->content, err);
	source_free(src);
	if (st != STATUS_OK)
		s->held.len--;
	return st;
}

static enum status hand_whole(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
			      struct slice bytes, struct spool **spool, struct err *err)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct scan_want *w = &wants->at[i];

		if (is_whole(w) && entry->size > want_max(s, w))
			TRY(too_large(s, entry, w, err));
		else if (is_held(w) && s->held.len < HELD_MAX)
			TRY(hold(s, entry, w, bytes, spool, err));
		else if (!w->hit.companion)
			TRY(parse_whole(s, entry, w, bytes, err));
	}
	return STATUS_OK;
}

/* Other files have taken the space for temporary ones: the file is lost, not the layer. */
static enum status no_room(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
			   struct err *err)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct scan_want *w = &wants->at[i];

		diag_emit(&s->diags, scan_unread_code(w, DIAG_LIMIT), w->own, ERR_NO_OFFSET,
			  "no room for its %llu bytes: files of one layer that wait together have at most %llu "
			  "(limits.spool_bytes)",
			  (unsigned long long)entry->size, (unsigned long long)s->job->limits->spool_bytes);
		TRY(scan_seen(s, w, entry->size, LAYER_FILE_REGULAR, err));
	}
	return STATUS_OK;
}

static enum status read_whole(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
			      struct source *body, struct err *err)
{
	struct spool *spool = NULL;
	struct slice bytes;
	enum status st;

	if (entry->size <= s->job->limits->spool_memory) {
		TRY(reserve(s, entry->size, err));
		if (entry->size > 0)
			TRY(source_read_full(body, s->bytes, (size_t)entry->size, err));
		return hand_whole(s, entry, wants, slice_make(s->bytes, (size_t)entry->size), &spool, err);
	}
	st = spool_read_into(s->job->area, body, s->job->limits->spool_memory, s->job->limits->spool_bytes, &spool,
			     err);
	if (st == STATUS_LIMIT)
		return no_room(s, entry, wants, err);
	if (st != STATUS_OK)
		return st;
	st = spool_slice(spool, &bytes, err);
	s->mapped[0] = spool;
	if (st == STATUS_OK)
		st = hand_whole(s, entry, wants, bytes, &spool, err);
	s->mapped[0] = NULL;
	spool_free(spool);
	return st;
}

/* ---- byte ranges of a file that streams by ---- */

#define RANGES_KEPT ((uint64_t)16 << 20) /* bytes kept of one file for all detectors together */

struct interval {
	uint64_t begin, end;
	size_t at; /* in scan.bytes */
};

struct plan {
	struct detect_file files[SCAN_WANTS_MAX];
	struct interval intervals[SCAN_WANTS_MAX * DETECT_RANGES_MAX];
	size_t n;
	bool any;
};

/* Sorted and merged, so that one forward read serves all. */
static void add_interval(struct plan *p, uint64_t begin, uint64_t end)
{
	size_t i = 0, gone = 0;

	while (i < p->n && p->intervals[i].end < begin)
		i++;
	while (i + gone < p->n && p->intervals[i + gone].begin <= end) {
		begin = MIN(begin, p->intervals[i + gone].begin);
		end = MAX(end, p->intervals[i + gone].end);
		gone++;
	}
	memmove(&p->intervals[i + 1], &p->intervals[i + gone], (p->n - i - gone) * sizeof(p->intervals[0]));
	p->intervals[i] = (struct interval){ begin, end, 0 };
	p->n = p->n + 1 - gone;
}

static void make_plan(const struct tar_entry *entry, const struct scan_wants *wants, struct slice head, struct plan *p)
{
	p->n = 0;
	p->any = false;
	for (size_t i = 0; i < wants->n; i++) {
		struct detect_file *f = &p->files[i];

		*f = file_of(entry, &wants->at[i]);
		if (wants->at[i].hit.rule->need != DETECT_RANGES)
			continue;
		f->head = head;
		f->n_ranges = wants->at[i].hit.detector->plan(head, entry->size, entry->mode, f->ranges);
		p->any |= f->n_ranges > 0;
		for (size_t j = 0; j < f->n_ranges; j++) {
			uint64_t begin = MIN(f->ranges[j].offset, entry->size);

			add_interval(p, begin, begin + MIN(f->ranges[j].len, entry->size - begin));
		}
	}
}

static enum status read_intervals(struct scan *s, struct plan *p, size_t head_len, struct source *body, struct err *err)
{
	uint64_t pos = head_len;
	size_t at = head_len;

	for (size_t i = 0; i < p->n; i++) {
		struct interval *v = &p->intervals[i];
		uint64_t n = v->end - v->begin;

		v->at = at;
		if (v->begin < pos) { /* begins in the head, or before what was read for it */
			uint64_t have = MIN(pos, v->end) - v->begin;

			memcpy(s->bytes + at, s->bytes + v->begin, (size_t)have);
			at += (size_t)have;
			n -= have;
		} else {
			TRY(source_skip(body, v->begin - pos, err));
			pos = v->begin;
		}
		if (n > 0)
			TRY(source_read_full(body, s->bytes + at, (size_t)n, err));
		at += (size_t)n;
		pos += n;
	}
	return STATUS_OK;
}

static struct slice range_of(const struct scan *s, const struct plan *p, const struct byte_range *range, uint64_t size)
{
	uint64_t begin = MIN(range->offset, size), end = begin + MIN(range->len, size - begin);

	for (size_t i = 0; i < p->n; i++)
		if (p->intervals[i].begin <= begin && end <= p->intervals[i].end)
			return slice_make(s->bytes + p->intervals[i].at + (begin - p->intervals[i].begin),
					  (size_t)(end - begin));
	return SLICE_EMPTY;
}

static enum status hand_ranges(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
			       struct plan *p, struct slice head, struct err *err)
{
	for (size_t i = 0; i < wants->n; i++) {
		const struct scan_want *w = &wants->at[i];
		struct detect_file *f = &p->files[i];

		if (is_whole(w)) {
			TRY(too_large(s, entry, w, err));
			continue;
		}
		if (w->hit.rule->need == DETECT_RANGES && f->n_ranges == 0) {
			TRY(not_ours(s, entry, w, err));
			continue;
		}
		if (f->n_ranges > 0)
			f->head = head;
		for (size_t j = 0; j < f->n_ranges; j++)
			f->range_bytes[j] = range_of(s, p, &f->ranges[j], entry->size);
		TRY(scan_parse(s, f, w, err));
	}
	return STATUS_OK;
}

static enum status read_ranges(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
			       struct source *body, struct err *err)
{
	size_t head_len = (size_t)MIN(entry->size, (uint64_t)DETECT_HEAD_BYTES);
	uint64_t total = head_len;
	struct plan p;

	TRY(reserve(s, DETECT_HEAD_BYTES, err));
	if (head_len > 0)
		TRY(source_read_full(body, s->bytes, head_len, err));
	make_plan(entry, wants, slice_make(s->bytes, head_len), &p);
	for (size_t i = 0; i < p.n; i++)
		total += p.intervals[i].end - p.intervals[i].begin;
	if (total > RANGES_KEPT) {
		diag_emit(&s->diags, DIAG_LIMIT, entry->path, ERR_NO_OFFSET,
			  "%llu bytes of the file are needed; at most %llu are kept", (unsigned long long)total,
			  (unsigned long long)RANGES_KEPT);
		return scan_seen(s, &wants->at[0], entry->size, LAYER_FILE_REGULAR, err);
	}
	if (p.any) {
		TRY(reserve(s, total, err));
		TRY(read_intervals(s, &p, head_len, body, err));
	}
	return hand_ranges(s, entry, wants, &p, slice_make(s->bytes, head_len), err);
}

enum status scan_file(struct scan *s, const struct tar_entry *entry, const struct scan_wants *wants,
		      struct source *body, struct err *err)
{
	bool whole = false;

	for (size_t i = 0; i < wants->n; i++)
		whole |= is_whole(&wants->at[i]) && entry->size <= want_max(s, &wants->at[i]);
	return whole ? read_whole(s, entry, wants, body, err) : read_ranges(s, entry, wants, body, err);
}

enum status scan_visit_again(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct scan *s = ctx;
	struct scan_wants wants = { .n = 0 };
	struct slice key = slice_make(&s->entry, sizeof(s->entry));
	uint64_t at;

	if (entry->type != TAR_FILE || !map_get(&s->agains_by_entry, key, &at))
		return STATUS_OK;
	for (size_t i = (size_t)at - 1; i != NO_INDEX; i = s->agains.at[i].next) {
		wants.at[wants.n++] = s->agains.at[i].want;
		if (wants.n == SCAN_WANTS_MAX)
			break;
	}
	return scan_file(s, entry, &wants, body, err);
}

/* ---- companions ---- */

static const struct scan_held *companion_of(const struct scan *s, const struct scan_held *main)
{
	struct slice tail = slice_cstr(main->want.hit.rule->companion);

	for (size_t i = 0; i < s->held.len; i++) {
		const struct scan_held *h = &s->held.at[i];

		if (h->want.hit.companion && h->want.hit.rule == main->want.hit.rule &&
		    h->want.wanted.len == main->want.wanted.len + tail.len &&
		    slice_starts(h->want.wanted, main->want.wanted))
			return h;
	}
	return NULL;
}

static bool has_main(const struct scan *s, const struct scan_held *companion)
{
	for (size_t i = 0; i < s->held.len; i++)
		if (!s->held.at[i].want.hit.companion && companion_of(s, &s->held.at[i]) == companion)
			return true;
	return false;
}

static enum status finish_one(struct scan *s, const struct scan_held *h, struct err *err)
{
	const struct scan_held *c = companion_of(s, h);
	enum status st;
	struct detect_file file = {
		.path = h->want.wanted, .rule = h->want.hit.rule, .size = h->size, .mode = h->mode
	};

	TRY(spool_slice(h->content, &file.bytes, err));
	if (c)
		TRY(spool_slice(c->content, &file.companion, err));
	s->mapped[0] = h->content;
	s->mapped[1] = c ? c->content : NULL;
	st = scan_parse(s, &file, &h->want, err);
	s->mapped[0] = s->mapped[1] = NULL;
	return st;
}

/* A directory above them was replaced. */
static void drop_dead(struct scan *s)
{
	for (size_t i = 0; i < s->held.len;) {
		if (scan_tree_alive(s->tree, s->held.at[i].want.node)) {
			i++;
			continue;
		}
		spool_free(s->held.at[i].content);
		s->held.at[i] = s->held.at[--s->held.len];
	}
}

enum status scan_finish_held(struct scan *s, struct err *err)
{
	drop_dead(s);
	for (size_t i = 0; i < s->held.len; i++) {
		const struct scan_held *h = &s->held.at[i];

		if (!h->want.hit.companion)
			TRY(finish_one(s, h, err));
		else if (h->size > 0 && !has_main(s, h))
			diag_emit(&s->diags, DIAG_UNSUPPORTED, h->want.own, ERR_NO_OFFSET,
				  "it adds to a file that is not in the same layer, and was not read");
	}
	return STATUS_OK;
}
