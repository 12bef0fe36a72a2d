/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - the HTTP server: one listener, its threads and pools.
 *
 * The network's threads never block: they read requests, hand them to the pool of their route and send what comes back.
 * docs/internals/server.md tells the life of a request.
 */
#ifndef LIMPID_SERVER_HTTP_H
#define LIMPID_SERVER_HTTP_H

#include "server/router.h"

struct http_options {
	enum route_listener listener;
	unsigned services;	  /* bits: whose paths exist */
	const char *address;	  /* host:port, [host]:port or :port; port 0 takes a free one */
	int fd;			  /* a listening socket that the server takes over, instead of address; -1: none */
	uint64_t max_body;	  /* bytes of a request's body, unless its route says else */
	unsigned workers;	  /* threads of pool QUICK */
	size_t queue;		  /* requests that may wait for one */
	unsigned index_requests;  /* threads of pool INDEX */
	unsigned connections;	  /* open at once */
	unsigned per_address;	  /* of one client's address; 0: no cap */
	unsigned idle_s;	  /* a connection without a request is closed */
	unsigned patience_s;	  /* headers must be there; a body and an answer make progress */
	uint64_t handler_ns;	  /* request_gone() is true after so long, and the answer 503; 0: never */
	const char *metrics_path; /* of introspection, instead of /metrics; "": there is none; NULL: as it is */
	bool compression;
	struct http_tls *tls; /* NULL: plain; borrowed */
};

struct http_server;

/* Listen and serve. Everything borrowed must outlive the server. STATUS_IO with the reason if the address is taken. */
enum status http_server_start(struct server_context *ctx, const struct http_options *options, struct http_server **out,
			      struct err *err) NODISCARD;
/* The address that it listens on, "127.0.0.1:6060". */
const char *http_server_address(const struct http_server *s);
/* Take no more connections and close those without a request. */
void http_server_quiesce(struct http_server *s);
/* Wait until nothing is in flight; false if something still is when the monotonic clock shows until_ns. */
bool http_server_drain(struct http_server *s, uint64_t until_ns);
/* request_gone() is true from here on. */
void http_server_cancel(struct http_server *s);
/* End. Only when drained: handlers that run cannot be stopped. NULL is fine. */
void http_server_stop(struct http_server *s);

#endif
