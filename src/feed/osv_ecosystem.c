/* SPDX-License-Identifier: Apache-2.0 */
/* osv_ecosystem.c - the table of OSV's ecosystems, and how each writes its releases. */
#include "feed/osv_ecosystem.h"

#include "model/package.h"

enum suffix_rule {
	SUFFIX_NONE,
	SUFFIX_RELEASE,
	SUFFIX_ALPINE,
	SUFFIX_UBUNTU,
	SUFFIX_OPENSUSE,
	SUFFIX_SLES,
	SUFFIX_AZURE,
	SUFFIX_PORTS
};
enum whose_feed { FEED_OSV, FEED_OWN };

struct osv_ecosystem {
	const char *name, *scope, *scheme, *left_out;
	enum suffix_rule suffix;
	enum affected_name name_kind;
	enum whose_feed feed;
};

static const struct osv_ecosystem ecosystems[] = {
#define OSV_ECOSYSTEM(name, suffix, scope, scheme, kind, left_out, feed)                                               \
	{ name, scope, #scheme, left_out, SUFFIX_##suffix, AFFECTED_NAME_##kind, FEED_##feed },
#include "feed/osv_ecosystems.def"
#undef OSV_ECOSYSTEM
};

static const struct {
	const char *name;
	enum vendor vendor;
	enum affected_name name_kind;
} vendors[] = {
#define OSV_ECOSYSTEM(name, suffix, scope, scheme, kind, left_out, feed)
#define OSV_VENDOR(name, vendor, kind) { name, VENDOR_##vendor, AFFECTED_NAME_##kind },
#define OSV_VENDOR_SYSTEM(name, like, scope)
#include "feed/osv_ecosystems.def"
#undef OSV_VENDOR_SYSTEM
#undef OSV_VENDOR
#undef OSV_ECOSYSTEM
};

/* Systems that a vendor calls by a word of its own. */
static const struct {
	const char *name, *like, *scope;
} vendor_systems[] = {
#define OSV_ECOSYSTEM(name, suffix, scope, scheme, kind, left_out, feed)
#define OSV_VENDOR(name, vendor, kind)
#define OSV_VENDOR_SYSTEM(name, like, scope) { name, like, scope },
#include "feed/osv_ecosystems.def"
#undef OSV_VENDOR_SYSTEM
#undef OSV_VENDOR
#undef OSV_ECOSYSTEM
};

/* Scopes of packages that detectors find, and prefixes of the systems' scopes. */
static const char *const matched[] = {
#define PACKAGE_TYPE(id, purl, scheme, scope, label) scope,
#include "model/package_types.def"
#undef PACKAGE_TYPE
#define DISTRO(did, prefix, release, type, name) prefix,
#include "model/distros.def"
#undef DISTRO
};

const struct osv_ecosystem *osv_ecosystem_by_name(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(ecosystems); i++)
		if (slice_eq(name, slice_cstr(ecosystems[i].name)))
			return osv_ecosystem_scheme(&ecosystems[i]) != SCHEME_NONE ? &ecosystems[i] : NULL;
	return NULL;
}

enum scheme_id osv_ecosystem_scheme(const struct osv_ecosystem *e)
{
	return scheme_id_by_name(slice_cstr(e->scheme));
}

enum affected_name osv_ecosystem_name_kind(const struct osv_ecosystem *e)
{
	return e->name_kind;
}

bool osv_ecosystem_is_listed(const struct osv_ecosystem *e)
{
	for (size_t i = 0; i < ARRAY_LEN(matched); i++)
		if (strcmp(matched[i], e->scope) == 0)
			return e->feed == FEED_OSV;
	return false;
}

bool osv_ecosystem_leaves_out(const struct osv_ecosystem *e, struct slice id)
{
	struct slice rest = slice_cstr(e->left_out), prefix;

	while (slice_word(&rest, ' ', &prefix))
		if (slice_starts(id, prefix))
			return true;
	return false;
}

/* ---- releases ---- */

/* "15", "15 SP4" or "16.0" at the end of text -> "15", "15.4", "16.0"; empty for anything else. */
static bool suse_version(struct slice text, struct arena *arena, struct slice *out)
{
	struct slice before, last, major, whole, minor;
	uint64_t number;

	*out = SLICE_EMPTY;
	if (slice_ends(text, SLICE("-LTSS")))
		text.len -= 5;
	if (!slice_rcut(text, ' ', &before, &last)) {
		before = SLICE_EMPTY;
		last = text;
	}
	/* "15", and "16.0" since then */
	slice_cut(last, '.', &whole, &minor);
	if (slice_to_u64(whole, &number) && (minor.len == 0 || slice_to_u64(minor, &number))) {
		*out = last;
		return true;
	}
	if (!slice_rcut(before, ' ', NULL, &major))
		major = before;
	if (!slice_starts(last, SLICE("SP")) || !slice_to_u64(slice_from(last, 2), &number) ||
	    !slice_to_u64(major, &number))
		return true;
	return arena_printf(arena, out, "%.*s.%.*s", SLICE_ARG(major), SLICE_ARG(slice_from(last, 2)));
}

/* "Linux Enterprise Micro 5.3", "Linux Micro 6.0": a system of its own. */
static bool is_sle_micro(struct slice suffix)
{
	return slice_starts(suffix, SLICE("Linux Enterprise Micro ")) || slice_starts(suffix, SLICE("Linux Micro "));
}

/*
 * The server, or one of its modules, where most of its packages live; other products are no base of images. What is for
 * systems with long-term support counts for all of the service pack.
 */
static bool sles_release(struct slice suffix, struct arena *arena, struct slice *out)
{
	struct slice server = SLICE("Linux Enterprise Server "), module = SLICE("Linux Enterprise Module for "),
		     extended = SLICE("LTSS Extended Security ");

	*out = SLICE_EMPTY;
	if (slice_starts(suffix, server)) {
		suffix = slice_from(suffix, server.len);
		if (slice_starts(suffix, extended))
			suffix = slice_from(suffix, extended.len);
		/* "Server for SAP Applications 15 SP4", "Server Teradata 15 SP4" */
		return suffix.len == 0 || !is_digit(suffix.ptr[0]) || suse_version(suffix, arena, out);
	}
	return !slice_starts(suffix, module) || suse_version(suffix, arena, out);
}

/*
 * "22.04:LTS", "Pro:18.04:LTS" (fixes that are paid for: the only ones of old releases),
 * "Pro:22.04:LTS:Realtime:Kernel", "Pro:FIPS:18.04:LTS", "Pro:FIPS-updates:20.04:LTS".
 */
static struct slice ubuntu_release(struct slice suffix)
{
	struct slice release;

	if (slice_starts(suffix, SLICE("Pro:")))
		suffix = slice_from(suffix, 4);
	if (slice_starts(suffix, SLICE("FIPS")))
		slice_cut(suffix, ':', NULL, &suffix);
	slice_cut(suffix, ':', &release, NULL);
	return release.len > 0 && is_digit(release.ptr[0]) ? release : SLICE_EMPTY;
}

bool osv_ecosystem_is_pro(const struct osv_ecosystem *e, struct slice ecosystem)
{
	return e->suffix == SUFFIX_UBUNTU && slice_has(ecosystem, SLICE(":Pro:"));
}

bool osv_ecosystem_is_ubuntu(const struct osv_ecosystem *e)
{
	return e->suffix == SUFFIX_UBUNTU;
}

struct slice osv_ecosystem_fips_line(const struct osv_ecosystem *e, struct slice ecosystem, struct slice purl)
{
	static const char *const lines[] = { "fips-updates", "fips-preview", "fips" };
	struct slice said;

	if (e->suffix != SUFFIX_UBUNTU || !slice_has(ecosystem, SLICE(":FIPS")))
		return SLICE_EMPTY;
	/* "pkg:deb/ubuntu/openssl@1.0.2g?arch=source&distro=fips-updates/xenial", whose ecosystem is FIPS:16.04. */
	said = slice_from(purl, MIN(slice_find(purl, SLICE("distro=")), purl.len));
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		if (slice_has(said, slice_cstr(lines[i])))
			return slice_cstr(lines[i]);
	}
	return slice_has(ecosystem, SLICE("-updates")) ? slice_cstr(lines[0])
	       : slice_has(ecosystem, SLICE("-preview")) ? slice_cstr(lines[1])
							: slice_cstr(lines[2]);
}

/* ---- vendors of rebuilt packages ---- */

bool osv_vendor_by_name(struct slice name, enum vendor *out, enum affected_name *out_kind)
{
	for (size_t i = 0; i < ARRAY_LEN(vendors); i++) {
		if (!slice_eq(name, slice_cstr(vendors[i].name)))
			continue;
		*out = vendors[i].vendor;
		*out_kind = vendors[i].name_kind;
		return true;
	}
	return false;
}

/* "RHEL:8" of TuxCare is ordered as AlmaLinux, and kept as "rhel:8". */
static bool vendor_system(struct slice name, struct slice suffix, const struct osv_ecosystem **out, struct arena *arena,
			  struct slice *out_scope)
{
	for (size_t i = 0; i < ARRAY_LEN(vendor_systems); i++) {
		if (!slice_eq(name, slice_cstr(vendor_systems[i].name)))
			continue;
		*out = osv_ecosystem_by_name(slice_cstr(vendor_systems[i].like));
		return suffix.len == 0 || arena_printf(arena, out_scope, "%s:%.*s", vendor_systems[i].scope,
						       SLICE_ARG(suffix));
	}
	return true;
}

bool osv_vendor_scope(enum vendor vendor, struct slice of, struct arena *arena, const struct osv_ecosystem **out,
		      struct slice *out_scope)
{
	struct slice name, suffix, scope = SLICE_EMPTY;

	*out_scope = SLICE_EMPTY;
	slice_cut(of, ':', &name, &suffix);
	*out = osv_ecosystem_by_name(name);
	if (*out ? !osv_ecosystem_scope(*out, suffix, arena, &scope)
		 : !vendor_system(name, suffix, out, arena, &scope))
		return false;
	return vendor_scope(vendor, scope, NULL, arena, out_scope);
}

bool osv_ecosystem_scope(const struct osv_ecosystem *e, struct slice suffix, struct arena *arena, struct slice *out)
{
	struct slice release = suffix;

	*out = SLICE_EMPTY;
	switch (e->suffix) {
	case SUFFIX_NONE:
		*out = slice_cstr(e->scope);
		return true;
	case SUFFIX_RELEASE:
		break;
	case SUFFIX_ALPINE:
		if (slice_starts(release, SLICE("v")))
			release = slice_from(release, 1);
		break;
	case SUFFIX_UBUNTU:
		release = ubuntu_release(suffix);
		break;
	case SUFFIX_OPENSUSE:
		if (slice_eq(suffix, SLICE("Tumbleweed"))) {
			*out = SLICE("opensuse-tumbleweed");
			return true;
		}
		release = slice_starts(suffix, SLICE("Leap ")) ? slice_from(suffix, 5) : SLICE_EMPTY;
		if (slice_starts(release, SLICE("Micro ")))
			return arena_printf(arena, out, "opensuse-leap-micro:%.*s", SLICE_ARG(slice_from(release, 6)));
		break;
	case SUFFIX_AZURE:
		/* "3" is 3.0; what came before was called Mariner. */
		if (slice_eq(suffix, SLICE("1")) || slice_eq(suffix, SLICE("2")))
			return arena_printf(arena, out, "mariner:%.*s.0", SLICE_ARG(suffix));
		return suffix.len == 0 || arena_printf(arena, out, "%s:%.*s%s", e->scope, SLICE_ARG(suffix),
						       slice_has(suffix, SLICE(".")) ? "" : ".0");
	case SUFFIX_PORTS:
		/* Not what is limited to a release ("ports:14"), nor the base system and the kernel as such. */
		if (slice_eq(suffix, SLICE("ports")))
			*out = slice_cstr(e->scope);
		return true;
	case SUFFIX_SLES:
		if (is_sle_micro(suffix) && slice_rcut(suffix, ' ', NULL, &release))
			return arena_printf(arena, out, "sle-micro:%.*s", SLICE_ARG(release));
		if (!sles_release(suffix, arena, &release))
			return false;
		break;
	}
	return release.len == 0 || arena_printf(arena, out, "%s:%.*s", e->scope, SLICE_ARG(release));
}
