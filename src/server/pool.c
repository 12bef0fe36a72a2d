/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - threads that take jobs from one queue. */
#include "server/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct pool_job *first, **last; /* jobs that wait */
	size_t waiting, queue;
	unsigned busy, idle, made, most;
	bool ending;
	size_t stack_bytes;
	pthread_t threads[];
};

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_setname_np(pthread_self(), "handler");
	pthread_mutex_lock(&p->lock);
	for (;;) {
		struct pool_job *job;

		while (!p->first && !p->ending) {
			p->idle++;
			pthread_cond_wait(&p->work, &p->lock);
			p->idle--;
		}
		job = p->first;
		if (!job)
			break;
		p->first = job->next;
		if (!p->first)
			p->last = &p->first;
		p->waiting--;
		p->busy++;
		pthread_mutex_unlock(&p->lock);
		job->run(job);
		pthread_mutex_lock(&p->lock);
		p->busy--;
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *pool_new(unsigned threads, size_t queue, size_t stack_bytes)
{
	struct pool *p = calloc(1, sizeof(*p) + threads * sizeof(p->threads[0]));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->last = &p->first;
	p->most = threads;
	p->queue = queue;
	p->stack_bytes = stack_bytes;
	return p;
}

/* Signals are the main thread's. */
static bool make_thread(struct pool *p)
{
	pthread_attr_t attr;
	sigset_t all, old;
	bool ok;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, p->stack_bytes);
	ok = pthread_create(&p->threads[p->made], &attr, work, p) == 0;
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	p->made += ok;
	return ok;
}

bool pool_submit(struct pool *p, struct pool_job *job)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	/* Jobs that wait have a thread each that is idle or will be made, or stand in the queue. */
	if (p->waiting >= p->idle && p->made < p->most)
		make_thread(p);
	ok = p->made > 0 && p->busy + p->waiting < (size_t)p->made + p->queue;
	if (ok) {
		job->next = NULL;
		*p->last = job;
		p->last = &job->next;
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

void pool_load(struct pool *p, struct pool_load *out)
{
	pthread_mutex_lock(&p->lock);
	*out = (struct pool_load){ .threads = p->made, .busy = p->busy, .waiting = p->waiting };
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->made; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
