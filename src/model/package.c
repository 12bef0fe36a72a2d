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

bool package_type_is_program(enum package_type t)
{
	return t == PACKAGE_GENERIC || t == PACKAGE_NODEJS;
}

const char *package_type_in_purl(enum package_type t)
{
	return package_type_is_program(t) ? types[PACKAGE_GENERIC].purl : types[t].purl;
}

enum package_type package_type_of_program(struct slice name)
{
	return slice_eq(name, SLICE("node")) ? PACKAGE_NODEJS : PACKAGE_GENERIC;
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

bool package_version_moves(enum package_type t, struct slice version)
{
	size_t dots = 0;

	for (size_t i = 0; i < version.len && version.ptr[i] != '-' && version.ptr[i] != '+'; i++)
		dots += version.ptr[i] == '.';
	return t == PACKAGE_GITHUB && dots < 2;
}

bool package_version_ok(enum package_type t, struct slice version)
{
	const struct version_scheme *scheme = package_type_scheme(t);

	if (!scheme)
		return version.len > 0;
	return scheme->valid(version) && !package_version_moves(t, version);
}

enum package_type package_type_by_purl(struct slice purl_type)
{
	/* No registered type; GitHub's own bills of materials have it. */
	if (slice_eq(purl_type, SLICE("githubactions")))
		return PACKAGE_GITHUB;
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
	return t == PACKAGE_NUGET || t == PACKAGE_COMPOSER || t == PACKAGE_GITHUB || t == PACKAGE_VSCODE;
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

/* Debian has a source for each architecture that it signs something for; cut that off. */
static bool cut_architecture(struct slice *name)
{
	static const char *const architectures[] = { "-amd64", "-arm64", "-armhf", "-i386", "-ia32" };

	for (size_t i = 0; i < ARRAY_LEN(architectures); i++) {
		if (!slice_ends(*name, slice_cstr(architectures[i])))
			continue;
		name->len -= strlen(architectures[i]);
		return true;
	}
	return false;
}

static bool kernel_source(const struct package *p, struct arena *a, struct slice *name, struct slice *version)
{
	struct slice rest = slice_from(p->source_name, strlen("linux-signed"));

	cut_architecture(&rest);
	*version = p->version;
	return arena_printf(a, name, "linux%.*s", SLICE_ARG(rest));
}

/*
 * Where the revision of a Debian version begins whose hyphens were made pluses: behind the last plus before a digit
 * that does not belong to what is added to revisions ("+deb12u1", "~bpo12+1"). SIZE_MAX: nowhere.
 */
static size_t find_revision(struct slice v)
{
	size_t end = v.len;

	while (end > 0) {
		size_t at = end, before;

		while (at > 0 && v.ptr[at - 1] != '+' && v.ptr[at - 1] != '~')
			at--;
		if (at == 0)
			return SIZE_MAX;
		for (before = at - 1; before > 0 && v.ptr[before - 1] != '+' && v.ptr[before - 1] != '~';)
			before--;
		if (v.ptr[at - 1] == '+' && at < v.len && is_digit(v.ptr[at]) &&
		    !slice_starts(slice_from(v, before), SLICE("bpo")))
			return at - 1;
		end = at - 1;
	}
	return SIZE_MAX;
}

/* "2.06+13+deb12u1" -> "2.06-13+deb12u1": Debian's template for what is to be signed makes pluses of hyphens. */
static bool with_hyphen(struct arena *a, struct slice v, struct slice *out)
{
	size_t at = find_revision(v);

	*out = v;
	if (at == SIZE_MAX)
		return true;
	return arena_printf(a, out, "%.*s-%.*s", SLICE_ARG(slice_take(v, at)), SLICE_ARG(slice_from(v, at + 1)));
}

/* "1+2.06+13+deb12u1": the template counts itself in front. Of fwupd's it does not, which says so by its epoch. */
static bool signed_source(const struct package *p, struct arena *a, struct slice *name, struct slice *version)
{
	struct slice of = slice_take(p->source_name, p->source_name.len - strlen("-signed")), rest;

	if (!cut_architecture(&of))
		return true;
	if (slice_eq(of, SLICE("fwupd")) || slice_eq(of, SLICE("fwupd-efi"))) {
		bool efi = slice_starts(p->source_version, SLICE("1:")) || slice_eq(of, SLICE("fwupd-efi"));

		*name = efi ? SLICE("fwupd-efi") : SLICE("fwupd");
		return with_hyphen(a, p->source_version, version);
	}
	if (!slice_eq(of, SLICE("grub-efi")) && !slice_eq(of, SLICE("shim-helpers")))
		return true;
	if (!slice_cut(p->source_version, '+', NULL, &rest))
		return true;
	*name = slice_eq(of, SLICE("grub-efi")) ? SLICE("grub2") : SLICE("shim");
	return with_hyphen(a, rest, version);
}

/*
 * Debian's "shim-signed 1.51~1+deb12u1+16.1-2~deb12u1 (1.51~1+deb12u1)": the shim in it comes last. Ubuntu's advisories
 * speak of its own sources of signed packages.
 */
static void shim_source(const struct package *p, struct slice *name, struct slice *version)
{
	struct slice rest = slice_from(p->version, p->source_version.len);

	if (!slice_starts(p->version, p->source_version) || !slice_starts(rest, SLICE("+")) ||
	    slice_has(rest, SLICE("ubuntu")))
		return;
	*name = SLICE("shim");
	*version = slice_from(rest, 1);
}

bool package_source(const struct package *p, struct arena *a, struct slice *name, struct slice *version)
{
	*name = p->source_name;
	*version = p->source_version;
	if (is_signed_kernel(p))
		return kernel_source(p, a, name, version);
	if (p->type != PACKAGE_DEB || !slice_ends(p->source_name, SLICE("-signed")))
		return true;
	if (slice_eq(p->source_name, SLICE("shim-signed")))
		shim_source(p, name, version);
	else
		return signed_source(p, a, name, version);
	return true;
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
