/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - what a connection string says about the pool. Private to store/. */
#ifndef LIMPID_STORE_URL_H
#define LIMPID_STORE_URL_H

#include "base/err.h"

#include <stdbool.h>

/* pgx's keys; 0 where nothing is said, or for a folder. */
struct store_url_pool {
	unsigned max_conns, min_conns;
	uint64_t max_lifetime_ns, max_idle_ns, health_ns;
};
enum status store_url_pool(const char *where, struct store_url_pool *out, struct err *err) NODISCARD;

#endif
