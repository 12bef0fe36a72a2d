/* SPDX-License-Identifier: Apache-2.0 */
/* serve_services.h - the services that a mode has, put together from their settings. Private to cli/. */
#ifndef LIMPID_CLI_SERVE_SERVICES_H
#define LIMPID_CLI_SERVE_SERVICES_H

#include "config/config.h"
#include "server/context.h"

struct services;

/* The argument that makes this program the zygote of another one of it, in place of one that died. */
#define SERVICES_ZYGOTE "--zygote"

/*
 * What must happen while the process has one thread: processes that are forked later come from one that is forked here.
 * config is borrowed.
 */
enum status services_prepare(const struct config *config, struct services **out, struct err *err) NODISCARD;
/*
 * Open databases and start the services; fills ctx with them. When it returns, requests can be answered. *out_bits:
 * whose paths exist (enum route_services).
 */
enum status services_start(struct services *s, struct server_context *ctx, unsigned *out_bits,
			   struct err *err) NODISCARD;
/* The first half of the end: nothing new is begun, and who waits is answered. */
void services_stop(struct services *s);
/* The second, when no handler runs any more. NULL is fine. */
void services_free(struct services *s);

#endif
