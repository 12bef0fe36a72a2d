/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - limpid's own JSON; its schema is docs/formats/report.schema.json. */
#include "feed/cvss_data.h"
#include "report/compare_write.h"
#include "report/json_report.h"
#include "report/plan_write.h"
#include "report/subject.h"

static void put_list(struct json_writer *w, const char *key, const struct slice *list, size_t n)
{
	json_key(w, key);
	json_array(w);
	for (size_t i = 0; i < n; i++)
		json_string(w, list[i]);
	json_close(w);
}

static void put_base(struct json_writer *w, const struct index_report *r)
{
	if (r->base.how == BASE_UNKNOWN)
		return;
	json_key(w, "base");
	json_object(w);
	json_member_cstr(w, "how", base_how_name(r->base.how));
	json_member_u64(w, "layers", r->base.layers);
	json_member_str(w, "name", r->base.name);
	document_digest(w, "digest", &r->base.digest);
	json_close(w);
}

/* By which products packages of Red Hat's are looked up, and where Python packages are from that no index gave. */
static void put_repositories(struct json_writer *w, const struct index_report *r)
{
	if (r->repositories.len == 0)
		return;
	json_key(w, "repositories");
	json_array(w);
	for (size_t i = 0; i < r->repositories.len; i++) {
		const struct layer_repository *p = &r->repositories.at[i];

		json_object(w);
		json_member_str(w, "name", p->name);
		json_member_str(w, "key", p->key);
		json_member_str(w, "uri", p->uri);
		json_member_str(w, "cpe", p->cpe);
		json_member_str(w, "path", p->path);
		json_close(w);
	}
	json_close(w);
}

static void put_image(struct json_writer *w, const struct index_report *r)
{
	json_key(w, "image");
	json_object(w);
	json_member_str(w, "target", r->target);
	json_member_str(w, "name", r->image_name);
	document_digest(w, "manifest", &r->manifest);
	json_member_str(w, "os", r->os);
	json_member_str(w, "arch", r->arch);
	json_member_str(w, "variant", r->variant);
	json_member_bool(w, "complete", r->complete);
	json_member_bool(w, "expected_packages", r->expected_packages);
	json_member_str(w, "detector_set", r->detector_set);
	json_key(w, "layers");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		const struct index_layer *l = &r->layers.at[i];

		json_object(w);
		json_member_u64(w, "number", i + 1);
		document_digest(w, "digest", &l->digest);
		document_digest(w, "diff_id", &l->diff_id);
		json_member_str(w, "created_by", l->created_by);
		json_member_u64(w, "bytes_stored", l->bytes_stored);
		json_member_u64(w, "bytes_tar", l->bytes_tar);
		json_member_bool(w, "read", l->read);
		json_close(w);
	}
	json_close(w);
	json_key(w, "distributions");
	json_array(w);
	for (size_t i = 0; i < r->distributions.len; i++) {
		const struct distribution *d = &r->distributions.at[i];

		json_object(w);
		json_member_str(w, "id", d->did);
		if (d->id_like.len > 0)
			json_member_str(w, "id_like", d->id_like);
		json_member_str(w, "name", d->name);
		json_member_str(w, "version_id", d->version_id);
		json_member_str(w, "version", d->version);
		json_member_str(w, "code_name", d->version_code_name);
		json_member_str(w, "pretty_name", d->pretty_name);
		json_member_str(w, "variant_id", d->variant_id);
		json_member_str(w, "cpe", d->cpe);
		json_member_str(w, "path", d->path);
		json_close(w);
	}
	json_close(w);
	put_base(w, r);
	put_repositories(w, r);
	json_close(w);
}

/* Absent where no source names any, or nobody asked. */
static enum status put_file(void *ctx, struct slice path, struct err *err)
{
	(void)err;
	json_string(ctx, path);
	return STATUS_OK;
}

static enum status put_files(struct json_writer *w, const struct index_report *r, size_t i, struct err *err)
{
	if (!r->packages.at[i].files_known)
		return STATUS_OK;
	json_key(w, "files");
	json_array(w);
	TRY(index_files_each(r, i, put_file, w, err));
	json_close(w);
	return STATUS_OK;
}

enum package_place { OF_A_FINDING, OF_THE_LIST };

static enum status put_package(struct json_writer *w, const struct index_report *r, size_t i, enum package_place place,
			       struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	const struct index_package *p = &r->packages.at[i];
	struct slice purl;

	TRY(subject_purl(r, i, &arena, &purl, err));
	json_object(w);
	json_member_u64(w, "number", i + 1);
	json_member_str(w, "purl", purl);
	json_member_cstr(w, "type", package_type_purl(p->package.type));
	json_member_str(w, "name", p->package.name);
	json_member_str(w, "version", p->package.version);
	json_member_str(w, "arch", p->package.arch);
	if (p->package.module.len > 0)
		json_member_str(w, "module", p->package.module);
	if (p->package.source_name.len > 0) {
		json_member_str(w, "source", p->package.source_name);
		json_member_str(w, "source_version", p->package.source_version);
	}
	json_member_str(w, "database", p->package.db);
	json_member_str(w, "path", p->package.path);
	if (p->package.line > 0)
		json_member_u64(w, "line", p->package.line);
	json_member_str(w, "detector", p->package.detector);
	json_member_u64(w, "layer", p->layer + 1);
	if (r->base.how != BASE_UNKNOWN)
		json_member_cstr(w, "from_layers", index_package_is_base(r, i) ? "base" : "own");
	if (p->distribution != INDEX_NO_DISTRIBUTION)
		json_member_u64(w, "distribution", p->distribution + 1);
	if (p->repository != SIZE_MAX && p->n_repositories > 0) {
		json_member_u64(w, "repository", p->repository + 1);
		json_member_u64(w, "repositories", p->n_repositories);
	}
#define PACKAGE_FLAG(id, name)                                                                                         \
	if (p->package.flags & PACKAGE_##id)                                                                           \
		json_member_bool(w, name, true);
#include "report/package_flags.def"
#undef PACKAGE_FLAG
	if (place == OF_THE_LIST)
		TRY(put_files(w, r, i, err));
	json_close(w);
	return STATUS_OK;
}

static enum status put_packages(struct document *d, const struct index_report *r, struct err *err)
{
	json_key(&d->w, "packages");
	json_array(&d->w);
	for (size_t i = 0; i < r->packages.len; i++) {
		TRY(put_package(&d->w, r, i, OF_THE_LIST, err));
		TRY(document_flush(d, err));
	}
	json_close(&d->w);
	return STATUS_OK;
}

static enum status put_diags(struct document *d, const struct index_report *r, struct err *err)
{
	struct json_writer *w = &d->w;

	json_key(w, "diagnostics");
	json_array(w);
	for (size_t i = 0; i < r->diags.len; i++) {
		const struct layer_diag *g = &r->diags.at[i].diag;

		json_object(w);
		json_member_cstr(w, "severity", diag_severity_name(diag_severity(g->code)));
		json_member_cstr(w, "code", diag_name(g->code));
		if (r->diags.at[i].layer != SIZE_MAX)
			json_member_u64(w, "layer", r->diags.at[i].layer + 1);
		json_member_str(w, "where", g->where);
		if (g->offset != ERR_NO_OFFSET)
			json_member_u64(w, "offset", g->offset);
		json_member_str(w, "text", g->text);
		json_close(w);
		TRY(document_flush(d, err));
	}
	json_close(w);
	return STATUS_OK;
}

static void put_evidence(struct json_writer *w, const struct finding *f)
{
	static const char *const names[] = {
		[AFFECTED_NAME_SOURCE] = "source", [AFFECTED_NAME_BINARY] = "binary", [AFFECTED_NAME_ANY] = "any"
	};
	const struct version_scheme *scheme = scheme_get(f->row.scheme);

	json_key(w, "evidence");
	json_object(w);
	json_member_str(w, "source", f->source);
	document_digest(w, "segment", &f->segment);
	json_member_str(w, "scope", f->row.scope);
	json_member_str(w, "looked_up", f->matched_name);
	if (!slice_eq(f->row.package, f->matched_name))
		json_member_str(w, "package", f->row.package);
	json_member_cstr(w, "names", names[f->row.name_kind]);
	json_member_cstr(w, "scheme", scheme ? scheme->name : "");
	json_member_str(w, "version", f->matched_version);
	json_member_str(w, "comparison", f->comparison);
	if (f->row.module.len > 0)
		json_member_str(w, "module", f->row.module);
	json_close(w);
}

static enum status put_finding(struct json_writer *w, const struct index_report *r, const struct finding *f,
			       struct err *err)
{
	const struct advisory *a = &f->advisory;

	json_member_str(w, "id", a->id);
	put_list(w, "aliases", a->aliases, a->n_aliases);
	put_list(w, "related", a->related, a->n_related);
	json_member_cstr(w, "severity", severity_name(f->severity));
	json_member_str(w, "vendor_severity", f->row.severity.len ? f->row.severity : a->severity_text);
	put_list(w, "cvss", a->cvss, a->n_cvss);
	json_member_str(w, "summary", a->summary);
	json_member_str(w, "description", a->description);
	json_member_time(w, "issued", a->issued_s);
	json_member_time(w, "modified", a->modified_s);
	put_list(w, "links", a->links, a->n_links);
	json_key(w, "package");
	TRY(put_package(w, r, f->package, OF_A_FINDING, err));
	json_member_str(w, "fixed_version", f->row.fixed_version);
	json_member_str(w, "fix", f->fix);
	json_member_cstr(w, "fix_state", fix_state_name(f->row.fix_state));
	if (finding_epss(f))
		document_epss(w, finding_epss(f));
	if (finding_kev(f))
		document_kev(w, finding_kev(f));
	put_evidence(w, f);
	return STATUS_OK;
}

static void put_suppression(struct json_writer *w, const struct suppressed *s)
{
	json_member_str(w, "reason", s->reason);
	json_member_cstr(w, "by", suppressed_by_name(s->by));
	if (s->status.len > 0)
		json_member_str(w, "status", s->status);
	if (s->justification.len > 0)
		json_member_str(w, "justification", s->justification);
	if (s->document.len > 0)
		json_member_str(w, "document", s->document);
}

static void put_summary(struct json_writer *w, const struct vulnerability_report *r, const struct flaws *flaws)
{
	json_key(w, "summary");
	json_object(w);
	json_member_u64(w, "packages", r->index->packages.len);
	json_member_u64(w, "findings", r->findings.len);
	json_member_u64(w, "suppressed", r->suppressed.len);
	if (r->told_before > 0)
		json_member_u64(w, "told_before", r->told_before);
	if (r->since.report.len > 0) {
		json_key(w, "since");
		json_object(w);
		json_member_str(w, "report", r->since.report);
		json_member_time(w, "created", r->since.created_s);
		json_member_u64(w, "before", r->since.before);
		json_member_u64(w, "advisories", r->since.advisories);
		json_member_bool(w, "advisories_count", r->since.advisories_count);
		json_close(w);
	}
	json_member_u64(w, "flaws", flaws->n);
	json_member_u64(w, "fixable", flaws->fixable);
	if (r->enriched[ENRICHER_KEV])
		json_member_u64(w, "exploited", flaws->exploited);
	json_key(w, "by_severity");
	json_object(w);
	for (size_t s = SEVERITY_COUNT; s-- > 0;)
		json_member_u64(w, severity_name((enum severity)s), flaws->by_severity[s]);
	json_close(w);
	json_member_bool(w, "complete", r->complete);
	json_member_bool(w, "demonstration", r->demonstration);
	json_close(w);
}

static void put_coverage(struct json_writer *w, const struct vulnerability_report *r)
{
	json_key(w, "coverage");
	json_array(w);
	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		json_object(w);
		json_member_cstr(w, "code", coverage_name(c->code));
		json_member_bool(w, "gap", coverage_is_gap(c->code));
		json_member_str(w, "scope", c->scope);
		json_member_u64(w, "packages", c->packages);
		json_member_str(w, "detail", c->detail);
		json_close(w);
	}
	json_close(w);
	json_key(w, "sources");
	json_array(w);
	for (size_t i = 0; i < r->sources.len; i++) {
		json_object(w);
		json_member_str(w, "name", r->sources.at[i].name);
		document_digest(w, "segment", &r->sources.at[i].segment);
		json_member_time(w, "updated", r->sources.at[i].updated_s);
		json_member_u64(w, "records", r->sources.at[i].records);
		json_close(w);
	}
	json_close(w);
}

/* ---- what is known of CVEs ---- */

static void put_fraction(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_double(w, MAX(enrichment_fraction(text), 0.0));
}

static void put_vectors(struct json_writer *w, const struct enrichment *e)
{
	double score;

	json_key(w, "cvss");
	json_array(w);
	for (size_t i = 0; i < e->n_cvss; i++) {
		json_object(w);
		json_member_cstr(w, "version", cvss_version(e->cvss[i].vector));
		json_member_str(w, "vector", e->cvss[i].vector);
		if (cvss_enrichment_score(&e->cvss[i], &score)) {
			json_key(w, "score");
			json_double(w, score);
		}
		json_member_str(w, "source", e->cvss[i].source);
		json_member_bool(w, "primary", e->cvss[i].primary);
		json_close(w);
	}
	json_close(w);
}

static void put_enrichment(struct json_writer *w, const struct enrichment *e)
{
	json_key_slice(w, e->cve);
	json_object(w);
	if (e->n_cvss > 0)
		put_vectors(w, e);
	if (e->epss) {
		json_key(w, "epss");
		json_object(w);
		put_fraction(w, "probability", e->epss->probability);
		if (e->epss->percentile.len > 0)
			put_fraction(w, "percentile", e->epss->percentile);
		json_member_str(w, "date", e->epss->date);
		json_member_str(w, "model", e->epss->model);
		json_close(w);
	}
	if (e->kev) {
		json_key(w, "kev");
		json_object(w);
		json_member_str(w, "date_added", e->kev->added);
		json_member_str(w, "due_date", e->kev->due);
		json_member_str(w, "ransomware", e->kev->ransomware);
		json_member_str(w, "name", e->kev->name);
		json_member_str(w, "description", e->kev->description);
		json_member_str(w, "required_action", e->kev->action);
		json_member_str(w, "notes", e->kev->notes);
		json_member_str(w, "catalog_version", e->kev->catalog);
		json_close(w);
	}
	json_close(w);
}

/* Absent where no enricher has data: "nothing is known" is only said when it was looked for. */
static enum status put_enrichments(struct document *d, const struct vulnerability_report *r, struct err *err)
{
	struct json_writer *w = &d->w;
	bool any = false;

	for (size_t i = 0; i < ENRICHER_COUNT; i++)
		any |= r->enriched[i];
	if (!any)
		return STATUS_OK;
	json_key(w, "enrichers");
	json_array(w);
	for (size_t i = 0; i < ENRICHER_COUNT; i++)
		if (r->enriched[i])
			json_string(w, enricher_name((enum enricher)i));
	json_close(w);
	json_key(w, "enrichments");
	json_object(w);
	for (size_t i = 0; i < r->enrichments.len; i++) {
		put_enrichment(w, &r->enrichments.at[i]);
		TRY(document_flush(d, err));
	}
	json_close(w);
	return STATUS_OK;
}

static void put_head(struct json_writer *w, const char *schema, const struct report_options *options)
{
	json_object(w);
	json_member_cstr(w, "schema", schema);
	json_key(w, "generator");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "version", options->program_version);
	json_close(w);
	json_member_time(w, "created", options->now_s);
}

enum status json_report_put(struct document *d, const struct vulnerability_report *r,
			    const struct report_options *options, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct json_writer *w = &d->w;
	struct flaws flaws;

	TRY(flaws_count(r, &arena, &flaws, err));
	put_head(w, "limpid-report/1", options);
	put_image(w, r->index);
	put_summary(w, r, &flaws);
	json_key(w, "findings");
	json_array(w);
	for (size_t i = 0; i < r->findings.len; i++) {
		json_object(w);
		json_member_u64(w, "flaw", r->findings.at[i].flaw + 1);
		TRY(put_finding(w, r->index, &r->findings.at[i], err));
		json_close(w);
		TRY(document_flush(d, err));
	}
	json_close(w);
	json_key(w, "suppressed");
	json_array(w);
	for (size_t i = 0; i < r->suppressed.len; i++) {
		json_object(w);
		put_suppression(w, &r->suppressed.at[i]);
		TRY(put_finding(w, r->index, &r->suppressed.at[i].finding, err));
		json_close(w);
		TRY(document_flush(d, err));
	}
	json_close(w);
	if (r->plan)
		TRY(plan_json(d, r->plan, err));
	TRY(put_enrichments(d, r, err));
	put_coverage(w, r);
	TRY(put_packages(d, r->index, err));
	TRY(put_diags(d, r->index, err));
	json_close(w);
	return STATUS_OK;
}

static enum status json_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	struct document AUTO(document_fini) d;

	document_init(&d, out, 2);
	TRY(json_report_put(&d, r, options, err));
	return document_end(&d, err);
}

static enum status json_index(const struct index_report *r, const struct report_options *options,
			      const struct report_out *out, struct err *err)
{
	struct document AUTO(document_fini) d;

	document_init(&d, out, 2);
	put_head(&d.w, "limpid-index/1", options);
	put_image(&d.w, r);
	TRY(put_packages(&d, r, err));
	TRY(put_diags(&d, r, err));
	json_close(&d.w);
	return document_end(&d, err);
}

static enum status json_failure(struct slice target, const struct err *why, const struct report_options *options,
				const struct report_out *out, struct err *err)
{
	struct document AUTO(document_fini) d;

	document_init(&d, out, 2);
	put_head(&d.w, "limpid-failure/1", options);
	json_member_str(&d.w, "target", target);
	json_member_cstr(&d.w, "error", why->msg);
	json_close(&d.w);
	return document_end(&d, err);
}

const struct report_format report_format_json = {
	.name = "json",
	.media_type = "application/json",
	.join = REPORT_JOIN_JSON,
	.failure = json_failure,
	.vulnerabilities = json_vulnerabilities,
	.comparison = compare_json,
	.index = json_index,
};
