/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_remote.h - index reports of an indexer in another process, asked by HTTP as Clair's matcher does. */
#ifndef LIMPID_SERVICE_MATCHER_REMOTE_H
#define LIMPID_SERVICE_MATCHER_REMOTE_H

#include "service/matcher.h"

struct matcher_remote;

struct matcher_remote_options {
	struct slice address;	     /* matcher.indexer_addr; copied */
	struct slice key;	     /* auth.psk's, to sign tokens with; empty: none are sent. Copied */
	const char *ca_file;	     /* NULL: the system's; borrowed during the call */
	const struct limits *limits; /* borrowed; NULL: the defaults */
};

enum status matcher_remote_new(const struct matcher_remote_options *options, struct matcher_remote **out,
			       struct err *err) NODISCARD;
void matcher_remote_free(struct matcher_remote *r); /* NULL is fine */

/* As matcher_reports.get; remote is the ctx. Each call is one request: what the indexer has may have changed. */
enum status matcher_remote_get(void *remote, const struct digest *manifest, bool want, struct arena *arena,
			       struct matcher_index *out, struct err *err) NODISCARD;

#endif
