/* SPDX-License-Identifier: Apache-2.0 */
/* introspection.h - readings of the process: for metrics_collector(), and whether it can do its work. */
#ifndef LIMPID_SERVER_INTROSPECTION_H
#define LIMPID_SERVER_INTROSPECTION_H

#include "server/context.h"

struct metrics;

/* ctx is a struct server_context. */
void introspection_collect(void *ctx, struct metrics *m);

/* What /readyz says: started, not on the way out, and a notifier reaches its store and whom it asks. */
bool introspection_is_ready(const struct server_context *ctx);

#endif
