/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.c - a small table of the hosts of a run, each with the time of its next request. */
#include "feed/hosts.h"

#include "base/date.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Requests to one host: so many at once after a pause, then so many in a second. */
#define BURST 40u
#define PER_SECOND 20u
#define SECOND_NS UINT64_C(1000000000)
#define HOSTS_MAX 128u
#define NAME_BYTES 256u

struct host {
	char name[NAME_BYTES];
	uint64_t due_ns; /* of the request after those that were let through, at PER_SECOND */
	uint64_t not_before_ns;
	unsigned failures;    /* in a row */
	unsigned asked_for_s; /* longer than we wait */
};

struct hosts {
	pthread_mutex_t lock;
	struct host at[HOSTS_MAX];
	size_t n;
};

struct hosts *hosts_new(void)
{
	struct hosts *h = calloc(1, sizeof(*h));

	if (h)
		pthread_mutex_init(&h->lock, NULL);
	return h;
}

void hosts_free(struct hosts *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->lock);
	free(h);
}

struct slice hosts_name(struct slice url)
{
	size_t at = slice_find(url, SLICE("://"));
	struct slice rest = at == SIZE_MAX ? url : slice_from(url, at + 3), name, user;

	slice_cut(rest, '/', &name, NULL);
	return slice_cut(name, '@', &user, &rest) ? rest : name;
}

/* The host's row; those beyond the table share the last one. */
static struct host *find(struct hosts *h, struct slice url)
{
	struct slice name = slice_take(hosts_name(url), NAME_BYTES - 1);
	struct host *new;

	for (size_t i = 0; i < h->n; i++)
		if (slice_eq_nocase(slice_cstr(h->at[i].name), name))
			return &h->at[i];
	if (h->n == HOSTS_MAX)
		return &h->at[HOSTS_MAX - 1];
	new = &h->at[h->n++];
	memcpy(new->name, name.ptr, name.len);
	return new;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS) };

	nanosleep(&t, NULL);
}

static enum status given_up(const struct host *host, struct err *err)
{
	if (host->asked_for_s > 0)
		return err_set(err, STATUS_REMOTE, "%s wants to be left alone for %u s", host->name, host->asked_for_s);
	return err_set(err, STATUS_REMOTE, "%s is not asked any more: %u documents could not be had from it",
		       host->name, host->failures);
}

enum status hosts_wait(struct hosts *h, struct slice url, struct err *err)
{
	for (;;) {
		uint64_t now = date_monotonic_ns(), wait = 0;
		struct host *host;

		pthread_mutex_lock(&h->lock);
		host = find(h, url);
		if (host->failures >= HOSTS_FAILURES || host->asked_for_s > 0) {
			given_up(host, err);
			pthread_mutex_unlock(&h->lock);
			return err->code;
		}
		/* As if requests came at PER_SECOND, none more than BURST ahead of its time. */
		if (host->not_before_ns > now)
			wait = host->not_before_ns - now;
		else if (host->due_ns > now + BURST * (SECOND_NS / PER_SECOND))
			wait = SECOND_NS / PER_SECOND;
		else
			host->due_ns = MAX(host->due_ns, now) + SECOND_NS / PER_SECOND;
		pthread_mutex_unlock(&h->lock);
		if (wait == 0)
			return STATUS_OK;
		sleep_ns(wait);
	}
}

void hosts_told(struct hosts *h, struct slice url, enum hosts_outcome outcome, unsigned wait_s)
{
	struct host *host;

	pthread_mutex_lock(&h->lock);
	host = find(h, url);
	if (outcome == HOSTS_ANSWERED)
		host->failures = 0;
	else if (outcome == HOSTS_FAILED)
		host->failures++;
	else if (wait_s > HOSTS_PATIENCE_S)
		host->asked_for_s = MAX(host->asked_for_s, wait_s);
	else
		host->not_before_ns = MAX(host->not_before_ns, date_monotonic_ns() + wait_s * SECOND_NS);
	pthread_mutex_unlock(&h->lock);
}
