/* SPDX-License-Identifier: Apache-2.0 */
/* http_impl.h - the server's inside: peers, who watches them, how it listens. Private to server/. */
#ifndef LIMPID_SERVER_HTTP_IMPL_H
#define LIMPID_SERVER_HTTP_IMPL_H

#include "server/exchange.h"

#include <microhttpd.h>

enum peer_phase {
	PEER_WAITING, /* for a request's headers to be complete */
	PEER_BODY,    /* a body arrives */
	PEER_HANDLER, /* nothing is expected of the client */
	PEER_SENDING, /* the answer goes out */
};

/* One connection. */
struct peer {
	struct peer *next, **link; /* of the server's list */
	int fd;
	_Atomic int phase;
	_Atomic uint64_t since_ns; /* in this phase, or since the last look at its progress */
	_Atomic uint64_t bytes;	   /* PEER_BODY: got since then; PEER_SENDING: to send in all */
	_Atomic uint64_t got;	   /* TCP's count of bytes when the last request ended */
	uint64_t hung_up;	   /* since_ns when the client was seen to have hung up; the watcher only */
	bool closing;		   /* shut down; only the watcher asks */
	bool known;		   /* its certificate was looked at, and is good */
};

struct http_server {
	struct server_context *ctx;
	struct http_options options;
	struct MHD_Daemon *daemon;
	int quiesced_fd; /* owned; of a daemon that listens no more, else -1 */
	struct pool *pools[POOLS];
	char address[128];
	bool started;
	char trouble[256]; /* what the library said before it was */

	pthread_mutex_t lock;	/* of the list, and of what follows */
	pthread_cond_t tick;	/* the watcher's */
	pthread_cond_t settled; /* a request is over */
	struct peer *peers;
	size_t n_peers;
	size_t in_flight;
	size_t parked; /* connections that are suspended */
	bool ending, stopping;
	_Atomic uint64_t held; /* bytes of bodies and answers */
	atomic_bool quiet;     /* takes no more connections */
	atomic_bool cancelled;
	pthread_t watcher;
	bool have_watcher;
};

/* Watch over slow and idle peers in a thread of its own, until server->ending. */
bool peers_watch(struct http_server *s);
void peers_unwatch(struct http_server *s);
void peer_added(struct http_server *s, struct peer *p);
void peer_removed(struct http_server *s, struct peer *p);
void peer_enter(struct peer *p, enum peer_phase phase, uint64_t bytes);
/* Bytes that came over the connection so far, as TCP counts; 0 if it does not say. */
uint64_t peer_received(int fd);

/* A listening socket for "host:port"; -1 on failure, which *err tells. name: the address in use. */
int http_listen(const char *address, char *name, size_t size, struct err *err);
/* The name of a socket that listens already. */
void http_socket_name(int fd, char *name, size_t size);

#endif
