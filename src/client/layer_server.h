/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_server.h - layers of one image, served by HTTP while a Clair fetches them (libmicrohttpd).
 *
 * Only these layers are served, below a path that nobody can guess: who can connect sees nothing else, and no list.
 */
#ifndef LIMPID_CLIENT_LAYER_SERVER_H
#define LIMPID_CLIENT_LAYER_SERVER_H

#include "base/arena.h"
#include "io/source.h"

struct served_layer {
	struct slice path; /* below the secret one: "/71f2.../layer.tar"; borrowed */
	/* Plain bytes of a file, if fd is not -1 (borrowed): parts may be asked for. */
	int fd;
	uint64_t offset, length;
	/* Else a stream, opened for each request, from any thread. length is 0 where it is not known. */
	enum status (*open)(void *ctx, struct source **out, struct err *err);
	void *ctx;
};

struct layer_server_options {
	const char *ip;	   /* address or name by which it is reached; NULL: the one that leads to the peer */
	struct slice peer; /* URL of who will fetch */
	const struct served_layer *layers; /* borrowed */
	size_t n_layers;
};

#define LAYER_SERVER_PORT 9279u
/* Ports that are tried after it. */
#define LAYER_SERVER_PORTS 64u

struct layer_server;
/*
 * Listen on the address if it is one of this machine, else on all; on port 9279 or, where that is taken, the next one
 * that is free. STATUS_INVALID: the peer's URL, or an address, names no host.
 */
enum status layer_server_start(const struct layer_server_options *options, struct layer_server **out,
			       struct err *err) NODISCARD;
/* Ends what is under way. NULL is fine. */
void layer_server_stop(struct layer_server *s);

/* "http://172.17.0.1:9279/<secret>", borrowed: a layer's URL is this and its path. */
struct slice layer_server_base(const struct layer_server *s);
unsigned layer_server_port(const struct layer_server *s);
/* "172.17.0.1" */
const char *layer_server_host(const struct layer_server *s);
/* Requests for a layer that it has. */
unsigned layer_server_asked(const struct layer_server *s);

#endif
