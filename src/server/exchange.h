/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - one request and its answer, between the network and a handler. Private to server/.
 *
 * exchange_begin() and exchange_answer() know nothing of libmicrohttpd, so that tests and the fuzz target can drive
 * them.
 */
#ifndef LIMPID_SERVER_EXCHANGE_H
#define LIMPID_SERVER_EXCHANGE_H

#include "server/http.h"
#include "server/negotiate.h"
#include "server/pool.h"

#include <pthread.h>
#include <stdatomic.h>

/* Headers of a request: 100 are asked for by nobody, 8 KiB apiece by libmicrohttpd's memory. */
#define EXCHANGE_HEADERS 100
/* What a request and its answer may take beside bodies. */
#define EXCHANGE_MEMORY ((size_t)64 << 20)
/*
 * Bodies and answers of all requests of a server together; more get 503. A thousand reports of 1 MiB, or as many
 * clients that read slowly.
 */
#define EXCHANGE_HELD ((uint64_t)1 << 30)
/* The largest answer that is made in memory. */
#define EXCHANGE_ANSWER ((size_t)1 << 30)

enum exchange_phase {
	PHASE_HEADERS, /* nothing is known but the target */
	PHASE_BODY,    /* the body arrives and is kept */
	PHASE_REFUSED, /* the answer is there, the body is thrown away */
	PHASE_STREAM,  /* the handler runs and reads the body */
	PHASE_HANDLER, /* the handler runs */
	PHASE_ANSWER,  /* the answer is there */
	PHASE_SENDING,
};

struct body_stream;

struct exchange {
	struct pool_job job;
	struct http_server *server;
	struct server_context *ctx;
	const struct http_options *options;
	struct arena arena;
	struct request req;
	struct response resp;
	const struct route *route;     /* NULL: refused before one was found */
	const struct route_path *path; /* NULL: unknown path */
	struct buf body;
	uint64_t cap, body_bytes; /* of the body: at most, so far */
	enum content_coding coding;
	struct slice encoded; /* of the answer; owned if not NULL */
	uint64_t started_ns, sent_bytes;
	bool close; /* the connection cannot be used further */

	/* What the network's thread and the handler's share. */
	pthread_mutex_t lock;
	unsigned references; /* the network and the handler */
	enum exchange_phase phase;
	bool suspended, done, gone;
	void *connection;	    /* libmicrohttpd's, or NULL when it is over */
	int fd;			    /* of the peer; -1 when it is over */
	struct body_stream *stream; /* owned; NULL: none */
	struct peer *peer;
	bool counted;		       /* in flight, in the metrics */
	bool in_flight;		       /* and for the server's end */
	uint64_t dropped;	       /* bytes of a body that nobody reads */
	size_t held;		       /* bytes of body and answer; of */
	_Atomic uint64_t *held_by_all; /* those of all exchanges of the server; may be NULL */
};

/* NULL when memory is short. */
struct exchange *exchange_new(struct server_context *ctx, const struct http_options *options, struct slice target);
void exchange_free(struct exchange *ex);

/* Copy a header. False if there are too many or memory is short. */
bool exchange_header(struct exchange *ex, struct slice name, struct slice value) NODISCARD;

/*
 * The headers are there: find the route, check the token, the method, the body's announced size. True: go on with the
 * body, then with exchange_run(). False: the answer is there.
 */
bool exchange_begin(struct exchange *ex, struct slice method, struct slice remote);
/* A piece of the body that is kept whole; false: too large, the answer is there. */
bool exchange_body(struct exchange *ex, struct slice piece);
/* Run the handler, on whatever thread, and finish the answer. */
void exchange_run(struct exchange *ex);
/* Has its handler taken longer than it may? */
bool exchange_is_late(const struct exchange *ex);
/* There is no room in the pool. */
void exchange_turn_away(struct exchange *ex);
/* Compress and complete the headers. */
void exchange_finish(struct exchange *ex);
/* Count and log, when all is over. */
void exchange_account(struct exchange *ex);
/* The code that a pool answers when it is full; its name. */
int exchange_pool_code(enum route_pool pool);
const char *exchange_pool_name(enum route_pool pool);

#endif
