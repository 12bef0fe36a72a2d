/* SPDX-License-Identifier: Apache-2.0 */
/* serve_services.c - which services a mode has, and where their databases are. */
#include "cli/serve_services.h"

#include "cli/cli.h"
#include "cli/serve_policy.h"

#include "server/indexer_setup.h"
#include "server/matcher_setup.h"
#include "server/notifier_setup.h"
#include "server/router.h"

#include <stdlib.h>
#include <unistd.h>

#define STORE_BUSY_MS 30000

struct services {
	const struct config *config; /* borrowed */
	struct server_context *ctx;  /* borrowed; NULL before services_start() */
	struct indexer_setup *indexer;
	struct store_pool *indexer_store;
	struct matcher_setup *matcher;
	struct notifier_setup *notifier;
	struct serve_policy *policy; /* NULL: there is none */
};

static unsigned services_of(const struct config *c)
{
	switch (c->mode) {
	case CONFIG_INDEXER:
		return SERVICE_INDEXER;
	case CONFIG_MATCHER:
		return SERVICE_MATCHER;
	case CONFIG_NOTIFIER:
		return SERVICE_NOTIFIER;
	default:
		/* Paths of a notifier that is not there are unknown, as in Clair. */
		return SERVICE_INDEXER | SERVICE_MATCHER | (notifier_setup_wanted(c) ? SERVICE_NOTIFIER : 0);
	}
}

enum status services_prepare(const struct config *config, struct services **out, struct err *err)
{
	static char self[] = "/proc/self/exe", zygote[] = SERVICES_ZYGOTE;
	static char *const respawn[] = { self, zygote, NULL };
	struct services *s = calloc(1, sizeof(*s));
	enum status st = STATUS_OK;

	if (!s)
		return err_nomem(err, "services");
	s->config = config;
	if (services_of(config) & SERVICE_INDEXER)
		st = indexer_setup_begin(config, respawn, &s->indexer, err);
	if (st != STATUS_OK) {
		services_free(s);
		return st;
	}
	*out = s;
	return STATUS_OK;
}

static enum status open_store(const struct config *c, enum config_engine engine, struct slice connstring,
			      bool migrations, struct store_pool **out, struct err *err)
{
	const struct store_pool_options options = { .store = { .busy_ms = STORE_BUSY_MS,
							       .cache_bytes = c->limpid.limits.cache_bytes,
							       .no_migrate = engine == CONFIG_POSTGRES && !migrations },
						    .max = (unsigned)MAX(c->limpid.database_connections, 0) };

	return store_pool_open(config_cstr(engine == CONFIG_POSTGRES ? connstring : c->limpid.data_dir), &options, out,
			       err);
}

static enum status start_indexer(struct services *s, struct err *err)
{
	const struct config *c = s->config;

	TRY(open_store(c, c->indexer.engine, c->indexer.connstring, c->indexer.migrations, &s->indexer_store, err));
	s->ctx->indexer_store = s->indexer_store;
	return indexer_setup_finish(s->indexer, s->indexer_store, s->ctx, err);
}

static enum status start_matcher(struct services *s, struct err *err)
{
	static const char *const places[] = { "limpid-update", LIMPID_LIBEXEC "/limpid-update" };
	char program[4200];
	struct matcher_setup_options options = { .index_store = s->indexer_store,
						 .environment = environ,
						 .scope_served = cli_scope_served };

	TRY(serve_policy_open(s->config, &s->policy, err));
	if (s->policy)
		options.judge = serve_policy_judge(s->policy);
	if (cli_find(places, ARRAY_LEN(places), program, sizeof(program)))
		options.update_program = program;
	TRY(matcher_setup_open(&options, s->ctx, &s->matcher, err));
	return matcher_setup_start(s->matcher, err);
}

static enum status start_notifier(struct services *s, struct err *err)
{
	TRY(notifier_setup_open(s->ctx, &s->notifier, err));
	return notifier_setup_start(s->notifier, err);
}

enum status services_start(struct services *s, struct server_context *ctx, unsigned *out_bits, struct err *err)
{
	ctx->config = s->config;
	s->ctx = ctx;
	*out_bits = services_of(s->config);
	if (*out_bits & SERVICE_INDEXER)
		TRY(start_indexer(s, err));
	if (*out_bits & SERVICE_MATCHER)
		TRY(start_matcher(s, err));
	return *out_bits & SERVICE_NOTIFIER ? start_notifier(s, err) : STATUS_OK;
}

void services_stop(struct services *s)
{
	notifier_setup_stop(s->notifier);
	if (s->ctx && s->ctx->indexer)
		indexer_stop(s->ctx->indexer);
}

void services_free(struct services *s)
{
	if (!s)
		return;
	notifier_setup_end(s->notifier);
	/* Its threads ask the matcher. */
	if (s->ctx && s->ctx->indexer)
		indexer_stop(s->ctx->indexer);
	matcher_setup_end(s->matcher);
	indexer_setup_end(s->indexer, s->ctx);
	store_pool_close(s->indexer_store);
	serve_policy_free(s->policy);
	free(s);
}
