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

void store_close(struct store *s)
{
	if (s)
		ops_of(s)->close(s);
}

void store_unlock(struct store *s, struct slice name)
{
	ops_of(s)->unlock(s, name);
}

void store_unlock_all(struct store *s)
{
	ops_of(s)->unlock_all(s);
}
