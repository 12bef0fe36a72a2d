/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - the pipeline of one layer: stored bytes, digest, decompression, digest of the tar, walk. */
#include "index/scan_impl.h"

#include <inttypes.h>
#include <stdlib.h>

uint64_t scan_arena_bytes(const struct limits *limits)
{
	/* What fits here fits the report's JSON as well, which writes names and small numbers only. */
	return limits->report_bytes + limits->report_bytes / 2 + limits->layer_names;
}

/* One pass over the layer's bytes. */
struct pass {
	struct source *tar;	/* owned; top of the stack */
	struct source *stored;	/* digest source inside the stack, or NULL */
	struct source *diff;	/* digest source on top of the stack, or NULL */
	struct digest_job *job; /* digest of the stored bytes in a thread, or NULL */
	enum codec_id codec;
};

static enum digest_algo algo_of(const struct digest *d)
{
	return d->algo == DIGEST_NONE ? DIGEST_SHA256 : d->algo;
}

static enum status open_stored(struct scan *s, bool first, struct source **out, struct err *err)
{
	const struct scan_job *job = s->job;

	if (job->layer->place == LAYER_STREAM)
		return job->open(job->open_ctx, !first, out, err);
	if (first && job->stream) {
		*out = source_window(job->stream, job->layer->len);
		return *out ? STATUS_OK : err_nomem(err, "a layer");
	}
	return image_layer_open(job->layer, job->limits, out, err);
}

static enum status open_pass(struct scan *s, bool first, struct pass *p, struct err *err)
{
	const struct scan_job *job = s->job;
	const struct image_layer *layer = job->layer;
	struct source *src = NULL;

	TRY(open_stored(s, first, &src, err));
	if (first && job->progress) {
		src = source_counted(src, job->progress);
		if (!src)
			return err_nomem(err, "a layer");
	}
	if (first && job->known_digest.algo == DIGEST_NONE) {
		if (job->threads && layer->place == LAYER_FD)
			p->job = digest_job_start(layer->fd, layer->offset, layer->len, algo_of(&layer->digest));
		if (!p->job) {
			src = p->stored = digest_source(src, algo_of(&layer->digest));
			if (!src)
				return err_nomem(err, "a layer");
		}
	}
	TRY(codec_open_in_turn(src, job->limits, job->area ? job->area->fd : -1, &p->codec, &p->tar, err));
	if (job->threads && p->codec != CODEC_PLAIN)
		p->tar = source_threaded(p->tar);
	/* Of plain bytes one digest is enough, unless the two are of different kinds. */
	if (first && job->verify_diff_id &&
	    (p->codec != CODEC_PLAIN || algo_of(&layer->diff_id) != algo_of(&layer->digest))) {
		p->tar = p->diff = digest_source(p->tar, algo_of(&layer->diff_id));
		if (!p->tar)
			return err_nomem(err, "a layer");
	}
	return STATUS_OK;
}

/* What the bytes really hash to. A stream that broke off is read once more, if it can be, so that a wrong digest is
 * told as such and not as the noise it causes. */
static enum status stored_digest(struct scan *s, struct pass *p, bool walked, struct digest *out, struct err *err)
{
	const struct image_layer *layer = s->job->layer;
	struct source *raw, *again;
	enum status st;

	*out = s->job->known_digest;
	if (p->job) {
		st = digest_job_wait(p->job, out, err);
		p->job = NULL;
		return st;
	}
	if (out->algo != DIGEST_NONE)
		return STATUS_OK;
	if (walked && p->stored)
		return digest_source_result(p->stored, out, err);
	if (layer->place != LAYER_FD)
		return STATUS_OK;
	raw = source_from_fd(layer->fd, layer->offset, layer->len);
	again = raw ? digest_source(raw, algo_of(&layer->digest)) : NULL;
	if (!again)
		return err_nomem(err, "a layer");
	st = source_drain(again, err);
	if (st == STATUS_OK)
		st = digest_source_result(again, out, err);
	source_free(again);
	return st;
}

/* Bytes that are not what they claim to be say nothing about the image: drop all that was drawn from them. */
static void disown(struct scan *s, const char *what, const struct digest *expected, const struct digest *found)
{
	struct layer_report *r = s->report;
	struct digest_text want, got;

	r->packages.len = r->distributions.len = r->repositories.len = r->files.len = 0;
	while (s->held.len > 0)
		spool_free(s->held.at[--s->held.len].content);
	r->whiteouts.len = r->opaques.len = r->links.len = r->owned.len = 0;
	s->disowned = true;
	scan_fail(s, DIAG_DIGEST, ERR_NO_OFFSET,
		  "the layer's %s is %s, not %s as the image says: its content was not used", what,
		  digest_print(&got, found), digest_print(&want, expected));
}

static void check_digests(struct scan *s, struct pass *p, bool walked)
{
	const struct image_layer *layer = s->job->layer;
	struct layer_report *r = s->report;
	struct err err = ERR_INIT;
	struct digest stored = { 0 }, diff = { 0 };

	if (stored_digest(s, p, walked, &stored, &err) != STATUS_OK) {
		if (walked)
			scan_fail(s, DIAG_LAYER, err.offset, "%s", err.msg);
		return;
	}
	if (layer->digest.algo != DIGEST_NONE && stored.algo != DIGEST_NONE && !digest_eq(&stored, &layer->digest)) {
		disown(s, "digest", &layer->digest, &stored);
		return;
	}
	if (r->digest.algo == DIGEST_NONE)
		r->digest = stored;
	if (!walked)
		return;
	if (p->codec == CODEC_PLAIN && algo_of(&layer->diff_id) == stored.algo)
		diff = stored;
	else if (p->diff && digest_source_result(p->diff, &diff, &err) != STATUS_OK)
		scan_fail(s, DIAG_LAYER, err.offset, "%s", err.msg);
	r->diff_id = diff;
	if (layer->diff_id.algo != DIGEST_NONE && diff.algo != DIGEST_NONE && !digest_eq(&diff, &layer->diff_id))
		disown(s, "DiffID", &layer->diff_id, &diff);
}

static void close_pass(struct pass *p)
{
	struct digest unused;
	struct err ignored = ERR_INIT;

	source_free(p->tar);
	if (p->job && digest_job_wait(p->job, &unused, &ignored) != STATUS_OK)
		p->job = NULL;
	*p = (struct pass){ 0 };
}

static bool is_ours(enum status st)
{
	return st == STATUS_NOMEM || st == STATUS_BUG;
}

static enum status walk_failed(struct scan *s, const char *doing, const struct err *walk_err, struct err *err)
{
	if (is_ours(walk_err->code)) {
		*err = *walk_err;
		return err->code;
	}
	/* At a limit, too: what the rest of the layer has is not known. */
	if (!s->full)
		scan_fail(s, DIAG_LAYER, walk_err->offset, "%s%s", doing, walk_err->msg);
	return STATUS_OK;
}

static enum status first_pass(struct scan *s, struct err *err)
{
	struct pass p = { 0 };
	struct err walk_err = ERR_INIT;
	enum status st = open_pass(s, true, &p, &walk_err);
	bool walked;

	s->report->codec = slice_cstr(codec_name(p.codec));
	if (st == STATUS_OK) {
		st = s->job->layer->document
			     ? scan_document(s, p.tar, &walk_err)
			     : tar_walk(p.tar, s->job->limits, scan_visit, s, &s->diags, &walk_err);
		if (st == STATUS_OK)
			st = source_drain(p.tar, &walk_err);
		s->report->bytes_tar = p.tar->pos;
	}
	walked = st == STATUS_OK;
	check_digests(s, &p, walked);
	st = walked || !s->report->complete ? STATUS_OK : walk_failed(s, "", &walk_err, err);
	if (!walked && is_ours(walk_err.code))
		st = walk_failed(s, "", &walk_err, err);
	close_pass(&p);
	return st;
}

static enum status visit_again(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct scan *s = ctx;

	s->entry++;
	return scan_visit_again(s, entry, body, err);
}

static enum status second_pass(struct scan *s, struct err *err)
{
	struct pass p = { 0 };
	struct err walk_err = ERR_INIT;
	enum status st = open_pass(s, false, &p, &walk_err);

	s->second = true;
	s->entry = 0;
	if (st == STATUS_OK)
		st = tar_walk(p.tar, s->job->limits, visit_again, s, NULL, &walk_err);
	if (st != STATUS_OK)
		st = walk_failed(s, "in a second pass: ", &walk_err, err);
	close_pass(&p);
	return st;
}

static enum status scan_tar(struct scan *s, struct err *err)
{
	TRY(first_pass(s, err));
	scan_tree_settle(s->tree);
	if (s->full)
		return STATUS_OK;
	if (s->report->complete && s->agains.len > 0)
		TRY(second_pass(s, err));
	return scan_finish_held(s, err);
}

static void fini(struct scan *s)
{
	for (size_t i = 0; i < s->held.len; i++)
		spool_free(s->held.at[i].content);
	arena_fini(&s->scratch);
	map_fini(&s->runs_by_path);
	map_fini(&s->agains_by_entry);
	map_fini(&s->given);
	scan_tree_free(s->tree);
	map_fini(&s->aliases_by_path);
	map_fini(&s->dir_aliases);
	free(s->bytes);
	free(s->path_buf);
	scan_lists_fini(s);
}

enum status scan_layer(const struct scan_job *job, struct arena *arena, struct layer_report *out, struct err *err)
{
	struct scan s = {
		.job = job, .arena = arena, .scratch = ARENA_INIT(job->limits->file_memory), .report = out
	};
	bool directory = job->layer->place == LAYER_DIRECTORY;
	enum status st;

	*out = (struct layer_report){ .digest = job->layer->digest, .complete = true };
	out->document = job->layer->document;
	out->detector_set = detector_set();
	out->bytes_stored = directory ? 0 : job->layer->len;
	s.tree = scan_tree_new(job->limits);
	st = s.tree ? scan_records_init(&s, err) : err_nomem(err, "a layer");
	if (st == STATUS_OK)
		st = directory ? scan_directory(&s, err) : scan_tar(&s, err);
	if (st == STATUS_OK || (st == STATUS_LIMIT && s.full))
		st = scan_compact(&s, err);
	/* A full report was told; what is in it stands. */
	if (st == STATUS_LIMIT && s.full)
		st = STATUS_OK;
	fini(&s);
	return st;
}
