/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - the update run over feeds: each lists its sources, each source is worked on by itself. */
#include "feed/update_impl.h"

#include "io/file.h"

#include <stdio.h>
#include <stdlib.h>

#define STALL_S 60u

void update_tell(struct update_run *run, struct update_event e)
{
	e.feed = slice_cstr(run->feed->name);
	e.source = run->source;
	if (!run->options->event)
		return;
	pthread_mutex_lock(run->telling);
	run->options->event(run->options->event_ctx, &e);
	pthread_mutex_unlock(run->telling);
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

/* Where to ask for a document of a list: what the user named is no business of a mirror. */
static enum status place_of(const struct update_run *run, struct slice url, struct arena *arena,
			    struct fetch_place *out_place, struct slice *out_url, struct err *err)
{
	bool own;

	*out_place = run->place;
	TRY(feed_settings_place(run->options->settings, run->feed, url, arena, out_url, &own, err));
	if (own)
		out_place->mirror = SLICE_EMPTY;
	return STATUS_OK;
}

static enum status list_get(void *ctx, struct slice url, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(65536);
	struct update_run *run = ctx;
	const struct update_options *o = run->options;
	struct fetch_place filled = { .mirror = o->download_to, .limits = o->limits }, place;
	bool changed;
	uint64_t bytes;

	TRY(place_of(run, url, &arena, &place, &url, err));
	if (o->download_to.len == 0)
		return fetch_small(&place, url, out, err);
	/* A mirror needs the lists, too. */
	TRY(fetch_download(&place, url, o->download_to, &changed, &bytes, err));
	return fetch_small(&filled, url, out, err);
}

static enum feed_presence list_probe(void *ctx, struct slice url)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(65536);
	struct fetch_place place;
	struct err err = ERR_INIT;

	if (place_of(ctx, url, &arena, &place, &url, &err) != STATUS_OK)
		return FEED_UNSURE;
	return fetch_probe(&place, url);
}

static bool list_exists(void *ctx, struct slice url)
{
	return list_probe(ctx, url) == FEED_PRESENT;
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
	struct update_run *run = ctx;
	struct update_job *job;

	if (!is_asked(run, source->name) || !feed_settings_allow(run->options->settings, run->feed, source))
		return STATUS_OK;
	job = update_job_new(run, source, err);
	if (!job)
		return err->code;
	if (run->queue) {
		update_queue_add(run->queue, job);
		return STATUS_OK;
	}
	if (update_job_begin(job)) {
		update_job_fetch(job);
		update_job_end(job);
	}
	update_job_free(job);
	return STATUS_OK;
}

static bool is_network(struct slice place)
{
	return place.len == 0 || slice_find(place, SLICE("://")) != SIZE_MAX;
}

struct feed_fetcher update_fetcher(struct update_run *run)
{
	struct slice place = run->place.mirror;

	return (struct feed_fetcher){ list_get, list_exists,
				      list_probe, run,
				      place.len > 0 && !is_network(place), run->options->settings };
}

void update_list(struct update_run *run)
{
	struct feed_fetcher fetcher = update_fetcher(run);
	struct feed_source_sink sink = { on_source, run };

	run->of->status = run->feed->list(&fetcher, &sink, &run->of->err);
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

/* Has a feed ever had something in force? */
static bool is_known(const struct update_run *run)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct store_source *rows;
	struct err ignored = ERR_INIT;
	bool known = false;
	size_t n;

	if (!run->store || store_sources(run->store, &arena, &rows, &n, &ignored) != STATUS_OK)
		return true;
	for (size_t i = 0; i < n; i++)
		known |= slice_eq(rows[i].feed, slice_cstr(run->feed->name)) && rows[i].segment.algo != DIGEST_NONE;
	return known;
}

/* After all of a feed's sources. */
static void check_feed(struct update_run *run, struct update_feed *f)
{
	run->of = f;
	run->feed = f->feed;
	if (f->status == STATUS_OK && f->sources == f->absent)
		f->status = err_set(&f->err, STATUS_NOTFOUND, "no document of this feed was found");
	/* A mirror has what somebody put there. */
	if (f->status == STATUS_NOTFOUND && run->options->mirror.len > 0 && !is_known(run)) {
		run->summary->passed_over++;
		return;
	}
	if (f->status != STATUS_OK)
		feed_failed(run, &f->err);
}

static void run_one_by_one(struct update_run *run, struct update_feed *feeds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		run->of = &feeds[i];
		run->feed = feeds[i].feed;
		update_list(run);
		check_feed(run, &feeds[i]);
	}
}

static enum status run_feeds(struct update_run *run, struct err *err)
{
	const struct update_options *o = run->options;
	struct update_feed *feeds = calloc(o->n_sets + 1, sizeof(*feeds));
	enum status st = STATUS_OK;

	if (!feeds)
		return err_nomem(err, "update");
	for (size_t i = 0; i < o->n_sets; i++)
		feeds[i] = (struct update_feed){ .feed = o->sets[i], .err = ERR_INIT };
	/* A directory has no waiting to be saved. */
	if (is_network(o->mirror) || (o->settings && o->settings->n > 0)) {
		st = update_queue_run(run, feeds, o->n_sets, err);
		for (size_t i = 0; st == STATUS_OK && i < o->n_sets; i++)
			check_feed(run, &feeds[i]);
	} else {
		run_one_by_one(run, feeds, o->n_sets);
	}
	/* A mirror of which nothing is any feed's is the wrong folder. */
	for (size_t i = 0; st == STATUS_OK && run->summary->passed_over == o->n_sets && i < o->n_sets; i++) {
		run->of = &feeds[i];
		run->feed = feeds[i].feed;
		feed_failed(run, &feeds[i].err);
	}
	if (run->summary->passed_over == o->n_sets)
		run->summary->passed_over = 0;
	free(feeds);
	return st;
}

enum status update_run(struct store *store, const struct update_options *options, struct update_summary *out,
		       struct err *err)
{
	pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;
	struct update_run run = { .options = options,
				  .summary = out,
				  .store = store,
				  .telling = &telling,
				  .place = { .mirror = options->mirror, .limits = options->limits } };
	enum status st = STATUS_OK;

	memset(out, 0, sizeof(*out));
	run.place.progress = on_fetch_progress;
	run.place.progress_ctx = &run;
	run.place.stall_s = options->stall_s ? options->stall_s : STALL_S;
	run.place.hosts = hosts_new();
	if (!run.place.hosts)
		return err_nomem(err, "update");
	if (options->download_to.len == 0) {
		if (!store || !options->dir)
			st = err_set(err, STATUS_INVALID, "an update run needs a store and a data folder");
		else if (asprintf(&run.segments, "%s/segments", options->dir) < 0)
			st = err_nomem(err, "update");
		else
			st = file_mkdirs(run.segments, err);
	}
	if (st == STATUS_OK)
		st = run_feeds(&run, err);
	free(run.segments);
	hosts_free(run.place.hosts);
	pthread_mutex_destroy(&telling);
	return st;
}
