/* SPDX-License-Identifier: Apache-2.0 */
/* layers_document.c - a report as Clair v2 shows a layer: features with their vulnerabilities. */
#include "server/layers_document.h"

#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- names ---- */

bool layers_namespace_of_scope(struct slice scope, struct arena *arena, struct slice *out)
{
	static const struct {
		const char *scope, *space;
	} names[] = { { "rhel:", "centos:" }, { "amazon:", "amzn:" }, { "debian:sid", "debian:unstable" } };
	struct slice alpine = SLICE("alpine:");
	struct distribution d;

	*out = scope;
	/* Red Hat's rows are kept by repository; those of products beside the system stay as they are. */
	if (slice_starts(scope, SLICE("rhel:cpe:")))
		return !distribution_of_scope(scope, &d) ||
		       arena_printf(arena, out, "centos:%.*s", SLICE_ARG(d.version_id));
	if (slice_starts(scope, alpine) && scope.len > alpine.len && is_digit(scope.ptr[alpine.len]))
		return arena_printf(arena, out, "alpine:v%.*s", SLICE_ARG(slice_from(scope, alpine.len)));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct slice prefix = slice_cstr(names[i].scope);

		if (slice_starts(scope, prefix))
			return arena_printf(arena, out, "%s%.*s", names[i].space,
					    SLICE_ARG(slice_from(scope, prefix.len)));
	}
	return true;
}

const char *layers_format_of_scheme(enum scheme_id scheme)
{
	const struct version_scheme *s = scheme_get(scheme);

	/* Clair v2 compares Alpine's versions as dpkg's, and says so. */
	if (scheme == SCHEME_apk)
		return "dpkg";
	return s ? s->name : "";
}

const char *layers_format_of_type(enum package_type type)
{
	const struct version_scheme *s = package_type_scheme(type);

	return type == PACKAGE_APK ? "dpkg" : s ? s->name : "";
}

const char *layers_severity(struct slice word)
{
	static const char *const words[] = { "Unknown", "Negligible", "Low", "Medium", "High", "Critical", "Defcon1" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(word, slice_cstr(words[i])))
			return words[i];
	return NULL;
}

static int severity_rank(const char *word)
{
	static const char order[] = "UNLMHCD";

	return (int)(strchr(order, word[0]) - order);
}

/* ---- small pieces ---- */

void layers_error_put(struct buf *out, const char *message, const char *detail)
{
	struct json_writer w;

	json_writer_init(&w, out, 0);
	w.html_escape = true;
	json_object(&w);
	json_key(&w, "Error");
	json_object(&w);
	json_member_cstr(&w, "Message", message);
	if (detail && detail[0])
		json_member_cstr(&w, "Detail", detail);
	json_close(&w);
	json_close(&w);
	buf_add_byte(out, '\n');
}

static void put_text(struct json_writer *w, const char *name, struct slice text)
{
	if (text.len > 0)
		json_member_str(w, name, text);
}

void layers_fix_put(struct json_writer *w, const struct layers_fix *fix, struct slice space)
{
	json_object(w);
	put_text(w, "Name", fix->feature);
	put_text(w, "NamespaceName", space);
	put_text(w, "VersionFormat", fix->version_format);
	put_text(w, "Version", fix->version);
	json_close(w);
}

bool layers_advisory_copy(const struct layers_advisory *a, struct arena *arena, struct layers_advisory *out)
{
	struct layers_fix *fixes = arena_array(arena, a->n_fixes + 1, sizeof(*fixes));

	*out = *a;
	out->fixes = fixes;
	if (!fixes || !arena_copy(arena, a->name, &out->name) || !arena_copy(arena, a->space, &out->space) ||
	    !arena_copy(arena, a->description, &out->description) || !arena_copy(arena, a->link, &out->link) ||
	    !arena_copy(arena, a->metadata, &out->metadata))
		return false;
	for (size_t i = 0; i < a->n_fixes; i++)
		if (!arena_copy(arena, a->fixes[i].feature, &fixes[i].feature) ||
		    !arena_copy(arena, a->fixes[i].version_format, &fixes[i].version_format) ||
		    !arena_copy(arena, a->fixes[i].version, &fixes[i].version))
			return false;
	return true;
}

void layers_advisory_put(struct json_writer *w, const struct layers_advisory *a, bool with_fixes)
{
	json_object(w);
	put_text(w, "Name", a->name);
	put_text(w, "NamespaceName", a->space);
	put_text(w, "Description", a->description);
	put_text(w, "Link", a->link);
	json_member_cstr(w, "Severity", a->severity);
	if (a->metadata.len > 0) {
		json_key(w, "Metadata");
		json_raw(w, a->metadata);
	}
	if (with_fixes && a->n_fixes > 0) {
		json_key(w, "FixedIn");
		json_array(w);
		for (size_t i = 0; i < a->n_fixes; i++)
			layers_fix_put(w, &a->fixes[i], a->space);
		json_close(w);
	}
	json_close(w);
}

/* CVSS vectors, where Clair v2 has those of NVD. Of several of a kind the first. */
static bool metadata_of(const struct advisory *a, struct arena *arena, struct slice *out)
{
	struct slice v2 = SLICE_EMPTY, v3 = SLICE_EMPTY;
	struct buf AUTO(buf_fini) text = BUF_INIT(100000);
	struct json_writer w;

	*out = SLICE_EMPTY;
	for (size_t i = 0; i < a->n_cvss; i++) {
		if (slice_starts(a->cvss[i], SLICE("CVSS:3.")) && v3.len == 0)
			v3 = a->cvss[i];
		else if (slice_starts(a->cvss[i], SLICE("AV:")) && v2.len == 0)
			v2 = a->cvss[i];
	}
	if (v2.len + v3.len == 0)
		return true;
	json_writer_init(&w, &text, 0);
	json_object(&w);
	json_key(&w, "NVD");
	json_object(&w);
	for (int i = 0; i < 2; i++) {
		if ((i ? v3 : v2).len == 0)
			continue;
		json_key(&w, i ? "CVSSv3" : "CVSSv2");
		json_object(&w);
		json_member_str(&w, "Vectors", i ? v3 : v2);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	return text.failed == STATUS_OK && arena_copy(arena, buf_slice(&text), out);
}

bool layers_advisory_of(const struct advisory *a, struct slice space, struct arena *arena, struct layers_advisory *out)
{
	*out = (struct layers_advisory){ .name = a->id,
					 .space = space,
					 .description = a->description.len > 0 ? a->description : a->summary,
					 .link = a->n_links > 0 ? a->links[0] : SLICE_EMPTY,
					 .severity = severity_name(a->severity) };
	return metadata_of(a, arena, &out->metadata);
}

/* ---- features ---- */

struct vulnerability {
	struct layers_advisory about;
	struct slice fixed_by; /* "" if there is no fix */
};

/* Packages of one source, one version and one namespace are one feature, as in Clair v2. */
struct feature {
	struct slice name, version, space;
	enum package_type type;
	size_t layer;
	VEC(struct vulnerability) found;
};

struct page {
	const struct layers_document *d;
	const struct vulnerability_report *r;
	struct arena *arena;
	VEC(struct feature) features;
	size_t *feature_of; /* package -> feature; SIZE_MAX: none */
	struct slice space; /* of the layer */
};

static bool namespace_of(const struct page *p, const struct index_package *pkg, struct slice *out)
{
	const struct index_report *index = p->r->index;
	struct slice scope = slice_cstr(package_type_scope(pkg->package.type));
	const struct distribution *d;

	*out = SLICE_EMPTY;
	if (scope.len > 0 || pkg->distribution == INDEX_NO_DISTRIBUTION)
		return layers_namespace_of_scope(scope, p->arena, out);
	d = &index->distributions.at[pkg->distribution];
	if (!distribution_scope(d, p->arena, &scope))
		return false;
	if (scope.len > 0 || d->did.len == 0)
		return layers_namespace_of_scope(scope, p->arena, out);
	return arena_printf(p->arena, out, "%.*s:%.*s", SLICE_ARG(d->did), SLICE_ARG(d->version_id));
}

/* Debian's packages by their source, as Clair v2 lists them, since that is what its advisories are about. */
static void name_of(const struct package *pkg, struct slice *name, struct slice *version)
{
	bool source = pkg->type == PACKAGE_DEB && pkg->source_name.len > 0;

	*name = source ? pkg->source_name : pkg->name;
	*version = source && pkg->source_version.len > 0 ? pkg->source_version : pkg->version;
}

static enum status add_package(struct page *p, struct map *known, size_t i, struct err *err)
{
	const struct index_package *pkg = &p->r->index->packages.at[i];
	struct feature f = { .type = pkg->package.type, .layer = pkg->layer };
	struct feature *added;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	name_of(&pkg->package, &f.name, &f.version);
	if (!namespace_of(p, pkg, &f.space) ||
	    !arena_printf(p->arena, &key, "%d|%.*s|%.*s|%.*s", (int)f.type, SLICE_ARG(f.space), SLICE_ARG(f.name),
			  SLICE_ARG(f.version)))
		return err_nomem(err, "a layer");
	slot = map_slot(known, key, &is_new);
	if (!slot)
		return err_nomem(err, "a layer");
	if (is_new) {
		*slot = p->features.len;
		added = VEC_PUSH(&p->features, p->arena);
		if (!added)
			return err_nomem(err, "a layer");
		*added = f;
	}
	p->feature_of[i] = (size_t)*slot;
	/* Some of its packages may have come later. */
	added = &p->features.at[*slot];
	if (f.layer < added->layer)
		added->layer = f.layer;
	return STATUS_OK;
}

static enum status add_packages(struct page *p, struct err *err)
{
	const struct index_report *index = p->r->index;
	struct map known = { 0 };
	enum status st = STATUS_OK;
	bool *found = arena_array(p->arena, index->packages.len + 1, sizeof(*found));

	p->feature_of = arena_array(p->arena, index->packages.len + 1, sizeof(*p->feature_of));
	if (!found || !p->feature_of)
		return err_nomem(err, "a layer");
	for (size_t i = 0; i < p->r->findings.len; i++)
		found[p->r->findings.at[i].package] = true;
	for (size_t i = 0; i < index->packages.len && st == STATUS_OK; i++) {
		p->feature_of[i] = SIZE_MAX;
		/* What the system's packages brought counts as theirs; programs known by texts are no features. */
		if (found[i] || !(index->packages.at[i].package.flags & PACKAGE_OWNED ||
				  package_type_is_program(index->packages.at[i].package.type)))
			st = add_package(p, &known, i, err);
	}
	map_fini(&known);
	return st;
}

/* Several packages or sources may tell of one flaw: the worst severity, and the fix that mends them all. */
static void merge(struct vulnerability *into, const struct vulnerability *v, enum package_type type)
{
	const struct version_scheme *scheme = package_type_scheme(type);

	if (severity_rank(v->about.severity) > severity_rank(into->about.severity))
		into->about.severity = v->about.severity;
	if (v->fixed_by.len > 0 &&
	    (into->fixed_by.len == 0 || (scheme && scheme->compare(v->fixed_by, into->fixed_by) > 0)))
		into->fixed_by = v->fixed_by;
	if (into->about.link.len == 0)
		into->about.link = v->about.link;
	if (into->about.description.len == 0)
		into->about.description = v->about.description;
}

static enum status add_vulnerability(struct page *p, struct feature *f, const struct vulnerability *v, struct err *err)
{
	struct vulnerability *added;

	for (size_t i = 0; i < f->found.len; i++) {
		if (slice_eq(f->found.at[i].about.name, v->about.name)) {
			merge(&f->found.at[i], v, f->type);
			return STATUS_OK;
		}
	}
	added = VEC_PUSH(&f->found, p->arena);
	if (!added)
		return err_nomem(err, "a layer");
	*added = *v;
	return STATUS_OK;
}

/* What a user wrote under the same name stands for it. */
static bool is_replaced(const struct page *p, const struct feature *f, struct slice id)
{
	for (size_t i = 0; i < p->d->n_own; i++)
		if (slice_eq(p->d->own[i].name, id) && slice_eq(p->d->own[i].space, f->space))
			return true;
	return false;
}

static enum status add_findings(struct page *p, struct err *err)
{
	for (size_t i = 0; i < p->r->findings.len; i++) {
		const struct finding *found = &p->r->findings.at[i];
		struct feature *f = &p->features.at[p->feature_of[found->package]];
		struct vulnerability v;

		if (is_replaced(p, f, found->advisory.id))
			continue;
		if (!layers_advisory_of(&found->advisory, f->space, p->arena, &v.about))
			return err_nomem(err, "a layer");
		v.about.severity = severity_name(found->severity);
		v.fixed_by = found->fix;
		TRY(add_vulnerability(p, f, &v, err));
	}
	return STATUS_OK;
}

/* ---- what users added ---- */

static bool fix_hits(const struct layers_fix *fix, const struct feature *f)
{
	const struct version_scheme *scheme = package_type_scheme(f->type);

	if (!slice_eq(fix->feature, f->name))
		return false;
	if (slice_eq(fix->version, SLICE("None")))
		return true;
	return scheme && scheme->valid(f->version) && scheme->compare(f->version, fix->version) < 0;
}

static enum status add_own(struct page *p, struct err *err)
{
	for (size_t i = 0; i < p->d->n_own; i++) {
		const struct layers_advisory *a = &p->d->own[i];

		for (size_t k = 0; k < p->features.len; k++) {
			struct feature *f = &p->features.at[k];

			for (size_t j = 0; j < a->n_fixes && slice_eq(f->space, a->space); j++) {
				bool none = slice_eq(a->fixes[j].version, SLICE("None"));
				struct vulnerability v = { *a, none ? SLICE_EMPTY : a->fixes[j].version };

				if (fix_hits(&a->fixes[j], f))
					TRY(add_vulnerability(p, f, &v, err));
			}
		}
	}
	return STATUS_OK;
}

/* ---- writing ---- */

static struct slice added_by(const struct page *p, size_t layer)
{
	const struct index_report *index = p->r->index;
	const struct layers_chain *c = p->d->chain;

	if (index->layers.len == c->n && layer < c->n)
		return c->at[layer].name;
	for (size_t i = 0; i < c->n && layer < index->layers.len; i++)
		if (digest_eq(&c->at[i].digest, &index->layers.at[layer].digest))
			return c->at[i].name;
	return SLICE_EMPTY;
}

static void put_vulnerability(struct json_writer *w, const struct vulnerability *v)
{
	struct layers_advisory a = v->about;

	json_object(w);
	put_text(w, "Name", a.name);
	put_text(w, "NamespaceName", a.space);
	put_text(w, "Description", a.description);
	put_text(w, "Link", a.link);
	json_member_cstr(w, "Severity", a.severity);
	if (a.metadata.len > 0) {
		json_key(w, "Metadata");
		json_raw(w, a.metadata);
	}
	put_text(w, "FixedBy", v->fixed_by);
	json_close(w);
}

static void put_feature(const struct page *p, struct json_writer *w, const struct feature *f)
{
	json_object(w);
	put_text(w, "Name", f->name);
	put_text(w, "NamespaceName", f->space);
	put_text(w, "VersionFormat", slice_cstr(layers_format_of_type(f->type)));
	put_text(w, "Version", f->version);
	if (f->found.len > 0) {
		json_key(w, "Vulnerabilities");
		json_array(w);
		for (size_t i = 0; i < f->found.len; i++)
			put_vulnerability(w, &f->found.at[i]);
		json_close(w);
	}
	put_text(w, "AddedBy", added_by(p, f->layer));
	json_close(w);
}

static void put_layer(const struct page *p, struct json_writer *w)
{
	const struct layers_document *d = p->d;

	json_object(w);
	json_key(w, "Layer");
	json_object(w);
	put_text(w, "Name", d->chain->at[d->chain->n - 1].name);
	put_text(w, "NamespaceName", p->space);
	put_text(w, "ParentName", d->parent);
	json_member_u64(w, "IndexedByVersion", LAYERS_ENGINE);
	if ((d->features || d->vulnerabilities) && p->features.len > 0) {
		json_key(w, "Features");
		json_array(w);
		for (size_t i = 0; i < p->features.len; i++)
			put_feature(p, w, &p->features.at[i]);
		json_close(w);
	}
	json_close(w);
	json_close(w);
}

/* The system that the image is: of several that layers had, the topmost. */
static enum status find_space(struct page *p, struct err *err)
{
	const struct index_report *index = p->r->index;
	struct index_package any = { .package = { .type = PACKAGE_NONE } };

	any.distribution = index->distributions.len > 0 ? index->distributions.len - 1 : INDEX_NO_DISTRIBUTION;
	return namespace_of(p, &any, &p->space) ? STATUS_OK : err_nomem(err, "a layer");
}

static enum status make_page(struct page *p, struct err *err)
{
	TRY(find_space(p, err));
	if (!p->d->features && !p->d->vulnerabilities)
		return STATUS_OK;
	TRY(add_packages(p, err));
	if (!p->d->vulnerabilities)
		return STATUS_OK;
	TRY(add_findings(p, err));
	return add_own(p, err);
}

enum status layers_document_write(const struct layers_document *d, const struct vulnerability_report *r,
				  struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 30);
	struct page p = { .d = d, .r = r, .arena = &arena };
	struct json_writer w;

	TRY(make_page(&p, err));
	json_writer_init(&w, out, 0);
	w.html_escape = true;
	put_layer(&p, &w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(out, '\n');
	return buf_check(out, "a layer", err);
}
