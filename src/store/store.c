/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - from a handle to its engine. */
#include "store/store_ops.h"

static const struct store_ops *ops_of(struct store *s)
{
	return ((struct store_base *)(void *)s)->ops;
}

#define OP(name, parameters, arguments)             \
	enum status store_##name parameters         \
	{                                           \
		return ops_of(s)->name arguments;   \
	}
#include "store/store_ops.def"
#undef OP
