/* SPDX-License-Identifier: Apache-2.0 */
/* package.c - the table of package types, and how their names are folded. */
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

bool package_version_ok(enum package_type t, struct slice version)
{
	const struct version_scheme *scheme = package_type_scheme(t);

	return scheme ? scheme->valid(version) : version.len > 0;
}

enum package_type package_type_by_purl(struct slice purl_type)
{
	for (size_t i = PACKAGE_NONE + 1; i < PACKAGE_TYPE_COUNT; i++)
		if (slice_eq(purl_type, slice_cstr(types[i].purl)))
			return (enum package_type)i;
	return PACKAGE_NONE;
}

bool package_pypi_name(struct arena *a, struct slice name, struct slice *out)
{
	uint8_t *folded = arena_alloc(a, name.len + 1);
	size_t n = 0;
	bool gap = false;

	if (!folded)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!is_alnum(name.ptr[i])) {
			gap = true;
			continue;
		}
		if (gap && n > 0)
			folded[n++] = '-';
		gap = false;
		folded[n++] = to_lower(name.ptr[i]);
	}
	*out = slice_make(folded, n);
	return true;
}

bool package_pear_source(struct arena *a, struct slice name, struct slice *out)
{
	static const struct slice channel = SLICE_INIT("pear.php.net/"), vendor = SLICE_INIT("pear/");
	uint8_t *lower;

	*out = SLICE_EMPTY;
	if (!slice_starts(name, channel))
		return true;
	name = slice_from(name, channel.len);
	lower = arena_alloc(a, vendor.len + name.len);
	if (!lower)
		return false;
	memcpy(lower, vendor.ptr, vendor.len);
	for (size_t i = 0; i < name.len; i++)
		lower[vendor.len + i] = to_lower(name.ptr[i]);
	*out = slice_make(lower, vendor.len + name.len);
	return true;
}

bool package_folds_case(enum package_type t)
{
	return t == PACKAGE_NUGET || t == PACKAGE_COMPOSER;
}

/* "linux-signed", "linux-signed-hwe-5.15", "linux-signed-5.10-arm64" */
static bool is_signed_kernel(const struct package *p)
{
	struct slice rest, prefix = SLICE("linux-signed");

	if (p->type != PACKAGE_DEB || !slice_starts(p->source_name, prefix))
		return false;
	rest = slice_from(p->source_name, prefix.len);
	return rest.len == 0 || rest.ptr[0] == '-';
}

bool package_source(const struct package *p, struct arena *a, struct slice *name, struct slice *version)
{
	/* Debian has a source for each architecture whose kernels it signs. */
	static const char *const architectures[] = { "-amd64", "-arm64", "-i386" };
	struct slice rest = slice_from(p->source_name, strlen("linux-signed"));

	*name = p->source_name;
	*version = p->source_version;
	if (!is_signed_kernel(p))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
		if (slice_ends(rest, slice_cstr(architectures[i])))
			rest.len -= strlen(architectures[i]);
	*version = p->version;
	return arena_printf(a, name, "linux%.*s", SLICE_ARG(rest));
}

bool package_lookup_name(enum package_type t, struct arena *a, struct slice name, struct slice *out)
{
	char *folded;

	*out = name;
	if (t == PACKAGE_PYPI)
		return package_pypi_name(a, name, out);
	if (!package_folds_case(t))
		return true;
	folded = arena_cstr(a, name);
	for (size_t i = 0; folded && i < name.len; i++)
		folded[i] = (char)to_lower(name.ptr[i]);
	*out = slice_make(folded, name.len);
	return folded != NULL;
}
