/* SPDX-License-Identifier: Apache-2.0 */
/* scheme.c - the table of version schemes. */
#include "version/scheme.h"

static const struct version_scheme *const schemes[SCHEME_COUNT] = {
#define SCHEME(name, what) [SCHEME_##name] = &version_scheme_##name,
#include "version/schemes.def"
#undef SCHEME
};

const struct version_scheme *scheme_get(enum scheme_id id)
{
	return id > SCHEME_NONE && id < SCHEME_COUNT ? schemes[id] : NULL;
}

enum scheme_id scheme_id_by_name(struct slice name)
{
	for (size_t i = SCHEME_NONE + 1; i < SCHEME_COUNT; i++)
		if (slice_eq(name, slice_cstr(schemes[i]->name)))
			return (enum scheme_id)i;
	return SCHEME_NONE;
}

const struct version_scheme *scheme_by_name(struct slice name)
{
	return scheme_get(scheme_id_by_name(name));
}
