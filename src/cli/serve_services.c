/* SPDX-License-Identifier: Apache-2.0 */
/* serve_services.c - which services a mode has. */
#include "cli/serve_services.h"

#include "server/indexer_setup.h"
#include "server/router.h"

#include <stdlib.h>

#define STORE_BUSY_MS 30000

struct services {
	const struct config *config; /* borrowed */
	struct server_context *ctx;  /* borrowed; NULL before services_start() */
	struct indexer_setup *indexer;
	struct store_pool *indexer_store;
};

static unsigned services_of(enum config_mode mode)
{
	switch (mode) {
	case CONFIG_INDEXER:
		return SERVICE_INDEXER;
	case CONFIG_MATCHER:
		return SERVICE_MATCHER;
	case CONFIG_NOTIFIER:
		return SERVICE_NOTIFIER;
	default:
		return SERVICE_INDEXER | SERVICE_MATCHER;
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
	if (services_of(config->mode) & SERVICE_INDEXER)
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

enum status services_start(struct services *s, struct server_context *ctx, unsigned *out_bits, struct err *err)
{
	const struct config *c = s->config;

	ctx->config = c;
	s->ctx = ctx;
	*out_bits = services_of(c->mode);
	if (!s->indexer)
		return STATUS_OK;
	TRY(open_store(c, c->indexer.engine, c->indexer.connstring, c->indexer.migrations, &s->indexer_store, err));
	return indexer_setup_finish(s->indexer, s->indexer_store, ctx, err);
}

void services_stop(struct services *s)
{
	if (s->ctx && s->ctx->indexer)
		indexer_stop(s->ctx->indexer);
}

void services_free(struct services *s)
{
	if (!s)
		return;
	indexer_setup_end(s->indexer, s->ctx);
	store_pool_close(s->indexer_store);
	free(s);
}
