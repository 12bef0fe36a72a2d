/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivy.c - Trivy's JSON report, SchemaVersion 2: the members its consumers read, so that they can switch.
 *
 * One result for the system's packages, one for each kind of language packages or, for programs, each file. What was
 * not looked up stands in Metadata.Limpid.Coverage, which others pass over.
 */
#include "report/document.h"
#include "report/subject.h"

#include <stdlib.h>

/* How Trivy calls kinds of packages: class and type. Programs are a target each. */
struct kind {
	enum package_type type;
	const char *class, *name, *target;
};

static const struct kind kinds[] = {
	{ PACKAGE_PYPI, "lang-pkgs", "python-pkg", "Python" },
	{ PACKAGE_NPM, "lang-pkgs", "node-pkg", "Node.js" },
	{ PACKAGE_GO, "lang-pkgs", "gobinary", NULL },
	{ PACKAGE_CARGO, "lang-pkgs", "rustbinary", NULL },
	{ PACKAGE_NUGET, "lang-pkgs", "dotnet-core", NULL },
	{ PACKAGE_MAVEN, "lang-pkgs", "jar", "Java" },
	{ PACKAGE_GEM, "lang-pkgs", "gemspec", "Ruby" },
	{ PACKAGE_COMPOSER, "lang-pkgs", "composer-vendor", "PHP" },
	{ PACKAGE_CONDA, "lang-pkgs", "conda-pkg", "Conda" },
};

struct trivy {
	struct document doc;
	const struct vulnerability_report *report; /* NULL: packages only */
	const struct index_report *index;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct hit *hits;
	size_t n_hits;
	size_t *first_hit; /* package -> index of its first hit; n_hits: none */
	size_t *order;	   /* packages in the order of results */
};

static const struct kind *kind_of(enum package_type t)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].type == t)
			return &kinds[i];
	return NULL;
}

static bool is_system(enum package_type t)
{
	return package_type_scope(t)[0] == '\0' && t != PACKAGE_NONE;
}

/* Packages of one result stand together: the system's, then kinds, of programs each file. */
static int by_result(const void *pa, const void *pb, void *ctx)
{
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	const struct index_report *r = ctx;
	const struct package *p = &r->packages.at[a].package, *q = &r->packages.at[b].package;
	int c = (int)is_system(q->type) - (int)is_system(p->type);
	const struct kind *k = kind_of(p->type);

	if (c == 0 && !is_system(p->type))
		c = (int)p->type - (int)q->type;
	if (c == 0 && k && !k->target)
		c = slice_cmp(p->path, q->path);
	return c ? c : (a < b ? -1 : a > b);
}

static bool same_result(const struct index_report *r, size_t a, size_t b)
{
	const struct package *p = &r->packages.at[a].package, *q = &r->packages.at[b].package;
	const struct kind *k = kind_of(p->type);

	if (is_system(p->type) || is_system(q->type))
		return is_system(p->type) && is_system(q->type);
	return p->type == q->type && !(k && !k->target && !slice_eq(p->path, q->path));
}

static enum status prepare(struct trivy *t, struct err *err)
{
	size_t n = t->index->packages.len;

	if (t->report)
		TRY(hits_make(t->report, &t->arena, &t->hits, &t->n_hits, err));
	t->order = arena_array(&t->arena, n + 1, sizeof(*t->order));
	t->first_hit = arena_array(&t->arena, n + 1, sizeof(*t->first_hit));
	if (!t->order || !t->first_hit)
		return err_nomem(err, "report");
	for (size_t i = 0; i < n; i++) {
		t->order[i] = i;
		t->first_hit[i] = t->n_hits;
	}
	for (size_t i = t->n_hits; i-- > 0;)
		t->first_hit[t->hits[i].package] = i;
	qsort_r(t->order, n, sizeof(*t->order), by_result, (void *)(uintptr_t)t->index);
	return STATUS_OK;
}

/* ---- the image ---- */

static void put_layer(struct json_writer *w, const struct index_layer *l)
{
	json_object(w);
	if (l && l->digest.algo != DIGEST_NONE)
		document_digest(w, "Digest", &l->digest);
	if (l && l->diff_id.algo != DIGEST_NONE)
		document_digest(w, "DiffID", &l->diff_id);
	json_close(w);
}

static enum status put_coverage(struct trivy *t, struct err *err)
{
	struct json_writer *w = &t->doc.w;
	struct slice text;

	json_key(w, "Limpid");
	json_object(w);
	json_member_bool(w, "Complete", t->report->complete);
	json_key(w, "Coverage");
	json_array(w);
	for (size_t i = 0; i < t->report->coverage.len; i++) {
		TRY(subject_coverage(&t->report->coverage.at[i], &t->scratch, &text, err));
		json_string(w, text);
	}
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static void put_config(struct json_writer *w, const struct index_report *r)
{
	json_key(w, "ImageConfig");
	json_object(w);
	json_member_str(w, "architecture", r->arch);
	json_key(w, "history");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		json_object(w);
		json_member_str(w, "created_by", r->layers.at[i].created_by);
		json_close(w);
	}
	json_close(w);
	json_member_str(w, "os", r->os);
	if (r->variant.len > 0)
		json_member_str(w, "variant", r->variant);
	json_close(w);
}

static enum status put_metadata(struct trivy *t, struct err *err)
{
	const struct index_report *r = t->index;
	const struct distribution *d = r->distributions.len > 0 ? &r->distributions.at[0] : NULL;
	struct json_writer *w = &t->doc.w;
	uint64_t size = 0;

	for (size_t i = 0; i < r->layers.len; i++)
		size += r->layers.at[i].bytes_tar;
	json_key(w, "Metadata");
	json_object(w);
	json_member_u64(w, "Size", size);
	json_key(w, "OS");
	json_object(w);
	json_member_str(w, "Family", d ? d->did : SLICE("none"));
	json_member_str(w, "Name", d ? d->version_id : SLICE_EMPTY);
	json_close(w);
	json_key(w, "DiffIDs");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		struct digest_text text;

		json_cstr(w, digest_print(&text, &r->layers.at[i].diff_id));
	}
	json_close(w);
	if (r->image_name.len > 0) {
		json_key(w, slice_find_byte(r->image_name, '@') == SIZE_MAX ? "RepoTags" : "RepoDigests");
		json_array(w);
		json_string(w, r->image_name);
		json_close(w);
		json_member_str(w, "Reference", r->image_name);
	}
	put_config(w, r);
	json_key(w, "Layers");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		json_object(w);
		json_member_u64(w, "Size", r->layers.at[i].bytes_tar);
		if (r->layers.at[i].digest.algo != DIGEST_NONE)
			document_digest(w, "Digest", &r->layers.at[i].digest);
		document_digest(w, "DiffID", &r->layers.at[i].diff_id);
		json_close(w);
	}
	json_close(w);
	if (t->report)
		TRY(put_coverage(t, err));
	json_close(w);
	arena_reset(&t->scratch);
	return STATUS_OK;
}

/* ---- results ---- */

static enum status package_id(struct trivy *t, const struct package *p, struct slice *out, struct err *err)
{
	bool arch = is_system(p->type) && p->type == PACKAGE_RPM && p->arch.len > 0;

	return arena_printf(&t->scratch, out, "%.*s@%.*s%s%.*s", SLICE_ARG(p->name), SLICE_ARG(p->version),
			    arch ? "." : "", SLICE_ARG(arch ? p->arch : SLICE_EMPTY))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status put_identifier(struct trivy *t, size_t package, const char *key, struct err *err)
{
	struct json_writer *w = &t->doc.w;
	struct subject_name uid;
	struct slice purl, key_text;
	const struct package *p = &t->index->packages.at[package].package;

	TRY(subject_purl(t->index, package, &t->scratch, &purl, err));
	if (!arena_printf(&t->scratch, &key_text, "%.*s|%.*s", SLICE_ARG(purl), SLICE_ARG(p->path)))
		return err_nomem(err, "report");
	TRY(subject_hex(key_text, &uid, err));
	json_key(w, key);
	json_object(w);
	json_member_str(w, "PURL", purl);
	json_member_str(w, "UID", slice_make(uid.text, 16));
	json_close(w);
	return STATUS_OK;
}

static enum status put_package(struct trivy *t, size_t package, struct err *err)
{
	const struct package *p = &t->index->packages.at[package].package;
	struct json_writer *w = &t->doc.w;
	struct slice id;

	TRY(package_id(t, p, &id, err));
	json_object(w);
	json_member_str(w, "ID", id);
	json_member_str(w, "Name", p->name);
	TRY(put_identifier(t, package, "Identifier", err));
	json_member_str(w, "Version", p->version);
	if (p->arch.len > 0)
		json_member_str(w, "Arch", p->arch);
	if (p->source_name.len > 0) {
		json_member_str(w, "SrcName", p->source_name);
		json_member_str(w, "SrcVersion", p->source_version);
	}
	json_key(w, "Layer");
	put_layer(w, subject_layer(t->index, package));
	if (!is_system(p->type))
		json_member_str(w, "FilePath", p->path);
	json_close(w);
	arena_reset(&t->scratch);
	return document_flush(&t->doc, err);
}

static const char *upper(enum severity s)
{
	static const char *const words[SEVERITY_COUNT] = {
		[SEVERITY_UNKNOWN] = "UNKNOWN", [SEVERITY_NEGLIGIBLE] = "LOW", [SEVERITY_LOW] = "LOW",
		[SEVERITY_MEDIUM] = "MEDIUM",	[SEVERITY_HIGH] = "HIGH",      [SEVERITY_CRITICAL] = "CRITICAL",
	};

	return words[s];
}

static void put_cvss(struct json_writer *w, const struct hit *h)
{
	static const struct {
		const char *prefix, *vector, *score;
	} versions[] = { { "", "V2Vector", "V2Score" },
			 { "CVSS:3.", "V3Vector", "V3Score" },
			 { "CVSS:4.", "V40Vector", "V40Score" } };
	bool any = false;

	/* Of the advisory's source, and of NVD under Trivy's name for it. */
	for (int nvd = 0; nvd <= 1; nvd++) {
		bool begun = false;

		for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
			const struct enrichment_cvss *published;
			struct slice vector;
			double score;

			published = nvd ? hit_published(h, versions[i].prefix, &score) : NULL;
			if (published)
				vector = published->vector;
			else if (nvd || !hit_told_cvss(h, versions[i].prefix, &vector, &score))
				continue;
			if (!any) {
				json_key(w, "CVSS");
				json_object(w);
			}
			if (!begun) {
				json_key_slice(w, nvd ? SLICE("nvd") : h->line.findings[0]->source);
				json_object(w);
			}
			any = begun = true;
			json_member_str(w, versions[i].vector, vector);
			json_key(w, versions[i].score);
			json_double(w, score);
		}
		if (begun)
			json_close(w);
	}
	if (any)
		json_close(w);
}

static void put_string(void *ctx, struct slice text)
{
	json_string(ctx, text);
}

static void put_dates(struct json_writer *w, const struct advisory *a)
{
	if (a->issued_s != DATE_NONE)
		json_member_time(w, "PublishedDate", a->issued_s);
	if (a->modified_s != DATE_NONE)
		json_member_time(w, "LastModifiedDate", a->modified_s);
}

/* Trivy's words. */
static const char *status_of(const struct hit *h)
{
	if (h->line.fix.len > 0)
		return "fixed";
	switch (h->line.findings[0]->row.fix_state) {
	case FIX_WILL_NOT_FIX:
		return "will_not_fix";
	case FIX_DEFERRED:
		return "fix_deferred";
	case FIX_OUT_OF_SUPPORT:
		return "end_of_life";
	default:
		return "affected";
	}
}

static enum status put_hit(struct trivy *t, const struct hit *h, struct err *err)
{
	const struct package *p = &t->index->packages.at[h->package].package;
	const struct finding *f = h->line.findings[0];
	struct json_writer *w = &t->doc.w;
	struct subject_name print;
	struct slice text;

	TRY(package_id(t, p, &text, err));
	json_object(w);
	json_member_str(w, "VulnerabilityID", h->line.id);
	json_key(w, "VendorIDs");
	json_array(w);
	hit_each_alias(h, put_string, w);
	json_close(w);
	json_member_str(w, "PkgID", text);
	json_member_str(w, "PkgName", p->name);
	if (!is_system(p->type))
		json_member_str(w, "PkgPath", p->path);
	TRY(put_identifier(t, h->package, "PkgIdentifier", err));
	json_member_str(w, "InstalledVersion", p->version);
	if (h->line.fix.len > 0)
		json_member_str(w, "FixedVersion", h->line.fix);
	json_member_cstr(w, "Status", status_of(h));
	json_key(w, "Layer");
	put_layer(w, subject_layer(t->index, h->package));
	json_member_str(w, "SeveritySource", f->source);
	json_member_str(w, "PrimaryURL", hit_url(h));
	json_key(w, "DataSource");
	json_object(w);
	json_member_str(w, "ID", f->source);
	json_member_str(w, "Name", f->source);
	json_close(w);
	TRY(subject_hit_key(t->index, h, &t->scratch, &text, err));
	TRY(subject_hex(text, &print, err));
	if (!arena_printf(&t->scratch, &text, "limpid:%s", print.text))
		return err_nomem(err, "report");
	json_member_str(w, "Fingerprint", text);
	json_member_str(w, "Title", hit_title(h));
	json_member_str(w, "Description", hit_description(h));
	json_member_cstr(w, "Severity", upper(h->line.severity));
	put_cvss(w, h);
	json_key(w, "References");
	json_array(w);
	hit_each_link(h, put_string, w);
	json_close(w);
	put_dates(w, &f->advisory);
	json_close(w);
	arena_reset(&t->scratch);
	return document_flush(&t->doc, err);
}

static enum status put_result_head(struct trivy *t, size_t package, struct err *err)
{
	const struct index_report *r = t->index;
	const struct package *p = &r->packages.at[package].package;
	const struct kind *k = kind_of(p->type);
	struct json_writer *w = &t->doc.w;
	struct slice system, target = subject_image(r);

	if (is_system(p->type)) {
		TRY(subject_system(r, &t->scratch, &system, err));
		if (!arena_printf(&t->scratch, &target, "%.*s (%.*s)", SLICE_ARG(subject_image(r)),
				  SLICE_ARG(system.len > 0 ? system : SLICE("unknown"))))
			return err_nomem(err, "report");
	} else if (!k) {
		target = slice_cstr(package_type_label(p->type));
	} else {
		target = k->target ? slice_cstr(k->target) : p->path;
	}
	json_member_str(w, "Target", target);
	json_member_cstr(w, "Class", is_system(p->type) ? "os-pkgs" : "lang-pkgs");
	if (is_system(p->type))
		json_member_str(w, "Type", r->distributions.len > 0 ? r->distributions.at[0].did : SLICE("unknown"));
	else
		json_member_cstr(w, "Type", k ? k->name : package_type_purl(p->type));
	return STATUS_OK;
}

static enum status put_vulnerabilities(struct trivy *t, const size_t *packages, size_t n, struct err *err)
{
	struct json_writer *w = &t->doc.w;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= t->first_hit[packages[i]] < t->n_hits;
	if (!any)
		return STATUS_OK;
	json_key(w, "Vulnerabilities");
	json_array(w);
	for (size_t i = 0; i < n; i++)
		for (size_t k = t->first_hit[packages[i]]; k < t->n_hits && t->hits[k].package == packages[i]; k++)
			TRY(put_hit(t, &t->hits[k], err));
	json_close(w);
	return STATUS_OK;
}

static enum status put_results(struct trivy *t, struct err *err)
{
	size_t total = t->index->packages.len, n;
	struct json_writer *w = &t->doc.w;

	json_key(w, "Results");
	json_array(w);
	for (size_t i = 0; i < total; i += n) {
		for (n = 1; i + n < total && same_result(t->index, t->order[i], t->order[i + n]); n++)
			;
		json_object(w);
		TRY(put_result_head(t, t->order[i], err));
		json_key(w, "Packages");
		json_array(w);
		for (size_t k = 0; k < n; k++)
			TRY(put_package(t, t->order[i + k], err));
		json_close(w);
		TRY(put_vulnerabilities(t, t->order + i, n, err));
		json_close(w);
	}
	json_close(w);
	return STATUS_OK;
}

static enum status write_trivy(struct trivy *t, struct err *err)
{
	struct json_writer *w = &t->doc.w;
	struct subject_name id;
	struct slice text;

	TRY(prepare(t, err));
	TRY(subject_identity(t->index, t->options->now_s, &t->arena, &text, err));
	TRY(subject_uuid(text, &id, err));
	json_object(w);
	json_member_u64(w, "SchemaVersion", 2);
	json_key(w, "Trivy"); /* who wrote it: consumers read the version of a Trivy here */
	json_object(w);
	json_member_cstr(w, "Version", "0.0.0+limpid");
	json_close(w);
	json_member_cstr(w, "ReportID", id.text);
	json_member_time(w, "CreatedAt", t->options->now_s);
	document_digest(w, "ArtifactID", &t->index->manifest);
	json_member_str(w, "ArtifactName", subject_image(t->index));
	json_member_cstr(w, "ArtifactType",
			 slice_starts(t->index->target, SLICE("rootfs")) ? "filesystem" : "container_image");
	TRY(put_metadata(t, err));
	TRY(put_results(t, err));
	json_close(w);
	return document_end(&t->doc, err);
}

static void trivy_fini(struct trivy *t)
{
	document_fini(&t->doc);
	arena_fini(&t->arena);
	arena_fini(&t->scratch);
}

static enum status write_all(const struct index_report *index, const struct vulnerability_report *r,
			     const struct report_options *options, const struct report_out *out, struct err *err)
{
	struct trivy AUTO(trivy_fini) t = { .report = r,
					    .index = index,
					    .options = options,
					    .arena = ARENA_INIT(SIZE_MAX),
					    .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&t.doc, out, 2);
	return write_trivy(&t, err);
}

static enum status trivy_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	return write_all(r->index, r, options, out, err);
}

static enum status trivy_index(const struct index_report *r, const struct report_options *options,
			       const struct report_out *out, struct err *err)
{
	return write_all(r, NULL, options, out, err);
}

const struct report_format report_format_trivy = {
	.name = "trivy",
	.media_type = "application/json",
	.vulnerabilities = trivy_vulnerabilities,
	.index = trivy_index,
};
