/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_export.c - the sources in force as one archive: manifest, signature, segments. */
#include "carry/bundle.h"
#include "carry/delta.h"
#include "carry/publish.h"
#include "io/file.h"
#include "io/signature.h"

#include <stdio.h>

#define TAR_BLOCK_BYTES 512
/* A change larger than this part of the segment is not worth a base. */
#define DELTA_WORTH 4

/* A ustar header of a file; owner, time and mode are always the same, so that equal data makes equal bytes. */
static enum status put_header(const struct carry_out *to, const char *name, uint64_t size, struct err *err)
{
	uint8_t block[TAR_BLOCK_BYTES] = { 0 };
	unsigned sum = 0;
	char *text = (char *)block;

	snprintf(text, 100, "%s", name);
	snprintf(text + 100, 8, "%07o", 0644u);
	snprintf(text + 108, 8, "%07o", 0u);
	snprintf(text + 116, 8, "%07o", 0u);
	snprintf(text + 124, 12, "%011llo", (unsigned long long)size);
	snprintf(text + 136, 12, "%011o", 0u);
	memset(text + 148, ' ', 8);
	text[156] = '0';
	memcpy(text + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += block[i];
	snprintf(text + 148, 8, "%06o", sum);
	return to->write(to->ctx, slice_make(block, sizeof(block)), err);
}

static enum status put_file(const struct carry_out *to, const char *name, struct slice bytes, struct err *err)
{
	static const uint8_t zeros[TAR_BLOCK_BYTES];
	size_t rest = bytes.len % TAR_BLOCK_BYTES;

	if (bytes.len >= UINT64_C(1) << 33)
		return err_set(err, STATUS_LIMIT, "%s: a segment of more than 8 GiB", name);
	TRY(put_header(to, name, bytes.len, err));
	/* In pieces: the pages of a large segment need not all be there at once. */
	for (struct slice left = bytes; left.len > 0; left = slice_from(left, (size_t)1 << 20))
		TRY(to->write(to->ctx, slice_take(left, (size_t)1 << 20), err));
	return rest > 0 ? to->write(to->ctx, slice_make(zeros, TAR_BLOCK_BYTES - rest), err) : STATUS_OK;
}

static bool has(const bundle_source_list *list, const struct digest *segment)
{
	for (size_t i = 0; i < list->len; i++)
		if (digest_eq(&list->at[i].segment, segment))
			return true;
	return false;
}

/* What an earlier bundle had of the source. */
static const struct bundle_source *earlier(const bundle_source_list *since, struct slice name)
{
	for (size_t i = 0; i < since->len; i++)
		if (slice_eq(since->at[i].name, name))
			return &since->at[i];
	return NULL;
}

static enum status map_segment(const struct carry_run *run, const struct digest *segment, struct file_map *out,
			       struct err *err)
{
	struct bundle_name name;
	char path[4400];

	bundle_name(segment, &name);
	snprintf(path, sizeof(path), "%s%s", run->segments, strchr(name.text, '/'));
	return file_map_open(path, out, err);
}

/*
 * As a change of what the earlier bundle had, where that is still here (db gc --keep) and most of it is the same. No
 * failure of this is one of the export: the whole segment travels.
 */
static enum status choose_delta(const struct carry_run *run, const bundle_source_list *since, struct bundle_source *s,
				struct arena *arena, struct err *err)
{
	const struct bundle_source *old = earlier(since, s->name);
	struct buf AUTO(buf_fini) delta = BUF_INIT(DELTA_BYTES_MAX * 2);
	struct err ignored = ERR_INIT;
	struct file_map from, to;
	enum status st;

	if (!old || map_segment(run, &old->segment, &from, &ignored) != STATUS_OK)
		return STATUS_OK;
	st = map_segment(run, &s->segment, &to, &ignored);
	if (st == STATUS_OK) {
		st = delta_make(from.bytes, to.bytes, &delta, &ignored);
		file_map_close(&to);
	}
	file_map_close(&from);
	if (st != STATUS_OK || delta.len > s->bytes / DELTA_WORTH)
		return st == STATUS_NOMEM ? err_nomem(err, "a change") : STATUS_OK;
	if (!arena_copy(arena, buf_slice(&delta), &s->delta))
		return err_nomem(err, "a change");
	s->base = old->segment;
	s->delta_bytes = delta.len;
	return STATUS_OK;
}

static enum status choose(const struct carry_run *run, const bundle_source_list *since, struct arena *arena,
			  bundle_source_list *out, struct err *err)
{
	struct store_source *sources;
	size_t n;

	TRY(store_sources(run->store, arena, &sources, &n, err));
	for (size_t i = 0; i < n; i++) {
		const struct store_source *from = &sources[i];
		struct bundle_source *s;
		struct segment *seg;

		if (from->segment.algo == DIGEST_NONE)
			continue;
		TRY(segment_open_of(run->segments, &from->segment, from->name, &seg, err));
		s = VEC_PUSH(out, arena);
		if (s)
			*s = (struct bundle_source){ .name = from->name,
						     .feed = from->feed,
						     .url = from->url,
						     .etag = from->etag,
						     .last_modified = from->last_modified,
						     .format_version = from->format_version,
						     .segment = from->segment,
						     .document = from->document,
						     .bytes = segment_get_stats(seg)->bytes,
						     .as_of_s = from->last_success_s,
						     .here = !has(since, &from->segment) };
		run->summary->records += from->records;
		segment_free(seg);
		if (!s)
			return err_nomem(err, "sources");
		if (s->here)
			TRY(choose_delta(run, since, s, arena, err));
	}
	return STATUS_OK;
}

static enum status put_delta(const struct bundle_source *s, const struct carry_out *to, struct err *err)
{
	struct bundle_name name;

	return put_file(to, bundle_delta_name(&s->segment, &name), s->delta, err);
}

static enum status put_segment(const struct carry_run *run, const struct bundle_source *s, const struct carry_out *to,
			       struct err *err)
{
	struct bundle_name name;
	struct digest is;
	struct file_map map;
	char path[4400];
	enum status st;

	bundle_name(&s->segment, &name);
	snprintf(path, sizeof(path), "%s%s", run->segments, strchr(name.text, '/'));
	TRY(file_map_open(path, &map, err));
	st = digest_of(DIGEST_SHA256, map.bytes, &is, err);
	if (st == STATUS_OK && (!digest_eq(&is, &s->segment) || map.bytes.len != s->bytes))
		st = err_set(err, STATUS_MISMATCH, "%s is damaged", path);
	if (st == STATUS_OK)
		st = put_file(to, name.text, map.bytes, err);
	file_map_close(&map);
	return st;
}

static enum status put_all(const struct carry_run *run, const struct carry_bundle *bundle,
			   const bundle_source_list *sources, const struct carry_out *to, struct err *err)
{
	static const uint8_t end[2 * TAR_BLOCK_BYTES];
	struct buf AUTO(buf_fini) manifest = BUF_INIT(BUNDLE_MANIFEST_MAX);
	uint8_t signature[SIGNATURE_BYTES];

	TRY(bundle_manifest_write(sources, date_now(), &manifest, err));
	TRY(put_file(to, BUNDLE_MANIFEST, buf_slice(&manifest), err));
	if (bundle->key) {
		TRY(signature_make(bundle->key, buf_slice(&manifest), signature, err));
		TRY(put_file(to, BUNDLE_SIGNATURE, slice_make(signature, sizeof(signature)), err));
	}
	for (size_t i = 0; i < sources->len; i++) {
		run->summary->sources++;
		/* Equal sources share a segment only if they are one: names are in it. */
		if (sources->at[i].here)
			TRY(sources->at[i].base.algo != DIGEST_NONE ? put_delta(&sources->at[i], to, err)
								    : put_segment(run, &sources->at[i], to, err));
		run->summary->published += sources->at[i].here;
	}
	return to->write(to->ctx, slice_make(end, sizeof(end)), err);
}

enum status carry_bundle_export(struct store *store, const struct carry_options *options,
				const struct carry_bundle *bundle, const struct carry_out *to,
				struct carry_summary *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 30);
	int AUTO(close_fd) folder = -1;
	bundle_source_list since = { NULL, 0, 0 }, sources = { NULL, 0, 0 };
	struct carry_run run;

	TRY(carry_run_begin(&run, store, options, out, err));
	/* What is listed is not deleted before it was written. */
	TRY(segment_folder_lock(run.segments, SEGMENT_FOLDER_WRITE, &folder, err));
	if (bundle->since.len > 0)
		TRY(bundle_manifest_read(bundle->since, options->limits, &arena, &since, err));
	TRY(choose(&run, &since, &arena, &sources, err));
	return put_all(&run, bundle, &sources, to, err);
}
