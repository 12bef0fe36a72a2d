/* SPDX-License-Identifier: Apache-2.0 */
/* context.h - what all handlers share: the services of this process, its settings, metrics and log. */
#ifndef LIMPID_SERVER_CONTEXT_H
#define LIMPID_SERVER_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct config;
struct indexer;
struct matcher;
struct notifier;
struct store_pool;
struct updates;
struct metrics;
struct log;
struct auth;
struct harbor;
struct openapi;
struct otlp;

/* Everything is borrowed and outlives the servers; NULL where the mode has none. */
struct server_context {
	const struct config *config;
	struct indexer *indexer;
	struct matcher *matcher;
	_Atomic(struct matcher *) namer;  /* the same, for threads of the indexer, which run while it is made */
	struct store_pool *indexer_store; /* manifests and their reports */
	struct store_pool *matcher_store; /* sources and update operations */
	struct store_pool *notifier_store; /* notifications */
	struct notifier *notifier;
	struct harbor *harbor;		  /* scans that registries ask for; NULL without an indexer */
	struct updates *updates;	  /* NULL: this process runs no updaters */
	struct metrics *metrics;
	struct log *log;
	struct auth *auth; /* NULL: no tokens are asked for */
	const struct openapi *openapi;
	struct otlp *otlp; /* NULL: no collector */
	const char *version;
	int64_t started;      /* Unix seconds */
	atomic_bool ready;    /* requests can be answered */
	atomic_bool draining; /* the process is on its way out */
};

#endif
