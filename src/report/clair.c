/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clair.c - Clair's documents: vulnerability_report and index_report, field set of Clair 4.9 (claircore 1.5.52).
 *
 * Identifiers are numbers of this document only, as Clair's clients must treat them. Differences from Clair in content
 * are in docs/differences.md.
 */
#include "base/map.h"
#include "feed/cvss_data.h"
#include "index/detector.h"
#include "model/clair_index.h"
#include "model/clair_vulnerability.h"
#include "report/document.h"
#include "version/normalized.h"

#include <stdio.h>

#define CVES_MAX 64	    /* that one vulnerability names */
#define REPOSITORIES_MAX 64 /* numbers kept for them: those of packages do not move when a kind is added */

/*
 * Numbers: distributions from 1, then repositories (one per language ecosystem), then packages with their sources, then
 * the repositories that the image names.
 */
struct clair {
	struct document doc;
	const struct index_report *index;
	struct arena arena;
	struct map sources;  /* "name|version" -> number of the source package */
	uint64_t *source_of; /* package -> number of its source */
	bool *shown;	     /* package -> is it in the document? */
	uint64_t first_repository, first_package, next, first_named;
	size_t *named; /* repository of the report -> the first one that says the same */
};

struct number {
	char text[24];
};

static const char *number(struct number *n, uint64_t value)
{
	snprintf(n->text, sizeof(n->text), "%llu", (unsigned long long)value);
	return n->text;
}

static uint64_t package_number(const struct clair *c, size_t i)
{
	return c->first_package + i;
}

static bool is_language(enum package_type t)
{
	return package_type_scope(t)[0] != '\0';
}

static bool by_user(const struct suppressed *s)
{
	return s->by == SUPPRESSED_BY_IGNORE || s->by == SUPPRESSED_BY_VEX || s->by == SUPPRESSED_BY_UNFIXED ||
	       s->by == SUPPRESSED_BY_UNEXPLOITED;
}

/*
 * As in Clair, language packages that system packages brought are left out, but where --owned had them matched; and so
 * are programs that are known by their texts: Clair has no such kind, and its clients no word for their confidence.
 */
static enum status choose_packages(struct clair *c, const struct vulnerability_report *r, struct err *err)
{
	size_t n = c->index->packages.len;

	c->shown = arena_array(&c->arena, n + 1, sizeof(*c->shown));
	if (!c->shown)
		return err_nomem(err, "report");
	for (size_t i = 0; i < n; i++)
		c->shown[i] = !(c->index->packages.at[i].package.flags & PACKAGE_OWNED) &&
			      !package_type_is_program(c->index->packages.at[i].package.type);
	for (size_t i = 0; r && i < r->findings.len; i++)
		c->shown[r->findings.at[i].package] = true;
	for (size_t i = 0; r && i < r->suppressed.len; i++)
		if (by_user(&r->suppressed.at[i]))
			c->shown[r->suppressed.at[i].finding.package] = true;
	return STATUS_OK;
}

/* System packages always have a source, be it of their own name; language packages have an empty one. */
static void source_of(const struct package *p, struct slice *name, struct slice *version)
{
	bool own = p->source_name.len == 0 && !is_language(p->type);

	*name = own ? p->name : p->source_name;
	*version = own ? p->version : p->source_version;
}

static enum status number_sources(struct clair *c, struct err *err)
{
	size_t n = c->index->packages.len;

	c->first_repository = 1 + c->index->distributions.len;
	_Static_assert(PACKAGE_TYPE_COUNT <= REPOSITORIES_MAX, "numbers of repositories");
	c->first_package = c->first_repository + REPOSITORIES_MAX;
	c->next = c->first_package + n;
	c->source_of = n ? arena_array(&c->arena, n, sizeof(*c->source_of)) : NULL;
	for (size_t i = 0; i < n; i++) {
		struct slice key, name, version;
		uint64_t *slot;
		bool is_new;

		source_of(&c->index->packages.at[i].package, &name, &version);
		if (!c->source_of || !arena_printf(&c->arena, &key, "%.*s|%.*s", SLICE_ARG(name), SLICE_ARG(version)))
			return err_nomem(err, "report");
		slot = map_slot(&c->sources, key, &is_new);
		if (!slot)
			return err_nomem(err, "report");
		if (is_new)
			*slot = c->next++;
		c->source_of[i] = *slot;
	}
	return STATUS_OK;
}

/* Layers name the same repositories again: each is listed once. */
static enum status number_named(struct clair *c, struct err *err)
{
	struct map AUTO(map_fini) seen = MAP_INIT;
	size_t n = c->index->repositories.len;

	c->first_named = c->next;
	c->named = arena_array(&c->arena, n + 1, sizeof(*c->named));
	if (!c->named)
		return err_nomem(err, "report");
	for (size_t i = 0; i < n; i++) {
		const struct layer_repository *r = &c->index->repositories.at[i];
		struct slice key;
		uint64_t *slot;
		bool is_new;

		if (!arena_printf(&c->arena, &key, "%.*s|%.*s|%.*s", SLICE_ARG(r->key), SLICE_ARG(r->name),
				  SLICE_ARG(r->cpe)) ||
		    !(slot = map_slot(&seen, key, &is_new)))
			return err_nomem(err, "report");
		if (is_new)
			*slot = i;
		c->named[i] = (size_t)*slot;
	}
	return STATUS_OK;
}

static void put_named(struct json_writer *w, const struct layer_repository *r, const char *id)
{
	json_object(w);
	json_member_cstr(w, "id", id);
	json_member_str(w, "name", r->name);
	if (r->key.len > 0)
		json_member_str(w, "key", r->key);
	if (r->uri.len > 0)
		json_member_str(w, "uri", r->uri);
	json_member_str(w, "cpe", r->cpe);
	json_close(w);
}

/* Clair knows Python packages by the repository "pypi" alone, and no direct URLs; of dnf's repositories those that are
 * Red Hat's, which have a CPE. */
static bool is_left_out(const struct layer_repository *r)
{
	return slice_eq(r->key, SLICE(REPOSITORY_DIRECT_URL)) || slice_eq(r->key, SLICE(REPOSITORY_DNF));
}

static size_t repositories_of(const struct clair *c, const struct index_package *p)
{
	return p->n_repositories > 0 && is_left_out(&c->index->repositories.at[p->repository]) ? 0 : p->n_repositories;
}

/* Of the kind's registry, where the image names none; null for packages of a system that says nothing. */
static void put_repository_ids(struct clair *c, const struct index_package *p)
{
	struct json_writer *w = &c->doc.w;
	size_t count = repositories_of(c, p);
	struct number n;

	json_key(w, "repository_ids");
	if (count == 0 && !is_language(p->package.type)) {
		json_null(w);
		return;
	}
	json_array(w);
	for (size_t i = p->repository; count > 0 && i < p->repository + count; i++)
		if (c->named[i] == i || c->named[i] < p->repository)
			json_cstr(w, number(&n, c->first_named + c->named[i]));
	if (count == 0)
		json_cstr(w, number(&n, c->first_repository + p->package.type));
	json_close(w);
}

static void put_detector(struct json_writer *w, struct slice name)
{
	const struct detector *const *all;
	char urn[160];
	size_t n;

	all = detectors(&n);
	json_key(w, "detector");
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(name, slice_cstr(all[i]->name))) {
			snprintf(urn, sizeof(urn), "urn:claircore:detector:%s:%s:package", all[i]->name,
				 all[i]->version);
			json_cstr(w, urn);
			return;
		}
	}
	json_null(w);
}

static void put_source(struct json_writer *w, const struct package *p, uint64_t id)
{
	struct slice name, version;
	struct number n;

	source_of(p, &name, &version);
	json_key(w, "source");
	json_object(w);
	json_member_cstr(w, "id", number(&n, id));
	json_member_str(w, "name", name);
	json_member_str(w, "version", version);
	if (name.len > 0)
		json_member_cstr(w, "kind", "source");
	json_member_cstr(w, "normalized_version", "");
	json_member_cstr(w, "cpe", "");
	json_key(w, "detector");
	json_null(w);
	json_close(w);
}

static enum status put_packages(struct clair *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct normalized_version normalized;
	struct number n;

	json_key(w, "packages");
	json_object(w);
	for (size_t i = 0; i < c->index->packages.len; i++) {
		const struct package *p = &c->index->packages.at[i].package;

		if (!c->shown[i])
			continue;
		json_key(w, number(&n, package_number(c, i)));
		json_object(w);
		json_member_cstr(w, "id", number(&n, package_number(c, i)));
		json_member_str(w, "name", p->name);
		json_member_str(w, "version", p->version);
		json_member_cstr(w, "kind", "binary");
		put_source(w, p, c->source_of[i]);
		json_member_cstr(w, "normalized_version",
				 version_normalized(package_type_scheme(p->type), p->version, &normalized));
		if (p->module.len > 0)
			json_member_str(w, "module", p->module);
		/* Clair has none for languages. */
		if (p->arch.len > 0 && !is_language(p->type))
			json_member_str(w, "arch", p->arch);
		json_member_cstr(w, "cpe", "");
		put_detector(w, p->detector);
		json_close(w);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	return STATUS_OK;
}

static enum status put_distributions(struct clair *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	bool used[PACKAGE_TYPE_COUNT] = { false };
	struct number n;

	json_key(w, "distributions");
	json_object(w);
	for (size_t i = 0; i < c->index->distributions.len; i++) {
		json_key(w, number(&n, 1 + i));
		TRY(clair_put_distribution(w, &c->index->distributions.at[i], number(&n, 1 + i), true, &c->arena, err));
	}
	json_close(w);
	for (size_t i = 0; i < c->index->packages.len; i++)
		if (c->shown[i] && repositories_of(c, &c->index->packages.at[i]) == 0)
			used[c->index->packages.at[i].package.type] = true;
	json_key(w, "repository");
	json_object(w);
	for (size_t t = 0; t < PACKAGE_TYPE_COUNT; t++) {
		if (!used[t] || !is_language((enum package_type)t))
			continue;
		json_key(w, number(&n, c->first_repository + t));
		clair_put_repository(w, (enum package_type)t, number(&n, c->first_repository + t));
	}
	for (size_t i = 0; i < c->index->repositories.len; i++) {
		if (c->named[i] != i || is_left_out(&c->index->repositories.at[i]))
			continue;
		json_key(w, number(&n, c->first_named + i));
		put_named(w, &c->index->repositories.at[i], number(&n, c->first_named + i));
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	return STATUS_OK;
}

/* The name that the image gives a layer: where nobody says how it is stored, it is that of its tar. */
static const struct digest *layer_hash(const struct index_layer *l)
{
	return l->digest.algo != DIGEST_NONE ? &l->digest : &l->diff_id;
}

static enum status put_environments(struct clair *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct number n;

	json_key(w, "environments");
	json_object(w);
	for (size_t i = 0; i < c->index->packages.len; i++) {
		const struct index_package *p = &c->index->packages.at[i];

		if (!c->shown[i])
			continue;
		json_key(w, number(&n, package_number(c, i)));
		json_array(w);
		json_object(w);
		json_member_str(w, "package_db", p->package.db);
		if (p->layer < c->index->layers.len)
			document_digest(w, "introduced_in", layer_hash(&c->index->layers.at[p->layer]));
		else
			json_member_cstr(w, "introduced_in", "");
		json_member_cstr(w, "distribution_id",
				 p->distribution == INDEX_NO_DISTRIBUTION ? "" : number(&n, 1 + p->distribution));
		put_repository_ids(c, p);
		json_close(w);
		json_close(w);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	return STATUS_OK;
}

/* r is NULL for an index report. */
static enum status clair_begin(struct clair *c, const struct index_report *index, const struct vulnerability_report *r,
			       const struct report_out *out, struct err *err)
{
	memset(c, 0, sizeof(*c));
	c->index = index;
	c->arena = (struct arena)ARENA_INIT(SIZE_MAX);
	document_init(&c->doc, out, 0);
	TRY(choose_packages(c, r, err));
	TRY(number_sources(c, err));
	return number_named(c, err);
}

static void clair_fini(struct clair *c)
{
	document_fini(&c->doc);
	map_fini(&c->sources);
	arena_fini(&c->arena);
}

/* What reading the document back needs and Clair's members have no word for. Its clients ignore unknown members. */
static enum status put_member(struct clair *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	const struct index_report *r = c->index;
	struct number n;

	json_key(w, "limpid");
	json_object(w);
	clair_member_head(w, r);
	json_key(w, "distributions");
	json_object(w);
	for (size_t i = 0; i < r->distributions.len; i++)
		clair_member_distribution(w, number(&n, 1 + i), &r->distributions.at[i]);
	json_close(w);
	json_key(w, "packages");
	json_object(w);
	for (size_t i = 0; i < r->packages.len; i++) {
		if (c->shown[i])
			clair_member_package(w, number(&n, package_number(c, i)), &r->packages.at[i]);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	json_key(w, "owned");
	json_array(w);
	for (size_t i = 0; i < r->packages.len; i++) {
		if (!c->shown[i])
			clair_member_owned(w, &r->packages.at[i]);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static enum status write_index(struct clair *c, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	const struct index_diag *worst = NULL;

	for (size_t i = 0; i < c->index->diags.len && !worst; i++)
		if (diag_severity(c->index->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			worst = &c->index->diags.at[i];
	json_object(w);
	document_digest(w, "manifest_hash", &c->index->manifest);
	/* Clients ask either member; what could be read is listed all the same. */
	json_member_cstr(w, "state", worst ? "IndexError" : "IndexFinished");
	TRY(put_packages(c, err));
	TRY(put_distributions(c, err));
	TRY(put_environments(c, err));
	json_member_bool(w, "success", worst == NULL);
	json_member_str(w, "err", worst ? worst->diag.text : SLICE_EMPTY);
	TRY(put_member(c, err));
	json_close(w);
	return document_end(&c->doc, err);
}

static enum status clair_index(const struct index_report *r, const struct report_options *options,
			       const struct report_out *out, struct err *err)
{
	struct clair AUTO(clair_fini) c;

	(void)options;
	TRY(clair_begin(&c, r, NULL, out, err));
	return write_index(&c, err);
}

/* Findings of one advisory row with one fix are one vulnerability of Clair's, whatever packages it hits. */
static enum status vulnerability_numbers(struct clair *c, const struct vulnerability_report *r, struct map *numbers,
					 uint64_t *of, bool *first, struct err *err)
{
	for (size_t i = 0; i < r->findings.len; i++) {
		const struct finding *f = &r->findings.at[i];
		struct slice key;
		uint64_t *slot;
		bool is_new;

		if (!arena_printf(&c->arena, &key, "%.*s|%.*s|%.*s|%.*s|%d|%.*s", SLICE_ARG(f->source),
				  SLICE_ARG(f->advisory.id), SLICE_ARG(f->row.scope), SLICE_ARG(f->row.package),
				  (int)f->row.name_kind, SLICE_ARG(f->fix)))
			return err_nomem(err, "report");
		slot = map_slot(numbers, key, &is_new);
		if (!slot)
			return err_nomem(err, "report");
		if (is_new)
			*slot = c->next++;
		of[i] = *slot;
		first[i] = is_new;
	}
	return STATUS_OK;
}

static enum status put_vulnerability(struct clair *c, const struct finding *f, uint64_t id, struct err *err)
{
	const struct index_package *p = &c->index->packages.at[f->package];
	struct number n;
	struct clair_vulnerability v = { .id = number(&n, id),
					 .updater = f->source,
					 .advisory = &f->advisory,
					 .row = &f->row,
					 .severity = f->severity,
					 .fix = f->fix,
					 .type = p->package.type };

	if (!is_language(v.type) && p->distribution != INDEX_NO_DISTRIBUTION)
		v.distribution = &c->index->distributions.at[p->distribution];
	json_key(&c->doc.w, v.id);
	TRY(clair_put_vulnerability(&c->doc.w, &v, &c->arena, err));
	return document_flush(&c->doc, err);
}

/* ---- enrichments ---- */

/*
 * CVEs as Clair's enrichers look for them: in the name, then in the links, in order of their text. Clair writes a link
 * for each alias of an OSV record, which are aliases here.
 */
struct cves {
	const struct enrichment *at[CVES_MAX];
	size_t n;
};

static void add_cve(struct cves *list, const struct enrichment *e, size_t first)
{
	size_t at = list->n;

	if (!e || list->n == CVES_MAX)
		return;
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i] == e)
			return;
	for (; at > first && slice_cmp(e->cve, list->at[at - 1]->cve) < 0; at--)
		list->at[at] = list->at[at - 1];
	list->at[at] = e;
	list->n++;
}

static void list_cves(const struct vulnerability_report *r, const struct advisory *a, struct cves *out)
{
	struct slice rest = a->id, cve;
	size_t named;

	out->n = 0;
	while (enrichment_next_cve(&rest, &cve))
		add_cve(out, report_enrichment(r, cve), 0);
	named = out->n;
	for (size_t i = 0; i < a->n_aliases; i++)
		add_cve(out, report_enrichment(r, a->aliases[i]), named);
	for (size_t i = 0; i < a->n_links; i++)
		for (rest = a->links[i]; enrichment_next_cve(&rest, &cve);)
			add_cve(out, report_enrichment(r, cve), named);
}

/* {"17": [{...}]}: by vulnerability, the objects of the CVEs that it names. Without any the enricher's key is absent.
 */
static enum status put_enricher(struct clair *c, const struct vulnerability_report *r, enum enricher e,
				const uint64_t *of, const bool *first, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	bool any = false;
	struct number n;

	for (size_t i = 0; i < r->findings.len; i++) {
		struct cves cves;
		bool begun = false;

		if (!first[i])
			continue;
		list_cves(r, &r->findings.at[i].advisory, &cves);
		for (size_t k = 0; k < cves.n; k++) {
			if (!cvss_clair_has(e, cves.at[k]))
				continue;
			if (!any) {
				json_key(w, enricher_clair_type(e));
				json_array(w);
				json_object(w);
			}
			if (!begun) {
				json_key(w, number(&n, of[i]));
				json_array(w);
			}
			any = begun = true;
			cvss_clair_put(w, e, cves.at[k]);
		}
		if (begun)
			json_close(w);
		TRY(document_flush(&c->doc, err));
	}
	if (any) {
		json_close(w);
		json_close(w);
	}
	return STATUS_OK;
}

static enum status put_enrichments(struct clair *c, const struct vulnerability_report *r, const uint64_t *of,
				   const bool *first, struct err *err)
{
	json_key(&c->doc.w, "enrichments");
	json_object(&c->doc.w);
	for (size_t e = 0; r->enrichments.len > 0 && e < ENRICHER_COUNT; e++)
		TRY(put_enricher(c, r, (enum enricher)e, of, first, err));
	json_close(&c->doc.w);
	return STATUS_OK;
}

static enum status put_findings(struct clair *c, const struct vulnerability_report *r, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	struct map AUTO(map_fini) numbers = MAP_INIT;
	uint64_t *of = arena_array(&c->arena, r->findings.len + 1, sizeof(*of));
	bool *first = arena_array(&c->arena, r->findings.len + 1, sizeof(*first));
	struct number n;

	if (!of || !first)
		return err_nomem(err, "report");
	TRY(vulnerability_numbers(c, r, &numbers, of, first, err));
	json_key(w, "vulnerabilities");
	json_object(w);
	for (size_t i = 0; i < r->findings.len; i++)
		if (first[i])
			TRY(put_vulnerability(c, &r->findings.at[i], of[i], err));
	json_close(w);
	json_key(w, "package_vulnerabilities");
	json_object(w);
	for (size_t i = 0; i < r->findings.len;) {
		size_t package = r->findings.at[i].package;

		json_key(w, number(&n, package_number(c, package)));
		json_array(w);
		for (; i < r->findings.len && r->findings.at[i].package == package; i++)
			json_cstr(w, number(&n, of[i]));
		json_close(w);
		TRY(document_flush(&c->doc, err));
	}
	json_close(w);
	return put_enrichments(c, r, of, first, err);
}

/* Clair has no word for what was not looked up. Its clients ignore unknown members: coverage is one. */
static void put_coverage(struct json_writer *w, const struct vulnerability_report *r)
{
	json_key(w, "coverage");
	json_object(w);
	json_member_bool(w, "complete", r->complete);
	json_key(w, "items");
	json_array(w);
	for (size_t i = 0; i < r->coverage.len; i++) {
		json_object(w);
		json_member_cstr(w, "code", coverage_name(r->coverage.at[i].code));
		json_member_str(w, "scope", r->coverage.at[i].scope);
		json_member_str(w, "detail", r->coverage.at[i].detail);
		json_member_u64(w, "packages", r->coverage.at[i].packages);
		json_close(w);
	}
	json_close(w);
	json_close(w);
}

/*
 * What users took back, and why: beside the vulnerabilities, of which it is one only if it was left among them. Absent
 * if there is nothing, as in Clair's own.
 */
static enum status put_suppressed(struct clair *c, const struct vulnerability_report *r, struct err *err)
{
	struct json_writer *w = &c->doc.w;
	bool any = false;
	struct number n;

	for (size_t i = 0; i < r->suppressed.len; i++) {
		const struct suppressed *s = &r->suppressed.at[i];

		if (!by_user(s))
			continue;
		if (!any) {
			json_key(w, "suppressed");
			json_array(w);
		}
		any = true;
		json_object(w);
		json_member_cstr(w, "package", number(&n, package_number(c, s->finding.package)));
		json_member_str(w, "vulnerability", s->finding.advisory.id);
		json_member_str(w, "updater", s->finding.source);
		json_member_cstr(w, "by", suppressed_by_name(s->by));
		json_member_str(w, "status", s->status);
		json_member_str(w, "justification", s->justification);
		json_member_str(w, "reason", s->reason);
		json_member_str(w, "document", s->document);
		json_close(w);
		TRY(document_flush(&c->doc, err));
	}
	if (any)
		json_close(w);
	return STATUS_OK;
}

static enum status clair_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	struct clair AUTO(clair_fini) c;
	struct json_writer *w = &c.doc.w;

	(void)options;
	TRY(clair_begin(&c, r->index, r, out, err));
	json_object(w);
	document_digest(w, "manifest_hash", &r->index->manifest);
	TRY(put_packages(&c, err));
	TRY(put_distributions(&c, err));
	TRY(put_environments(&c, err));
	TRY(put_findings(&c, r, err));
	TRY(put_suppressed(&c, r, err));
	put_coverage(w, r);
	json_close(w);
	return document_end(&c.doc, err);
}

const struct report_format report_format_clair = {
	.name = "clair",
	.media_type = "application/vnd.clair.vulnerability_report.v1+json",
	.join = REPORT_JOIN_JSON,
	.vulnerabilities = clair_vulnerabilities,
	.index = clair_index,
};
