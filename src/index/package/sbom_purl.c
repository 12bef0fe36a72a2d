/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_purl.c - from a component's package URL, and what scanners say beside it, to a package of ours. */
#include "index/package/sbom_impl.h"
#include "io/tar.h"
#include "text/purl.h"

static const struct system_name {
	struct slice name, did;
} systems[] = {
#define SYSTEM(name, did) { SLICE_INIT(name), SLICE_INIT(did) },
#include "index/package/sbom_systems.def"
#undef SYSTEM
};

struct slice sbom_system_id(struct slice name)
{
	const struct distro *known;

	for (size_t i = 0; i < ARRAY_LEN(systems); i++)
		if (slice_eq_nocase(systems[i].name, name))
			return systems[i].did;
	known = distro_by_id(name);
	return known ? slice_cstr(distro_id(known)) : name;
}

static struct slice qualifier(const struct purl *u, const char *key)
{
	for (size_t i = 0; i < u->n_qualifiers; i++)
		if (slice_eq(u->qualifiers[i].key, slice_cstr(key)))
			return u->qualifiers[i].value;
	return SLICE_EMPTY;
}

static bool is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0';
}

/* ---- the system of a package ---- */

static bool is_known(struct slice did)
{
	return distro_by_id(did) != NULL;
}

/* "debian-12", "redhat-9.3", "opensuse-leap-15.5", "3.18.9", "bookworm": ours, Syft's, Trivy's and others'. */
static void read_distro(struct slice text, struct slice namespace_, struct distribution *d)
{
	struct slice own = sbom_system_id(namespace_);

	d->did = is_known(own) ? own : SLICE_EMPTY;
	if (text.len == 0)
		return;
	if (is_digit(text.ptr[0])) {
		sbom_system_version(text, d);
		return;
	}
	for (size_t i = 1; i < text.len; i++) {
		struct slice name;

		if (text.ptr[i] != '-')
			continue;
		name = sbom_system_id(slice_take(text, i));
		if (!is_known(name) && !(i + 1 < text.len && is_digit(text.ptr[i + 1])))
			continue;
		/* "opensuse-leap-15.5" begins with a system's name, too. */
		if (is_known(name) && i + 1 < text.len && !is_digit(text.ptr[i + 1]) &&
		    slice_find_byte(slice_from(text, i + 1), '-') != SIZE_MAX)
			continue;
		d->did = name;
		sbom_system_version(slice_from(text, i + 1), d);
		return;
	}
	if (is_known(sbom_system_id(text)))
		d->did = sbom_system_id(text);
	else
		sbom_system_version(text, d);
}

enum status sbom_system_of(struct sbom *s, const struct sbom_component *c, struct distribution *out, struct err *err)
{
	struct err ignored = ERR_INIT;
	enum package_type type;
	struct purl u;
	struct slice name;
	enum status st;

	if (c->purl.len < 4 || !slice_cut(slice_from(c->purl, 4), '/', &name, NULL))
		return STATUS_OK;
	type = package_type_by_purl(name);
	if (type == PACKAGE_NONE || !is_system(type))
		return STATUS_OK;
	st = purl_parse(c->purl, &s->scratch, &u, &ignored);
	if (st == STATUS_NOMEM) {
		*err = ignored;
		return st;
	}
	/* Packages of that type are of no other system; Syft knows none where there is no os-release. */
	if (st == STATUS_OK)
		read_distro(qualifier(&u, "distro"), type == PACKAGE_FREEBSD ? SLICE("freebsd") : u.namespace_, out);
	return STATUS_OK;
}

/* Wolfi's packages are in Chainguard's images, and the other way round; package URLs of all openSUSEs say "opensuse".
 */
static bool are_one(struct slice a, struct slice b)
{
	struct slice wolfi = SLICE("wolfi"), chainguard = SLICE("chainguard");

	return slice_starts(a, b) || slice_starts(b, a) || (slice_eq(a, wolfi) && slice_eq(b, chainguard)) ||
	       (slice_eq(a, chainguard) && slice_eq(b, wolfi));
}

static bool is_foreign(const struct sbom *s, enum package_type type, const struct purl *u)
{
	struct slice did = sbom_system_id(u->namespace_);

	return is_system(type) && s->system.did.len > 0 && is_known(did) && !are_one(did, s->system.did);
}

/* ---- names and versions ---- */

static enum status join(struct sbom *s, struct slice a, char between, struct slice b, struct slice *out,
			struct err *err)
{
	*out = b;
	if (a.len == 0)
		return STATUS_OK;
	return arena_printf(&s->scratch, out, "%.*s%c%.*s", SLICE_ARG(a), between, SLICE_ARG(b))
		       ? STATUS_OK
		       : err_nomem(err, "a bill of materials");
}

/* "v2" and higher: the end of a Go module's path. */
static bool is_major(struct slice s)
{
	uint64_t n;

	return s.len >= 2 && s.ptr[0] == 'v' && slice_to_u64(slice_from(s, 1), &n) && n >= 2;
}

/*
 * Syft writes what a Go module's path has beyond the third component, or a part of a pod, as the subpath, which may as
 * well be a directory inside a module: the component's name tells, and major versions are never directories alone.
 */
static enum status take_subpath(struct sbom *s, const struct sbom_component *c, const struct purl *u,
				struct slice said, struct package *p, struct err *err)
{
	struct slice whole;

	if (u->subpath.len == 0)
		return STATUS_OK;
	TRY(join(s, p->name, '/', u->subpath, &whole, err));
	if (slice_eq_nocase(said, whole) || slice_eq_nocase(c->name, whole) ||
	    (p->type == PACKAGE_GO && is_major(u->subpath)))
		p->name = whole;
	return STATUS_OK;
}

/* Of "OWNER/REPO/PATH", as actions within a repository are called, advisories know the repository. */
static void cut_path(struct slice *name)
{
	struct slice owner, repo;

	if (!slice_cut(*name, '/', &owner, &repo))
		return;
	slice_cut(repo, '/', &repo, NULL);
	*name = slice_take(*name, owner.len + 1 + repo.len);
}

/* Package URLs of some kinds are folded to lower case, and names are not. */
static enum status take_name(struct sbom *s, const struct sbom_component *c, const struct purl *u, struct package *p,
			     struct err *err)
{
	char between = p->type == PACKAGE_MAVEN ? ':' : p->type == PACKAGE_VSCODE ? '.' : '/';
	bool alone = is_system(p->type) || p->type == PACKAGE_CPAN || p->type == PACKAGE_CONDA;
	struct slice said;

	TRY(join(s, alone ? SLICE_EMPTY : u->namespace_, between, u->name, &p->name, err));
	TRY(join(s, c->group, between, c->name, &said, err));
	TRY(take_subpath(s, c, u, said, p, err));
	if (slice_eq_nocase(said, p->name))
		p->name = said;
	else if (slice_eq_nocase(c->name, p->name))
		p->name = c->name;
	/* osv-scalibr puts the source package's name into the URL. */
	if (p->type == PACKAGE_DEB && c->name.len > 0 && slice_eq(qualifier(u, "source"), u->name))
		p->name = c->name;
	if (p->type == PACKAGE_PYPI && !package_pypi_name(&s->scratch, p->name, &p->name))
		return err_nomem(err, "a bill of materials");
	if (p->type == PACKAGE_GITHUB)
		cut_path(&p->name);
	return STATUS_OK;
}

static enum status add_epoch(struct sbom *s, struct slice epoch, struct slice version, struct slice *out,
			     struct err *err)
{
	*out = version;
	if (epoch.len == 0 || slice_eq(epoch, SLICE("0")) || slice_find_byte(version, ':') != SIZE_MAX)
		return STATUS_OK;
	return join(s, epoch, ':', version, out, err);
}

static enum status take_version(struct sbom *s, const struct sbom_component *c, const struct purl *u, struct package *p,
				struct err *err)
{
	p->version = u->version.len > 0 ? u->version : c->version;
	if (p->type == PACKAGE_DEB || p->type == PACKAGE_RPM) {
		TRY(add_epoch(s, qualifier(u, "epoch"), p->version, &p->version, err));
		if (p->type == PACKAGE_RPM && slice_starts(p->version, SLICE("0:")))
			p->version = slice_from(p->version, 2);
	}
	if (p->type == PACKAGE_GO && slice_eq(p->name, SLICE("stdlib"))) {
		p->flags |= PACKAGE_STDLIB;
		if (slice_starts(p->version, SLICE("go")))
			p->version = slice_from(p->version, 2);
		else if (slice_starts(p->version, SLICE("v")))
			p->version = slice_from(p->version, 1);
	} else if (p->type == PACKAGE_GO && p->version.len > 0 && is_digit(p->version.ptr[0])) {
		if (!arena_printf(&s->scratch, &p->version, "v%.*s", SLICE_ARG(p->version)))
			return err_nomem(err, "a bill of materials");
	}
	return STATUS_OK;
}

/* ---- source packages ---- */

/* "bash-5.1.8-6.el9.src.rpm": false if it is no such name. */
static bool split_source_rpm(struct slice text, struct package *p)
{
	struct slice stem, version, release;

	if (slice_ends(text, SLICE(".nosrc.rpm")))
		text.len -= strlen(".nosrc.rpm");
	else if (slice_ends(text, SLICE(".src.rpm")))
		text.len -= strlen(".src.rpm");
	else
		return false;
	if (!slice_rcut(text, '-', &stem, &release) || !slice_rcut(stem, '-', &stem, &version) || stem.len == 0 ||
	    version.len == 0 || release.len == 0)
		return false;
	p->source_name = stem;
	p->source_version = slice_make(version.ptr, version.len + 1 + release.len);
	return true;
}

static enum status take_said_source(struct sbom *s, const struct sbom_component *c, struct package *p, struct err *err)
{
	p->source_name = c->source;
	p->source_version = c->source_version;
	if (c->source_version.len > 0 && c->source_release.len > 0)
		TRY(join(s, c->source_version, '-', c->source_release, &p->source_version, err));
	/* Our own rpm detector knows sources by their files' names, which have no epoch. */
	if (p->type == PACKAGE_RPM)
		slice_cut(p->source_version, ':', NULL,
			  slice_find_byte(p->source_version, ':') == SIZE_MAX ? NULL : &p->source_version);
	else
		TRY(add_epoch(s, c->source_epoch, p->source_version, &p->source_version, err));
	return STATUS_OK;
}

static void take_upstream(const struct purl *u, struct package *p)
{
	struct slice upstream = qualifier(u, "upstream");

	if (upstream.len == 0)
		upstream = qualifier(u, "source");
	if (upstream.len == 0)
		upstream = qualifier(u, "origin");
	if (split_source_rpm(upstream, p))
		return;
	slice_cut(upstream, '@', &p->source_name, &p->source_version);
}

static enum status take_source(struct sbom *s, const struct sbom_component *c, const struct purl *u, struct package *p,
			       struct err *err)
{
	if (p->type == PACKAGE_PEAR && !package_pear_source(&s->scratch, p->name, &p->source_name))
		return err_nomem(err, "a bill of materials");
	if (p->source_name.len > 0)
		p->source_version = p->version;
	if (!is_system(p->type))
		return STATUS_OK;
	if (!split_source_rpm(c->source_rpm, p)) {
		if (c->source.len > 0)
			TRY(take_said_source(s, c, p, err));
		else
			take_upstream(u, p);
	}
	if (p->source_name.len == 0 && p->type == PACKAGE_DEB)
		p->source_name = p->name;
	if (p->source_name.len > 0 && p->source_version.len == 0 && p->type != PACKAGE_RPM)
		p->source_version = p->version;
	return STATUS_OK;
}

/* Of Go programs "GOOS/GOARCH": some of its advisories concern one system only. */
static enum status take_arch(struct sbom *s, const struct sbom_component *c, const struct purl *u, struct package *p,
			     struct err *err)
{
	p->arch = c->arch;
	if (is_system(p->type))
		p->arch = qualifier(u, "arch");
	else if (p->type == PACKAGE_GO && p->arch.len == 0 && qualifier(u, "goos").len > 0)
		return join(s, qualifier(u, "goos"), '/', qualifier(u, "goarch"), &p->arch, err);
	return STATUS_OK;
}

/* "nodejs:18:8090020230201:rhel8": the first two are what advisories speak of. */
static struct slice module_of(const struct sbom_component *c, const struct purl *u)
{
	struct slice label = c->module.len > 0 ? c->module : qualifier(u, "rpmmod"), rest, stream;

	if (slice_eq(u->type, SLICE("ebuild")))
		return qualifier(u, "slot");
	if (label.len == 0)
		label = qualifier(u, "modularitylabel");
	if (!slice_cut(label, ':', NULL, &rest))
		return SLICE_EMPTY;
	slice_cut(rest, ':', &stream, NULL);
	return slice_take(label, label.len - rest.len + stream.len);
}

/* ---- the package ---- */

static unsigned flags_of(const struct sbom *s, const struct sbom_component *c, enum package_type type)
{
	struct slice yes = SLICE("true");
	unsigned flags = s->document ? 0 : PACKAGE_DECLARED;
	uint64_t owned = 0;

	if (slice_eq(c->owned, yes) || (c->id.len > 0 && map_get(&s->ids, c->id, &owned) && owned & SBOM_ID_OWNED))
		flags |= PACKAGE_OWNED;
	if (slice_eq(c->declared, yes))
		flags |= PACKAGE_DECLARED;
	if (slice_eq(c->guessed, yes))
		flags |= PACKAGE_GUESSED;
	if (slice_eq(c->kind, SLICE("application")) && !package_type_is_program(type))
		flags |= PACKAGE_MAIN_MODULE;
	return flags;
}

/* Where the document says the package was found; the document itself if it does not say, or lies in an image. */
static enum status take_path(struct sbom *s, const struct sbom_component *c, struct package *p, struct err *err)
{
	uint8_t *room;

	p->path = s->file->path;
	p->detector = SLICE("sbom");
	if (s->document && c->path.len > 0 && c->path.len <= s->env->limits->path_bytes &&
	    slice_find_byte(c->path, 0) == SIZE_MAX) {
		room = arena_alloc(&s->scratch, c->path.len);
		if (!room)
			return err_nomem(err, "a bill of materials");
		p->path = path_normalise(c->path, room);
		if (p->path.len == 0)
			p->path = s->file->path;
	}
	return arena_printf(&s->scratch, &p->db, "sbom:%.*s", SLICE_ARG(p->path)) ? STATUS_OK
										  : err_nomem(err, "a package");
}

static void lacks_kind(struct sbom *s, struct slice kind, struct slice name)
{
	size_t i = 0;

	while (i < s->n_unknown && i + 1 < SBOM_KINDS_MAX && !slice_eq(s->unknown[i].what, kind))
		i++;
	if (i == s->n_unknown)
		s->n_unknown++;
	sbom_lacks(s, &s->unknown[i], kind, name);
}

static void tell_bad_purl(struct sbom *s, const struct sbom_component *c, const struct err *why)
{
	struct err_quote q;

	told_emit(&s->told, s->document ? DIAG_RECORD : DIAG_FIELD, ERR_NO_OFFSET,
		  "component %s cannot be looked up: %s", err_slice(&q, c->name), why->msg);
}

/* Texts that a report could not hold. */
static bool is_too_long(const struct sbom *s, const struct package *p)
{
	uint64_t max = s->env->limits->path_bytes;

	return p->name.len > max || p->version.len > max || p->source_name.len > max || p->source_version.len > max ||
	       p->arch.len > max || p->module.len > max;
}

/*
 * "pkg:github" is any repository, which may be an action or a library that no advisory speaks of under that name. It is
 * an action where workflows ask for it, or GitHub's own lists say so ("pkg:githubactions").
 */
static bool is_any_repository(const struct sbom_component *c, const struct purl *u)
{
	return slice_eq(u->type, SLICE("github")) && !slice_has(c->path, SLICE(".github/workflows/")) &&
	       !slice_eq(path_base(c->path), SLICE("action.yml")) &&
	       !slice_eq(path_base(c->path), SLICE("action.yaml"));
}

static enum status build(struct sbom *s, const struct sbom_component *c, const struct purl *u, struct package *p,
			 bool *out_is_one, struct err *err)
{
	struct err why = ERR_INIT;

	p->flags = flags_of(s, c, p->type);
	TRY(take_name(s, c, u, p, err));
	TRY(take_version(s, c, u, p, err));
	if (p->version.len == 0) {
		sbom_lacks(s, &s->bad, SLICE_EMPTY, p->name);
		return STATUS_OK;
	}
	TRY(take_source(s, c, u, p, err));
	TRY(take_arch(s, c, u, p, err));
	if (p->type == PACKAGE_RPM || p->type == PACKAGE_EBUILD)
		p->module = module_of(c, u);
	if (is_too_long(s, p)) {
		err_set(&why, STATUS_LIMIT, "a name or version of it is too long");
		tell_bad_purl(s, c, &why);
		return STATUS_OK;
	}
	if (!package_version_ok(p->type, p->version))
		p->flags |= PACKAGE_BAD_VERSION;
	*out_is_one = true;
	return take_path(s, c, p, err);
}

enum status sbom_package(struct sbom *s, const struct sbom_component *c, struct package *out, bool *out_is_one,
			 struct err *err)
{
	struct err why = ERR_INIT;
	uint64_t id = 0;
	struct purl u;
	enum status st;

	*out_is_one = false;
	*out = (struct package){ .type = PACKAGE_NONE };
	if (c->id.len > 0 && !map_get(&s->ids, c->id, &id))
		id = 0;
	if (c->purl.len == 0) {
		if (!(id & SBOM_ID_SUBJECT))
			sbom_lacks(s, &s->nameless, SLICE_EMPTY, c->name);
		return STATUS_OK;
	}
	st = purl_parse(c->purl, &s->scratch, &u, &why);
	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK) {
		tell_bad_purl(s, c, &why);
		return STATUS_OK;
	}
	out->type = package_type_by_purl(u.type);
	if (out->type == PACKAGE_GENERIC && u.namespace_.len == 0)
		out->type = package_type_of_program(u.name);
	if (out->type == PACKAGE_NONE) {
		if (!(id & SBOM_ID_SUBJECT))
			lacks_kind(s, u.type, u.name);
		return STATUS_OK;
	}
	if (out->type == PACKAGE_GITHUB && is_any_repository(c, &u)) {
		if (id & SBOM_ID_SUBJECT)
			return STATUS_OK;
		sbom_lacks(s, &s->repositories, SLICE_EMPTY, u.name);
	}
	if (is_foreign(s, out->type, &u)) {
		sbom_lacks(s, &s->foreign, u.namespace_, u.name);
		return STATUS_OK;
	}
	return build(s, c, &u, out, out_is_one, err);
}
