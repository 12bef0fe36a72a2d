/* SPDX-License-Identifier: Apache-2.0 */
/* postgres.h - opening the shared engine. Private to store/. */
#ifndef LIMPID_STORE_POSTGRES_H
#define LIMPID_STORE_POSTGRES_H

#include "store/store.h"

/* keywords, values: of libpq, ended by NULL; taken over with their texts, and both arrays, in any case. */
enum status postgres_open(char **keywords, char **values, const struct store_options *options, struct store **out,
			  struct err *err) NODISCARD;

#endif
