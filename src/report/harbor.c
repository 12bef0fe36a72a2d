/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harbor.c - Harbor's vulnerability report, application/vnd.security.vulnerability.report; version=1.1.
 *
 * What was not looked up stands in the vendor attributes of the report: Harbor has no other place for it, and shows
 * none of them.
 */
#include "report/document.h"
#include "report/subject.h"

struct harbor {
	struct document doc;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena;
};

static void put_artifact(struct json_writer *w, const struct index_report *r)
{
	struct slice repository, tag, host, rest;

	subject_split_reference(subject_image(r), &repository, &tag);
	/* Harbor's repository is without the registry's host. */
	if (slice_cut(repository, '/', &host, &rest) &&
	    (slice_find_byte(host, '.') != SIZE_MAX || slice_find_byte(host, ':') != SIZE_MAX) && r->image_name.len > 0)
		repository = rest;
	json_key(w, "artifact");
	json_object(w);
	json_member_str(w, "repository", repository);
	document_digest(w, "digest", &r->manifest);
	json_member_str(w, "tag", tag);
	json_member_cstr(w, "mime_type", "application/vnd.oci.image.manifest.v1+json");
	json_close(w);
}

static void put_link(void *ctx, struct slice link)
{
	json_string(ctx, link);
}

static void put_cvss(struct json_writer *w, const struct hit *h)
{
	struct slice v3, v2;
	double score3, score2;
	bool has3 = hit_cvss(h, "CVSS:3.", &v3, &score3), has2 = hit_cvss(h, "", &v2, &score2);

	if (!has3 && !has2)
		return;
	json_key(w, "preferred_cvss");
	json_object(w);
	if (has3) {
		json_key(w, "score_v3");
		json_double(w, score3);
		json_member_str(w, "vector_v3", v3);
	}
	if (has2) {
		json_key(w, "score_v2");
		json_double(w, score2);
		json_member_str(w, "vector_v2", v2);
	}
	json_close(w);
}

static void put_alias(void *ctx, struct slice id)
{
	json_string(ctx, id);
}

static enum status put_hit(struct harbor *b, const struct hit *h, struct err *err)
{
	const struct index_report *r = b->report->index;
	const struct package *p = &r->packages.at[h->package].package;
	const struct index_layer *l = subject_layer(r, h->package);
	struct json_writer *w = &b->doc.w;
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	struct slice purl;

	TRY(subject_purl(r, h->package, &scratch, &purl, err));
	json_object(w);
	json_member_str(w, "id", h->line.id);
	json_member_str(w, "package", p->name);
	json_member_str(w, "version", p->version);
	json_member_str(w, "fix_version", h->line.fix);
	json_member_cstr(w, "severity", severity_name(h->line.severity));
	json_member_str(w, "description", hit_description(h));
	json_key(w, "links");
	json_array(w);
	hit_each_link(h, put_link, w);
	json_close(w);
	if (l) {
		json_key(w, "layer");
		json_object(w);
		document_digest(w, "digest", &l->digest);
		document_digest(w, "diff_id", &l->diff_id);
		json_close(w);
	}
	put_cvss(w, h);
	json_key(w, "cwe_ids");
	json_array(w);
	json_close(w);
	json_key(w, "vendor_attributes");
	json_object(w);
	json_member_str(w, "purl", purl);
	json_member_str(w, "path", p->path);
	json_member_str(w, "source", h->line.findings[0]->source);
	json_key(w, "aliases");
	json_array(w);
	hit_each_alias(h, put_alias, w);
	json_close(w);
	json_close(w);
	json_close(w);
	return document_flush(&b->doc, err);
}

static enum status put_coverage(struct harbor *b, struct err *err)
{
	struct json_writer *w = &b->doc.w;
	struct slice text;

	json_key(w, "vendor_attributes");
	json_object(w);
	json_member_bool(w, "complete", b->report->complete);
	json_key(w, "coverage");
	json_array(w);
	for (size_t i = 0; i < b->report->coverage.len; i++) {
		TRY(subject_coverage(&b->report->coverage.at[i], &b->arena, &text, err));
		json_string(w, text);
	}
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static enum status write_harbor(struct harbor *b, struct err *err)
{
	struct json_writer *w = &b->doc.w;
	enum severity worst = SEVERITY_UNKNOWN;
	struct hit *hits;
	size_t n;

	TRY(hits_make(b->report, &b->arena, &hits, &n, err));
	for (size_t i = 0; i < n; i++)
		worst = MAX(worst, hits[i].line.severity);
	json_object(w);
	json_member_time(w, "generated_at", b->options->now_s);
	put_artifact(w, b->report->index);
	json_key(w, "scanner");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "vendor", "limpid");
	json_member_cstr(w, "version", b->options->program_version);
	json_close(w);
	json_member_cstr(w, "severity", severity_name(worst));
	TRY(put_coverage(b, err));
	json_key(w, "vulnerabilities");
	json_array(w);
	for (size_t i = 0; i < n; i++)
		TRY(put_hit(b, &hits[i], err));
	json_close(w);
	json_close(w);
	return document_end(&b->doc, err);
}

static void harbor_fini(struct harbor *b)
{
	document_fini(&b->doc);
	arena_fini(&b->arena);
}

static enum status harbor_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					  const struct report_out *out, struct err *err)
{
	struct harbor AUTO(harbor_fini) b = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX) };

	document_init(&b.doc, out, 1);
	return write_harbor(&b, err);
}

const struct report_format report_format_harbor = {
	.name = "harbor",
	.media_type = "application/vnd.security.vulnerability.report; version=1.1",
	.vulnerabilities = harbor_vulnerabilities,
};
