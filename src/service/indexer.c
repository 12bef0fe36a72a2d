/* SPDX-License-Identifier: Apache-2.0 */
/* indexer.c - the indexer's life: runs by manifest, the threads that execute them, what was left by a crash. */
#include "service/indexer_impl.h"

#include "base/date.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 250
#define KEEPER_S 15    /* between two looks for runs that nobody is at */
#define ABANDONED_S 30 /* age of one that is not this node's own */
#define PENDING_MAX 64
#define EXPIRE_MAX 500
#define STATE_HEX 32
#define FRESH_S 2 /* a report that was put just now may be replaced in the same second of the store's clock */
#define REPORTS_BYTES (UINT64_C(32) << 20)

/* ---- small things ---- */

void indexer_wait(struct indexer *ix, unsigned ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&ix->changed, &ix->lock, &until);
}

enum status indexer_take(struct indexer *ix, struct store **out, struct err *err)
{
	return store_pool_take(ix->options.store, INDEXER_STORE_WAIT_MS, out, err);
}

void indexer_log_error(const struct indexer *ix, const char *message, const struct digest *about,
		       const struct err *why)
{
	struct digest_text text;
	const struct service_field fields[] = { { "manifest", slice_cstr(digest_print(&text, about)) },
						{ "error", slice_cstr(why->msg) } };

	service_log(&ix->options.events, SERVICE_WARN, message, fields, ARRAY_LEN(fields));
}

static pthread_once_t state_once = PTHREAD_ONCE_INIT;
static char state_text[STATE_HEX + 1];

static void compute_state(void)
{
	struct digest digest = { 0 };
	struct digest_text text;
	struct err ignored = ERR_INIT;

	if (digest_of(DIGEST_SHA256, detector_set(), &digest, &ignored) == STATUS_OK)
		memcpy(state_text, digest_print(&text, &digest) + strlen("sha256:"), STATE_HEX);
}

struct slice indexer_state(void)
{
	pthread_once(&state_once, compute_state);
	return slice_cstr(state_text);
}

/* ---- the table of runs; all with the lock ---- */

static struct run *find_run(struct indexer *ix, const struct digest *manifest)
{
	struct run *run = ix->runs;

	while (run && !digest_eq(&run->manifest.digest, manifest))
		run = run->next;
	return run;
}

static void unref_run(struct run *run)
{
	if (--run->references > 0)
		return;
	buf_fini(&run->report);
	arena_fini(&run->arena);
	free(run);
}

static void drop_run(struct indexer *ix, struct run *run)
{
	struct run **link = &ix->runs;

	while (*link != run)
		link = &(*link)->next;
	*link = run->next;
	unref_run(run);
}

/* NULL when nobody waits for a thread. The oldest is the last of the list. */
static struct run *next_run(struct indexer *ix)
{
	struct run *oldest = NULL;

	for (struct run *run = ix->runs; run; run = run->next)
		if (run->queued)
			oldest = run;
	return oldest;
}

/* ---- threads ---- */

static void execute(struct indexer *ix, struct run *run)
{
	run->queued = false;
	ix->waiting--;
	ix->running++;
	pthread_mutex_unlock(&ix->lock);
	run_execute(run);
	pthread_mutex_lock(&ix->lock);
	ix->running--;
	ix->counts.runs_finished += run->result == INDEXER_FINISHED;
	ix->counts.runs_failed += run->result != INDEXER_FINISHED && !run->elsewhere;
	/* Who waits at the end is told so, and not what was cut short by it. */
	run->done = !ix->stopping || run->result != INDEXER_FAILED;
	drop_run(ix, run);
	pthread_cond_broadcast(&ix->changed);
}

static void *runner(void *arg)
{
	struct indexer *ix = arg;

	pthread_mutex_lock(&ix->lock);
	while (!ix->stopping) {
		struct run *run = next_run(ix);

		if (run)
			execute(ix, run);
		else
			pthread_cond_wait(&ix->changed, &ix->lock);
	}
	pthread_mutex_unlock(&ix->lock);
	return NULL;
}

/* A run with one reference, the table's; its manifest is read from the posted text. */
static enum status new_run(struct indexer *ix, struct slice body, struct run **out, struct err *err)
{
	struct run *run = calloc(1, sizeof(*run));
	enum status st;

	if (!run)
		return err_nomem(err, "a run");
	run->indexer = ix;
	run->references = 1;
	run->state = "CheckManifest";
	run->arena = (struct arena)ARENA_INIT(INDEXER_RUN_MEMORY);
	run->report = (struct buf)BUF_INIT(ix->options.limits->index_bytes);
	st = posted_manifest_parse(body, ix->options.limits, &run->arena, &run->manifest, err);
	if (st != STATUS_OK) {
		unref_run(run);
		return st;
	}
	*out = run;
	return STATUS_OK;
}

/* With the lock. */
static void add_run(struct indexer *ix, struct run *run)
{
	run->queued = true;
	run->next = ix->runs;
	ix->runs = run;
	ix->waiting++;
	pthread_cond_broadcast(&ix->changed);
}

/* ---- what nobody is at ---- */

static void resume_one(struct indexer *ix, const struct store_pending *p, bool all)
{
	struct err err = ERR_INIT;
	struct run *run;

	/* A young one of another node is being begun there; one of the future is of a clock that has been set since. */
	if (!all && p->since_s + ABANDONED_S > date_now() && p->since_s <= date_now() + ABANDONED_S)
		return;
	if (new_run(ix, p->body, &run, &err) != STATUS_OK) {
		indexer_log_error(ix, "a kept run cannot be read", &p->manifest, &err);
		return;
	}
	run->resumed = true;
	pthread_mutex_lock(&ix->lock);
	if (find_run(ix, &run->manifest.digest) || ix->waiting >= ix->options.queue)
		unref_run(run);
	else
		add_run(ix, run);
	pthread_mutex_unlock(&ix->lock);
}

static void resume(struct indexer *ix, bool all)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(INDEXER_RUN_MEMORY);
	struct store_pending *list;
	struct err err = ERR_INIT;
	struct store *store;
	size_t n = 0;
	enum status st = indexer_take(ix, &store, &err);

	if (st != STATUS_OK)
		return; /* the next look is soon */
	st = store_pending_list(store, PENDING_MAX, &arena, &list, &n, &err);
	store_pool_give(ix->options.store, store);
	for (size_t i = 0; st == STATUS_OK && i < n; i++)
		resume_one(ix, &list[i], all);
}

/* Some at a time, so that nobody waits long for the store. */
static void expire(struct indexer *ix)
{
	struct err err = ERR_INIT;
	struct store *store;
	size_t n = 0;

	if (ix->options.keep_reports_s == 0 || indexer_take(ix, &store, &err) != STATUS_OK)
		return;
	if (store_manifests_expire(store, date_now() - (int64_t)ix->options.keep_reports_s, EXPIRE_MAX, &n, &err) !=
	    STATUS_OK) {
		const struct service_field field = { "error", slice_cstr(err.msg) };

		service_log(&ix->options.events, SERVICE_WARN, "old manifests were not deleted", &field, 1);
	}
	store_pool_give(ix->options.store, store);
}

static void *keeper(void *arg)
{
	struct indexer *ix = arg;
	bool all = true;

	pthread_mutex_lock(&ix->lock);
	while (!ix->stopping) {
		uint64_t until = date_monotonic_ns() + KEEPER_S * UINT64_C(1000000000);

		pthread_mutex_unlock(&ix->lock);
		resume(ix, all);
		pushed_expire(ix);
		expire(ix);
		all = false;
		pthread_mutex_lock(&ix->lock);
		while (!ix->stopping && date_monotonic_ns() < until)
			indexer_wait(ix, 1000);
	}
	pthread_mutex_unlock(&ix->lock);
	return NULL;
}

/* ---- start and end ---- */

static void set_defaults(struct indexer_options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (o->workers == 0)
		o->workers = cpus > 0 ? (unsigned)cpus : 1;
	if (o->runs == 0)
		o->runs = 8;
	if (o->queue == 0)
		o->queue = 64;
	if (o->layers_per_run == 0)
		o->layers_per_run = 10;
	if (o->layer_timeout_s == 0)
		o->layer_timeout_s = 1800;
}

static enum status start_threads(struct indexer *ix, struct err *err)
{
	ix->threads = calloc(ix->options.runs, sizeof(*ix->threads));
	if (!ix->threads)
		return err_nomem(err, "threads");
	while (ix->n_threads < ix->options.runs) {
		if (pthread_create(&ix->threads[ix->n_threads], NULL, runner, ix) != 0)
			return err_set(err, STATUS_NOMEM, "threads of the indexer cannot be started");
		ix->n_threads++;
	}
	ix->have_keeper = pthread_create(&ix->keeper, NULL, keeper, ix) == 0;
	return ix->have_keeper ? STATUS_OK : err_set(err, STATUS_NOMEM, "threads of the indexer cannot be started");
}

enum status indexer_new(const struct indexer_options *options, struct indexer **out, struct err *err)
{
	struct indexer *ix = calloc(1, sizeof(*ix));
	pthread_condattr_t attr;
	enum status st = STATUS_OK;

	if (!ix)
		return err_nomem(err, "an indexer");
	ix->options = *options;
	set_defaults(&ix->options);
	pthread_mutex_init(&ix->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ix->changed, &attr);
	pthread_condattr_destroy(&attr);
	ix->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ix->push_dir = options->push_dir ? strdup(options->push_dir) : NULL;
	ix->reports = report_cache_new(REPORTS_BYTES);
	if (ix->wake_fd < 0 || !ix->reports || (options->push_dir && !ix->push_dir))
		st = err_errno(err, "an indexer");
	if (st == STATUS_OK)
		st = start_threads(ix, err);
	if (st != STATUS_OK) {
		indexer_stop(ix);
		indexer_free(ix);
		return st;
	}
	*out = ix;
	return STATUS_OK;
}

void indexer_stop(struct indexer *ix)
{
	uint64_t one = 1;

	pthread_mutex_lock(&ix->lock);
	ix->stopping = true;
	atomic_store(&ix->stop_all, true);
	for (struct run *run = ix->runs; run; run = run->next)
		atomic_store(&run->stop, true);
	pthread_cond_broadcast(&ix->changed);
	pthread_mutex_unlock(&ix->lock);
	(void)!write(ix->wake_fd, &one, sizeof(one));
	for (size_t i = 0; i < ix->n_threads; i++)
		pthread_join(ix->threads[i], NULL);
	ix->n_threads = 0;
	if (ix->have_keeper)
		pthread_join(ix->keeper, NULL);
	ix->have_keeper = false;
}

void indexer_free(struct indexer *ix)
{
	if (!ix)
		return;
	while (ix->runs)
		drop_run(ix, ix->runs);
	pthread_cond_destroy(&ix->changed);
	pthread_mutex_destroy(&ix->lock);
	close_fd(&ix->wake_fd);
	report_cache_free(ix->reports);
	free(ix->threads);
	free(ix->push_dir);
	free(ix);
}

/* ---- a post ---- */

/* Kept before it is acknowledged in any way, so that no crash loses it. */
static enum status keep_pending(struct indexer *ix, const struct digest *manifest, struct slice body, struct err *err)
{
	struct store *store;
	enum status st;

	TRY(indexer_take(ix, &store, err));
	st = store_pending_put(store, manifest, body, err);
	store_pool_give(ix->options.store, store);
	return st;
}

/* The run of the manifest, begun or joined; with a reference of the caller's. */
static enum status join_run(struct indexer *ix, const struct posted_manifest *m, struct run **out, struct err *err)
{
	struct buf AUTO(buf_fini) body = BUF_INIT((size_t)64 << 20);
	struct run *fresh, *run;
	enum status st = STATUS_OK;

	TRY(posted_manifest_print(m, &body, err));
	TRY(new_run(ix, buf_slice(&body), &fresh, err));
	pthread_mutex_lock(&ix->lock);
	/* What was deleted meanwhile stores nothing, so it is no answer to who posts after that. */
	while ((run = find_run(ix, &m->digest)) && run->forget && !ix->stopping)
		indexer_wait(ix, TICK_MS);
	if (ix->stopping) {
		st = err_set(err, STATUS_CANCELLED, "the server is stopping");
	} else if (run) {
		run->references++;
		run->resumed = false; /* somebody wants it now, whatever was before */
	} else if (ix->waiting >= ix->options.queue) {
		st = err_set(err, STATUS_LIMIT, "server handling too many requests");
	} else {
		/* In the table, but not to be executed before it is kept. */
		run = fresh;
		run->next = ix->runs;
		ix->runs = run;
		run->references++;
	}
	if (run != fresh || st != STATUS_OK)
		unref_run(fresh);
	pthread_mutex_unlock(&ix->lock);
	if (st == STATUS_OK && run == fresh) {
		st = keep_pending(ix, &m->digest, buf_slice(&body), err);
		pthread_mutex_lock(&ix->lock);
		if (st == STATUS_OK) {
			run->queued = true;
			ix->waiting++;
		} else {
			run->done = true;
			run->result = INDEXER_FAILED;
			snprintf(run->error, sizeof(run->error), "%s", err->msg);
			run->references--; /* the caller's */
			drop_run(ix, run);
			run = NULL;
		}
		pthread_cond_broadcast(&ix->changed);
		pthread_mutex_unlock(&ix->lock);
	}
	*out = run;
	return st;
}

static enum status take_answer(struct run *run, struct arena *arena, struct indexer_answer *out, struct err *err)
{
	out->result = run->result;
	if (!arena_copy(arena, buf_slice(&run->report), &out->report) ||
	    !arena_copy(arena, slice_cstr(run->error), &out->error))
		return err_nomem(err, "an index report");
	return STATUS_OK;
}

static enum status wait_for(struct indexer *ix, struct run *run, bool (*gone)(void *ctx), void *ctx,
			    struct arena *arena, struct indexer_answer *out, struct err *err)
{
	enum status st = STATUS_OK;

	pthread_mutex_lock(&ix->lock);
	while (!run->done && !ix->stopping) {
		indexer_wait(ix, TICK_MS);
		pthread_mutex_unlock(&ix->lock);
		st = gone && gone(ctx) ? err_set(err, STATUS_CANCELLED, "the client is gone") : STATUS_OK;
		pthread_mutex_lock(&ix->lock);
		if (st != STATUS_OK)
			break;
	}
	if (st == STATUS_OK && !run->done)
		st = err_set(err, STATUS_CANCELLED,
			     "the server is stopping; the manifest is indexed when it runs again");
	else if (st == STATUS_OK && run->elsewhere)
		st = err_set(err, STATUS_CONFLICT, "another node is at it");
	else if (st == STATUS_OK)
		st = take_answer(run, arena, out, err);
	unref_run(run);
	pthread_mutex_unlock(&ix->lock);
	return st;
}

enum status indexer_post(struct indexer *ix, const struct posted_manifest *m, bool (*gone)(void *ctx), void *ctx,
			 struct arena *arena, struct indexer_answer *out, struct err *err)
{
	struct buf AUTO(buf_fini) report = BUF_INIT(ix->options.limits->index_bytes);
	struct run *run;
	enum status st;
	bool found;

	*out = (struct indexer_answer){ .result = INDEXER_FINISHED };
	TRY(run_stored(ix, &m->digest, &report, &found, err));
	if (found)
		return arena_copy(arena, buf_slice(&report), &out->report) ? STATUS_OK : err_nomem(err, "a report");
	do {
		TRY(join_run(ix, m, &run, err));
		st = wait_for(ix, run, gone, ctx, arena, out, err);
	} while (st == STATUS_CONFLICT); /* joined a moment too late: the next run waits for the other node */
	return st;
}

/* ---- the others ---- */

static enum status under_way(const struct digest *manifest, const char *state, struct report_body **out,
			     struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	struct digest_text digest;

	buf_printf(&text,
		   "{\"manifest_hash\":\"%s\",\"state\":\"%s\",\"packages\":{},\"distributions\":{},"
		   "\"repository\":{},\"environments\":{},\"success\":false,\"err\":\"\"}",
		   digest_print(&digest, manifest), state);
	TRY(buf_check(&text, "an index report", err));
	*out = report_body_new(&text, true);
	return *out ? STATUS_OK : err_nomem(err, "an index report");
}

static enum status read_body(struct indexer *ix, struct store *store, const struct digest *manifest,
			     struct report_body **out, struct err *err)
{
	struct buf AUTO(buf_fini) report = BUF_INIT(ix->options.limits->index_bytes);
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct store_manifest m;

	TRY(store_manifest_get(store, manifest, &arena, &m, &report, err));
	*out = report_body_new(&report, false);
	return *out ? STATUS_OK : err_nomem(err, "an index report");
}

/* What was put, and when: another report, another key. */
static enum status make_key(const struct store_manifest *m, struct report_key *out, struct err *err)
{
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct digest digest;
	enum status st;

	if (!h)
		return err_nomem(err, "an index report");
	hasher_add(h, slice_make(m->digest.bytes, sizeof(m->digest.bytes)));
	hasher_add(h, slice_make(&m->updated_s, sizeof(m->updated_s)));
	hasher_add(h, m->state);
	hasher_add(h, m->indexer_state);
	st = hasher_final(h, &digest, err);
	hasher_free(h);
	memcpy(out->bytes, digest.bytes, sizeof(out->bytes));
	return st;
}

static enum status from_cache(struct indexer *ix, struct store *store, const struct store_manifest *m,
			      struct report_body **out, struct err *err)
{
	int64_t age = date_now() - m->updated_s;
	struct report_key key;
	enum status st;

	/* Within a second it may be put again, and nobody could tell. */
	if (age >= 0 && age < FRESH_S)
		return read_body(ix, store, &m->digest, out, err);
	TRY(make_key(m, &key, err));
	TRY(report_cache_get(ix->reports, &key, INDEXER_STORE_WAIT_MS, out, err));
	if (*out)
		return STATUS_OK;
	st = read_body(ix, store, &m->digest, out, err);
	if (st == STATUS_OK)
		report_cache_put(ix->reports, &key, *out);
	else
		report_cache_failed(ix->reports, &key);
	return st;
}

static enum status stored_body(struct indexer *ix, struct store *store, const struct digest *manifest,
			       struct report_body **out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct store_manifest m;
	struct store_pending pending;
	enum status st = store_manifest_get(store, manifest, &arena, &m, NULL, err);

	if (st == STATUS_OK)
		return from_cache(ix, store, &m, out, err);
	/* Another node is at it, or will be. */
	if (st == STATUS_NOTFOUND && store_pending_get(store, manifest, &pending, err) == STATUS_OK)
		return under_way(manifest, "CheckManifest", out, err);
	return st;
}

enum status indexer_get(struct indexer *ix, const struct digest *manifest, struct report_body **out, struct err *err)
{
	const char *state = NULL;
	struct store *store;
	struct run *run;
	enum status st;

	pthread_mutex_lock(&ix->lock);
	run = find_run(ix, manifest);
	if (run && !run->forget)
		state = run->state;
	pthread_mutex_unlock(&ix->lock);
	if (state)
		return under_way(manifest, state, out, err);
	TRY(indexer_take(ix, &store, err));
	st = stored_body(ix, store, manifest, out, err);
	store_pool_give(ix->options.store, store);
	return st;
}

enum status indexer_delete(struct indexer *ix, const struct digest *manifests, size_t n, bool *out_deleted,
			   struct err *err)
{
	struct store *store;
	enum status st;

	pthread_mutex_lock(&ix->lock);
	for (size_t i = 0; i < n; i++) {
		struct run *run = find_run(ix, &manifests[i]);

		if (run)
			run->forget = true;
		/* What is on its way into the store gets there first, or a crash would leave it there. */
		while ((run = find_run(ix, &manifests[i])) && run->putting)
			indexer_wait(ix, TICK_MS);
	}
	pthread_mutex_unlock(&ix->lock);
	TRY(indexer_take(ix, &store, err));
	st = store_manifests_delete(store, manifests, n, out_deleted, err);
	store_pool_give(ix->options.store, store);
	return st;
}

void indexer_load(struct indexer *ix, struct indexer_load *out)
{
	pthread_mutex_lock(&ix->lock);
	*out = ix->counts;
	out->running = ix->running;
	out->waiting = ix->waiting;
	out->layers = ix->workers_busy;
	pthread_mutex_unlock(&ix->lock);
}
