/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_read.c - a bundle's segments come to a folder, and each is what the manifest says. */
#include "carry/bundle.h"
#include "carry/delta.h"
#include "io/file.h"
#include "io/signature.h"
#include "io/tar.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE ((size_t)64 << 10)

void bundle_reader_init(struct bundle_reader *r, const char *folder, const struct limits *limits, const char *key)
{
	*r = (struct bundle_reader){ .folder = folder,
				     .limits = limits,
				     .key = key,
				     .arena = ARENA_INIT((size_t)64 << 20),
				     .manifest = BUF_INIT(BUNDLE_MANIFEST_MAX) };
}

void bundle_reader_fini(struct bundle_reader *r)
{
	buf_fini(&r->manifest);
	arena_fini(&r->arena);
}

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

static enum status on_signature(struct bundle_reader *r, const struct tar_entry *e, struct source *body,
				struct err *err)
{
	struct buf AUTO(buf_fini) signature = BUF_INIT(4096);

	TRY(read_small(body, e->size, &signature, err));
	if (r->key)
		TRY(signature_check(r->key, buf_slice(&r->manifest), buf_slice(&signature), err));
	r->checked = true;
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
static enum status keep(struct bundle_reader *r, struct bundle_source *s, struct source *body, const char *name,
			struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct file_writer *w = NULL;
	struct digest is;
	char path[4400];
	enum status st;

	if (!h)
		return err_nomem(err, "a digest");
	snprintf(path, sizeof(path), "%s%s", r->folder, strchr(name, '/'));
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

/* The segment that it is a change of lies here since an earlier bundle. */
static enum status map_base(const struct bundle_reader *r, const struct bundle_source *s, struct file_map *out,
			    struct err *err)
{
	struct bundle_name name;
	struct digest_text t;
	struct err none = ERR_INIT;
	char path[4400];

	bundle_name(&s->base, &name);
	snprintf(path, sizeof(path), "%s%s", r->folder, strchr(name.text, '/'));
	if (file_map_open(path, out, &none) == STATUS_OK)
		return STATUS_OK;
	snprintf(path, sizeof(path), "%s%s", r->base ? r->base : r->folder, strchr(name.text, '/'));
	if (file_map_open(path, out, &none) == STATUS_OK)
		return STATUS_OK;
	return err_set(
		err, STATUS_NOTFOUND,
		"%.*s: it travels as a change of %s, which is not here: import the bundle before, or a whole one",
		SLICE_ARG(s->name), digest_print(&t, &s->base));
}

static enum status make(const struct bundle_source *s, struct slice base, struct slice delta, uint8_t **out,
			struct err *err)
{
	*out = malloc((size_t)s->bytes + 1);
	if (!*out)
		return err_nomem(err, "a segment");
	return delta_apply(base, delta, *out, (size_t)s->bytes, err);
}

static enum status on_delta(struct bundle_reader *r, struct bundle_source *s, struct source *body, const char *name,
			    struct err *err)
{
	struct buf AUTO(buf_fini) delta = BUF_INIT(DELTA_BYTES_MAX * 2);
	struct bundle_name whole;
	struct file_map base;
	struct source *made;
	uint8_t *bytes = NULL;
	enum status st;

	if (s->bytes > DELTA_BYTES_MAX)
		return err_set(err, STATUS_LIMIT, "%s: a segment of %llu bytes", name, (unsigned long long)s->bytes);
	TRY(read_small(body, s->delta_bytes, &delta, err));
	TRY(map_base(r, s, &base, err));
	st = make(s, base.bytes, buf_slice(&delta), &bytes, err);
	file_map_close(&base);
	made = st == STATUS_OK ? source_from_slice(slice_make(bytes, (size_t)s->bytes)) : NULL;
	if (st == STATUS_OK)
		st = made ? keep(r, s, made, bundle_name(&s->segment, &whole), err) : err_nomem(err, "a segment");
	source_free(made);
	free(bytes);
	return st == STATUS_OK ? st : err_wrap(err, "%s", name);
}

static enum status on_segment(struct bundle_reader *r, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct bundle_name name;
	struct err_quote q;

	for (size_t i = 0; i < r->sources.len; i++) {
		struct bundle_source *s = &r->sources.at[i];
		bool change = s->base.algo != DIGEST_NONE;

		(change ? bundle_delta_name : bundle_name)(&s->segment, &name);
		if (!s->here || !slice_eq(e->raw_path, slice_cstr(name.text)))
			continue;
		if (e->type != TAR_FILE || e->sparse || e->size != (change ? s->delta_bytes : s->bytes))
			return err_set(err, STATUS_MALFORMED, "%s is not the file that the manifest tells", name.text);
		return change ? on_delta(r, s, body, name.text, err) : keep(r, s, body, name.text, err);
	}
	return err_set(err, STATUS_MALFORMED, "\"%s\" is not in its manifest", err_slice(&q, e->raw_path));
}

static enum status on_entry(void *ctx, const struct tar_entry *e, struct source *body, struct err *err)
{
	struct bundle_reader *r = ctx;

	if (r->manifest.len == 0) {
		if (!slice_eq(e->raw_path, SLICE(BUNDLE_MANIFEST)) || e->type != TAR_FILE || e->size == 0)
			return err_set(err, STATUS_MALFORMED, "it does not begin with a manifest: it is no bundle");
		TRY(read_small(body, e->size, &r->manifest, err));
		return bundle_manifest_read(buf_slice(&r->manifest), r->limits, &r->arena, &r->sources, err);
	}
	if (slice_eq(e->raw_path, SLICE(BUNDLE_SIGNATURE)) && e->type == TAR_FILE && !r->checked)
		return on_signature(r, e, body, err);
	if (r->key && !r->checked)
		return err_set(err, STATUS_MISMATCH, "it is not signed");
	return on_segment(r, e, body, err);
}

/* Everything is there, in the bundle or from one before, and can be read. */
static enum status check_all(struct bundle_reader *r, struct err *err)
{
	if (r->manifest.len == 0)
		return err_set(err, STATUS_MALFORMED, "it is empty");
	if (r->key && !r->checked)
		return err_set(err, STATUS_MISMATCH, "it is not signed");
	for (size_t i = 0; i < r->sources.len; i++) {
		const struct bundle_source *s = &r->sources.at[i];
		struct segment *seg;
		struct err why = ERR_INIT;
		enum status st;

		if (s->here && !s->arrived)
			return err_set(err, STATUS_MALFORMED, "%.*s: its segment is not there: the bundle was cut",
				       SLICE_ARG(s->name));
		st = segment_open_of(!s->here && r->base ? r->base : r->folder, &s->segment, s->name, &seg, &why);
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

enum status bundle_read(struct bundle_reader *r, struct source *in, struct err *err)
{
	const struct diag_sink none = { NULL, NULL };

	TRY(tar_walk(in, r->limits, on_entry, r, &none, err));
	/* To the check sum at its end. */
	TRY(source_drain(in, err));
	return check_all(r, err);
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
