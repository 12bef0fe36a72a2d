/* SPDX-License-Identifier: Apache-2.0 */
/* url.c - from what the configuration says to an engine. */
#include "store/url.h"

#include "store/pool.h"

bool store_is_remote(const char *where)
{
	struct slice s = slice_cstr(where);

	if (slice_starts(s, SLICE("postgres://")) || slice_starts(s, SLICE("postgresql://")))
		return true;
	/* Keywords and values: a folder's name may have an equals sign, but begins with a slash or a dot then. */
	return s.len > 0 && s.ptr[0] != '/' && s.ptr[0] != '.' && slice_find_byte(s, '=') != SIZE_MAX;
}

enum status store_url_pool(const char *where, struct store_url_pool *out, struct err *err)
{
	(void)where;
	(void)err;
	*out = (struct store_url_pool){ 0 };
	return STATUS_OK;
}

enum status store_open_url(const char *where, const struct store_options *options, struct store **out,
			   struct err *err)
{
	if (store_is_remote(where))
		return err_set(err, STATUS_UNSUPPORTED, "this program was built without PostgreSQL");
	return store_open(where, options, out, err);
}

enum status store_migrate(const char *where, const struct store_options *options, struct err *err)
{
	struct store *s = NULL;

	TRY(store_open_url(where, options, &s, err));
	store_close(s);
	return STATUS_OK;
}
