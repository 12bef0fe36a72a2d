/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_layer.c - layers: known, being read, or fetched into a worker; each once, however many runs want it. */
#include "service/indexer_impl.h"

#include "base/date.h"
#include "index/layer_cache.h"

#include <stdlib.h>
#include <unistd.h>

#define TICK_MS 250
#define THREADS_FROM ((uint64_t)2 << 20) /* stored bytes from which threads of a worker pay */
#define LAYER_THREADS_MAX 64
#define ZYGOTE_TRIES 2 /* of a layer whose worker went with its zygote */

/* ---- one reading: bytes → digest and worker ---- */

struct layer_pass {
	struct indexer *indexer;
	struct worker_job *job;
	const struct layer_input *input;
	struct zygote_job *worker; /* NULL before the first byte */
	struct hasher *hasher;	   /* of this pass */
	uint64_t bytes, deadline_ns;
	bool crashed; /* the layer is lost, and it is told in its report */
	bool counted; /* among the workers that are busy */
};

/* ---- workers at once ---- */

static enum status take_worker(struct indexer *ix, const _Atomic bool *stop, struct err *err)
{
	bool have;

	pthread_mutex_lock(&ix->lock);
	while (ix->workers_busy >= ix->options.workers && !ix->stopping && !(stop && atomic_load(stop)))
		indexer_wait(ix, TICK_MS);
	have = ix->workers_busy < ix->options.workers && !ix->stopping && !(stop && atomic_load(stop));
	if (have)
		ix->workers_busy++;
	pthread_mutex_unlock(&ix->lock);
	return have ? STATUS_OK : err_set(err, STATUS_CANCELLED, "cancelled");
}

static void give_worker(struct indexer *ix, const struct layer_pass *p, bool good)
{
	pthread_mutex_lock(&ix->lock);
	ix->workers_busy--;
	ix->counts.layers_read += good;
	ix->counts.bytes_read += p->bytes;
	pthread_cond_broadcast(&ix->changed);
	pthread_mutex_unlock(&ix->lock);
}

enum status layer_pass_begin(struct layer_pass *p, uint64_t length, struct err *err)
{
	const struct scan_job *scan = &p->job->scan;
	struct zygote_request req = { .digest = scan->layer->digest,
				      .aliases = scan->aliases,
				      .n_aliases = scan->n_aliases,
				      .threads = length == 0 || length >= THREADS_FROM,
				      .stop = p->input->stop };

	if (p->worker)
		return STATUS_OK;
	/* Not before there is something to read: a server that is slow to answer keeps no worker from others. */
	if (!p->counted)
		TRY(take_worker(p->indexer, p->input->stop, err));
	p->counted = true;
	return zygote_job_start(p->indexer->options.zygote, &req, &p->worker, err);
}

enum status layer_pass_bytes(struct layer_pass *p, struct slice bytes, struct err *err)
{
	if (!p->worker)
		TRY(layer_pass_begin(p, 0, err));
	if (date_monotonic_ns() > p->deadline_ns)
		return err_set(err, STATUS_TIMEOUT, "the layer did not come within %u s",
			       p->indexer->options.layer_timeout_s);
	hasher_add(p->hasher, bytes);
	p->bytes += bytes.len;
	return p->crashed ? STATUS_OK : zygote_job_feed(p->worker, bytes, err);
}

static enum status check_digest(struct layer_pass *p, struct err *err)
{
	const struct digest *want = &p->job->scan.layer->digest;
	struct digest_text expected, got;
	struct digest found;

	TRY(hasher_final(p->hasher, &found, err));
	if (digest_eq(&found, want))
		return STATUS_OK;
	return err_set(err, STATUS_MISMATCH, "validation failed: got \"%s\", expected \"%s\"",
		       digest_print(&got, &found), digest_print(&expected, want));
}

/* All bytes once, and the digest over them. */
static enum status run_pass(struct layer_pass *p, struct err *err)
{
	const struct digest *want = &p->job->scan.layer->digest;
	enum status st;

	p->hasher = hasher_new(want->algo);
	if (!p->hasher)
		return err_nomem(err, "a digest");
	p->bytes = 0;
	p->deadline_ns = date_monotonic_ns() + p->indexer->options.layer_timeout_s * UINT64_C(1000000000);
	st = p->input->pass(p->input->ctx, p, err);
	if (st == STATUS_OK && !p->worker)
		st = layer_pass_begin(p, 0, err); /* an empty layer */
	if (st == STATUS_OK)
		st = check_digest(p, err);
	hasher_free(p->hasher);
	p->hasher = NULL;
	return st;
}

/* What a worker does not survive is in the layer, not in us: told in its report. */
static bool is_the_workers(enum status st)
{
	return st == STATUS_CRASHED || st == STATUS_TIMEOUT || st == STATUS_MALFORMED || st == STATUS_LIMIT ||
	       st == STATUS_CONFLICT;
}

static enum status read_layer(struct layer_pass *p, struct err *err)
{
	enum zygote_news news = ZYGOTE_AGAIN;
	unsigned tries = 0;
	enum status st;

	while (news == ZYGOTE_AGAIN) {
		TRY(run_pass(p, err));
		st = zygote_job_wait(p->worker, &p->job->arena, &news, &p->job->report, err);
		if (st == STATUS_OK)
			continue;
		/* Not the layer's doing: it is read once more. */
		if (st == STATUS_CONFLICT && tries++ < ZYGOTE_TRIES) {
			zygote_job_free(p->worker);
			p->worker = NULL;
			news = ZYGOTE_AGAIN;
			continue;
		}
		if (!is_the_workers(st))
			return st;
		p->crashed = true;
		worker_job_fail(p->job, err->msg);
		break;
	}
	p->job->report.bytes_stored = p->bytes;
	p->job->done = true;
	return STATUS_OK;
}

/* ---- with one of the workers ---- */

static enum status read_with_worker(struct indexer *ix, struct worker_job *job, const struct layer_input *input,
				    bool *out_crashed, struct err *err)
{
	struct layer_pass p = { .indexer = ix, .job = job, .input = input };
	enum status st;

	st = read_layer(&p, err);
	zygote_job_free(p.worker);
	if (p.counted)
		give_worker(ix, &p, st == STATUS_OK);
	*out_crashed = p.crashed;
	return st;
}

/* ---- the cache ---- */

static enum status from_cache(struct indexer *ix, struct slice key, struct worker_job *job, struct err *err)
{
	struct store *store;
	enum status st;

	TRY(indexer_take(ix, &store, err));
	st = layer_cache_get(store, key, &job->scan.layer->digest, ix->options.limits, &job->arena, &job->report, err);
	store_pool_give(ix->options.store, store);
	if (st == STATUS_OK)
		job->done = true;
	return st;
}

enum status layer_cached(struct indexer *ix, struct worker_job *job, struct err *err)
{
	struct slice key;

	if (!layer_cache_key(&job->scan.layer->digest, (struct layer_read){ 0 }, NULL, 0, &job->arena, &key))
		return err_nomem(err, "a layer");
	return from_cache(ix, key, job, err);
}

/* What is not kept is read again by the next one: no reason to fail. */
static void to_cache(struct indexer *ix, struct slice key, const struct worker_job *job)
{
	struct err err = ERR_INIT;
	struct store *store;
	enum status st = indexer_take(ix, &store, &err);

	if (st == STATUS_OK) {
		st = layer_cache_put(store, key, &job->report, ix->options.limits, &err);
		store_pool_give(ix->options.store, store);
	}
	if (st != STATUS_OK)
		indexer_log_error(ix, "a layer's report is not kept", &job->scan.layer->digest, &err);
}

/* ---- once among all nodes ---- */

static enum status lock_layer(struct indexer *ix, const struct worker_job *job, const _Atomic bool *stop,
			      struct store_pool_lock **out, struct err *err)
{
	struct digest_text text;
	char name[160] = "layer ";
	enum status st;

	memcpy(name + 6, digest_print(&text, &job->scan.layer->digest), sizeof(text.text));
	do {
		st = store_pool_lock(ix->options.store, slice_cstr(name), TICK_MS, ix->wake_fd, out, err);
	} while (st == STATUS_CONFLICT && !(stop && atomic_load(stop)));
	if (st == STATUS_CONFLICT)
		return err_set(err, STATUS_CANCELLED, "cancelled");
	return st;
}

static enum status read_locked(struct indexer *ix, struct slice key, struct worker_job *job,
			       const struct layer_input *input, bool *out_known, bool *out_crashed, struct err *err)
{
	/* Another node may have read it while this one waited. */
	enum status st = from_cache(ix, key, job, err);

	*out_known = st == STATUS_OK;
	if (st != STATUS_NOTFOUND)
		return st;
	st = read_with_worker(ix, job, input, out_crashed, err);
	if (st == STATUS_OK)
		to_cache(ix, key, job);
	return st;
}

static enum status read_once(struct indexer *ix, struct slice key, struct worker_job *job,
			     const struct layer_input *input, bool *out_known, bool *out_crashed, struct err *err)
{
	struct store_pool_lock *lock;
	enum status st = from_cache(ix, key, job, err);

	*out_known = st == STATUS_OK;
	if (st != STATUS_NOTFOUND)
		return st;
	TRY(lock_layer(ix, job, input->stop, &lock, err));
	st = read_locked(ix, key, job, input, out_known, out_crashed, err);
	store_pool_unlock(lock);
	return st;
}

/* ---- once in this process ---- */

static void reading_unref(struct reading *r)
{
	if (--r->references > 0)
		return;
	buf_fini(&r->report);
	free((void *)(uintptr_t)r->key.ptr);
	free(r);
}

/* With the lock. *out_first: nobody is at it, and now the caller is. NULL when memory is short. */
static struct reading *reading_of(struct indexer *ix, struct slice key, bool *out_first)
{
	struct reading *r = ix->readings;
	uint8_t *copy;

	while (r && !slice_eq(r->key, key))
		r = r->next;
	*out_first = r == NULL;
	if (r) {
		r->references++;
		return r;
	}
	r = calloc(1, sizeof(*r));
	copy = malloc(key.len);
	if (!r || !copy) {
		free(r);
		free(copy);
		return NULL;
	}
	memcpy(copy, key.ptr, key.len);
	*r = (struct reading){ .next = ix->readings, .references = 2, .key = slice_make(copy, key.len) };
	r->report = (struct buf)BUF_INIT(ix->options.limits->report_bytes);
	ix->readings = r;
	return r;
}

/* With the lock. */
static void reading_done(struct indexer *ix, struct reading *r)
{
	struct reading **link = &ix->readings;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	r->done = true;
	reading_unref(r);
	pthread_cond_broadcast(&ix->changed);
}

/* The report as text for those who wait: it must not hang on a cache that may be full or gone. */
static void reading_end(struct indexer *ix, struct reading *r, const struct worker_job *job, bool good)
{
	struct err ignored = ERR_INIT;
	bool awaited;

	pthread_mutex_lock(&ix->lock);
	awaited = r->references > 2;
	pthread_mutex_unlock(&ix->lock);
	if (good && job->report.complete && awaited &&
	    layer_report_print(&job->report, &r->report, &ignored) != STATUS_OK)
		buf_reset(&r->report);
	pthread_mutex_lock(&ix->lock);
	/* Who came meanwhile finds it in the cache, or reads it again. */
	reading_done(ix, r);
	reading_unref(r);
	pthread_mutex_unlock(&ix->lock);
}

/* Wait for who is at it. False: he failed, or the caller gave up; then the caller tries himself. */
static bool reading_wait(struct indexer *ix, struct reading *r, struct worker_job *job, const _Atomic bool *stop)
{
	struct err ignored = ERR_INIT;
	bool have;

	pthread_mutex_lock(&ix->lock);
	while (!r->done && !ix->stopping && !(stop && atomic_load(stop)))
		indexer_wait(ix, TICK_MS);
	have = r->done && r->report.len > 0;
	pthread_mutex_unlock(&ix->lock);
	have = have && layer_report_parse(buf_slice(&r->report), ix->options.limits, &job->arena, &job->report,
					  &ignored) == STATUS_OK;
	job->done = have;
	pthread_mutex_lock(&ix->lock);
	reading_unref(r);
	pthread_mutex_unlock(&ix->lock);
	return have;
}

static void count_known(struct indexer *ix)
{
	pthread_mutex_lock(&ix->lock);
	ix->counts.layers_known++;
	pthread_mutex_unlock(&ix->lock);
}

enum status layer_obtain(struct indexer *ix, struct worker_job *job, const struct layer_input *input, bool *out_known,
			 bool *out_crashed, struct err *err)
{
	const struct scan_job *scan = &job->scan;
	struct arena AUTO(arena_fini) keys = ARENA_INIT((size_t)16 << 20);
	struct slice key;

	*out_known = *out_crashed = false;
	if (!layer_cache_key(&scan->layer->digest, (struct layer_read){ 0 }, scan->aliases, scan->n_aliases, &keys,
			     &key))
		return err_nomem(err, "a layer");
	for (;;) {
		struct reading *r;
		enum status st;
		bool first;

		if (atomic_load(&ix->stop_all) || (input->stop && atomic_load(input->stop)))
			return err_set(err, STATUS_CANCELLED, "cancelled");
		pthread_mutex_lock(&ix->lock);
		r = reading_of(ix, key, &first);
		pthread_mutex_unlock(&ix->lock);
		if (!r)
			return err_nomem(err, "a layer");
		if (!first && !reading_wait(ix, r, job, input->stop))
			continue;
		if (!first) {
			*out_known = true;
			count_known(ix);
			return STATUS_OK;
		}
		st = read_once(ix, key, job, input, out_known, out_crashed, err);
		reading_end(ix, r, job, st == STATUS_OK);
		if (*out_known)
			count_known(ix);
		return st;
	}
}

/* ---- the layers of a run ---- */

struct fetch {
	struct layer_pass *pass; /* at the moment */
	struct indexer *indexer;
	const struct posted_layer *layer;
	const _Atomic bool *stop;
	struct err begin_err;
};

static void on_begin(void *ctx, uint64_t length)
{
	struct fetch *f = ctx;

	/* What failed on the way and was mended is in it, too. */
	if (layer_pass_begin(f->pass, length, &f->begin_err) == STATUS_OK)
		f->begin_err = (struct err)ERR_INIT;
}

static enum status on_body(void *ctx, struct slice bytes, struct err *err)
{
	struct fetch *f = ctx;

	if (f->begin_err.code != STATUS_OK) {
		*err = f->begin_err;
		return err->code;
	}
	return layer_pass_bytes(f->pass, bytes, err);
}

static enum status fetch_pass(void *ctx, struct layer_pass *pass, struct err *err)
{
	struct fetch *f = ctx;
	struct http_field *fields = calloc(f->layer->n_headers + 1, sizeof(*fields));
	struct http_transfer t = { .url = f->layer->uri,
				   .headers = fields,
				   .n_headers = f->layer->n_headers,
				   .max_bytes = f->indexer->options.limits->layer_bytes,
				   .body = on_body,
				   .begin = on_begin,
				   .ctx = f,
				   .stop = f->stop };
	struct http_transferred done;
	enum status st;

	if (!fields)
		return err_nomem(err, "headers");
	for (size_t i = 0; i < f->layer->n_headers; i++)
		fields[i] = (struct http_field){ f->layer->headers[i].name, f->layer->headers[i].value };
	f->pass = pass;
	f->begin_err = (struct err)ERR_INIT;
	st = http_client_get(f->indexer->options.http, &t, &done, err);
	free(fields);
	if (st == STATUS_OK && f->begin_err.code != STATUS_OK)
		*err = f->begin_err;
	return st == STATUS_OK ? f->begin_err.code : st;
}

static const struct posted_layer *posted_of(const struct run *run, const struct digest *digest)
{
	for (size_t i = 0; i < run->manifest.n_layers; i++)
		if (digest_eq(&run->manifest.layers[i].digest, digest) && run->manifest.layers[i].uri.len > 0)
			return &run->manifest.layers[i];
	return NULL;
}

static enum status no_bytes(void *ctx, struct layer_pass *pass, struct err *err)
{
	struct digest_text text;

	(void)pass;
	return err_set(err, STATUS_NOTFOUND, "empty uri for layer %s, whose bytes are needed: push it (again)",
		       digest_print(&text, ctx));
}

static enum status obtain_of_run(struct run *run, struct worker_job *job, struct err *err)
{
	struct digest digest = job->scan.layer->digest;
	struct fetch fetch = { .indexer = run->indexer, .layer = posted_of(run, &digest), .stop = &run->stop };
	struct layer_input input = { .stop = &run->stop };
	int fd = pushed_open(run->indexer, &digest);
	bool known, crashed;
	enum status st;

	if (fd >= 0) {
		input.pass = pushed_pass;
		input.ctx = &fd;
	} else if (fetch.layer) {
		input.pass = fetch_pass;
		input.ctx = &fetch;
	} else {
		input.pass = no_bytes;
		input.ctx = &digest;
	}
	st = layer_obtain(run->indexer, job, &input, &known, &crashed, err);
	if (crashed)
		atomic_store(&run->crashed, true);
	close_fd(&fd);
	return st;
}

struct crew {
	struct run *run;
	struct worker_job *jobs;
	size_t n, next; /* next is taken with the lock */
	pthread_mutex_t lock;
	struct err first;
};

static void *crew_member(void *arg)
{
	struct crew *c = arg;

	for (;;) {
		struct err err = ERR_INIT;
		size_t i;

		pthread_mutex_lock(&c->lock);
		i = c->next++;
		pthread_mutex_unlock(&c->lock);
		if (i >= c->n)
			return NULL;
		if (obtain_of_run(c->run, &c->jobs[i], &err) == STATUS_OK)
			continue;
		pthread_mutex_lock(&c->lock);
		/* What others say after that is only that they were told to stop. */
		if (c->first.code == STATUS_OK)
			c->first = err;
		c->next = c->n;
		pthread_mutex_unlock(&c->lock);
		atomic_store(&c->run->stop, true);
	}
}

enum status run_read_layers(void *ctx, struct worker_job *jobs, size_t n, struct err *err)
{
	struct run *run = ctx;
	struct crew crew = { .run = run, .jobs = jobs, .n = n, .first = ERR_INIT };
	size_t want = MIN(MIN(n, (size_t)run->indexer->options.layers_per_run), (size_t)LAYER_THREADS_MAX), made = 0;
	pthread_t threads[LAYER_THREADS_MAX];

	pthread_mutex_init(&crew.lock, NULL);
	/* This thread is one of them. */
	while (made + 1 < want && pthread_create(&threads[made], NULL, crew_member, &crew) == 0)
		made++;
	crew_member(&crew);
	for (size_t i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&crew.lock);
	if (crew.first.code != STATUS_OK)
		*err = crew.first;
	return crew.first.code;
}
