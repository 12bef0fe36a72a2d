/* SPDX-License-Identifier: Apache-2.0 */
/* scan_records.c - what detectors and the walk add to a layer report, and what is taken out again. */
#include "index/scan_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LIST_BYTES ((size_t)32 << 20) /* of the names in one directory of a list of files */

uint8_t *scan_path_buf(struct scan *s, size_t n)
{
	if (n > s->path_cap) {
		uint8_t *bigger = realloc(s->path_buf, n);

		if (!bigger)
			return NULL;
		s->path_buf = bigger;
		s->path_cap = n;
	}
	return s->path_buf;
}

/* The report is as large as it may be: told once, and the layer is not complete. */
enum status scan_full(struct scan *s, struct err *err)
{
	if (!s->full) {
		s->full = true;
		scan_fail(s, DIAG_LAYER, ERR_NO_OFFSET, "the layer's report reached its cap of %llu bytes",
			  (unsigned long long)s->arena->max);
	}
	return err_set(err, STATUS_LIMIT, "the layer's report is full");
}

static void keep_diag(struct scan *s, const struct diag *d)
{
	struct layer_diag *kept = VEC_PUSH(&s->report->diags, s->arena);
	struct slice where = d->where.len > 0 ? d->where : s->where;

	if (!kept)
		return;
	kept->code = d->code;
	kept->offset = d->offset;
	if (!arena_copy(s->arena, where, &kept->where) || !arena_copy(s->arena, d->text, &kept->text))
		s->report->diags.len--;
}

void scan_diag(void *ctx, const struct diag *d)
{
	struct scan *s = ctx;
	size_t before = s->report->diags.len;

	if (before < s->job->limits->diagnostics)
		keep_diag(s, d);
	if (s->report->diags.len == before)
		s->report->diags_dropped++;
}

void scan_fail(struct scan *s, enum diag_code code, uint64_t offset, const char *fmt, ...)
{
	char text[600];
	va_list ap;
	struct diag d = { code, SLICE_EMPTY, offset, SLICE_EMPTY };
	size_t max = (size_t)s->job->limits->diagnostics;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d.text = slice_cstr(text);
	s->where = SLICE_EMPTY;
	s->report->complete = false;
	if (s->report->diags.len > max)
		s->report->diags.len = max;
	if (s->full)
		s->arena->max = SIZE_MAX; /* one more short text */
	keep_diag(s, &d);
}

/* ---- the sink ---- */

/* Copy; the same bytes as last time are kept once. */
static bool keep(struct scan *s, struct slice in, struct slice last, struct slice *out)
{
	if (last.len > 0 && slice_eq(in, last)) {
		*out = last;
		return true;
	}
	return arena_copy(s->arena, in, out);
}

static struct slice alias_of(const struct scan_run *run)
{
	return slice_eq(run->path, run->wanted) ? SLICE_EMPTY : run->wanted;
}

static enum status on_package(void *ctx, const struct package *in, struct err *err)
{
	struct scan *s = ctx;
	struct layer_report *r = s->report;
	struct package last = { 0 }, *p;
	const struct package *prev = r->packages.len > 0 ? &r->packages.at[r->packages.len - 1] : &last;

	if (r->packages.len >= s->job->limits->packages)
		return err_set(err, STATUS_LIMIT, "more than %llu packages in one layer",
			       (unsigned long long)s->job->limits->packages);
	last = *prev;
	p = VEC_PUSH(&r->packages, s->arena);
	if (!p)
		return scan_full(s, err);
	p->type = in->type;
	p->flags = in->flags;
	p->line = in->line;
	p->path = s->run->path;
	if (r->document && !keep(s, in->path, last.path, &p->path)) {
		r->packages.len--;
		return scan_full(s, err);
	}
	p->detector = slice_cstr(s->run->detector->name);
	p->alias = alias_of(s->run);
	if (!keep(s, in->name, SLICE_EMPTY, &p->name) || !keep(s, in->version, last.version, &p->version) ||
	    !keep(s, in->arch, last.arch, &p->arch) || !keep(s, in->module, last.module, &p->module) ||
	    !keep(s, in->source_name, last.source_name, &p->source_name) ||
	    !keep(s, in->source_version, last.source_version, &p->source_version) ||
	    !keep(s, in->db, last.db, &p->db)) {
		r->packages.len--;
		return scan_full(s, err);
	}
	return STATUS_OK;
}

static enum status on_distribution(void *ctx, const struct distribution *in, struct err *err)
{
	struct scan *s = ctx;
	struct distribution *d = VEC_PUSH(&s->report->distributions, s->arena);

	if (!d)
		return scan_full(s, err);
	d->path = s->run->path;
	d->alias = alias_of(s->run);
	if (!arena_copy(s->arena, in->did, &d->did) || !arena_copy(s->arena, in->id_like, &d->id_like) ||
	    !arena_copy(s->arena, in->name, &d->name) || !arena_copy(s->arena, in->version, &d->version) ||
	    !arena_copy(s->arena, in->version_id, &d->version_id) ||
	    !arena_copy(s->arena, in->version_code_name, &d->version_code_name) ||
	    !arena_copy(s->arena, in->pretty_name, &d->pretty_name) || !arena_copy(s->arena, in->cpe, &d->cpe) ||
	    !arena_copy(s->arena, in->variant_id, &d->variant_id)) {
		s->report->distributions.len--;
		return scan_full(s, err);
	}
	return STATUS_OK;
}

static enum status on_repository(void *ctx, const struct layer_repository *in, struct err *err)
{
	struct scan *s = ctx;
	struct layer_repository *r = VEC_PUSH(&s->report->repositories, s->arena);

	if (!r)
		return scan_full(s, err);
	r->path = s->run->path;
	if (!arena_copy(s->arena, in->name, &r->name) || !arena_copy(s->arena, in->key, &r->key) ||
	    !arena_copy(s->arena, in->uri, &r->uri) || !arena_copy(s->arena, in->cpe, &r->cpe) ||
	    !arena_copy(s->arena, in->package, &r->package)) {
		s->report->repositories.len--;
		return scan_full(s, err);
	}
	return STATUS_OK;
}

/* *out is empty for what can be no file's name. */
static enum status normal_path(struct scan *s, struct slice raw, struct slice *out, struct err *err)
{
	uint8_t *buf;

	*out = SLICE_EMPTY;
	if (raw.len > s->job->limits->path_bytes || slice_find_byte(raw, 0) != SIZE_MAX)
		return STATUS_OK;
	buf = scan_path_buf(s, raw.len + 1);
	if (!buf)
		return err_nomem(err, "a path");
	*out = path_normalise(raw, buf);
	return STATUS_OK;
}

static enum status on_owned(void *ctx, struct slice raw, struct err *err)
{
	struct scan *s = ctx;
	struct layer_owned *o;
	struct slice path;

	TRY(normal_path(s, raw, &path, err));
	if (path.len == 0)
		return STATUS_OK;
	TRY(scan_list_add(s, path, err));
	if (!rules_may_be_owned(s->job->rules, path))
		return STATUS_OK;
	/* They only say whose a package is: a database of a million files must not crowd out its packages. */
	if (s->arena->used > s->arena->max / 2) {
		if (!s->owned_told)
			diag_emit(&s->diags, DIAG_LIMIT, s->run->path, ERR_NO_OFFSET,
				  "the system's packages own more files than are kept: the rest may be listed twice");
		s->owned_told = true;
		return STATUS_OK;
	}
	o = VEC_PUSH(&s->report->owned, s->arena);
	if (!o)
		return scan_full(s, err);
	o->db = s->run->path;
	if (!arena_copy(s->arena, path, &o->path)) {
		s->report->owned.len--;
		return scan_full(s, err);
	}
	return STATUS_OK;
}

static enum status on_list(void *ctx, const struct package *of, struct err *err)
{
	struct scan *s = ctx;

	return rules_wants_lists(s->job->rules) ? scan_list_begin(s, of, err) : STATUS_OK;
}

static enum status on_listed(void *ctx, struct slice raw, struct err *err)
{
	struct scan *s = ctx;
	struct slice path;

	if (!s->list_open)
		return STATUS_OK;
	TRY(normal_path(s, raw, &path, err));
	return path.len > 0 ? scan_list_add(s, path, err) : STATUS_OK;
}

static enum status on_again(void *ctx, struct err *err)
{
	struct scan *s = ctx;

	(void)err;
	s->asked_again = true;
	return STATUS_OK;
}

static void forget(void *ctx)
{
	struct scan *s = ctx;

	for (size_t i = 0; i < ARRAY_LEN(s->mapped); i++)
		spool_forget(s->mapped[i]);
}

/* ---- runs ---- */

enum status scan_records_init(struct scan *s, struct err *err)
{
	s->diags = (struct diag_sink){ scan_diag, s };
	s->list_dir = s->list_names = (struct buf)BUF_INIT(LIST_BYTES);
	for (size_t i = 0; i < s->job->n_aliases; i++)
		TRY(scan_add_alias(s, &s->job->aliases[i], err));
	return STATUS_OK;
}

static enum status add_file(struct scan *s, struct slice path, struct slice wanted, const struct detector *d,
			    uint64_t size, enum layer_file_kind kind, size_t *out, struct err *err)
{
	struct layer_file *f = VEC_PUSH(&s->report->files, s->arena);

	if (!f)
		return scan_full(s, err);
	f->path = path;
	f->detector = slice_cstr(d->name);
	f->kind = kind;
	f->size = size;
	if (!slice_eq(path, wanted))
		f->alias = wanted;
	*out = s->report->files.len - 1;
	return STATUS_OK;
}

static struct scan_run *add_run(struct scan *s, const struct scan_want *want, uint64_t size, enum layer_file_kind kind,
				struct err *err)
{
	struct scan_run run = { .detector = want->hit.detector, .older = NO_INDEX, .node = want->node };
	struct scan_run *kept;
	uint64_t *slot;
	bool is_new;

	if (!arena_copy(s->arena, want->own, &run.path) || !keep(s, want->wanted, run.path, &run.wanted) ||
	    add_file(s, run.path, run.wanted, run.detector, size, kind, &run.file, err) != STATUS_OK) {
		scan_full(s, err);
		return NULL;
	}
	slot = map_slot(&s->runs_by_path, run.path, &is_new);
	kept = slot ? VEC_PUSH(&s->runs, s->arena) : NULL;
	if (!kept) {
		scan_full(s, err);
		return NULL;
	}
	if (!is_new && *slot > 0)
		run.older = (size_t)*slot - 1;
	run.packages[0] = run.packages[1] = s->report->packages.len;
	run.distributions[0] = run.distributions[1] = s->report->distributions.len;
	run.repositories[0] = run.repositories[1] = s->report->repositories.len;
	run.owned[0] = run.owned[1] = s->report->owned.len;
	run.lists[0] = run.lists[1] = s->report->lists.len;
	*kept = run;
	*slot = s->runs.len;
	return kept;
}

enum status scan_seen(struct scan *s, const struct scan_want *want, uint64_t size, enum layer_file_kind kind,
		      struct err *err)
{
	if (s->full)
		return STATUS_OK;
	return add_run(s, want, size, kind, err) || s->full ? STATUS_OK : err->code;
}

/* The file of the run that has just ended is none of the detector's: that it stands there, the tree says. */
static void drop_empty_program(struct scan *s, const struct scan_want *want)
{
	struct scan_run *run = s->run;

	if (want->hit.rule->match != PATH_ANY_FILE || s->asked_again || run->packages[0] != run->packages[1] ||
	    run->file + 1 != s->report->files.len || !s->report->files.at[run->file].read)
		return;
	s->report->files.len--;
	run->file = NO_INDEX;
}

/* An earlier reading of the same file by the same detector gives way to a second one. */
static void drop_first_reading(struct scan *s, struct slice real, struct slice wanted, const struct detector *d)
{
	uint64_t at;

	if (!map_get(&s->runs_by_path, real, &at) || at == 0)
		return;
	for (size_t i = (size_t)at - 1; i != NO_INDEX; i = s->runs.at[i].older)
		if (s->runs.at[i].detector == d && slice_eq(s->runs.at[i].wanted, wanted))
			s->runs.at[i].dead = true;
}

enum diag_code scan_unread_code(const struct scan_want *want, enum diag_code other)
{
	const struct path_rule *rule = want->hit.rule;

	return want->hit.detector->kind == DETECTOR_PACKAGE && rule->need != DETECT_PRESENCE &&
			       (rule->match == PATH_EXACT || rule->match == PATH_DOCUMENT)
		       ? DIAG_DATABASE
		       : other;
}

static enum diag_code code_of(enum status st)
{
	switch (st) {
	case STATUS_LIMIT:
		return DIAG_LIMIT;
	case STATUS_UNSUPPORTED:
		return DIAG_UNSUPPORTED;
	default:
		return DIAG_FILE;
	}
}

enum status scan_parse(struct scan *s, const struct detect_file *file, const struct scan_want *want, struct err *err)
{
	const struct detector *d = want->hit.detector;
	struct detect_sink sink = {
		on_package, on_distribution, on_repository, on_owned, on_list, on_listed, on_again, &s->diags, s
	};
	struct detect_env env = { .limits = s->job->limits,
				  .lists = rules_wants_lists(s->job->rules),
				  .arena = &s->scratch,
				  .other = s->other,
				  .forget = forget,
				  .ctx = s };
	struct err parse_err = ERR_INIT;
	enum status st;

	if (s->full)
		return STATUS_OK;
	if (want->again)
		drop_first_reading(s, want->own, want->wanted, d);
	s->run = add_run(s, want, file->size, file->directory ? LAYER_FILE_DIRECTORY : LAYER_FILE_REGULAR, err);
	if (!s->run)
		return STATUS_OK; /* the report is full, and says so */
	s->asked_again = false;
	s->where = s->run->path;
	st = d->parse(file, &env, &sink, &parse_err);
	/* A list that grows asks for twice what it had. */
	if (st == STATUS_NOMEM && s->scratch.used > s->job->limits->file_memory / 4)
		st = err_set(&parse_err, STATUS_LIMIT,
			     "more than %llu bytes of memory are needed to read it (limits.file_memory)",
			     (unsigned long long)s->job->limits->file_memory);
	if (st == STATUS_OK)
		st = scan_list_end(s, &parse_err);
	else
		s->list_open = false; /* what was gathered of its last directory goes */
	arena_reset(&s->scratch);
	s->run->packages[1] = s->report->packages.len;
	s->run->distributions[1] = s->report->distributions.len;
	s->run->repositories[1] = s->report->repositories.len;
	s->run->owned[1] = s->report->owned.len;
	s->run->lists[1] = s->report->lists.len;
	s->report->files.at[s->run->file].read = st == STATUS_OK;
	if (st != STATUS_OK && !s->full)
		diag_err(&s->diags, scan_unread_code(want, code_of(st)), s->run->path, &parse_err);
	s->where = SLICE_EMPTY;
	drop_empty_program(s, want);
	if (want->hit.rule->match == PATH_ANY_FILE && (s->asked_again || s->run->packages[0] < s->run->packages[1]))
		TRY(scan_give(s, s->entry, err));
	if (s->asked_again && !s->second) {
		struct scan_want again = { want->hit, s->run->wanted, s->run->path, s->run->node, true };

		return scan_add_again(s, s->run->path, s->entry, &again, err);
	}
	return STATUS_OK;
}

/* Files that wait to be parsed have no run yet. */
static void drop_held(struct scan *s, struct slice path)
{
	for (size_t i = 0; i < s->held.len;) {
		if (slice_eq(s->held.at[i].want.own, path)) {
			spool_free(s->held.at[i].content);
			s->held.at[i] = s->held.at[--s->held.len];
		} else {
			i++;
		}
	}
}

void scan_replace(struct scan *s, struct slice path)
{
	uint64_t *slot, at;
	bool is_new;

	drop_held(s, path);
	if (s->runs_by_path.len == 0 || !map_get(&s->runs_by_path, path, &at) || at == 0)
		return;
	for (size_t i = (size_t)at - 1; i != NO_INDEX; i = s->runs.at[i].older)
		s->runs.at[i].dead = true;
	slot = map_slot(&s->runs_by_path, path, &is_new);
	if (slot)
		*slot = 0;
}

#define COMPACT(list, range)                                                                                           \
	do {                                                                                                           \
		size_t kept_ = 0;                                                                                      \
		for (size_t i_ = 0; i_ < s->runs.len; i_++)                                                            \
			for (size_t j_ = s->runs.at[i_].range[0];                                                      \
			     !s->runs.at[i_].dead && j_ < s->runs.at[i_].range[1]; j_++)                               \
				s->report->list.at[kept_++] = s->report->list.at[j_];                                  \
		s->report->list.len = kept_;                                                                           \
	} while (0)

/* Drop the elements whose nodes are dead: those were replaced by later entries. */
#define DROP_DEAD(s, list, nodes)                                                                                      \
	do {                                                                                                           \
		size_t kept_ = 0;                                                                                      \
		for (size_t i_ = 0; i_ < (s)->report->list.len; i_++)                                                  \
			if (scan_tree_alive((s)->tree, (s)->nodes.at[i_]))                                             \
				(s)->report->list.at[kept_++] = (s)->report->list.at[i_];                              \
		(s)->report->list.len = kept_;                                                                         \
	} while (0)

static enum status compact_runs(struct scan *s, struct err *err)
{
	size_t dead = 0, kept = 0;
	bool *gone;

	for (size_t i = 0; i < s->runs.len; i++) {
		s->runs.at[i].dead |= !scan_tree_alive(s->tree, s->runs.at[i].node);
		dead += s->runs.at[i].dead;
	}
	if (dead == 0)
		return STATUS_OK;
	gone = calloc(s->report->files.len + 1, sizeof(*gone));
	if (!gone)
		return err_nomem(err, "layer report");
	COMPACT(packages, packages);
	COMPACT(distributions, distributions);
	COMPACT(repositories, repositories);
	COMPACT(owned, owned);
	COMPACT(lists, lists);
	for (size_t i = 0; i < s->runs.len; i++)
		if (s->runs.at[i].file != NO_INDEX)
			gone[s->runs.at[i].file] = s->runs.at[i].dead;
	for (size_t i = 0; i < s->report->files.len; i++)
		if (!gone[i])
			s->report->files.at[kept++] = s->report->files.at[i];
	s->report->files.len = kept;
	free(gone);
	return STATUS_OK;
}

/* Names are many. What was found stands without them. */
static enum status put_names(struct scan *s, struct err *err)
{
	struct err tree_err = ERR_INIT;
	enum status st = s->full ? STATUS_OK : scan_tree_report(s->tree, s->arena, s->report, &tree_err);

	if (st == STATUS_LIMIT) {
		diag_emit(&s->diags, DIAG_LIMIT, SLICE_EMPTY, ERR_NO_OFFSET,
			  "%s: what they replace in lower layers may still be listed", tree_err.msg);
		return STATUS_OK;
	}
	if (st != STATUS_OK)
		*err = tree_err;
	return st;
}

enum status scan_compact(struct scan *s, struct err *err)
{
	if (s->disowned)
		return STATUS_OK;
	TRY(compact_runs(s, err));
	DROP_DEAD(s, whiteouts, whiteout_nodes);
	DROP_DEAD(s, opaques, opaque_nodes);
	DROP_DEAD(s, links, link_nodes);
	TRY(put_names(s, err));
	scan_lists_fit(s);
	return STATUS_OK;
}
