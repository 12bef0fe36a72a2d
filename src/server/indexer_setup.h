/* SPDX-License-Identifier: Apache-2.0 */
/* indexer_setup.h - from the settings to an indexer: its zygote, its HTTP client, its threads. */
#ifndef LIMPID_SERVER_INDEXER_SETUP_H
#define LIMPID_SERVER_INDEXER_SETUP_H

#include "config/config.h"
#include "server/context.h"
#include "service/indexer.h"

struct indexer_setup;

/*
 * Before any thread is started: the zygote. respawn: as in struct zygote_options. config is borrowed for the setup's
 * life.
 */
enum status indexer_setup_begin(const struct config *config, char *const *respawn, struct indexer_setup **out,
				struct err *err) NODISCARD;
/* The rest; ctx->indexer is set. pool is borrowed, ctx has log and metrics. */
enum status indexer_setup_finish(struct indexer_setup *s, struct store_pool *pool, struct server_context *ctx,
				 struct err *err) NODISCARD;
/* No handler runs any more. NULL is fine, for ctx too: before indexer_setup_finish(). */
void indexer_setup_end(struct indexer_setup *s, struct server_context *ctx);

#endif
