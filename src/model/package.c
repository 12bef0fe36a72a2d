/* SPDX-License-Identifier: Apache-2.0 */
/* package.c - the table of package types. */
#include "model/package.h"

static const struct {
	const char *purl, *label, *scope;
	enum scheme_id scheme;
} types[PACKAGE_TYPE_COUNT] = {
	[PACKAGE_NONE] = { "", "", "", SCHEME_NONE },
#define PACKAGE_TYPE(id, purl, scheme, scope, label) [PACKAGE_##id] = { purl, label, scope, scheme },
#include "model/package_types.def"
#undef PACKAGE_TYPE
};

const char *package_type_purl(enum package_type t)
{
	return types[t].purl;
}

const char *package_type_label(enum package_type t)
{
	return types[t].label;
}

const char *package_type_scope(enum package_type t)
{
	return types[t].scope;
}

const struct version_scheme *package_type_scheme(enum package_type t)
{
	return scheme_get(types[t].scheme);
}

enum package_type package_type_by_purl(struct slice purl_type)
{
	for (size_t i = PACKAGE_NONE + 1; i < PACKAGE_TYPE_COUNT; i++)
		if (slice_eq(purl_type, slice_cstr(types[i].purl)))
			return (enum package_type)i;
	return PACKAGE_NONE;
}
