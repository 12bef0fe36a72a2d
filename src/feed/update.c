/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - the update run over feeds: each lists its sources, each source is worked on by itself. */
#include "feed/update_impl.h"

#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>

void update_tell(struct update_run *run, struct update_event e)
{
	e.feed = slice_cstr(run->feed->name);
	e.source = run->source;
	if (run->options->event)
		run->options->event(run->options->event_ctx, &e);
}

static void on_fetch_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct update_run *run = ctx;

	(void)total;
	run->bytes = done;
	if (run->source.len > 0)
		update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_PROGRESS, .bytes = done });
}

/* ---- listing ---- */

static enum status list_get(void *ctx, struct slice url, struct buf *out, struct err *err)
{
	struct update_run *run = ctx;
	const struct update_options *o = run->options;
	struct fetch_place filled = { .mirror = o->download_to, .limits = o->limits };
	bool changed;
	uint64_t bytes;

	if (o->download_to.len == 0)
		return fetch_small(&run->place, url, out, err);
	/* A mirror needs the lists, too. */
	TRY(fetch_download(&run->place, url, o->download_to, &changed, &bytes, err));
	return fetch_small(&filled, url, out, err);
}

static bool list_exists(void *ctx, struct slice url)
{
	const struct update_run *run = ctx;

	return fetch_exists(&run->place, url);
}

/* Is the source asked for: by its name, or because no source of its feed is asked for by name? */
static bool is_asked(const struct update_run *run, struct slice source)
{
	bool all = true;

	for (size_t i = 0; i < run->options->n_only; i++) {
		struct slice only = run->options->only[i], feed;

		if (slice_eq(only, source))
			return true;
		slice_cut(only, '/', &feed, NULL);
		all &= !slice_eq(feed, slice_cstr(run->feed->name));
	}
	return all;
}

static enum status on_source(void *ctx, const struct feed_source *source, struct err *err)
{
	(void)err;
	if (is_asked(ctx, source->name))
		update_source(ctx, source);
	return STATUS_OK;
}

/* Sources that an earlier run knew, when the list of today cannot be had. */
static void blame_known(struct update_run *run, const char *why)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct store_source *rows;
	struct err ignored = ERR_INIT;
	size_t n;

	if (!run->store || store_sources(run->store, &arena, &rows, &n, &ignored) != STATUS_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		enum status st;

		if (!slice_eq(rows[i].feed, slice_cstr(run->feed->name)) || rows[i].segment.algo == DIGEST_NONE)
			continue;
		rows[i].last_attempt_s = date_now();
		rows[i].error = slice_cstr(why);
		st = store_source_put(run->store, &rows[i], &ignored);
		if (st != STATUS_OK)
			return;
	}
}

const char *update_why(const struct err *why, char *text, size_t size)
{
	if (why->offset == ERR_NO_OFFSET)
		snprintf(text, size, "%s", why->msg);
	else
		snprintf(text, size, "%s (byte %llu)", why->msg, (unsigned long long)why->offset);
	return text;
}

static void feed_failed(struct update_run *run, const struct err *why)
{
	char text[UPDATE_WHY_BYTES];

	update_why(why, text, sizeof(text));
	run->source = slice_cstr(run->feed->name);
	run->summary->failed++;
	blame_known(run, text);
	update_tell(run, (struct update_event){ .kind = UPDATE_EVENT_FAILED, .text = slice_cstr(text) });
	run->source = SLICE_EMPTY;
}

static void run_feed(struct update_run *run, const struct feed *feed)
{
	struct feed_fetcher fetcher = { list_get, list_exists, run };
	struct feed_source_sink sink = { on_source, run };
	struct update_summary before = *run->summary;
	struct err err = ERR_INIT;
	size_t sources;

	run->feed = feed;
	if (feed->list(&fetcher, &sink, &err) != STATUS_OK) {
		feed_failed(run, &err);
		return;
	}
	sources = run->summary->sources - before.sources;
	if (sources == run->summary->absent - before.absent) {
		err_set(&err, STATUS_NOTFOUND, "no document of this feed was found");
		feed_failed(run, &err);
	}
}

enum status update_run(struct store *store, const struct update_options *options, struct update_summary *out,
		       struct err *err)
{
	struct update_run run = { .options = options,
				  .summary = out,
				  .store = store,
				  .place = { .mirror = options->mirror, .limits = options->limits } };
	enum status st = STATUS_OK;

	memset(out, 0, sizeof(*out));
	run.place.progress = on_fetch_progress;
	run.place.progress_ctx = &run;
	if (options->download_to.len == 0) {
		if (!store || !options->dir)
			return err_set(err, STATUS_INVALID, "an update run needs a store and a data folder");
		if (asprintf(&run.segments, "%s/segments", options->dir) < 0)
			return err_nomem(err, "update");
		st = file_mkdirs(run.segments, err);
	}
	for (size_t i = 0; st == STATUS_OK && i < options->n_sets; i++)
		run_feed(&run, options->sets[i]);
	free(run.segments);
	return st;
}
