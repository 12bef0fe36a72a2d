/* SPDX-License-Identifier: Apache-2.0 */
/* introspection.h - readings of the process, for metrics_collector(). */
#ifndef LIMPID_SERVER_INTROSPECTION_H
#define LIMPID_SERVER_INTROSPECTION_H

struct metrics;

/* ctx is a struct server_context. */
void introspection_collect(void *ctx, struct metrics *m);

#endif
