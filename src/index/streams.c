/* SPDX-License-Identifier: Apache-2.0 */
/* streams.c - layers of an image from the network into workers, several at once. */
#include "index/streams.h"

#include "base/date.h"
#include "io/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 32
#define WORKERS_DEFAULT 2
#define TICK_NS 200000000
#define THREADS_FROM ((uint64_t)2 << 20) /* stored bytes from which threads of a worker pay */
#define ZYGOTE_TRIES 2			 /* of a layer whose worker went with its zygote */

struct crew {
	const struct streams_options *options;
	struct worker_job *jobs;
	size_t n;
	_Atomic uint64_t bytes;
	_Atomic bool stop;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	size_t next, done;
	unsigned running;
	struct err first;
	struct sandbox_level level;
	bool have_level;
};

/* One layer on its way. */
struct passage {
	struct crew *crew;
	struct worker_job *job;
	struct zygote_job *worker; /* NULL before the first byte, and where bytes go to a pipe */
	struct hasher *hasher;
	uint64_t bytes;
	int pipe;	   /* to the reader of this process; -1 */
	struct err failed; /* of a fetch for the reader of this process */
};

/* ---- bytes ---- */

static enum status on_begin(void *ctx, uint64_t length, struct err *err)
{
	struct passage *p = ctx;
	const struct scan_job *scan = &p->job->scan;
	struct zygote_request req = { .digest = scan->layer->digest,
				      .aliases = scan->aliases,
				      .n_aliases = scan->n_aliases,
				      .lists = rules_wants_lists(scan->rules),
				      .threads = length == 0 || length >= THREADS_FROM,
				      .stop = &p->crew->stop };

	if (scan->verify_diff_id)
		req.diff_id = scan->layer->diff_id;
	/* Of a second pass it is there. */
	if (p->worker || p->pipe >= 0)
		return STATUS_OK;
	return zygote_job_start(p->crew->options->zygote, &req, &p->worker, err);
}

static enum status on_bytes(void *ctx, struct slice bytes, struct err *err)
{
	struct passage *p = ctx;
	struct err ignored = ERR_INIT;

	hasher_add(p->hasher, bytes);
	p->bytes += bytes.len;
	atomic_fetch_add(&p->crew->bytes, bytes.len);
	if (p->pipe < 0)
		return zygote_job_feed(p->worker, bytes, err);
	/* A reader that has heard enough is no failure; the digest is still wanted. */
	if (p->pipe >= 0 && file_write_all(p->pipe, bytes, &ignored) != STATUS_OK)
		ignored = (struct err)ERR_INIT;
	return STATUS_OK;
}

static enum status run_pass(struct passage *p, struct err *err)
{
	const struct streams_options *o = p->crew->options;
	const struct digest *want = &p->job->scan.layer->digest;
	struct layer_sink sink = { .begin = on_begin, .bytes = on_bytes, .ctx = p, .stop = &p->crew->stop };
	struct digest_text expected, got;
	struct digest found;
	enum status st;

	p->hasher = hasher_new(want->algo);
	if (!p->hasher)
		return err_nomem(err, "a digest");
	p->bytes = 0;
	st = o->pass(o->pass_ctx, p->job->scan.layer, &sink, err);
	if (st == STATUS_OK)
		st = hasher_final(p->hasher, &found, err);
	hasher_free(p->hasher);
	p->hasher = NULL;
	if (st == STATUS_OK && !digest_eq(&found, want))
		return err_set(err, STATUS_MISMATCH,
			       "the layer's digest is %s, not %s as the image says: its content was not used",
			       digest_print(&got, &found), digest_print(&expected, want));
	return st;
}

/* ---- with a worker ---- */

/* What a worker does not survive is in the layer; told in its report. */
static bool is_the_layers(enum status st)
{
	return st == STATUS_CRASHED || st == STATUS_MALFORMED || st == STATUS_LIMIT || st == STATUS_MISMATCH;
}

static enum status read_by_worker(struct passage *p, struct err *err)
{
	enum zygote_news news = ZYGOTE_AGAIN;
	unsigned tries = 0;

	while (news == ZYGOTE_AGAIN) {
		enum status st = run_pass(p, err);

		if (st == STATUS_OK && !p->worker)
			st = on_begin(p, 0, err); /* an empty layer */
		if (st == STATUS_OK)
			st = zygote_job_wait(p->worker, &p->job->arena, &news, &p->job->report, err);
		if (st == STATUS_OK)
			continue;
		if (st != STATUS_CONFLICT || tries++ >= ZYGOTE_TRIES)
			return st;
		zygote_job_free(p->worker);
		p->worker = NULL;
		news = ZYGOTE_AGAIN;
	}
	return STATUS_OK;
}

static void keep_level(struct passage *p)
{
	struct sandbox_level level;
	struct crew *c = p->crew;

	if (!p->worker)
		return;
	zygote_job_level(p->worker, &level);
	pthread_mutex_lock(&c->lock);
	if (!c->have_level || !sandbox_is_full(&level))
		c->level = level;
	c->have_level = true;
	pthread_mutex_unlock(&c->lock);
}

/* ---- in this process ---- */

/* The scan pulls and the network pushes: a thread and a pipe between them. */
struct pipe_source {
	struct source base;
	struct source *inner; /* owned, of the pipe */
	struct passage passage;
	struct passage *origin; /* borrowed: gets what became of it */
	pthread_t thread;
	int fd;
	bool joined;
};

static void *push(void *arg)
{
	struct pipe_source *s = arg;

	if (run_pass(&s->passage, &s->passage.failed) == STATUS_OK)
		s->passage.failed = (struct err)ERR_INIT;
	close_fd(&s->passage.pipe);
	return NULL;
}

static void join(struct pipe_source *s)
{
	if (!s->joined)
		pthread_join(s->thread, NULL);
	s->joined = true;
}

/* What broke off is no end. */
static enum status pipe_read(struct source *base, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct pipe_source *s = (struct pipe_source *)base;

	TRY(source_read(s->inner, buf, cap, out_n, err));
	if (*out_n > 0)
		return STATUS_OK;
	join(s);
	if (s->passage.failed.code != STATUS_OK)
		*err = s->passage.failed;
	return s->passage.failed.code;
}

static void pipe_close(struct source *base)
{
	struct pipe_source *s = (struct pipe_source *)base;

	source_free(s->inner);
	close_fd(&s->fd); /* upon which the other end's writes fail */
	join(s);
	s->origin->bytes = s->passage.bytes;
	if (s->passage.failed.code != STATUS_OK)
		s->origin->failed = s->passage.failed;
	free(s);
}

static enum status open_pipe(void *ctx, bool again, struct source **out, struct err *err)
{
	static const struct source_ops ops = { pipe_read, pipe_close };
	struct passage *from = ctx;
	struct pipe_source *s = calloc(1, sizeof(*s));
	int fds[2];

	(void)again;
	if (!s)
		return err_nomem(err, "a layer");
	if (pipe2(fds, O_CLOEXEC) < 0) {
		free(s);
		return err_errno(err, "a pipe");
	}
	*s = (struct pipe_source){ .base = { .ops = &ops }, .passage = *from, .origin = from, .fd = fds[0] };
	s->passage.pipe = fds[1];
	s->inner = source_from_pipe(fds[0]);
	if (!s->inner || pthread_create(&s->thread, NULL, push, s) != 0) {
		source_free(s->inner);
		close(fds[0]);
		close(fds[1]);
		free(s);
		return err_nomem(err, "a layer");
	}
	*out = &s->base;
	return STATUS_OK;
}

static enum status read_here(struct passage *p, struct err *err)
{
	struct scan_job job = p->job->scan;

	job.open = open_pipe;
	job.open_ctx = p;
	job.known_digest = job.layer->digest; /* which the other end checks */
	TRY(scan_layer(&job, &p->job->arena, &p->job->report, err));
	if (p->failed.code != STATUS_OK)
		*err = p->failed;
	return p->failed.code;
}

/* ---- the crew ---- */

static enum status read_job(struct crew *c, struct worker_job *job, struct err *err)
{
	struct passage p = { .crew = c, .job = job, .pipe = -1, .failed = ERR_INIT };
	enum status st = c->options->zygote ? read_by_worker(&p, err) : read_here(&p, err);

	keep_level(&p);
	zygote_job_free(p.worker);
	if (is_the_layers(st)) {
		worker_job_fail(job, err->msg);
		st = STATUS_OK;
	}
	job->report.bytes_stored = p.bytes;
	job->done = true;
	return st;
}

static void *crew_member(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	while (c->next < c->n) {
		struct worker_job *job = &c->jobs[c->next++];
		struct err err = ERR_INIT;
		enum status st;

		pthread_mutex_unlock(&c->lock);
		st = read_job(c, job, &err);
		pthread_mutex_lock(&c->lock);
		c->done++;
		if (st != STATUS_OK) {
			/* What others say after that is only that they were told to stop. */
			if (c->first.code == STATUS_OK)
				c->first = err;
			c->next = c->n;
			atomic_store(&c->stop, true);
		}
	}
	c->running--;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void wait_and_tell(struct crew *c)
{
	const struct streams_options *o = c->options;

	pthread_mutex_lock(&c->lock);
	while (c->running > 0) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TICK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&c->changed, &c->lock, &until);
		if (o->progress)
			o->progress(o->progress_ctx, c->done, atomic_load(&c->bytes));
	}
	pthread_mutex_unlock(&c->lock);
}

static unsigned workers_of(const struct streams_options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	/* While one waits for the network, another has work. */
	return o->workers ? o->workers : (unsigned)MAX(cpus, (long)WORKERS_DEFAULT);
}

enum status streams_read(const struct streams_options *options, struct worker_job *jobs, size_t n,
			 struct sandbox_level *level, struct err *err)
{
	struct crew c = { .options = options, .jobs = jobs, .n = n, .first = ERR_INIT };
	size_t want = options->zygote ? MIN(MIN(n, (size_t)workers_of(options)), (size_t)WORKERS_MAX) : 1, made = 0;
	pthread_t threads[WORKERS_MAX];

	pthread_mutex_init(&c.lock, NULL);
	pthread_cond_init(&c.changed, NULL);
	pthread_mutex_lock(&c.lock);
	for (; made < want && pthread_create(&threads[made], NULL, crew_member, &c) == 0; made++)
		c.running++;
	pthread_mutex_unlock(&c.lock);
	wait_and_tell(&c);
	for (size_t i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&c.changed);
	pthread_mutex_destroy(&c.lock);
	if (made == 0)
		return err_nomem(err, "threads that fetch layers");
	*level = c.level;
	if (c.first.code != STATUS_OK)
		*err = c.first;
	return c.first.code;
}
