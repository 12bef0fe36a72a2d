/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - from an image to its index report: what the cache knows, what workers must read, and coalescing. */
#include "index/index.h"

#include "base/date.h"
#include "index/coalesce.h"
#include "index/kept.h"
#include "index/layer_cache.h"
#include "index/worker.h"
#include "io/file_identity.h"

#include <stdio.h>
#include <stdlib.h>

#define REPORTS_MEMORY ((size_t)1 << 30)

struct layer_state {
	struct layer_report report; /* in the arena of the run, or in its own */
	struct arena arena;	    /* of a report that came from a scan */
	struct digest known;	    /* of the stored bytes, hashed before the scan */
	bool ready, cached;
	size_t same_as; /* an earlier layer of the same bytes, or its own number */
};

struct indexer {
	const struct image *image;
	const struct index_env *env;
	struct rules *rules;
	struct arena arena;
	struct layer_state *layers;
	const struct layer_report **reports;
	struct arena *out_arena;
	struct index_report *out;
	struct sandbox_level level;
	struct slice key; /* of the image's report in the cache; empty: it is not kept */
	size_t own_diags; /* of the report: about this run, not about the layers */
	bool forked;
	bool source; /* lock files are read */
	uint64_t bytes_total, bytes_before;
	size_t layers_before;
};

/* ---- cache ---- */

/* The digest by which a layer's report may be known: of the stored bytes or, where nobody says that, of the tar. */
static const struct digest *digest_of_layer(const struct indexer *ix, size_t i)
{
	const struct image_layer *layer = &ix->image->layers[i];

	if (layer->digest.algo != DIGEST_NONE)
		return &layer->digest;
	if (layer->diff_id.algo != DIGEST_NONE)
		return &layer->diff_id;
	return &ix->layers[i].known;
}

static bool cache_key(struct indexer *ix, size_t i, const struct scan_alias *aliases, size_t n, struct slice *out)
{
	const struct digest *d = digest_of_layer(ix, i);

	return d->algo != DIGEST_NONE &&
	       layer_cache_key(d, (struct layer_read){ ix->source, ix->env->lists }, aliases, n, &ix->arena, out);
}

/* Does another answer about the same stored bytes hold for this layer, whose image may say another DiffID? */
static bool diff_id_fits(const struct image_layer *layer, const struct digest *found)
{
	return layer->diff_id.algo == DIGEST_NONE || digest_eq(&layer->diff_id, found);
}

static void cache_failed(const struct indexer *ix, const struct err *why)
{
	if (ix->env->cache_trouble && ix->env->cache_trouble->code == STATUS_OK)
		*ix->env->cache_trouble = *why;
}

/* A cache that cannot be read is as good as an empty one. */
static bool from_cache(struct indexer *ix, size_t i, const struct scan_alias *aliases, size_t n)
{
	const struct image_layer *layer = &ix->image->layers[i];
	struct layer_report *report = &ix->layers[i].report;
	struct err err = ERR_INIT;
	struct slice key;
	enum status st;

	if (!ix->env->cache || !cache_key(ix, i, aliases, n, &key))
		return false;
	st = layer_cache_get(ix->env->cache, key, &layer->digest, ix->env->limits, &ix->arena, report, &err);
	if (st != STATUS_OK && st != STATUS_NOTFOUND)
		cache_failed(ix, &err);
	return st == STATUS_OK && (!ix->env->verify_diff_ids || diff_id_fits(layer, &report->diff_id));
}

static void to_cache(struct indexer *ix, size_t i, const struct scan_alias *aliases, size_t n)
{
	struct err err = ERR_INIT;
	struct slice key;

	if (!ix->env->cache || !cache_key(ix, i, aliases, n, &key))
		return;
	/* What is not kept is scanned again next time: no reason to fail. */
	if (layer_cache_put(ix->env->cache, key, &ix->layers[i].report, ix->env->limits, &err) != STATUS_OK)
		cache_failed(ix, &err);
}

/* Which bytes of a file of this machine a layer is, as long as the file does not change. */
struct layer_file_key {
	char text[256];
};

static bool layer_file_key(const struct indexer *ix, const struct image_layer *layer, struct layer_file_key *out)
{
	int64_t now_s = ix->env->now ? ix->env->now() : date_now();
	struct file_identity id;

	if (!file_identity(layer->fd, now_s, &id))
		return false;
	snprintf(out->text, sizeof(out->text), "%s sha256 %llu+%llu", id.text, (unsigned long long)layer->offset,
		 (unsigned long long)layer->len);
	return true;
}

static bool recall_digest(struct indexer *ix, const struct layer_file_key *key, struct digest *out)
{
	struct buf text = BUF_INIT(sizeof(struct digest_text));
	struct err err = ERR_INIT;
	enum status st = store_file_get(ix->env->cache, slice_cstr(key->text), &text, &err);
	bool known = st == STATUS_OK && digest_parse(buf_slice(&text), out);

	if (st != STATUS_OK && st != STATUS_NOTFOUND)
		cache_failed(ix, &err);
	buf_fini(&text);
	return known;
}

static void remember_digest(struct indexer *ix, const struct layer_file_key *key, const struct digest *d)
{
	struct digest_text text;
	struct err err = ERR_INIT;

	if (d->algo != DIGEST_NONE && store_file_put(ix->env->cache, slice_cstr(key->text),
						     slice_cstr(digest_print(&text, d)), &err) != STATUS_OK)
		cache_failed(ix, &err);
}

/* *out stays DIGEST_NONE where the bytes cannot be read: the scan tells why. */
static void hash_stored(const struct image_layer *layer, struct digest *out)
{
	struct source *src = source_from_fd(layer->fd, layer->offset, layer->len);
	struct err ignored = ERR_INIT;

	src = src ? digest_source(src, DIGEST_SHA256) : NULL;
	if (!src)
		return;
	if (source_drain(src, &ignored) != STATUS_OK || digest_source_result(src, out, &ignored) != STATUS_OK)
		*out = (struct digest){ 0 };
	source_free(src);
}

/* Where nobody says a layer's digest, it is hashed first, so that a second scan finds it in the cache. */
static void hash_unnamed(struct indexer *ix)
{
	for (size_t i = 0; ix->env->cache && i < ix->image->n_layers; i++) {
		const struct image_layer *layer = &ix->image->layers[i];
		struct layer_file_key key, after;
		bool kept;

		if (layer->place != LAYER_FD || digest_of_layer(ix, i)->algo != DIGEST_NONE)
			continue;
		kept = layer_file_key(ix, layer, &key);
		if (kept && recall_digest(ix, &key, &ix->layers[i].known))
			continue;
		hash_stored(layer, &ix->layers[i].known);
		if (kept && layer_file_key(ix, layer, &after) && strcmp(key.text, after.text) == 0)
			remember_digest(ix, &key, &ix->layers[i].known);
	}
}

/* ---- scanning ---- */

static void on_progress(void *ctx, size_t jobs_done, uint64_t bytes_done)
{
	const struct indexer *ix = ctx;

	ix->env->progress.fn(ix->env->progress.ctx, ix->layers_before + jobs_done, ix->image->n_layers,
			     MIN(ix->bytes_before + bytes_done, ix->bytes_total), ix->bytes_total);
}

static void keep_report(struct worker_job *job, struct layer_state *state)
{
	arena_fini(&state->arena); /* of the same layer, before it was asked again */
	state->arena = job->arena;
	state->report = job->report;
	job->arena = (struct arena)ARENA_INIT(0);
}

/* Scan the layers whose numbers are given, all with the same aliases. */
static enum status scan_layers(struct indexer *ix, const size_t *which, size_t n, const struct scan_alias *aliases,
			       size_t n_aliases, struct err *err)
{
	struct worker_options options = { .limits = ix->env->limits,
					  .temp_dirs = ix->env->temp_dirs,
					  .workers = ix->env->workers,
					  .in_process = ix->env->in_process,
					  .progress = ix->env->progress.fn ? on_progress : NULL,
					  .progress_ctx = ix };
	struct worker_job *jobs;
	enum status st;

	if (n == 0)
		return STATUS_OK;
	jobs = calloc(n, sizeof(*jobs));
	if (!jobs)
		return err_nomem(err, "workers");
	for (size_t j = 0; j < n; j++)
		jobs[j].scan = (struct scan_job){ .layer = &ix->image->layers[which[j]],
						  .rules = ix->rules,
						  .limits = ix->env->limits,
						  .aliases = aliases,
						  .n_aliases = n_aliases,
						  .known_digest = ix->layers[which[j]].known,
						  .verify_diff_id = ix->env->verify_diff_ids };
	if (ix->env->read_layers) {
		for (size_t j = 0; j < n; j++)
			jobs[j].arena = (struct arena)ARENA_INIT(scan_arena_bytes(ix->env->limits));
		st = ix->env->read_layers(ix->env->read_ctx, jobs, n, err);
		if (ix->env->read_level) {
			ix->level = *ix->env->read_level;
			ix->forked = !ix->env->in_process;
		}
	} else {
		st = worker_run(jobs, n, &options, &ix->level, err);
		ix->forked = !ix->env->in_process;
	}
	for (size_t j = 0; j < n; j++) {
		if (st == STATUS_OK) {
			keep_report(&jobs[j], &ix->layers[which[j]]);
			to_cache(ix, which[j], aliases, n_aliases);
		}
		worker_job_fini(&jobs[j]);
	}
	free(jobs);
	return st;
}

static void find_twins(struct indexer *ix)
{
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		const struct digest *d = digest_of_layer(ix, i);

		ix->layers[i].same_as = i;
		for (size_t j = 0; j < i && d->algo != DIGEST_NONE; j++) {
			if (digest_eq(d, digest_of_layer(ix, j)) &&
			    digest_eq(&ix->image->layers[i].diff_id, &ix->image->layers[j].diff_id)) {
				ix->layers[i].same_as = ix->layers[j].same_as;
				break;
			}
		}
	}
}

static enum status first_round(struct indexer *ix, struct err *err)
{
	size_t *which = arena_array(&ix->arena, ix->image->n_layers + 1, sizeof(*which));
	size_t n = 0;

	if (!which)
		return err_nomem(err, "layers");
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		if (ix->layers[i].same_as == i) {
			ix->layers[i].cached = from_cache(ix, i, NULL, 0);
			if (!ix->layers[i].cached) {
				which[n++] = i;
				continue;
			}
		}
		ix->layers_before++;
		ix->bytes_before += ix->image->layers[i].len;
	}
	return scan_layers(ix, which, n, NULL, 0, err);
}

static void gather_reports(struct indexer *ix)
{
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		ix->layers[i].cached = ix->layers[ix->layers[i].same_as].cached;
		ix->reports[i] = &ix->layers[ix->layers[i].same_as].report;
	}
}

/* ---- links that leave a layer: ask those that have their ends ---- */

/* What one layer is asked. */
struct asks {
	VEC(struct scan_alias) list;
};

static bool has_ask(const struct asks *asks, const struct scan_alias *a)
{
	for (size_t i = 0; i < asks->list.len; i++)
		if (slice_eq(asks->list.at[i].real, a->real) && slice_eq(asks->list.at[i].wanted, a->wanted) &&
		    asks->list.at[i].dir == a->dir && asks->list.at[i].hard == a->hard)
			return true;
	return false;
}

static enum status copy_asks(struct indexer *ix, const struct scan_alias *in, size_t n, struct asks *out,
			     struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct scan_alias *a;

		if (has_ask(out, &in[i]))
			continue; /* of the same layer further up */
		a = VEC_PUSH(&out->list, &ix->arena);
		if (!a || !arena_copy(&ix->arena, in[i].real, &a->real) ||
		    !arena_copy(&ix->arena, in[i].wanted, &a->wanted))
			return err_nomem(err, "links");
		a->dir = in[i].dir;
		a->hard = in[i].hard;
	}
	return STATUS_OK;
}

static enum status find_asks(struct indexer *ix, struct asks *asks, struct err *err)
{
	const struct scan_alias *list;
	struct coalesce *c;
	enum status st;
	size_t n;

	TRY(coalesce_new(ix->reports, ix->image->n_layers, ix->rules, ix->env->limits, &c, err));
	st = STATUS_OK;
	for (size_t i = 0; i < ix->image->n_layers && st == STATUS_OK; i++) {
		st = coalesce_asks(c, i, &list, &n, err);
		if (st == STATUS_OK)
			st = copy_asks(ix, list, n, &asks[ix->layers[i].same_as], err);
	}
	coalesce_free(c);
	return st;
}

/* The report with aliases takes the place of the one without: it says all that one said. */
static enum status ask_layer(struct indexer *ix, size_t i, const struct scan_alias *asks, size_t n, struct err *err)
{
	if (!ix->layers[i].report.complete)
		return STATUS_OK; /* it could not be read the first time */
	if (from_cache(ix, i, asks, n))
		return STATUS_OK;
	return scan_layers(ix, &i, 1, asks, n, err);
}

static enum status follow_links(struct indexer *ix, struct err *err)
{
	struct asks *asks = arena_array(&ix->arena, ix->image->n_layers + 1, sizeof(*asks));

	if (!asks)
		return err_nomem(err, "links");
	TRY(find_asks(ix, asks, err));
	for (size_t i = 0; i < ix->image->n_layers; i++)
		if (asks[i].list.len > 0)
			TRY(ask_layer(ix, i, asks[i].list.at, asks[i].list.len, err));
	return STATUS_OK;
}

/* ---- the report ---- */

/*
 * What the image says of a layer, and what reading it has found. Two images may store one tar in different ways: found
 * by its DiffID, the stored form of another image's layer is not this one's.
 */
static enum status put_layer(struct indexer *ix, size_t i, const struct index_layer *found, struct err *err)
{
	const struct image_layer *layer = &ix->image->layers[i];
	struct index_layer *out = VEC_PUSH(&ix->out->layers, ix->out_arena);

	if (!out)
		return err_nomem(err, "layers");
	*out = *found;
	if (!arena_copy(ix->out_arena, layer->created_by, &out->created_by))
		return err_nomem(err, "layers");
	if (layer->digest.algo != DIGEST_NONE)
		out->digest = layer->digest;
	else if (layer->diff_id.algo != DIGEST_NONE)
		out->digest = (struct digest){ 0 };
	if (layer->diff_id.algo != DIGEST_NONE)
		out->diff_id = layer->diff_id;
	if (layer->place == LAYER_FD || layer->place == LAYER_IN_STREAM)
		out->bytes_stored = layer->len;
	return STATUS_OK;
}

static enum status put_layers(struct indexer *ix, struct err *err)
{
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		const struct layer_report *r = ix->reports[i];
		struct index_layer found = { .digest = r->digest,
					     .diff_id = r->diff_id,
					     .bytes_stored = r->bytes_stored,
					     .bytes_tar = r->bytes_tar,
					     .read = r->complete,
					     .cached = ix->layers[i].cached };

		TRY(put_layer(ix, i, &found, err));
	}
	return STATUS_OK;
}

/* Bytes that have their digest but not their size: somebody wrote the manifest by hand. */
static enum status put_sizes(struct indexer *ix, struct err *err)
{
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		const struct image_layer *layer = &ix->image->layers[i];
		const struct index_layer *found = &ix->out->layers.at[i];
		bool streamed = layer->place == LAYER_STREAM;
		uint64_t bytes = streamed ? found->bytes_stored : layer->len;
		struct index_diag *d;

		if (layer->size_said == 0 || layer->size_said == bytes || (streamed && !found->read))
			continue;
		d = VEC_PUSH(&ix->out->diags, ix->out_arena);
		if (!d || !arena_copy(ix->out_arena, layer->name, &d->diag.where) ||
		    !arena_printf(ix->out_arena, &d->diag.text,
				  "the layer has %llu bytes, not %llu as its descriptor says",
				  (unsigned long long)bytes, (unsigned long long)layer->size_said))
			return err_nomem(err, "an index report");
		d->layer = i;
		d->diag.code = DIAG_DIGEST;
		d->diag.offset = ERR_NO_OFFSET;
	}
	return STATUS_OK;
}

static void add_text(struct hasher *h, struct slice s)
{
	hasher_add(h, s);
	hasher_add(h, SLICE("\n"));
}

/* A directory has no manifest: its packages, in their order, stand for it. */
static enum status derive_manifest(struct indexer *ix, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	enum status st;

	if (!h)
		return err_nomem(err, "a digest");
	for (size_t i = 0; i < ix->out->packages.len; i++) {
		const struct package *p = &ix->out->packages.at[i].package;

		add_text(h, slice_cstr(package_type_purl(p->type)));
		add_text(h, p->name);
		add_text(h, p->version);
		add_text(h, p->arch);
		add_text(h, p->db);
	}
	st = hasher_final(h, &ix->out->manifest, err);
	hasher_free(h);
	return st;
}

static enum status put_manifest(struct indexer *ix, struct err *err)
{
	const struct image *image = ix->image;

	ix->out->manifest = image->manifest;
	if (image->manifest.algo != DIGEST_NONE)
		return STATUS_OK;
	if (image->n_layers == 1 && ix->out->layers.at[0].digest.algo != DIGEST_NONE) {
		ix->out->manifest = ix->out->layers.at[0].digest;
		return STATUS_OK;
	}
	return derive_manifest(ix, err);
}

static enum status put_head(struct indexer *ix, struct err *err)
{
	const struct image *image = ix->image;
	struct arena *a = ix->out_arena;

	if (!arena_copy(a, image->target, &ix->out->target) || !arena_copy(a, image->name, &ix->out->image_name) ||
	    !arena_copy(a, image->os, &ix->out->os) || !arena_copy(a, image->arch, &ix->out->arch) ||
	    !arena_copy(a, image->variant, &ix->out->variant) ||
	    !arena_copy(a, detector_set(), &ix->out->detector_set) ||
	    !arena_copy(a, image->base.name, &ix->out->base.name))
		return err_nomem(err, "an index report");
	ix->out->base.how = image->base.how;
	ix->out->base.layers = MIN(image->base.layers, image->n_layers);
	ix->out->base.digest = image->base.digest;
	return STATUS_OK;
}

static enum status put_sandbox(struct indexer *ix, struct err *err)
{
	struct index_diag *d;

	if (!ix->forked || sandbox_is_full(&ix->level))
		return STATUS_OK;
	d = VEC_PUSH(&ix->out->diags, ix->out_arena);
	if (!d ||
	    !arena_printf(ix->out_arena, &d->diag.text, "workers ran without%s%s%s%s",
			  ix->level.landlock ? "" : " landlock", ix->level.filter ? "" : " a filter of system calls",
			  ix->level.limits ? "" : " resource limits",
			  ix->level.no_new_privs ? "" : " giving up new privileges"))
		return err_nomem(err, "an index report");
	d->layer = SIZE_MAX;
	d->diag.code = DIAG_SANDBOX;
	d->diag.offset = ERR_NO_OFFSET;
	return STATUS_OK;
}

static enum status finish(struct indexer *ix, struct err *err)
{
	struct coalesce *c;
	enum status st;

	TRY(put_head(ix, err));
	TRY(put_layers(ix, err));
	TRY(put_sandbox(ix, err));
	TRY(put_sizes(ix, err));
	ix->own_diags = ix->out->diags.len;
	TRY(coalesce_new(ix->reports, ix->image->n_layers, ix->rules, ix->env->limits, &c, err));
	st = coalesce_report(c, ix->out_arena, ix->out, err);
	coalesce_free(c);
	return st == STATUS_OK ? put_manifest(ix, err) : st;
}

/* ---- the report of an image that is known ---- */

static void find_key(struct indexer *ix)
{
	size_t n = ix->image->n_layers;
	bool kept = ix->env->cache && !ix->env->lists; /* lists of files are as large as all of a layer's report */
	struct kept_layer *layers = kept ? arena_array(&ix->arena, n + 1, sizeof(*layers)) : NULL;

	for (size_t i = 0; layers && i < n; i++) {
		layers[i].digest = *digest_of_layer(ix, i);
		if (ix->env->verify_diff_ids)
			layers[i].diff_id = ix->image->layers[i].diff_id;
	}
	if (layers)
		ix->key = kept_key(layers, n, ix->source, ix->env->limits, &ix->arena);
}

/* What the image says may differ from one time to the next: it is put in as if the layers had just been coalesced. */
static enum status put_known(struct indexer *ix, const struct index_report *known, struct err *err)
{
	struct index_report *out = ix->out;

	TRY(put_head(ix, err));
	for (size_t i = 0; i < ix->image->n_layers; i++) {
		struct index_layer found = known->layers.at[i];

		found.cached = true;
		TRY(put_layer(ix, i, &found, err));
	}
	TRY(put_sizes(ix, err));
	for (size_t i = 0; i < known->diags.len; i++) {
		struct index_diag *d = VEC_PUSH(&out->diags, ix->out_arena);

		if (!d)
			return err_nomem(err, "an index report");
		*d = known->diags.at[i];
	}
	out->packages.at = known->packages.at;
	out->packages.len = out->packages.cap = known->packages.len;
	out->distributions.at = known->distributions.at;
	out->distributions.len = out->distributions.cap = known->distributions.len;
	out->repositories.at = known->repositories.at;
	out->repositories.len = out->repositories.cap = known->repositories.len;
	out->expected_packages = known->expected_packages;
	out->complete = kept_is_complete(out);
	return put_manifest(ix, err);
}

static enum status from_kept(struct indexer *ix, bool *out_found, struct err *err)
{
	struct index_report known;
	struct err why = ERR_INIT;

	find_key(ix);
	*out_found = ix->key.len > 0 && kept_get(ix->env->cache, ix->key, ix->image->n_layers, ix->env->limits,
						 ix->out_arena, &known, &why);
	if (why.code != STATUS_OK)
		cache_failed(ix, &why);
	return *out_found ? put_known(ix, &known, err) : STATUS_OK;
}

/* Only what another run would find again: a layer that could not be read may be read the next time. */
static void to_kept(struct indexer *ix)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ix->out->layers.len; i++)
		if (!ix->out->layers.at[i].read)
			return;
	if (ix->key.len > 0 &&
	    kept_put(ix->env->cache, ix->key, ix->out, ix->own_diags, ix->env->limits, &err) != STATUS_OK)
		cache_failed(ix, &err);
}

static enum status read_layers(struct indexer *ix, struct err *err)
{
	const struct detector *const *list;
	size_t n;

	list = ix->source ? detectors(&n) : detectors_installed(&n);
	TRY(rules_compile(list, n, &ix->rules, err));
	if (ix->env->lists)
		rules_want_lists(ix->rules);
	ix->reports = arena_array(&ix->arena, ix->image->n_layers + 1, sizeof(*ix->reports));
	if (!ix->reports)
		return err_nomem(err, "layers");
	find_twins(ix);
	TRY(first_round(ix, err));
	gather_reports(ix);
	TRY(follow_links(ix, err));
	return finish(ix, err);
}

static bool wants_source(const struct image *image, enum index_source source)
{
	bool directory = image->n_layers == 1 && image->layers[0].place == LAYER_DIRECTORY;

	return source == INDEX_SOURCE_ON || (source == INDEX_SOURCE_AUTO && directory);
}

static enum status run(struct indexer *ix, struct err *err)
{
	bool found;

	ix->source = wants_source(ix->image, ix->env->source);
	ix->layers = arena_array(&ix->arena, ix->image->n_layers + 1, sizeof(*ix->layers));
	if (!ix->layers)
		return err_nomem(err, "layers");
	for (size_t i = 0; i < ix->image->n_layers; i++)
		ix->bytes_total += ix->image->layers[i].len;
	hash_unnamed(ix);
	TRY(from_kept(ix, &found, err));
	if (found)
		return STATUS_OK;
	TRY(read_layers(ix, err));
	to_kept(ix);
	return STATUS_OK;
}

enum status index_image(const struct image *image, const struct index_env *env, struct arena *arena,
			struct index_report *out, struct err *err)
{
	struct indexer ix = {
		.image = image, .env = env, .out_arena = arena, .out = out, .arena = ARENA_INIT(REPORTS_MEMORY)
	};
	enum status st;

	*out = (struct index_report){ 0 };
	st = run(&ix, err);
	for (size_t i = 0; ix.layers && i < image->n_layers; i++)
		arena_fini(&ix.layers[i].arena);
	rules_free(ix.rules);
	arena_fini(&ix.arena);
	return st;
}
