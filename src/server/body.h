/* SPDX-License-Identifier: Apache-2.0 */
/* body.h - a request's body that is read while it arrives, through a ring of bytes. Private to server/. */
#ifndef LIMPID_SERVER_BODY_H
#define LIMPID_SERVER_BODY_H

#include "io/source.h"

#include <pthread.h>

struct body_stream;

/*
 * lock guards the exchange and the ring; wake is called with it held when there is room again after body_stream_put()
 * took not all. NULL when memory is short. cap: bytes of the whole body; more is STATUS_LIMIT for the reader.
 */
struct body_stream *body_stream_new(pthread_mutex_t *lock, uint64_t cap, void (*wake)(void *ctx), void *ctx) NODISCARD;
void body_stream_free(struct body_stream *b);

/* The reader's side, borrowed from b: used by the handler's thread only. It waits for bytes. */
struct source *body_stream_source(struct body_stream *b);

/* The network's side, all with the lock held. */
size_t body_stream_put(struct body_stream *b, struct slice bytes); /* how many it took */
void body_stream_end(struct body_stream *b);			   /* all is there */
void body_stream_abort(struct body_stream *b);			   /* the client went away */
void body_stream_close(struct body_stream *b); /* the handler reads no more: what comes is dropped */

#endif
