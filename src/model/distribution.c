/* SPDX-License-Identifier: Apache-2.0 */
/* distribution.c - the table of distributions and the scope of a release. */
#include "model/distribution.h"

enum release_rule { RELEASE_MAJOR, RELEASE_MINOR, RELEASE_FULL, RELEASE_ROLLING };

struct distro {
	const char *did, *scope, *name;
	enum release_rule rule;
	enum package_type type;
};

static const struct distro distros[] = {
#define DISTRO(did, scope, rule, type, name) { did, scope, name, RELEASE_##rule, PACKAGE_##type },
#include "model/distros.def"
#undef DISTRO
};

static const struct {
	const char *codename, *release;
} debian_releases[] = {
#define DEBIAN_RELEASE(codename, release) { codename, release },
#include "model/debian_releases.def"
#undef DEBIAN_RELEASE
};

const struct distro *distro_by_id(struct slice did)
{
	for (size_t i = 0; i < ARRAY_LEN(distros); i++)
		if (slice_eq_nocase(did, slice_cstr(distros[i].did)))
			return &distros[i];
	return NULL;
}

const char *distro_name(const struct distro *d)
{
	return d->name;
}

const char *distro_scope_prefix(const struct distro *d)
{
	return d->scope;
}

enum package_type distro_package_type(const struct distro *d)
{
	return d->type;
}

struct slice debian_release_by_codename(struct slice codename)
{
	for (size_t i = 0; i < ARRAY_LEN(debian_releases); i++)
		if (slice_eq_nocase(codename, slice_cstr(debian_releases[i].codename)))
			return slice_cstr(debian_releases[i].release);
	return SLICE_EMPTY;
}

struct slice debian_codename_by_release(struct slice release)
{
	for (size_t i = 0; i < ARRAY_LEN(debian_releases); i++)
		if (slice_eq(release, slice_cstr(debian_releases[i].release)))
			return slice_cstr(debian_releases[i].codename);
	return SLICE_EMPTY;
}

/* The first n numbers of a dotted version; empty when there are fewer or one is no number. */
static struct slice leading_numbers(struct slice version, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t begin;

		if (i > 0) {
			if (at >= version.len || version.ptr[at] != '.')
				return SLICE_EMPTY;
			at++;
		}
		begin = at;
		while (at < version.len && is_digit(version.ptr[at]))
			at++;
		if (at == begin)
			return SLICE_EMPTY;
	}
	return slice_take(version, at);
}

/* Old Debian and derivatives name the release only in VERSION: "7 (wheezy)", or "trixie/sid". */
static struct slice debian_release(const struct distribution *d)
{
	struct slice release = leading_numbers(d->version_id, 1), name;

	if (release.len > 0)
		return release;
	release = debian_release_by_codename(d->version_code_name);
	if (release.len > 0)
		return release;
	if (slice_cut(d->version, '(', NULL, &name)) {
		slice_cut(name, ')', &name, NULL);
		return debian_release_by_codename(name);
	}
	if (!slice_rcut(d->pretty_name, ' ', NULL, &name))
		return SLICE_EMPTY;
	slice_cut(name, '/', &name, NULL);
	return debian_release_by_codename(name);
}

static bool alpine_is_edge(const struct distribution *d)
{
	return slice_has(d->version_id, SLICE("_alpha")) || slice_eq_nocase(d->version_id, SLICE("edge")) ||
	       slice_has(d->pretty_name, SLICE("edge"));
}

static struct slice release_of(const struct distro *distro, const struct distribution *d)
{
	switch (distro->rule) {
	case RELEASE_MINOR:
		return alpine_is_edge(d) ? SLICE("edge") : leading_numbers(d->version_id, 2);
	case RELEASE_MAJOR:
		return distro->type == PACKAGE_DEB ? debian_release(d) : leading_numbers(d->version_id, 1);
	case RELEASE_FULL:
	case RELEASE_ROLLING:
		break;
	}
	return d->version_id;
}

bool distribution_scope(const struct distribution *d, struct arena *arena, struct slice *out)
{
	const struct distro *distro = distro_by_id(d->did);
	struct slice release;

	*out = SLICE_EMPTY;
	if (!distro)
		return true;
	if (distro->rule == RELEASE_ROLLING) {
		*out = slice_cstr(distro->scope);
		return true;
	}
	release = release_of(distro, d);
	if (release.len == 0)
		return true;
	return arena_printf(arena, out, "%s:%.*s", distro->scope, SLICE_ARG(release));
}
