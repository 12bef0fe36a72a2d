/* SPDX-License-Identifier: Apache-2.0 */
/* threaded.c - a source that is read ahead by a thread of its own through a ring of buffers. */
#include "io/source.h"

#include <pthread.h>
#include <stdlib.h>

#define SLOTS 4
#define SLOT_BYTES ((size_t)256 << 10)

struct slot {
	uint8_t *bytes; /* owned, SLOT_BYTES */
	size_t len;
};

struct threaded_source {
	struct source base;
	struct source *inner; /* owned; used by the thread alone until it is joined */
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct slot slots[SLOTS];
	size_t filled, taken; /* slots produced and consumed so far */
	bool ended, stop;
	enum status failed;
	struct err err;
	size_t at; /* in the slot being consumed; only the consumer uses it */
};

/* Fill one slot as far as it goes without the lock: nobody else touches it before it is counted. */
static enum status fill_slot(struct threaded_source *t, struct slot *slot, struct err *err)
{
	slot->len = 0;
	while (slot->len < SLOT_BYTES) {
		size_t n;
		enum status st = source_read(t->inner, slot->bytes + slot->len, SLOT_BYTES - slot->len, &n, err);

		if (st != STATUS_OK)
			return st;
		if (n == 0)
			break;
		slot->len += n;
	}
	return STATUS_OK;
}

static void *run(void *arg)
{
	struct threaded_source *t = arg;
	bool more = true;

	while (more) {
		struct err err = ERR_INIT;
		enum status st;
		struct slot *slot;

		pthread_mutex_lock(&t->lock);
		while (t->filled - t->taken == SLOTS && !t->stop)
			pthread_cond_wait(&t->changed, &t->lock);
		more = !t->stop;
		slot = &t->slots[t->filled % SLOTS];
		pthread_mutex_unlock(&t->lock);
		if (!more)
			break;
		st = fill_slot(t, slot, &err);
		pthread_mutex_lock(&t->lock);
		if (slot->len > 0)
			t->filled++;
		more = st == STATUS_OK && slot->len == SLOT_BYTES;
		if (!more) {
			t->ended = true;
			t->failed = st;
			t->err = err;
		}
		pthread_cond_signal(&t->changed);
		pthread_mutex_unlock(&t->lock);
	}
	return NULL;
}

static enum status threaded_read(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct threaded_source *t = (struct threaded_source *)s;
	struct slot *slot;
	bool have;

	*out_n = 0;
	pthread_mutex_lock(&t->lock);
	while (t->filled == t->taken && !t->ended)
		pthread_cond_wait(&t->changed, &t->lock);
	have = t->filled != t->taken;
	slot = &t->slots[t->taken % SLOTS];
	pthread_mutex_unlock(&t->lock);
	if (!have) {
		/* The thread has ended: its fields do not change any more. */
		if (t->failed != STATUS_OK)
			*err = t->err;
		return t->failed;
	}
	*out_n = MIN(cap, slot->len - t->at);
	memcpy(buf, slot->bytes + t->at, *out_n);
	t->at += *out_n;
	if (t->at == slot->len) {
		t->at = 0;
		pthread_mutex_lock(&t->lock);
		t->taken++;
		pthread_cond_signal(&t->changed);
		pthread_mutex_unlock(&t->lock);
	}
	return STATUS_OK;
}

static void destroy(struct threaded_source *t)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(t->slots[i].bytes);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void threaded_close(struct source *s)
{
	struct threaded_source *t = (struct threaded_source *)s;

	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	source_free(t->inner);
	destroy(t);
}

struct source *source_threaded(struct source *inner)
{
	static const struct source_ops ops = { threaded_read, threaded_close };
	struct threaded_source *t = calloc(1, sizeof(*t));
	bool ready = t != NULL;

	if (!t)
		return inner;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	t->base.ops = &ops;
	t->inner = inner;
	for (size_t i = 0; i < SLOTS; i++) {
		t->slots[i].bytes = malloc(SLOT_BYTES);
		ready = ready && t->slots[i].bytes;
	}
	if (ready && pthread_create(&t->thread, NULL, run, t) == 0)
		return &t->base;
	destroy(t);
	return inner;
}
