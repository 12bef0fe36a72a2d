/* SPDX-License-Identifier: Apache-2.0 */
/* scan_entry.c - what one entry of a layer means: a whiteout, a link, a directory, a file that a rule wants. */
#include "index/scan_impl.h"

#include <stdlib.h>

#define HELD_MAX 64 /* files that wait for companions; a layer has a handful of databases */

/* ---- who wants it ---- */

enum status scan_add_alias(struct scan *s, const struct scan_alias *alias, struct err *err)
{
	struct map *map = alias->dir ? &s->dir_aliases : &s->aliases_by_path;
	struct scan_alias *kept = VEC_PUSH(&s->aliases, s->arena);

	if (!kept)
		return scan_full(s, err);
	kept->dir = alias->dir;
	if (!arena_copy(s->arena, alias->real, &kept->real) || !arena_copy(s->arena, alias->wanted, &kept->wanted) ||
	    !map_put(map, kept->real, s->aliases.len))
		return scan_full(s, err);
	return STATUS_OK;
}

static void add_wants(struct scan_wants *out, const struct rule_hit *hits, size_t n, struct slice own,
		      struct slice wanted, bool aliased)
{
	for (size_t i = 0; i < n && out->n < SCAN_WANTS_MAX; i++) {
		if (aliased && (hits[i].rule->match == PATH_ANY_FILE || hits[i].rule->match == PATH_SUFFIX))
			continue; /* they found the file under its own name */
		out->at[out->n++] = (struct scan_want){ hits[i], wanted, own, false };
	}
}

static bool join(struct scan *s, struct slice a, const char *between, struct slice b, struct slice *out)
{
	struct slice text = slice_cstr(between);
	uint8_t *joined = arena_alloc(s->arena, a.len + text.len + b.len);

	if (!joined)
		return false;
	memcpy(joined, a.ptr, a.len);
	memcpy(joined + a.len, text.ptr, text.len);
	memcpy(joined + a.len + text.len, b.ptr, b.len);
	*out = slice_make(joined, a.len + text.len + b.len);
	return true;
}

/* What the path is to be read as. A companion ("db-wal") goes by the alias of its file and what follows that. */
static bool aliased_path(struct scan *s, struct slice path, struct slice *out)
{
	size_t dash = slice_rfind_byte(path, '-');
	uint64_t at;

	if (map_get(&s->aliases_by_path, path, &at)) {
		*out = s->aliases.at[at - 1].wanted;
		return true;
	}
	if (dash != SIZE_MAX && map_get(&s->aliases_by_path, slice_take(path, dash), &at))
		return join(s, s->aliases.at[at - 1].wanted, "", slice_from(path, dash), out);
	return map_get(&s->dir_aliases, path_dir(path), &at) &&
	       join(s, s->aliases.at[at - 1].wanted, "/", path_base(path), out);
}

void scan_wanted(struct scan *s, struct slice path, struct scan_wants *out)
{
	struct rule_hit hits[RULE_HITS_MAX];
	struct slice wanted;

	out->n = 0;
	add_wants(out, hits, rules_match(s->job->rules, path, hits), path, path, false);
	if (s->aliases.len > 0 && aliased_path(s, path, &wanted))
		add_wants(out, hits, rules_match(s->job->rules, wanted, hits), path, wanted, true);
}

static bool keep_want(struct scan *s, const struct scan_want *in, struct scan_want *out)
{
	*out = *in;
	return arena_copy(s->arena, in->wanted, &out->wanted) && arena_copy(s->arena, in->own, &out->own);
}

enum status scan_add_again(struct scan *s, struct slice real, const struct scan_want *want, struct err *err)
{
	struct scan_again *a = VEC_PUSH(&s->agains, s->arena);
	uint64_t *slot;
	bool is_new;

	if (!a || !keep_want(s, want, &a->want) || !arena_copy(s->arena, real, &a->real))
		return scan_full(s, err);
	slot = map_slot(&s->agains_by_path, a->real, &is_new);
	if (!slot)
		return scan_full(s, err);
	a->next = is_new ? NO_INDEX : (size_t)*slot - 1;
	*slot = s->agains.len;
	return STATUS_OK;
}

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
		  "the file has %llu bytes; at most %llu are read", (unsigned long long)entry->size,
		  (unsigned long long)want_max(s, w));
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

/* Could the file be run? Then it may stand where a lower layer has a program that was recognised. */
static bool is_program(const struct tar_entry *entry, struct slice head)
{
	static const uint8_t mach_o[] = { 0xcf, 0xfa, 0xed, 0xfe };

	if (!(entry->mode & 0111))
		return false;
	return head.len == 0 ||
	       slice_starts(head, SLICE("\x7f"
					"ELF")) ||
	       slice_starts(head, SLICE("MZ")) || slice_starts(head, SLICE("#!")) ||
	       slice_starts(head, slice_make(mach_o, sizeof(mach_o)));
}

static enum status not_ours(struct scan *s, const struct tar_entry *entry, const struct scan_want *w, struct slice head,
			    struct err *err)
{
	if (w->hit.rule->match != PATH_ANY_FILE)
		return scan_seen(s, w, entry->size, LAYER_FILE_REGULAR, err);
	if (is_program(entry, head))
		return scan_shadow(s, entry->path, err);
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
		return not_ours(s, entry, w, file.head, err);
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

	if (!held || !keep_want(s, w, &held->want)) {
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
			  "no room for its %llu bytes: files of one layer that wait together have at most %llu",
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
			TRY(not_ours(s, entry, w, head, err));
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

/* ---- entries ---- */

static enum status add_name(struct scan *s, struct slice path, bool opaque, struct err *err)
{
	struct slice *name =
		opaque ? VEC_PUSH(&s->report->opaques, s->arena) : VEC_PUSH(&s->report->whiteouts, s->arena);

	if (s->full || !name || !arena_copy(s->arena, path, name)) {
		if (name)
			*(opaque ? &s->report->opaques.len : &s->report->whiteouts.len) -= 1;
		if (!s->full)
			(void)scan_full(s, err);
	}
	return STATUS_OK;
}

/* ".wh.NAME" deletes NAME of lower layers, ".wh..wh..opq" what they have in the directory. */
static enum status visit_whiteout(struct scan *s, struct slice path, struct err *err)
{
	struct slice base = path_base(path), dir = path_dir(path), name = slice_from(base, 4);
	uint8_t *buf;
	size_t n = 0;

	if (slice_eq(name, SLICE(".wh..opq")))
		return add_name(s, dir, true, err);
	if (slice_starts(name, SLICE(".wh.")) || name.len == 0)
		return STATUS_OK; /* bookkeeping of aufs */
	if (slice_eq(name, SLICE(".")) || slice_eq(name, SLICE(".."))) {
		diag_emit(&s->diags, DIAG_ARCHIVE, path, ERR_NO_OFFSET, "a whiteout of no name");
		return STATUS_OK;
	}
	buf = scan_path_buf(s, path.len + 1);
	if (!buf)
		return err_nomem(err, "a path");
	if (dir.len > 0) {
		memcpy(buf, dir.ptr, dir.len);
		buf[dir.len] = '/';
		n = dir.len + 1;
	}
	memcpy(buf + n, name.ptr, name.len);
	return add_name(s, slice_make(buf, n + name.len), false, err);
}

/* Something else than a regular file where a rule expects one. */
static enum status visit_odd(struct scan *s, const struct tar_entry *entry, const char *what, enum layer_file_kind kind,
			     struct err *err)
{
	struct scan_wants wants;

	scan_wanted(s, entry->path, &wants);
	for (size_t i = 0; i < wants.n; i++) {
		const struct scan_want *w = &wants.at[i];

		if (w->hit.companion || w->hit.rule->match != PATH_EXACT)
			continue;
		diag_emit(&s->diags, scan_unread_code(w, DIAG_FILE), entry->path, ERR_NO_OFFSET,
			  "a regular file was expected, found %s", what);
		TRY(scan_seen(s, w, 0, kind, err));
	}
	return STATUS_OK;
}

static enum status visit_directory(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct slice *dir;

	if (!rules_is_parent(s->job->rules, entry->path) && slice_find_byte(entry->path, '/') != SIZE_MAX)
		return visit_odd(s, entry, "a directory", LAYER_FILE_DIRECTORY, err);
	if (s->full)
		return STATUS_OK;
	dir = VEC_PUSH(&s->report->directories, s->arena);
	if (!dir || !arena_copy(s->arena, entry->path, dir)) {
		if (dir)
			s->report->directories.len--;
		(void)scan_full(s, err);
		return STATUS_OK;
	}
	return visit_odd(s, entry, "a directory", LAYER_FILE_DIRECTORY, err);
}

static enum status add_link(struct scan *s, const struct tar_entry *entry, bool hard, struct err *err)
{
	struct layer_report *r = s->report;
	struct layer_link *link;

	if (s->full)
		return STATUS_OK;
	if (r->links.len >= s->job->limits->layer_links) {
		if (!s->links_told) {
			diag_emit(&s->diags, DIAG_LIMIT, entry->path, ERR_NO_OFFSET,
				  "more than %llu links in one layer; the rest is not followed",
				  (unsigned long long)s->job->limits->layer_links);
			s->links_told = true;
		}
		return STATUS_OK;
	}
	link = VEC_PUSH(&r->links, s->arena);
	if (!link || !arena_copy(s->arena, entry->path, &link->path) ||
	    !arena_copy(s->arena, entry->link, &link->target)) {
		if (link)
			r->links.len--;
		(void)scan_full(s, err);
		return STATUS_OK;
	}
	link->hard = hard;
	return STATUS_OK;
}

/* A wanted path that is a symlink: when its target comes later in this layer, it is read in passing. */
static enum status visit_symlink(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct scan_alias alias = { .wanted = entry->path };
	struct scan_wants wants;
	bool needed = false;
	uint8_t *buf;

	TRY(add_link(s, entry, false, err));
	scan_wanted(s, entry->path, &wants);
	if (wants.n == 0 || s->full || entry->link.len > s->job->limits->path_bytes)
		return STATUS_OK;
	buf = scan_path_buf(s, entry->path.len + entry->link.len + 1);
	if (!buf)
		return err_nomem(err, "a path");
	alias.real = path_resolve(entry->path, entry->link, buf);
	for (size_t i = 0; i < wants.n; i++)
		needed |= wants.at[i].hit.rule->match == PATH_EXACT && !wants.at[i].hit.companion &&
			  !rules_of(s->job->rules, wants.at[i].hit.detector, alias.real);
	if (!needed || alias.real.len == 0)
		return STATUS_OK;
	if (scan_add_alias(s, &alias, err) != STATUS_OK && !s->full)
		return err->code;
	return STATUS_OK;
}

/* Was something drawn from the file at path, or will it be in the second pass? */
static bool gave_records(const struct scan *s, struct slice path, const struct detector *d)
{
	uint64_t at;

	if (map_get(&s->agains_by_path, path, &at))
		return true;
	if (!map_get(&s->runs_by_path, path, &at) || at == 0)
		return false;
	for (size_t i = (size_t)at - 1; i != NO_INDEX; i = s->runs.at[i].older)
		if (s->runs.at[i].detector == d && !s->runs.at[i].dead &&
		    s->runs.at[i].packages[1] > s->runs.at[i].packages[0])
			return true;
	return false;
}

/* A wanted name of a file that is stored elsewhere in the layer: fetched by a second pass, unless it is read there. */
static enum status visit_hardlink(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct scan_wants wants;
	bool keep = false;

	scan_wanted(s, entry->path, &wants);
	for (size_t i = 0; i < wants.n; i++) {
		const struct scan_want *w = &wants.at[i];
		bool any = w->hit.rule->match == PATH_ANY_FILE;

		keep |= !any;
		if (s->full || slice_eq(entry->path, entry->link))
			continue;
		if (any && !gave_records(s, entry->link, w->hit.detector)) {
			if (entry->mode & 0111)
				TRY(scan_shadow(s, entry->path, err));
			continue;
		}
		if (w->hit.rule->match == PATH_EXACT && rules_want_too(s->job->rules, &w->hit, entry->link))
			continue;
		if (scan_add_again(s, entry->link, w, err) != STATUS_OK && !s->full)
			return err->code;
	}
	return keep ? add_link(s, entry, true, err) : STATUS_OK;
}

static bool is_below_dev(struct slice path)
{
	return slice_starts(path, SLICE("dev/")) || slice_eq(path, SLICE("dev"));
}

enum status scan_visit(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct scan *s = ctx;
	struct scan_wants wants;

	s->report->entries++;
	if (entry->path.len == 0)
		return STATUS_OK;
	if (slice_starts(path_base(entry->path), SLICE(".wh.")))
		return visit_whiteout(s, entry->path, err);
	scan_replace(s, entry->path);
	switch (entry->type) {
	case TAR_FILE:
		scan_wanted(s, entry->path, &wants);
		return wants.n > 0 ? scan_file(s, entry, &wants, body, err) : STATUS_OK;
	case TAR_DIR:
		return visit_directory(s, entry, err);
	case TAR_SYMLINK:
		return visit_symlink(s, entry, err);
	case TAR_HARDLINK:
		return visit_hardlink(s, entry, err);
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_FIFO:
	case TAR_OTHER:
		break;
	}
	/* A device hides what lower layers have there, and overlayfs writes deletions as devices: the same to us. */
	if (!is_below_dev(entry->path))
		TRY(add_name(s, entry->path, false, err));
	return visit_odd(s, entry, "a device or pipe", LAYER_FILE_OTHER, err);
}

enum status scan_visit_again(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct scan *s = ctx;
	struct scan_wants wants = { .n = 0 };
	uint64_t at;

	if (entry->type != TAR_FILE || !map_get(&s->agains_by_path, entry->path, &at))
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

enum status scan_finish_held(struct scan *s, struct err *err)
{
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
