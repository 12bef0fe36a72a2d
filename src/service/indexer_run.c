/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_run.c - one manifest: lock, layers, report, store. */
#include "service/indexer_impl.h"

#include "index/index.h"
#include "match/place.h"
#include "model/vendor.h"

#include <stdio.h>
#include <unistd.h>

#define TICK_MS 250

static void say(struct run *run, const char *state)
{
	pthread_mutex_lock(&run->indexer->lock);
	run->state = state;
	pthread_mutex_unlock(&run->indexer->lock);
}

/* ---- the image ---- */

static enum status make_image(struct run *run, struct image *out, struct err *err)
{
	const struct posted_manifest *m = &run->manifest;

	*out = (struct image){ .manifest = m->digest, .n_layers = m->n_layers };
	out->layers = arena_array(&run->arena, m->n_layers, sizeof(*out->layers));
	if (!out->layers)
		return err_nomem(err, "an image");
	for (size_t i = 0; i < m->n_layers; i++)
		out->layers[i] = (struct image_layer){ .place = LAYER_STREAM, .digest = m->layers[i].digest, .fd = -1 };
	return STATUS_OK;
}

static enum status is_there(struct run *run, const struct digest *layer, bool *out, struct err *err)
{
	AUTO(close_fd) int fd = pushed_open(run->indexer, layer);

	*out = fd >= 0;
	return *out ? STATUS_OK : indexer_layer_known(run->indexer, layer, out, err);
}

/* Layers without a URI must be there; those that are missing are told. */
static enum status find_missing(struct run *run, struct err *err)
{
	char names[400] = "";
	size_t n = 0, at = 0;

	for (size_t i = 0; i < run->manifest.n_layers; i++) {
		const struct posted_layer *layer = &run->manifest.layers[i];
		struct digest_text text;
		bool there = layer->uri.len > 0;

		if (!there)
			TRY(is_there(run, &layer->digest, &there, err));
		if (there)
			continue;
		if (n++ < 2)
			at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", n > 1 ? ", " : "",
					       digest_print(&text, &layer->digest));
	}
	if (n == 0)
		return STATUS_OK;
	run->result = INDEXER_MISSING_LAYERS;
	if (n > 2)
		snprintf(names + at, sizeof(names) - at, " and %zu more", n - 2);
	return err_set(err, STATUS_NOTFOUND, "empty uri for layer %s: push %s, or post with uri", names,
		       n > 1 ? "them" : "it");
}

/* ---- what is stored ---- */

static bool put_place(const struct index_report *r, const struct index_package *p, struct arena *arena,
		      struct slice *out)
{
	struct slice scope = slice_cstr(package_type_scope(p->package.type));

	if (scope.len == 0 && p->distribution != INDEX_NO_DISTRIBUTION &&
	    !distribution_scope(&r->distributions.at[p->distribution], arena, &scope))
		return false;
	return place_of(r, p, scope, arena, out);
}

/* What each layer brought, for the inverse index; without packages that system packages own. */
static enum status make_groups(struct run *run, const struct index_report *r, struct store_group **out,
			       struct err *err)
{
	struct store_group *groups = arena_array(&run->arena, r->layers.len + 1, sizeof(*groups));
	struct store_package *packages = arena_array(&run->arena, r->packages.len + 1, sizeof(*packages));
	size_t used = 0;

	if (!groups || !packages)
		return err_nomem(err, "packages");
	for (size_t layer = 0; layer < r->layers.len; layer++) {
		groups[layer].packages = packages + used;
		for (size_t i = 0; i < r->packages.len; i++) {
			const struct index_package *p = &r->packages.at[i];
			struct slice name, source, source_version, place;

			if (p->layer != layer || (p->package.flags & PACKAGE_OWNED))
				continue;
			if (!vendor_index_names(&p->package, &run->arena, &name, &source, &source_version) ||
			    !put_place(r, p, &run->arena, &place))
				return err_nomem(err, "packages");
			packages[used++] = (struct store_package){
				.type = slice_cstr(package_type_purl(p->package.type)),
				.name = name,
				.version = p->package.version,
				.source_name = source,
				.source_version = source_version,
				.arch = p->package.arch,
				.module = p->package.module,
				.scope = place,
			};
			groups[layer].n++;
		}
	}
	*out = groups;
	return STATUS_OK;
}

/* False if it was deleted meanwhile: that was acknowledged, so nothing may come into the store after it. */
static bool begin_put(struct run *run)
{
	bool wanted;

	pthread_mutex_lock(&run->indexer->lock);
	wanted = !run->forget;
	run->putting = wanted;
	pthread_mutex_unlock(&run->indexer->lock);
	return wanted;
}

static void end_put(struct run *run)
{
	pthread_mutex_lock(&run->indexer->lock);
	run->putting = false;
	pthread_cond_broadcast(&run->indexer->changed);
	pthread_mutex_unlock(&run->indexer->lock);
}

static enum status put(struct run *run, const struct index_report *r, struct slice error, struct err *err)
{
	struct indexer *ix = run->indexer;
	struct store_manifest m = { .digest = run->manifest.digest,
				    .n_layers = run->manifest.n_layers,
				    .success = error.len == 0,
				    .state = error.len == 0 ? SLICE("IndexFinished") : SLICE("IndexError"),
				    .error = error,
				    .indexer_state = indexer_state(),
				    .of_run = true };
	struct digest *layers = arena_array(&run->arena, m.n_layers, sizeof(*layers));
	struct store_group *groups = NULL;
	struct store *store;
	enum status st = STATUS_OK;

	if (!layers)
		return err_nomem(err, "a manifest");
	for (size_t i = 0; i < m.n_layers; i++)
		layers[i] = run->manifest.layers[i].digest;
	m.layers = layers;
	TRY(make_groups(run, r, &groups, err));
	TRY(indexer_take(ix, &store, err));
	if (begin_put(run)) {
		st = store_manifest_put(store, &m, buf_slice(&run->report), groups, r->layers.len, err);
		/* Deleted at another node: as here, who waits has his answer, and nothing is stored. */
		st = st == STATUS_NOTFOUND ? STATUS_OK : st;
		end_put(run);
	}
	store_pool_give(ix->options.store, store);
	return st;
}

/* The worst that the report says; "" if all was read. */
static struct slice worst_of(const struct index_report *r)
{
	for (size_t i = 0; i < r->diags.len; i++)
		if (diag_severity(r->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return r->diags.at[i].diag.text.len > 0 ? r->diags.at[i].diag.text : SLICE("not all was read");
	return SLICE_EMPTY;
}

static size_t first_unread(const struct index_report *r)
{
	size_t i = 0;

	while (i < r->layers.len && r->layers.at[i].read)
		i++;
	return i;
}

/* Which layer, and the last thing that was said of it. */
static void say_unread(struct run *run, const struct index_report *r)
{
	size_t layer = first_unread(r);
	struct slice why = worst_of(r);
	struct digest_text text;

	for (size_t i = 0; i < r->diags.len; i++)
		if (r->diags.at[i].layer == layer && diag_severity(r->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			why = r->diags.at[i].diag.text;
	snprintf(run->error, sizeof(run->error), "failed to fetch layers: layer %s: %.*s",
		 digest_print(&text, &r->layers.at[layer].digest), SLICE_ARG(why));
}

/* A report of nothing but why there is none. */
static enum status failed_report(struct run *run, struct slice why, struct index_report *out, struct err *err)
{
	struct index_diag *d;

	*out = (struct index_report){ .manifest = run->manifest.digest, .detector_set = detector_set() };
	d = VEC_PUSH(&out->diags, &run->arena);
	if (!d || !arena_copy(&run->arena, why, &d->diag.text))
		return err_nomem(err, "an index report");
	d->layer = SIZE_MAX;
	d->diag.code = DIAG_LAYER;
	d->diag.offset = ERR_NO_OFFSET;
	return STATUS_OK;
}

/* ---- the run ---- */

static enum status index_layers(struct run *run, struct index_report *out, struct err *err)
{
	struct index_env env = { .limits = run->indexer->options.limits,
				 .read_layers = run_read_layers,
				 .read_ctx = run };
	struct image image;
	enum status st;

	st = find_missing(run, err);
	if (st == STATUS_OK) {
		TRY(make_image(run, &image, err));
		say(run, "ScanLayers");
		st = index_image(&image, &env, &run->arena, out, err);
	}
	return st == STATUS_OK || st == STATUS_CANCELLED ? st : err_wrap(err, "failed to fetch layers");
}

/* True if the same may end otherwise without anybody's doing: the run is kept for the next start. */
static bool is_passing(const struct run *run, enum status st)
{
	return st == STATUS_CANCELLED && atomic_load(&run->indexer->stop_all);
}

static enum status index_and_put(struct run *run, struct err *err)
{
	struct index_report report;
	enum status st = index_layers(run, &report, err);
	struct slice error;

	if (is_passing(run, st))
		return st;
	if (st != STATUS_OK) {
		snprintf(run->error, sizeof(run->error), "%s", err->msg);
		TRY(failed_report(run, slice_cstr(run->error), &report, err));
		run->result = run->result == INDEXER_MISSING_LAYERS ? run->result : INDEXER_FAILED;
	} else if (first_unread(&report) < report.layers.len) {
		say_unread(run, &report);
		run->result = atomic_load(&run->crashed) ? INDEXER_FAILED : INDEXER_BAD_LAYER;
	}
	say(run, "IndexManifest");
	error = run->error[0] ? slice_cstr(run->error) : worst_of(&report);
	TRY(run->indexer->options.write(run->indexer->options.write_ctx, &report, &run->report, err));
	return put(run, &report, error, err);
}

enum status run_stored(struct indexer *ix, const struct digest *manifest, struct buf *report, bool *out_found,
		       struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct store_manifest m;
	struct store *store;
	enum status st;

	*out_found = false;
	TRY(indexer_take(ix, &store, err));
	st = store_manifest_get(store, manifest, &arena, &m, report, err);
	store_pool_give(ix->options.store, store);
	if (st == STATUS_OK)
		*out_found = m.success && slice_eq(m.indexer_state, indexer_state());
	if (!*out_found)
		buf_reset(report);
	return st == STATUS_NOTFOUND ? STATUS_OK : st;
}

/* Somebody may have joined a run that was taken up again. */
static bool is_asked_for(struct run *run)
{
	bool asked;

	pthread_mutex_lock(&run->indexer->lock);
	asked = !run->resumed;
	pthread_mutex_unlock(&run->indexer->lock);
	return asked;
}

/* One more beginning. What ended the process again and again is not begun for ever. */
static enum status begin(struct run *run, struct err *err)
{
	struct indexer *ix = run->indexer;
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct store_pending pending;
	struct store *store;
	enum status st;

	TRY(indexer_take(ix, &store, err));
	st = store_pending_begin(store, &run->manifest.digest, &arena, &pending, err);
	store_pool_give(ix->options.store, store);
	/* Another node has just finished or deleted it: then it is asked for anew. */
	if (st == STATUS_NOTFOUND && is_asked_for(run))
		return STATUS_OK;
	TRY(st);
	if (pending.attempts <= INDEXER_ATTEMPTS_MAX)
		return STATUS_OK;
	return err_set(err, STATUS_CRASHED, "given up after %d attempts, none of which came to an end",
		       INDEXER_ATTEMPTS_MAX);
}

static enum status give_up(struct run *run, struct err *err)
{
	struct index_report report;

	snprintf(run->error, sizeof(run->error), "%s", err->msg);
	run->result = INDEXER_FAILED;
	TRY(failed_report(run, slice_cstr(run->error), &report, err));
	TRY(run->indexer->options.write(run->indexer->options.write_ctx, &report, &run->report, err));
	return put(run, &report, slice_cstr(run->error), err);
}

/* Somebody else has done it: what was kept for it is not needed. */
static void drop_pending(struct run *run)
{
	struct err ignored = ERR_INIT; /* what stays is taken up again, and found done */
	struct store *store;

	if (indexer_take(run->indexer, &store, &ignored) != STATUS_OK)
		return;
	(void)!store_pending_delete(store, &run->manifest.digest, &ignored);
	store_pool_give(run->indexer->options.store, store);
}

static enum status locked(struct run *run, struct store_pool_lock *lock, struct err *err)
{
	bool found = false;
	enum status st;

	TRY(run_stored(run->indexer, &run->manifest.digest, &run->report, &found, err));
	if (found) {
		drop_pending(run);
		return STATUS_OK;
	}
	st = begin(run, err);
	if (st == STATUS_CRASHED)
		return give_up(run, err);
	TRY(st);
	st = index_and_put(run, err);
	if (st == STATUS_OK)
		st = store_pool_lock_check(lock, err);
	return st;
}

static enum status lock_manifest(struct run *run, struct store_pool_lock **out, struct err *err)
{
	struct indexer *ix = run->indexer;
	struct digest_text text;
	char name[160] = "manifest ";
	enum status st;

	memcpy(name + 9, digest_print(&text, &run->manifest.digest), sizeof(text.text));
	do {
		st = store_pool_lock(ix->options.store, slice_cstr(name), TICK_MS, ix->wake_fd, out, err);
	} while (st == STATUS_CONFLICT && is_asked_for(run) && !atomic_load(&ix->stop_all));
	run->elsewhere = st == STATUS_CONFLICT && !atomic_load(&ix->stop_all);
	return st;
}

static void forget(struct run *run)
{
	struct err err = ERR_INIT;
	struct store *store;
	bool deleted;

	if (indexer_take(run->indexer, &store, &err) != STATUS_OK)
		return;
	if (store_manifests_delete(store, &run->manifest.digest, 1, &deleted, &err) != STATUS_OK)
		indexer_log_error(run->indexer, "a deleted manifest is there again", &run->manifest.digest, &err);
	store_pool_give(run->indexer->options.store, store);
}

void run_execute(struct run *run)
{
	struct store_pool_lock *lock = NULL;
	struct err err = ERR_INIT;
	enum status st;
	bool gone;

	run->result = INDEXER_FINISHED;
	say(run, "CheckManifest");
	st = lock_manifest(run, &lock, &err);
	if (st == STATUS_OK)
		st = locked(run, lock, &err);
	if (st != STATUS_OK) {
		run->result = INDEXER_FAILED;
		buf_reset(&run->report);
		snprintf(run->error, sizeof(run->error), "%s", err.msg);
	}
	pthread_mutex_lock(&run->indexer->lock);
	gone = run->forget;
	pthread_mutex_unlock(&run->indexer->lock);
	if (gone)
		forget(run);
	store_pool_unlock(lock);
	/* A run that another node is at is no failure; one that nobody waits for has only the log. */
	if (run->result == INDEXER_FAILED && !run->elsewhere) {
		snprintf(err.msg, sizeof(err.msg), "%s", run->error);
		indexer_log_error(run->indexer, "a manifest was not indexed", &run->manifest.digest, &err);
	}
}
