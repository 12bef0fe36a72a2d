/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_import.c - nothing of a bundle is in force before all of it was found to be what its manifest says. */
#include "carry/bundle.h"
#include "carry/publish.h"
#include "io/file.h"
#include "io/signature.h"
#include "io/tar.h"

#include <stdio.h>

#define PIECE ((size_t)64 << 10)

struct bundle_import {
	struct carry_run run;
	const char *key; /* NULL: the signature is not asked for */
	struct arena arena;
	struct buf manifest;
	bool checked; /* by the key */
	bundle_source_list sources;
};

static enum status read_small(struct source *body, uint64_t size, struct buf *out, struct err *err)
{
	uint8_t *to;

	if (size > out->max - out->len)
		return err_set(err, STATUS_LIMIT, "a manifest of %llu bytes", (unsigned long long)size);
	to = buf_reserve(out, (size_t)size);
	TRY(buf_check(out, "a manifest", err));
	if (size > 0)
		TRY(source_read_full(body, to, (size_t)size, err));
	out->len += (size_t)size;
	return STATUS_OK;
}

static enum status on_signature(struct bundle_import *im, const struct tar_entry *e, struct source *body,
				struct err *err)
{
	struct buf AUTO(buf_fini) signature = BUF_INIT(4096);

	TRY(read_small(body, e->size, &signature, err));
	if (im->key)
		TRY(signature_check(im->key, buf_slice(&im->manifest), buf_slice(&signature), err));
	im->checked = true;
	return STATUS_OK;
}

static enum status copy(struct source *body, struct file_writer *w, struct hasher *h, struct err *err)
{
	uint8_t piece[PIECE];
	size_t n;

	for (;;) {
		TRY(source_read(body, piece, sizeof(piece), &n, err));
		if (n == 0)
			return STATUS_OK;
		hasher_add(h, slice_make(piece, n));
		TRY(file_writer_put(w, slice_make(piece, n), err));
	}
}

/* Under the name of its digest, which nothing names yet. */
static enum status keep(struct bundle_import *im, struct bundle_source *s, struct source *body, const char *name,
			struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct file_writer *w = NULL;
	struct digest is;
	char path[4400];
	enum status st;

	if (!h)
		return err_nomem(err, "a digest");
	snprintf(path, sizeof(path), "%s%s", im->run.segments, strchr(name, '/'));
	st = file_writer_open(path, &w, err);
	if (st == STATUS_OK && body)
		st = copy(body, w, h, err);
	if (st == STATUS_OK)
		st = hasher_final(h, &is, err);
	if (st == STATUS_OK && !digest_eq(&is, &s->segment))
		st = err_set(err, STATUS_MISMATCH, "%s is not what its digest says", name);
	hasher_free(h);
	if (st != STATUS_OK) {
		file_writer_abort(w);
		return st;
	}
	s->arrived = true;
	return file_writer_commit(w, NULL, err);
}

static enum status on_segment(struct bundle_import *im, const struct tar_entry *e, struct source *body,
			      struct err *err)
{
	struct bundle_name name;
	struct err_quote q;

	for (size_t i = 0; i < im->sources.len; i++) {
		struct bundle_source *s = &im->sources.at[i];

		if (!s->here || !slice_eq(e->raw_path, slice_cstr(bundle_name(&s->segment, &name))))
			continue;
		if (e->type != TAR_FILE || e->sparse || e->size != s->bytes)
			return err_set(err, STATUS_MALFORMED, "%s is not the file that the manifest tells", name.text);
		return keep(im, s, body, name.text, err);
	}
	return err_set(err, STATUS_MALFORMED, "\"%s\" is not in its manifest", err_slice(&q, e->raw_path));
}

static enum status on_entry(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct bundle_import *im = ctx;

	if (im->manifest.len == 0) {
		if (!slice_eq(e->raw_path, SLICE(BUNDLE_MANIFEST)) || e->type != TAR_FILE || e->size == 0)
			return err_set(err, STATUS_MALFORMED, "it does not begin with a manifest: it is no bundle");
		TRY(read_small(body, e->size, &im->manifest, err));
		return bundle_manifest_read(buf_slice(&im->manifest), im->run.options->limits, &im->arena, &im->sources,
					    err);
	}
	if (slice_eq(e->raw_path, SLICE(BUNDLE_SIGNATURE)) && e->type == TAR_FILE && !im->checked)
		return on_signature(im, e, body, err);
	if (im->key && !im->checked)
		return err_set(err, STATUS_MISMATCH, "it is not signed");
	return on_segment(im, e, body, err);
}

/* Everything is there, in the bundle or from one before, and can be read. */
static enum status check_all(struct bundle_import *im, struct err *err)
{
	if (im->manifest.len == 0)
		return err_set(err, STATUS_MALFORMED, "it is empty");
	if (im->key && !im->checked)
		return err_set(err, STATUS_MISMATCH, "it is not signed");
	for (size_t i = 0; i < im->sources.len; i++) {
		const struct bundle_source *s = &im->sources.at[i];
		struct segment *seg;
		struct err why = ERR_INIT;
		enum status st;

		if (s->here && !s->arrived)
			return err_set(err, STATUS_MALFORMED, "%.*s: its segment is not there: the bundle was cut",
				       SLICE_ARG(s->name));
		st = segment_open_of(im->run.segments, &s->segment, s->name, &seg, &why);
		if (st == STATUS_OK) {
			st = segment_verify(seg, &why);
			segment_free(seg);
		}
		if (st != STATUS_OK)
			return err_set(err, st, "%.*s: %s%s", SLICE_ARG(s->name), why.msg,
				       s->here ? "" : " (it did not travel with this bundle: import the one before)");
	}
	return STATUS_OK;
}

static enum status publish(struct bundle_import *im, const struct bundle_source *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct carry_target target;
	struct segment_stats stats;
	struct segment *seg;

	TRY(carry_target_load(&im->run, s->name, &arena, &target, err));
	target.row.feed = s->feed;
	target.row.url = s->url;
	target.row.etag = s->etag;
	target.row.last_modified = s->last_modified;
	target.row.format_version = s->format_version;
	target.row.document = s->document;
	target.row.kind = STORE_VULNERABILITY;
	TRY(segment_open_of(im->run.segments, &s->segment, s->name, &seg, err));
	stats = *segment_get_stats(seg);
	segment_free(seg);
	return carry_publish(&im->run, &target, &s->segment, &stats, s->as_of_s, 0, &arena, err);
}

static enum status publish_all(struct bundle_import *im, struct err *err)
{
	for (size_t i = 0; i < im->sources.len; i++) {
		const struct bundle_source *s = &im->sources.at[i];
		struct err why = ERR_INIT;
		enum status st = store_lock(im->run.store, s->name, &why);
		struct carry_event e = { .kind = CARRY_FAILED, .source = s->name };

		im->run.summary->sources++;
		if (st == STATUS_OK) {
			st = publish(im, s, &why);
			store_unlock(im->run.store, s->name);
		}
		if (st == STATUS_NOMEM)
			return err_nomem(err, "a bundle");
		if (st == STATUS_OK)
			continue;
		im->run.summary->failed++;
		e.text = slice_cstr(why.msg);
		carry_tell(&im->run, &e);
	}
	return STATUS_OK;
}

enum status carry_bundle_import(struct store *store, struct source *in, const struct carry_options *options,
				const struct carry_bundle *bundle, struct carry_summary *out, struct err *err)
{
	struct bundle_import im = { .key = bundle->key,
				    .arena = ARENA_INIT((size_t)64 << 20),
				    .manifest = BUF_INIT(BUNDLE_MANIFEST_MAX) };
	const struct diag_sink none = { NULL, NULL };
	int AUTO(close_fd) folder = -1;
	enum status st = carry_run_begin(&im.run, store, options, out, err);

	if (st == STATUS_OK)
		st = segment_folder_lock(im.run.segments, SEGMENT_FOLDER_WRITE, &folder, err);
	if (st == STATUS_OK)
		st = tar_walk(in, options->limits, on_entry, &im, &none, err);
	/* To the check sum at its end. */
	if (st == STATUS_OK)
		st = source_drain(in, err);
	if (st == STATUS_OK)
		st = check_all(&im, err);
	if (st == STATUS_OK)
		st = publish_all(&im, err);
	buf_fini(&im.manifest);
	arena_fini(&im.arena);
	return st;
}

/* ---- the manifest alone, to know what was there before ---- */

static enum status first_entry(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	if (!slice_eq(e->raw_path, SLICE(BUNDLE_MANIFEST)) || e->type != TAR_FILE || e->size == 0)
		return err_set(err, STATUS_MALFORMED, "it does not begin with a manifest: it is no bundle");
	TRY(read_small(body, e->size, ctx, err));
	return err_set(err, STATUS_CANCELLED, "the rest is not needed");
}

enum status carry_bundle_manifest(struct source *in, const struct limits *limits, struct buf *out, struct err *err)
{
	const struct diag_sink none = { NULL, NULL };

	return tar_walk(in, limits, first_entry, out, &none, err);
}
