/* SPDX-License-Identifier: Apache-2.0 */
/* coalesce_diags.c - which files belong to packages of the system, and what is to be told of the layers' diagnostics.
 */
#include "index/coalesce_impl.h"

#include "index/unread.h"

/* ---- ownership ---- */

/* Could the file be one of a language's packages? Only such files are asked about. */
static bool is_language_file(const struct coalesce *c, struct slice path)
{
	return rules_may_be_owned(c->rules, path);
}

/* A package of a language, or what a program says of itself. */
static bool may_be_owned(const struct package *p)
{
	return !coalesce_is_system(p->type) || (p->flags & PACKAGE_OF_FILE);
}

/* Of packages of languages, of files that are not read, and of what went wrong: do the files belong to the system? */
static enum status find_owned(struct coalesce *c, struct err *err)
{
	for (size_t i = 0; i < c->out->packages.len; i++) {
		const struct package *p = &c->out->packages.at[i].package;

		if (may_be_owned(p) && !owned_ask(&c->owned, p->path))
			return coalesce_nomem(err);
	}
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->diags.len; i++) {
			struct slice where = r->diags.at[i].where;

			if (where.len > 0 && is_language_file(c, where) && !owned_ask(&c->owned, where))
				return coalesce_nomem(err);
		}
	}
	TRY(unread_ask(&c->owned, &c->merged, c->reports, c->n, c->rules, err));
	owned_answer(&c->owned, &c->merged, c->reports, c->n);
	for (size_t i = 0; i < c->out->packages.len; i++) {
		struct package *p = &c->out->packages.at[i].package;

		if (may_be_owned(p) && owned_has(&c->owned, p->path))
			p->flags |= PACKAGE_OWNED;
	}
	return STATUS_OK;
}

/* ---- diagnostics ---- */

static enum status put_diag(struct coalesce *c, size_t layer, enum diag_code code, struct slice where, uint64_t offset,
			    struct slice text, struct err *err)
{
	struct index_diag *d = VEC_PUSH(&c->out->diags, c->out_arena);

	if (!d)
		return coalesce_nomem(err);
	d->layer = layer;
	d->diag.code = code;
	d->diag.offset = offset;
	if (!arena_copy(c->out_arena, where, &d->diag.where) || !arena_copy(c->out_arena, text, &d->diag.text))
		return coalesce_nomem(err);
	return STATUS_OK;
}

/*
 * What was wrong with a file that an upper layer replaced or deleted is no concern of the image, and neither is a
 * language's file of a system package: the system's advisories cover it.
 */
static bool is_hidden(struct coalesce *c, size_t layer, struct slice where)
{
	struct merged_seen own, seen;

	if (where.len == 0 || where.len > c->limits->path_bytes)
		return false;
	if (owned_has(&c->owned, where))
		return true;
	own = merged_at(&c->merged, where, layer);
	if (own.kind == MERGED_NOTHING || own.layer != layer)
		return false; /* it speaks of something that the layer has not */
	seen = merged_at_top(&c->merged, where);
	if (seen.kind == MERGED_DIRECTORY && own.kind == MERGED_DIRECTORY)
		return false; /* directories are merged */
	return seen.kind == MERGED_NOTHING || seen.layer > layer;
}

static enum status put_diags(struct coalesce *c, struct err *err)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->diags.len; i++) {
			const struct layer_diag *d = &r->diags.at[i];

			if (!is_hidden(c, layer, d->where))
				TRY(put_diag(c, layer, d->code, d->where, d->offset, d->text, err));
		}
		if (r->diags_dropped > 0) {
			struct slice text;

			if (!arena_printf(&c->arena, &text, "%llu more diagnostics were left out",
					  (unsigned long long)r->diags_dropped))
				return coalesce_nomem(err);
			TRY(put_diag(c, layer, DIAG_LIMIT, SLICE_EMPTY, ERR_NO_OFFSET, text, err));
		}
	}
	return STATUS_OK;
}

static enum status put_dead_end(struct coalesce *c, struct slice path, struct slice target, struct err *err)
{
	struct err_quote q;
	struct slice text;

	if (!arena_printf(&c->arena, &text, "the link leads to %s, which is not in the image or is no regular file",
			  err_slice(&q, target)))
		return coalesce_nomem(err);
	return put_diag(c, SIZE_MAX, DIAG_LINK, path, ERR_NO_OFFSET, text, err);
}

/* Is a database or a release file expected under this name? */
static bool is_expected(const struct coalesce *c, struct slice path)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = rules_match(c->rules, path, hits);

	for (size_t i = 0; i < n; i++)
		if (hits[i].rule->match == PATH_EXACT && hits[i].rule->need != DETECT_PRESENCE && !hits[i].companion)
			return true;
	return false;
}

/* A hard link to what no lower layer has is a name without a file. */
static enum status put_dead_hardlinks(struct coalesce *c, struct err *err)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->links.len; i++) {
			const struct layer_link *link = &r->links.at[i];
			struct merged_seen seen;

			if (!link->hard || !is_expected(c, link->path))
				continue;
			seen = merged_at_top(&c->merged, link->path);
			if (seen.kind == MERGED_OTHER && seen.layer == layer)
				TRY(put_dead_end(c, link->path, link->target, err));
		}
	}
	return STATUS_OK;
}

/* Links that lead nowhere, where a database or a release file was expected. */
static enum status put_link_diags(struct coalesce *c, struct err *err)
{
	TRY(coalesce_find_asks(c, err));
	for (size_t i = 0; i < c->asks.len; i++) {
		const struct ask *ask = &c->asks.at[i];

		if (!ask->last_is_link || ask->alias.dir)
			continue;
		TRY(put_dead_end(c, ask->alias.wanted, ask->alias.real, err));
	}
	TRY(put_dead_hardlinks(c, err));
	for (size_t i = 0; i < c->cycles.len; i++)
		TRY(put_diag(c, SIZE_MAX, DIAG_LINK, c->cycles.at[i], ERR_NO_OFFSET,
			     SLICE("the links on the way go in a circle"), err));
	return STATUS_OK;
}

/* ---- databases without packages ---- */

static bool has_package_of(const struct coalesce *c, const struct detector *d)
{
	for (size_t i = 0; i < c->out->packages.len; i++)
		if (slice_eq(c->out->packages.at[i].package.detector, slice_cstr(d->name)))
			return true;
	return false;
}

static bool is_database(const struct coalesce *c, const struct layer_file *f, const struct detector **out)
{
	const struct path_rule *rule;

	*out = rules_detector(c->rules, f->detector);
	if (!*out || (*out)->kind != DETECTOR_PACKAGE)
		return false;
	rule = rules_of(c->rules, *out, f->alias.len > 0 ? f->alias : f->path);
	return rule && rule->match == PATH_EXACT && rule->need != DETECT_PRESENCE;
}

/* It says what was wrong with it: then it is not empty, but nothing of it could be read. */
static bool was_damaged(const struct coalesce *c, size_t layer, struct slice path)
{
	for (size_t i = 0; i < c->out->diags.len; i++) {
		const struct index_diag *d = &c->out->diags.at[i];

		if (d->layer == layer && slice_eq(d->diag.where, path) &&
		    diag_severity(d->diag.code) >= DIAG_SEVERITY_WARNING)
			return true;
	}
	return false;
}

static enum status judge_database(struct coalesce *c, size_t layer, struct slice path, struct err *err)
{
	if (was_damaged(c, layer, path))
		return put_diag(c, layer, DIAG_DATABASE, path, ERR_NO_OFFSET,
				SLICE("no package could be read from the package database"), err);
	return put_diag(c, layer, DIAG_FILE, path, ERR_NO_OFFSET, SLICE("a package database without a package in it"),
			err);
}

static enum status judge_databases(struct coalesce *c, struct err *err)
{
	for (size_t layer = 0; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->files.len; i++) {
			const struct layer_file *f = &r->files.at[i];
			const struct detector *d;

			if (!is_database(c, f, &d) || !coalesce_survives(c, layer, f->path, f->alias))
				continue;
			c->out->expected_packages = true;
			if (f->read && !has_package_of(c, d))
				TRY(judge_database(c, layer, f->path, err));
		}
	}
	return STATUS_OK;
}

static enum status put_unread(struct coalesce *c, struct err *err)
{
	struct unread_kind kinds[UNREAD_KINDS_MAX];
	size_t n = unread_count(&c->owned, &c->merged, c->reports, c->n, c->rules, kinds);

	for (size_t i = 0; i < n; i++) {
		struct slice text;

		if (!arena_printf(&c->arena, &text, "%s are not read yet: %zu found, this is one of them",
				  kinds[i].what, kinds[i].n))
			return coalesce_nomem(err);
		TRY(put_diag(c, kinds[i].layer, DIAG_UNSUPPORTED, kinds[i].example, ERR_NO_OFFSET, text, err));
	}
	return STATUS_OK;
}

static void judge_complete(struct coalesce *c)
{
	c->out->complete = true;
	for (size_t i = 0; i < c->n; i++)
		if (!c->reports[i]->complete)
			c->out->complete = false;
	for (size_t i = 0; i < c->out->diags.len; i++)
		if (diag_severity(c->out->diags.at[i].diag.code) >= DIAG_SEVERITY_WARNING)
			c->out->complete = false;
}

enum status coalesce_put_diags(struct coalesce *c, struct err *err)
{
	TRY(find_owned(c, err));
	TRY(put_diags(c, err));
	TRY(put_link_diags(c, err));
	TRY(judge_databases(c, err));
	TRY(put_unread(c, err));
	c->out->expected_packages |= c->out->distributions.len > 0;
	for (size_t i = 0; i < c->n; i++)
		c->out->expected_packages |= c->reports[i]->document;
	judge_complete(c);
	return STATUS_OK;
}
