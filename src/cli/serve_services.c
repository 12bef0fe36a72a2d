/* SPDX-License-Identifier: Apache-2.0 */
/* serve_services.c - which services a mode has. */
#include "cli/serve_services.h"

#include "server/router.h"

#include <stdlib.h>

struct services {
	const struct config *config; /* borrowed */
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
	struct services *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(err, "services");
	s->config = config;
	*out = s;
	return STATUS_OK;
}

enum status services_start(struct services *s, struct server_context *ctx, unsigned *out_bits, struct err *err)
{
	(void)err;
	ctx->config = s->config;
	*out_bits = services_of(s->config->mode);
	return STATUS_OK;
}

void services_stop(struct services *s)
{
	(void)s;
}

void services_free(struct services *s)
{
	free(s);
}
