/* SPDX-License-Identifier: Apache-2.0 */
/* bundle_import.c - nothing of a bundle is in force before all of it was found to be what its manifest says. */
#include "carry/bundle.h"
#include "carry/publish.h"
#include "io/file.h"
#include "model/enrichment.h"

struct bundle_import {
	struct carry_run run;
	struct bundle_reader reader;
};

static enum status publish(struct bundle_import *im, const struct bundle_source *s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct carry_target target;
	struct segment_stats stats;
	struct segment *seg;
	enum enricher enricher;

	TRY(carry_target_load(&im->run, s->name, &arena, &target, err));
	target.row.feed = s->feed;
	target.row.url = s->url;
	target.row.etag = s->etag;
	target.row.last_modified = s->last_modified;
	target.row.format_version = s->format_version;
	target.row.document = s->document;
	target.row.kind = enricher_of_source(s->feed, &enricher) ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	TRY(segment_open_of(im->run.segments, &s->segment, s->name, &seg, err));
	stats = *segment_get_stats(seg);
	segment_free(seg);
	return carry_publish(&im->run, &target, &s->segment, &stats, s->as_of_s, 0, &arena, err);
}

static enum status publish_all(struct bundle_import *im, struct err *err)
{
	for (size_t i = 0; i < im->reader.sources.len; i++) {
		const struct bundle_source *s = &im->reader.sources.at[i];
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
	struct bundle_import im;
	int AUTO(close_fd) folder = -1;
	enum status st;

	TRY(carry_run_begin(&im.run, store, options, out, err));
	TRY(segment_folder_lock(im.run.segments, SEGMENT_FOLDER_WRITE, &folder, err));
	bundle_reader_init(&im.reader, im.run.segments, options->limits, bundle->key);
	st = bundle_read(&im.reader, in, err);
	if (st == STATUS_OK)
		st = publish_all(&im, err);
	bundle_reader_fini(&im.reader);
	return st;
}
