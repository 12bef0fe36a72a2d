/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - the ring between the network's thread and a handler that reads a body. */
#include "server/body.h"

#include <stdlib.h>

#define RING ((size_t)256 << 10)

struct body_stream {
	struct source source;
	pthread_mutex_t *lock; /* borrowed */
	pthread_cond_t more;
	void (*wake)(void *ctx);
	void *ctx;
	uint64_t cap, total;
	size_t at, len;
	bool full, ended, aborted, closed, over;
	uint8_t ring[RING];
};

static enum status read_body(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct body_stream *b = (struct body_stream *)s;
	enum status st = STATUS_OK;
	size_t n;

	pthread_mutex_lock(b->lock);
	while (b->len == 0 && !b->ended && !b->aborted && !b->over)
		pthread_cond_wait(&b->more, b->lock);
	n = MIN(MIN(cap, b->len), RING - b->at);
	if (n > 0) {
		memcpy(buf, b->ring + b->at, n);
		b->at = (b->at + n) % RING;
		b->len -= n;
		/* Not for every byte: a connection that wakes for little costs more than it brings. */
		if (b->full && b->len <= RING / 2) {
			b->full = false;
			b->wake(b->ctx);
		}
	} else if (b->over) {
		st = err_set(err, STATUS_LIMIT, "request body has more than %llu bytes", (unsigned long long)b->cap);
	} else if (b->aborted) {
		st = err_set(err, STATUS_CANCELLED, "the client went away before the end of its request");
	}
	pthread_mutex_unlock(b->lock);
	*out_n = n;
	return st;
}

/* The server frees it, when both sides are done. */
static void close_body(struct source *s)
{
	(void)s;
}

static const struct source_ops body_ops = { .read = read_body, .close = close_body };

struct body_stream *body_stream_new(pthread_mutex_t *lock, uint64_t cap, void (*wake)(void *ctx), void *ctx)
{
	struct body_stream *b = malloc(sizeof(*b));

	if (!b)
		return NULL;
	memset(b, 0, offsetof(struct body_stream, ring));
	b->source.ops = &body_ops;
	b->lock = lock;
	b->cap = cap;
	b->wake = wake;
	b->ctx = ctx;
	pthread_cond_init(&b->more, NULL);
	return b;
}

void body_stream_free(struct body_stream *b)
{
	if (!b)
		return;
	pthread_cond_destroy(&b->more);
	free(b);
}

struct source *body_stream_source(struct body_stream *b)
{
	return &b->source;
}

size_t body_stream_put(struct body_stream *b, struct slice bytes)
{
	size_t n, to, first;

	if (b->closed || b->over || b->aborted)
		return bytes.len;
	if (bytes.len > b->cap - b->total) {
		b->over = true;
		pthread_cond_signal(&b->more);
		return bytes.len;
	}
	n = MIN(bytes.len, RING - b->len);
	to = (b->at + b->len) % RING;
	first = MIN(n, RING - to);
	memcpy(b->ring + to, bytes.ptr, first);
	memcpy(b->ring, bytes.ptr + first, n - first);
	b->len += n;
	b->total += n;
	b->full = n < bytes.len;
	pthread_cond_signal(&b->more);
	return n;
}

void body_stream_end(struct body_stream *b)
{
	b->ended = true;
	pthread_cond_signal(&b->more);
}

void body_stream_abort(struct body_stream *b)
{
	b->aborted = true;
	pthread_cond_signal(&b->more);
}

void body_stream_close(struct body_stream *b)
{
	b->closed = true;
	if (b->full) {
		b->full = false;
		b->wake(b->ctx);
	}
}
