/* SPDX-License-Identifier: Apache-2.0 */
/* product.c - does a statement's product mean this image, or this package in it? */
#include "policy/policy_impl.h"

#include "report/subject.h"

bool policy_glob(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.len && (pattern.ptr[p] == '?' || pattern.ptr[p] == text.ptr[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) { /* the last '*' takes one byte more */
			p = star + 1;
			t = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

enum status policy_name_add(struct policy *p, policy_names *names, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	struct policy_name *n;
	struct purl *purl;

	text = slice_trim(text);
	if (text.len == 0)
		return STATUS_OK;
	n = VEC_PUSH(names, &p->arena);
	purl = ARENA_NEW(&p->arena, struct purl);
	if (!n || !purl)
		return err_nomem(err, "VEX document");
	n->text = text;
	if (slice_starts(text, SLICE("pkg:")) && purl_parse(text, &p->arena, purl, &why) == STATUS_OK)
		n->purl = purl;
	return STATUS_OK;
}

enum status policy_digest_add(struct policy *p, struct policy_product *product, struct slice algorithm,
			      struct slice hex, struct err *err)
{
	bool is256 = slice_eq_nocase(algorithm, SLICE("sha-256")) || slice_eq_nocase(algorithm, SLICE("sha256"));
	bool is512 = slice_eq_nocase(algorithm, SLICE("sha-512")) || slice_eq_nocase(algorithm, SLICE("sha512"));
	struct digest digest, *at;
	char text[160];

	if ((!is256 && !is512) || hex.len > 128)
		return STATUS_OK;
	snprintf(text, sizeof(text), "%s:%.*s", is256 ? "sha256" : "sha512", SLICE_ARG(hex));
	if (!digest_parse(slice_cstr(text), &digest))
		return STATUS_OK;
	at = VEC_PUSH(&product->images, &p->arena);
	if (!at)
		return err_nomem(err, "VEX document");
	*at = digest;
	return STATUS_OK;
}

/* ---- packages ---- */

static struct slice qualifier(const struct purl *p, const char *key)
{
	for (size_t i = 0; i < p->n_qualifiers; i++)
		if (slice_eq(p->qualifiers[i].key, slice_cstr(key)))
			return p->qualifiers[i].value;
	return SLICE_EMPTY;
}

static bool is_one_of(struct slice type, const char *const *types, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(type, slice_cstr(types[i])))
			return true;
	return false;
}

static uint8_t pypi_byte(uint8_t c)
{
	return c == '_' || c == '.' ? '-' : to_lower(c);
}

/* PEP 503: case does not count, and a run of '-', '_' and '.' is one '-'. */
static bool pypi_eq(struct slice a, struct slice b)
{
	size_t i = 0, j = 0;

	while (i < a.len && j < b.len) {
		uint8_t c = pypi_byte(a.ptr[i++]);

		if (c != pypi_byte(b.ptr[j++]))
			return false;
		while (c == '-' && i < a.len && pypi_byte(a.ptr[i]) == '-')
			i++;
		while (c == '-' && j < b.len && pypi_byte(b.ptr[j]) == '-')
			j++;
	}
	return i == a.len && j == b.len;
}

static bool name_eq(struct slice type, struct slice a, struct slice b)
{
	/* The types whose names purl-spec writes in lower case. */
	static const char *const lower[] = {
		"apk", "bitbucket", "composer", "deb", "github", "golang", "hex", "nuget"
	};

	if (slice_eq(type, SLICE("pypi")))
		return pypi_eq(a, b);
	return is_one_of(type, lower, ARRAY_LEN(lower)) ? slice_eq_nocase(a, b) : slice_eq(a, b);
}

/* Red Hat's documents say "redhat" where os-release has "rhel". */
static struct slice vendor(struct slice namespace_)
{
	return slice_eq(namespace_, SLICE("redhat")) ? SLICE("rhel") : namespace_;
}

static bool version_eq(struct slice type, struct slice a, struct slice b)
{
	if (!slice_eq(type, SLICE("golang")))
		return slice_eq(a, b);
	return slice_eq(slice_from(a, slice_starts(a, SLICE("v"))), slice_from(b, slice_starts(b, SLICE("v"))));
}

/* "debian-12", "12", "bookworm", "debian-bookworm": the ways in which tools name a release. */
static bool distro_eq(const struct index_report *r, const struct index_package *k, struct slice given)
{
	const struct distribution *d =
		k->distribution < r->distributions.len ? &r->distributions.at[k->distribution] : NULL;
	struct slice rest = given;

	if (!d)
		return false;
	if (slice_starts(given, d->did) && given.len > d->did.len && given.ptr[d->did.len] == '-')
		rest = slice_from(given, d->did.len + 1);
	if (rest.len == 0)
		return false;
	return slice_eq(rest, d->version_id) || slice_eq(rest, d->version_code_name);
}

/*
 * Qualifiers that single tools write: os_name, os_version and os_distro (Docker Scout), goos, goarch and type=module
 * (cyclonedx-gomod), type=jar, which is what no type means. False: it is another one.
 */
static bool tool_qualifier(const struct purl *p, const struct purl_qualifier *q, const struct index_report *r,
			   const struct index_package *k, bool *out_same)
{
	const struct distribution none = { .did = SLICE_EMPTY };
	const struct distribution *d =
		k->distribution < r->distributions.len ? &r->distributions.at[k->distribution] : &none;
	struct slice os = r->os, arch = r->arch;

	if (k->package.arch.len > 0)
		slice_cut(k->package.arch, '/', &os, &arch);
	if (slice_eq(q->key, SLICE("os_name")))
		*out_same = slice_eq(q->value, d->did);
	else if (slice_eq(q->key, SLICE("os_version")))
		*out_same = d->version_id.len > 0 && slice_eq(q->value, d->version_id);
	else if (slice_eq(q->key, SLICE("os_distro")))
		*out_same = d->version_code_name.len > 0 && slice_eq(q->value, d->version_code_name);
	else if (slice_eq(p->type, SLICE("golang")) && slice_eq(q->key, SLICE("goos")))
		*out_same = slice_eq(q->value, os);
	else if (slice_eq(p->type, SLICE("golang")) && slice_eq(q->key, SLICE("goarch")))
		*out_same = slice_eq(q->value, arch);
	else if (slice_eq(p->type, SLICE("golang")) && slice_eq(q->key, SLICE("type")))
		*out_same = slice_eq(q->value, SLICE("module"));
	else if (slice_eq(p->type, SLICE("maven")) && slice_eq(q->key, SLICE("type")) &&
		 slice_eq(q->value, SLICE("jar")))
		*out_same = true;
	else
		return false;
	return true;
}

static bool qualifiers_match(const struct purl *p, const struct purl *k, const struct policy_subject *s, size_t package,
			     bool source)
{
	for (size_t i = 0; i < p->n_qualifiers; i++) {
		const struct purl_qualifier *q = &p->qualifiers[i];
		struct slice have;
		bool same;

		/* Where it comes from is no part of what it is. */
		if (slice_eq(q->key, SLICE("repository_url")) || slice_eq(q->key, SLICE("download_url")) ||
		    slice_eq(q->key, SLICE("vcs_url")) || slice_eq(q->key, SLICE("upstream")))
			continue;
		if (source && slice_eq(q->key, SLICE("arch")))
			continue;
		if (slice_eq(q->key, SLICE("distro"))) {
			if (!distro_eq(s->index, &s->index->packages.at[package], q->value))
				return false;
			continue;
		}
		if (tool_qualifier(p, q, s->index, &s->index->packages.at[package], &same)) {
			if (!same)
				return false;
			continue;
		}
		have = qualifier(k, (const char *)arena_cstr(s->arena, q->key));
		if (!slice_eq(have, q->value) &&
		    !(slice_eq(q->key, SLICE("epoch")) && have.len == 0 && slice_eq(q->value, SLICE("0"))))
			return false;
	}
	return true;
}

static enum status purl_of(struct policy_subject *s, size_t package, const struct purl **out, struct err *err)
{
	struct slice text;
	struct purl *k;

	if (!s->purls[package]) {
		k = ARENA_NEW(s->arena, struct purl);
		if (!k)
			return err_nomem(err, "report");
		TRY(subject_purl(s->index, package, s->arena, &text, err));
		TRY(purl_parse(text, s->arena, k, err));
		s->purls[package] = k;
	}
	*out = s->purls[package];
	return STATUS_OK;
}

/* Without its epoch, as purls of rpm have it. */
static struct slice without_epoch(struct slice version, struct slice *epoch)
{
	struct slice before, after;

	*epoch = SLICE_EMPTY;
	if (!slice_cut(version, ':', &before, &after))
		return version;
	*epoch = before;
	return after;
}

/* A source package, by the name and version that its binary packages tell of it. */
static bool source_matches(const struct purl *p, const struct purl *k, const struct package *installed)
{
	struct slice name = installed->source_name.len > 0 ? installed->source_name : k->name;
	struct slice version = installed->source_version.len > 0 ? installed->source_version : installed->version;
	struct slice epoch;

	if (slice_eq(p->type, SLICE("rpm")))
		version = without_epoch(version, &epoch);
	return name_eq(p->type, p->name, name) && (p->version.len == 0 || slice_eq(p->version, version));
}

/* "github.com/a/b/v4": tools that know the third part of a path for the last write what is behind it as the subpath. */
static enum status is_module(const struct purl *p, const struct purl *k, struct arena *arena, bool *out,
			     struct err *err)
{
	struct slice given, have;

	if (!arena_printf(arena, &given, "%.*s/%.*s/%.*s", SLICE_ARG(p->namespace_), SLICE_ARG(p->name),
			  SLICE_ARG(p->subpath)) ||
	    !arena_printf(arena, &have, "%.*s/%.*s", SLICE_ARG(k->namespace_), SLICE_ARG(k->name)))
		return err_nomem(err, "report");
	*out = slice_eq_nocase(given, have) &&
	       (p->version.len == 0 || version_eq(p->type, p->version, k->version));
	return STATUS_OK;
}

enum status policy_purl_matches(const struct purl *p, struct policy_subject *s, size_t package, bool *out,
				struct err *err)
{
	const struct package *installed = &s->index->packages.at[package].package;
	struct slice arch = qualifier(p, "arch");
	bool source = slice_eq(arch, SLICE("source")) || slice_eq(arch, SLICE("src"));
	const struct purl *k = NULL;

	*out = false;
	TRY(purl_of(s, package, &k, err));
	if (!slice_eq(p->type, k->type))
		return STATUS_OK;
	if (slice_eq(p->type, SLICE("golang")) && p->subpath.len > 0 && k->subpath.len == 0) {
		TRY(is_module(p, k, s->arena, out, err));
		*out = *out && qualifiers_match(p, k, s, package, source);
		return STATUS_OK;
	}
	if (!name_eq(p->type, vendor(p->namespace_), vendor(k->namespace_)))
		return STATUS_OK;
	if (source)
		*out = source_matches(p, k, installed);
	else
		*out = name_eq(p->type, p->name, k->name) &&
		       (p->version.len == 0 || version_eq(p->type, p->version, k->version));
	/* A version of an rpm without an epoch is one of epoch 0. */
	if (*out && p->version.len > 0 && qualifier(k, "epoch").len > 0 && qualifier(p, "epoch").len == 0)
		*out = false;
	*out = *out && (p->subpath.len == 0 || slice_eq(p->subpath, k->subpath)) &&
	       qualifiers_match(p, k, s, package, source);
	return STATUS_OK;
}

/* ---- the image ---- */

/* "docker.io/library/alpine" and "alpine" are one. */
static struct slice plain_repository(struct slice r)
{
	static const char *const prefixes[] = { "index.docker.io/", "docker.io/", "library/" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts(r, slice_cstr(prefixes[i])))
			r = slice_from(r, strlen(prefixes[i]));
	return r;
}

static bool is_manifest(const struct index_report *r, struct slice text)
{
	struct digest d;

	return digest_parse(text, &d) && r->manifest.algo != DIGEST_NONE && digest_eq(&d, &r->manifest);
}

static bool reference_is_image(const struct index_report *r, struct slice given)
{
	struct slice repository, tag, have, have_tag, digest;

	if (slice_cut(given, '@', NULL, &digest))
		return is_manifest(r, digest);
	if (is_manifest(r, given))
		return true;
	subject_split_reference(given, &repository, &tag);
	subject_split_reference(subject_image(r), &have, &have_tag);
	return repository.len > 0 && slice_eq(plain_repository(repository), plain_repository(have)) &&
	       (tag.len == 0 || slice_eq(tag, have_tag));
}

/* limpid's OpenVEX calls an image without a name and manifest by the hash of what was typed. */
static bool is_hex_of(struct slice target, struct slice given)
{
	struct subject_name hex;
	struct err err = ERR_INIT;

	return subject_hex(target, &hex, &err) == STATUS_OK && slice_eq(slice_cstr(hex.text), given);
}

/* pkg:oci/app@sha256:...?repository_url=example.com/app&tag=1, pkg:docker/library/app@1 */
static bool purl_is_image(const struct index_report *r, const struct purl *p)
{
	bool docker = slice_eq(p->type, SLICE("docker"));
	struct slice have, tag, url = qualifier(p, "repository_url"), arch = qualifier(p, "arch");

	if (slice_eq(p->type, SLICE("generic")) && slice_eq(p->name, SLICE("image")))
		return is_manifest(r, p->version) || is_hex_of(subject_image(r), p->version);
	if (!docker && !slice_eq(p->type, SLICE("oci")))
		return false;
	if (slice_has(p->version, SLICE(":")))
		return is_manifest(r, p->version);
	subject_split_reference(subject_image(r), &have, &tag);
	if (!slice_eq_nocase(path_base(have), p->name) || (arch.len > 0 && !slice_eq(arch, r->arch)))
		return false;
	if (url.len > 0 && !slice_eq(plain_repository(url), plain_repository(have)) &&
	    !slice_eq(plain_repository(url), path_dir(plain_repository(have))))
		return false;
	if (docker && p->namespace_.len > 0 && !slice_eq(p->namespace_, SLICE("library")) &&
	    !slice_eq(path_base(path_dir(have)), p->namespace_))
		return false;
	if (p->version.len > 0 && !slice_eq(p->version, tag))
		return false;
	return qualifier(p, "tag").len == 0 || slice_eq(qualifier(p, "tag"), tag);
}

/* A product that is an operating system: its CPE, up to where it stops. */
static bool cpe_is_system(const struct index_report *r, struct slice cpe)
{
	while (cpe.len > 0 && (slice_ends(cpe, SLICE(":*")) || slice_ends(cpe, SLICE("::"))))
		cpe.len -= slice_ends(cpe, SLICE(":*")) ? 2 : 1;
	for (size_t i = 0; i < r->distributions.len; i++) {
		struct slice have = r->distributions.at[i].cpe;

		if (slice_starts(have, cpe) && (have.len == cpe.len || have.ptr[cpe.len] == ':'))
			return true;
	}
	return false;
}

static bool is_image(const struct policy_product *p, const struct index_report *r)
{
	bool named = p->names.len == 0, known = p->images.len == 0;

	if (named && known)
		return false;
	for (size_t i = 0; i < p->names.len && !named; i++) {
		const struct policy_name *n = &p->names.at[i];

		/* Whether an image is of a version nobody can tell. */
		if (n->versions)
			continue;
		if (slice_starts(n->text, SLICE("cpe:")))
			named = p->parts.len > 0 && cpe_is_system(r, n->text);
		else if (slice_starts(n->text, SLICE("pkg:")))
			named = n->purl && purl_is_image(r, n->purl);
		else
			named = reference_is_image(r, n->text);
	}
	for (size_t i = 0; i < p->images.len && !known; i++)
		known = r->manifest.algo != DIGEST_NONE && digest_eq(&p->images.at[i], &r->manifest);
	return named && known;
}

/* ---- both ---- */

static bool is_system(enum package_type t)
{
	return t == PACKAGE_DEB || t == PACKAGE_APK || t == PACKAGE_RPM;
}

/* An installed version may be the source's, of which documents about sources speak. */
static bool is_of_versions(const struct policy_name *n, const struct package *p)
{
	struct slice arch = qualifier(n->purl, "arch");
	bool source = slice_eq(arch, SLICE("source")) || slice_eq(arch, SLICE("src"));
	struct slice version = source && p->source_version.len > 0 ? p->source_version : p->version;

	for (size_t i = 0; i < n->n_versions; i++)
		if (policy_version_holds(p->type, version, n->versions[i]))
			return true;
	return !n->versions;
}

static enum status names_match(const policy_names *names, struct policy_subject *s, size_t package, bool *out,
			       struct err *err)
{
	*out = false;
	for (size_t i = 0; i < names->len && !*out; i++) {
		if (!names->at[i].purl)
			continue;
		TRY(policy_purl_matches(names->at[i].purl, s, package, out, err));
		*out = *out && is_of_versions(&names->at[i], &s->index->packages.at[package].package);
	}
	return STATUS_OK;
}

/* A program or archive inside the image: what was found in the same file is its. */
static enum status holds(const struct policy_product *p, struct policy_subject *s, size_t package, bool *out,
			 struct err *err)
{
	struct slice path = s->index->packages.at[package].package.path;

	*out = is_image(p, s->index);
	for (size_t i = 0; i < s->index->packages.len && !*out; i++) {
		const struct package *k = &s->index->packages.at[i].package;

		if (i != package && path.len > 0 && !is_system(k->type) && slice_eq(k->path, path))
			TRY(names_match(&p->names, s, i, out, err));
	}
	return STATUS_OK;
}

enum status policy_product_matches(const struct policy_product *p, struct policy_subject *s, size_t package, bool *out,
				   struct err *err)
{
	if (p->parts.len == 0) {
		TRY(names_match(&p->names, s, package, out, err));
		*out = *out || is_image(p, s->index);
		return STATUS_OK;
	}
	*out = false;
	for (size_t i = 0; i < p->parts.len && !*out; i++)
		TRY(names_match(&p->parts.at[i].names, s, package, out, err));
	return *out ? holds(p, s, package, out, err) : STATUS_OK;
}

enum policy_detail policy_product_detail(const struct policy_product *p)
{
	enum policy_detail best = POLICY_DETAIL_IMAGE;

	if (p->parts.len > 0)
		return POLICY_DETAIL_PART;
	for (size_t i = 0; i < p->names.len; i++) {
		const struct policy_name *n = &p->names.at[i];
		bool image = !n->purl || slice_eq(n->purl->type, SLICE("oci")) ||
			     slice_eq(n->purl->type, SLICE("docker")) || slice_eq(n->purl->type, SLICE("generic"));

		if (!image)
			best = MAX(best, n->purl->version.len > 0 || n->versions ? POLICY_DETAIL_VERSION
										 : POLICY_DETAIL_PACKAGE);
	}
	return best;
}
