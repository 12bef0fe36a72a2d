/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_setup.h - the matcher and its updaters as the settings say, put into the context of the handlers. */
#ifndef LIMPID_SERVER_MATCHER_SETUP_H
#define LIMPID_SERVER_MATCHER_SETUP_H

#include "base/err.h"
#include "server/context.h"
#include "service/matcher.h"

struct matcher_setup;

struct matcher_setup_options {
	/* Of the indexer in this process; NULL: it is asked by HTTP (matcher.indexer_addr). Borrowed. */
	struct store_pool *index_store;
	const char *update_program; /* path of limpid-update; copied. NULL: it is not installed */
	char *const *environment;   /* of the updaters; borrowed */
	bool (*scope_served)(struct slice scope, struct slice *out_feed);
	struct matcher_judge judge;
};

/*
 * Open the matcher's store and what is in force; nothing runs yet. ctx->config, log, metrics and version are there,
 * matcher, matcher_store and updates are set.
 */
enum status matcher_setup_open(const struct matcher_setup_options *options, struct server_context *ctx,
			       struct matcher_setup **out, struct err *err) NODISCARD;
/* Follow the store and run updaters: threads start. */
enum status matcher_setup_start(struct matcher_setup *s, struct err *err) NODISCARD;
/* No handler runs any more. NULL is fine. */
void matcher_setup_end(struct matcher_setup *s);

#endif
