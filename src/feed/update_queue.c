/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update_queue.c - many documents on their way at once: a few threads list and fetch, the run's own does the rest.
 *
 * A feed's sources are fetched while it is still listed, and a document that does not come holds up nobody else: of one
 * host a few are asked for at once, and those of other hosts go past it. Parsing is one document at a time, so memory
 * is that of the largest.
 */
#include "feed/update_impl.h"

#include <stdlib.h>

/* More than HOSTS_CONNECTIONS for each of a few hosts that hang. */
#define THREADS 16u
/* Documents that wait on disk for the one that parses. */
#define WAITING_MAX 8u
#define HOST_BYTES 256u

struct line {
	struct update_job *first, **last;
	size_t n;
};

struct active {
	char host[HOST_BYTES];
	unsigned n;
};

struct update_queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct update_run *lists; /* one for each feed; those from next_list on wait for a thread */
	size_t n_lists, next_list;
	size_t listing;	    /* lists that are not through */
	struct line listed; /* to begin */
	struct line to_fetch;
	struct line fetched; /* to end */
	size_t fetching;
	struct active hosts[THREADS]; /* of what is being fetched */
	bool stop;
};

static void line_init(struct line *l)
{
	*l = (struct line){ NULL, NULL, 0 };
	l->last = &l->first;
}

static void line_add(struct line *l, struct update_job *job)
{
	*update_job_next(job) = NULL;
	*l->last = job;
	l->last = update_job_next(job);
	l->n++;
}

/* Take out what *at points to. */
static struct update_job *line_take(struct line *l, struct update_job **at)
{
	struct update_job *job = *at;

	if (!job)
		return NULL;
	*at = *update_job_next(job);
	if (l->last == update_job_next(job))
		l->last = at;
	l->n--;
	return job;
}

/* ---- threads ---- */

static struct active *active_of(struct update_queue *q, struct slice host)
{
	struct active *none = NULL;

	for (size_t i = 0; i < THREADS; i++) {
		if (q->hosts[i].n == 0)
			none = none ? none : &q->hosts[i];
		else if (slice_eq(slice_cstr(q->hosts[i].host), host))
			return &q->hosts[i];
	}
	return none;
}

/* The first whose host is not busy. */
static struct update_job *choose(struct update_queue *q, struct active **out_host)
{
	if (q->fetched.n >= WAITING_MAX)
		return NULL;
	for (struct update_job **at = &q->to_fetch.first; *at; at = update_job_next(*at)) {
		struct slice host = slice_take(hosts_name(update_job_url(*at)), HOST_BYTES - 1);
		struct active *a = active_of(q, host);

		if (a->n >= HOSTS_CONNECTIONS)
			continue;
		memcpy(a->host, host.ptr, host.len);
		a->host[host.len] = '\0';
		a->n++;
		*out_host = a;
		return line_take(&q->to_fetch, at);
	}
	return NULL;
}

/* With the lock held, as it is after. */
static bool work(struct update_queue *q)
{
	struct active *host;
	struct update_job *job;

	if (q->next_list < q->n_lists) {
		struct update_run *run = &q->lists[q->next_list++];

		pthread_mutex_unlock(&q->lock);
		update_list(run);
		pthread_mutex_lock(&q->lock);
		q->listing--;
		return true;
	}
	job = choose(q, &host);
	if (!job)
		return false;
	q->fetching++;
	pthread_mutex_unlock(&q->lock);
	update_job_fetch(job);
	pthread_mutex_lock(&q->lock);
	q->fetching--;
	host->n--;
	line_add(&q->fetched, job);
	return true;
}

static void *thread(void *arg)
{
	struct update_queue *q = arg;

	pthread_mutex_lock(&q->lock);
	while (!q->stop) {
		if (work(q))
			pthread_cond_broadcast(&q->changed);
		else
			pthread_cond_wait(&q->changed, &q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

void update_queue_add(struct update_queue *q, struct update_job *job)
{
	pthread_mutex_lock(&q->lock);
	line_add(&q->listed, job);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

/* ---- the run's thread ---- */

static void begin(struct update_queue *q, struct update_job *job)
{
	bool wanted = update_job_begin(job);

	pthread_mutex_lock(&q->lock);
	if (wanted) {
		line_add(&q->to_fetch, job);
		pthread_cond_broadcast(&q->changed);
	}
	pthread_mutex_unlock(&q->lock);
	if (!wanted)
		update_job_free(job);
}

static void end(struct update_queue *q, struct update_job *job)
{
	update_job_end(job);
	update_job_free(job);
	pthread_mutex_lock(&q->lock);
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
}

/* Beginning comes first: bytes are on their way then. */
static void serve(struct update_queue *q)
{
	for (;;) {
		struct update_job *new, *here = NULL;
		bool more;

		pthread_mutex_lock(&q->lock);
		while (!q->listed.first && !q->fetched.first && q->listing + q->fetching + q->to_fetch.n > 0)
			pthread_cond_wait(&q->changed, &q->lock);
		new = line_take(&q->listed, &q->listed.first);
		if (!new)
			here = line_take(&q->fetched, &q->fetched.first);
		more = new || here;
		pthread_mutex_unlock(&q->lock);
		if (!more)
			return;
		if (new)
			begin(q, new);
		else
			end(q, here);
	}
}

static enum status run_threads(struct update_queue *q, struct err *err)
{
	pthread_t threads[THREADS];
	size_t n = 0;

	while (n < THREADS && pthread_create(&threads[n], NULL, thread, q) == 0)
		n++;
	if (n > 0)
		serve(q);
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_broadcast(&q->changed);
	pthread_mutex_unlock(&q->lock);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return n > 0 ? STATUS_OK : err_nomem(err, "threads of an update");
}

enum status update_queue_run(struct update_run *run, struct update_feed *feeds, size_t n, struct err *err)
{
	struct update_queue q = { .n_lists = n, .listing = n };
	enum status st;

	q.lists = calloc(n + 1, sizeof(*q.lists));
	if (!q.lists)
		return err_nomem(err, "update");
	for (size_t i = 0; i < n; i++) {
		q.lists[i] = *run;
		q.lists[i].queue = &q;
		q.lists[i].of = &feeds[i];
		q.lists[i].feed = feeds[i].feed;
		q.lists[i].place.progress_ctx = &q.lists[i];
	}
	line_init(&q.listed);
	line_init(&q.to_fetch);
	line_init(&q.fetched);
	pthread_mutex_init(&q.lock, NULL);
	pthread_cond_init(&q.changed, NULL);
	st = run_threads(&q, err);
	pthread_cond_destroy(&q.changed);
	pthread_mutex_destroy(&q.lock);
	free(q.lists);
	return st;
}
