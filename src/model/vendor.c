/* SPDX-License-Identifier: Apache-2.0 */
/* vendor.c - marks of those who build packages anew, in versions and names (vendors.def). */
#include "model/vendor.h"

static const struct {
	const char *scope, *name;
} vendors[VENDOR_COUNT] = {
	[VENDOR_NONE] = { "", "" },
#define VENDOR(id, scope, name) [VENDOR_##id] = { scope, name },
#include "model/vendors.def"
#undef VENDOR
};

const char *vendor_name(enum vendor v)
{
	return vendors[v].name;
}

/* ---- versions ---- */

/* Where mark begins in v behind one of the separators; SIZE_MAX: nowhere. */
static size_t find_mark(struct slice v, struct slice mark, const char *separators)
{
	size_t at = 0;

	while (at < v.len) {
		size_t i = slice_find(slice_from(v, at), mark);

		if (i == SIZE_MAX)
			return SIZE_MAX;
		at += i;
		if (at > 1 && strchr(separators, v.ptr[at - 1]))
			return at;
		at++;
	}
	return SIZE_MAX;
}

static size_t count_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return n;
}

static size_t count_last_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[s.len - 1 - n]))
		n++;
	return n;
}

/* "1.6-2.1.root.io.2", behind which a distribution may count rebuilds ("+b1"). */
static bool is_root(struct slice v, struct vendor_version *out)
{
	size_t at = find_mark(v, SLICE("root.io."), ".+-"), n;
	struct slice rest;

	if (at == SIZE_MAX)
		return false;
	rest = slice_from(v, at + strlen("root.io."));
	n = count_digits(rest);
	if (n == 0 || (n < rest.len && rest.ptr[n] != '+') || !slice_to_u64(slice_take(rest, n), &out->build))
		return false;
	out->base = slice_take(v, at - 1);
	return true;
}

/* "3.1.8-r00073": the revision, and four digits that count Root's builds. Revisions of Alpine's own stay below 1000. */
static bool is_root_apk(struct slice v, struct vendor_version *out)
{
	size_t n = count_last_digits(v);
	struct slice count;

	if (n < 5 || !slice_ends(slice_take(v, v.len - n), SLICE("-r")))
		return false;
	count = slice_from(v, v.len - 4);
	if (!slice_starts(count, SLICE("00")) || !slice_to_u64(count, &out->build))
		return false;
	out->base = slice_take(v, v.len - 4);
	return true;
}

/* "8.4.0.post1" -> "8.4.0" and 1: where "+tuxcare" follows, the number is what the scheme orders by. */
static void cut_number(struct slice mark, struct vendor_version *out)
{
	size_t n = count_last_digits(out->base);
	struct slice before = slice_take(out->base, out->base.len - n);

	if (n > 0 && slice_ends(before, mark) && slice_to_u64(slice_from(out->base, before.len), &out->build))
		out->base = slice_take(before, before.len - mark.len);
}

static bool is_tuxcare(const struct version_scheme *scheme, struct slice v, struct vendor_version *out)
{
	size_t at = find_mark(v, SLICE("tuxcare"), "-.+~");
	struct slice rest;

	if (at == SIZE_MAX)
		return false;
	rest = slice_from(v, at + strlen("tuxcare"));
	if (rest.len > 0 && rest.ptr[0] != '.')
		return false;
	out->base = slice_take(v, at - 1);
	if (!slice_to_u64(slice_from(rest, rest.len - count_last_digits(rest)), &out->build))
		out->build = 0;
	if (scheme == &version_scheme_pep440)
		cut_number(SLICE(".post"), out);
	else if (scheme == &version_scheme_composer)
		cut_number(SLICE("-p"), out);
	return true;
}

enum vendor vendor_of_version(const struct version_scheme *scheme, struct slice version, struct vendor_version *out)
{
	*out = (struct vendor_version){ .base = version };
	if (scheme == &version_scheme_apk ? is_root_apk(version, out) : is_root(version, out))
		return VENDOR_ROOT;
	if (is_tuxcare(scheme, version, out))
		return VENDOR_TUXCARE;
	*out = (struct vendor_version){ .base = version };
	return VENDOR_NONE;
}

static bool is_system(const struct version_scheme *scheme)
{
	return scheme == &version_scheme_dpkg || scheme == &version_scheme_rpm || scheme == &version_scheme_apk;
}

int vendor_compare(enum vendor v, const struct version_scheme *scheme, struct slice a, struct slice b)
{
	struct vendor_version x, y;
	int c;

	if (v == VENDOR_NONE || (v == VENDOR_TUXCARE && is_system(scheme)))
		return scheme->compare(a, b);
	vendor_of_version(scheme, a, &x);
	vendor_of_version(scheme, b, &y);
	c = scheme->compare(x.base, y.base);
	return c != 0 ? c : x.build < y.build ? -1 : x.build > y.build;
}

bool vendor_is_per_version(enum vendor v, const struct version_scheme *scheme)
{
	return v != VENDOR_NONE && !is_system(scheme);
}

/* ---- names ---- */

/* "babel__core" -> "@babel/core" */
static bool npm_name(struct slice name, struct arena *arena, struct slice *out)
{
	size_t at = slice_find(name, SLICE("__"));

	*out = name;
	if (at == SIZE_MAX || at == 0)
		return true;
	return arena_printf(arena, out, "@%.*s/%.*s", SLICE_ARG(slice_take(name, at)),
			    SLICE_ARG(slice_from(name, at + 2)));
}

bool vendor_plain_name(enum vendor v, const struct version_scheme *scheme, struct slice name, struct arena *arena,
		       struct slice *out)
{
	struct slice system = SLICE("rootio-"), scoped = SLICE("@rootio/"), group = SLICE("io.root.");

	*out = name;
	if (v != VENDOR_ROOT)
		return true;
	if (scheme == &version_scheme_maven)
		*out = slice_starts(name, group) ? slice_from(name, group.len) : name;
	else if (slice_starts(name, scoped))
		return npm_name(slice_from(name, scoped.len), arena, out);
	else if (slice_starts(name, system))
		*out = slice_from(name, system.len);
	return true;
}

/* Names that are Root's own on the registries: its scope, and its domain as a group. */
static bool is_root_name(const struct package *p)
{
	return (p->type == PACKAGE_NPM && slice_starts(p->name, SLICE("@rootio/"))) ||
	       (p->type == PACKAGE_MAVEN && slice_starts(p->name, SLICE("io.root.")));
}

static bool is_built_by_vendors(enum package_type t)
{
	return t == PACKAGE_DEB || t == PACKAGE_APK || t == PACKAGE_RPM || t == PACKAGE_PYPI || t == PACKAGE_NPM ||
	       t == PACKAGE_MAVEN || t == PACKAGE_COMPOSER;
}

bool vendor_package(const struct package *p, struct arena *arena, enum vendor *out, struct package *base,
		    struct package *built)
{
	const struct version_scheme *scheme = package_type_scheme(p->type);
	struct vendor_version version, source;

	*out = VENDOR_NONE;
	if (!is_built_by_vendors(p->type) || !scheme)
		return true;
	*out = vendor_of_version(scheme, p->version, &version);
	if (*out == VENDOR_NONE && is_root_name(p))
		*out = VENDOR_ROOT;
	if (*out == VENDOR_NONE)
		return true;
	*built = *p;
	if (!vendor_plain_name(*out, scheme, p->name, arena, &built->name) ||
	    !vendor_plain_name(*out, scheme, p->source_name, arena, &built->source_name))
		return false;
	*base = *built;
	base->version = version.base;
	if (p->source_version.len == 0)
		return true;
	if (vendor_of_version(scheme, p->source_version, &source) == *out)
		base->source_version = source.base;
	else if (slice_eq(p->source_version, version.base))
		built->source_version = p->version;
	return true;
}

bool vendor_index_names(const struct package *p, struct arena *arena, struct slice *name, struct slice *source,
			struct slice *source_version)
{
	const struct package *named = p;
	struct package base, built;
	enum vendor vendor;

	if (!vendor_package(p, arena, &vendor, &base, &built))
		return false;
	if (vendor != VENDOR_NONE)
		named = &built;
	return package_lookup_name(named->type, arena, named->name, name) &&
	       package_source(named, arena, source, source_version);
}

/* ---- scopes ---- */

enum vendor vendor_of_scope(struct slice scope, struct slice *out_base)
{
	for (size_t i = VENDOR_NONE + 1; i < VENDOR_COUNT; i++) {
		struct slice prefix = slice_cstr(vendors[i].scope);

		if (scope.len <= prefix.len || scope.ptr[prefix.len] != ':' || !slice_starts(scope, prefix))
			continue;
		if (out_base)
			*out_base = slice_from(scope, prefix.len + 1);
		return (enum vendor)i;
	}
	return VENDOR_NONE;
}

/* Languages whose packages of vendors are known by their versions (is_built_by_vendors()); of systems all. */
static bool is_built_in(struct slice base)
{
	return slice_eq(base, SLICE("pypi")) || slice_eq(base, SLICE("npm")) || slice_eq(base, SLICE("maven")) ||
	       slice_eq(base, SLICE("composer")) || slice_has(base, SLICE(":"));
}

bool vendor_scope(enum vendor v, struct slice base, const struct distribution *d, struct arena *arena,
		  struct slice *out)
{
	bool minor = v == VENDOR_TUXCARE && d && slice_starts(base, SLICE("almalinux:"));

	*out = SLICE_EMPTY;
	if (v == VENDOR_NONE || !is_built_in(base))
		return true;
	if (minor)
		return arena_printf(arena, out, "%s:almalinux:%.*s", vendors[v].scope, SLICE_ARG(d->version_id));
	return arena_printf(arena, out, "%s:%.*s", vendors[v].scope, SLICE_ARG(base));
}
