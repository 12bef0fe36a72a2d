/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quay.c - Quay's security JSON, as its API gives it and clair-action's format "quay" writes it.
 *
 * Every package is a feature, those without flaws too. What was not looked up stands in data.Layer.Limpid, which others
 * pass over.
 */
#include "report/document.h"
#include "report/subject.h"

struct quay {
	struct document doc;
	const struct vulnerability_report *report;
	struct arena arena;
};

static void put_link(void *ctx, struct slice link)
{
	struct buf *b = ctx;

	if (b->len > 0)
		buf_add_byte(b, ' ');
	buf_add(b, link);
}

static void put_cvss(struct json_writer *w, const struct hit *h)
{
	struct slice vector = SLICE_EMPTY;
	double score = 0;
	bool scored = hit_cvss(h, "CVSS:3.", &vector, &score);

	json_key(w, "NVD");
	json_object(w);
	json_key(w, "CVSSv3");
	json_object(w);
	json_member_str(w, "Vectors", vector);
	json_key(w, "Score");
	if (scored)
		json_double(w, score);
	else
		json_cstr(w, "");
	json_close(w);
	json_close(w);
}

static enum status put_hit(struct quay *q, const struct hit *h, struct err *err)
{
	const struct index_report *r = q->report->index;
	const struct index_package *p = &r->packages.at[h->package];
	const struct distribution *d =
		p->distribution < r->distributions.len ? &r->distributions.at[p->distribution] : NULL;
	struct buf AUTO(buf_fini) links = BUF_INIT((size_t)1 << 20);
	struct json_writer *w = &q->doc.w;
	struct slice source = h->line.findings[0]->source;

	hit_each_link(h, put_link, &links);
	TRY(buf_check(&links, "report", err));
	json_object(w);
	json_member_cstr(w, "Severity", severity_name(h->line.severity));
	json_member_str(w, "NamespaceName", source);
	json_member_str(w, "Link", buf_slice(&links));
	json_member_str(w, "FixedBy", h->line.fix);
	json_member_str(w, "Description", hit_description(h));
	json_member_str(w, "Name", h->line.id);
	json_key(w, "Metadata");
	json_object(w);
	json_member_str(w, "UpdatedBy", source);
	json_member_cstr(w, "RepoName", package_type_scope(p->package.type));
	json_key(w, "RepoLink");
	json_null(w);
	json_member_str(w, "DistroName", d ? (d->name.len > 0 ? d->name : d->did) : SLICE_EMPTY);
	json_member_str(w, "DistroVersion", d ? d->version_id : SLICE_EMPTY);
	put_cvss(w, h);
	json_close(w);
	json_close(w);
	return document_flush(&q->doc, err);
}

/* hits: of this package, up to another's or end. */
static enum status put_feature(struct quay *q, size_t package, const struct hit *hits, const struct hit *end,
			       size_t *used, struct err *err)
{
	const struct index_report *r = q->report->index;
	const struct package *p = &r->packages.at[package].package;
	const struct index_layer *l = subject_layer(r, package);
	struct json_writer *w = &q->doc.w;
	struct digest_text digest;

	*used = 0;
	json_object(w);
	json_member_str(w, "Name", p->name);
	json_member_cstr(w, "VersionFormat", "");
	json_member_cstr(w, "NamespaceName", "");
	json_member_cstr(w, "AddedBy", l ? digest_print(&digest, subject_layer_digest(l)) : "");
	json_member_str(w, "Version", p->version);
	json_key(w, "Vulnerabilities");
	json_array(w);
	for (; hits < end && hits->package == package; hits++, (*used)++)
		TRY(put_hit(q, hits, err));
	json_close(w);
	json_close(w);
	return document_flush(&q->doc, err);
}

static enum status put_coverage(struct quay *q, struct err *err)
{
	struct json_writer *w = &q->doc.w;
	struct slice text;

	json_key(w, "Limpid");
	json_object(w);
	json_member_bool(w, "Complete", q->report->complete);
	json_key(w, "Coverage");
	json_array(w);
	for (size_t i = 0; i < q->report->coverage.len; i++) {
		TRY(subject_coverage(&q->report->coverage.at[i], &q->arena, &text, err));
		json_string(w, text);
	}
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static enum status write_quay(struct quay *q, struct err *err)
{
	const struct index_report *r = q->report->index;
	struct json_writer *w = &q->doc.w;
	struct hit *hits;
	size_t n, at = 0, used;

	TRY(hits_make(q->report, &q->arena, &hits, &n, err));
	json_object(w);
	json_member_cstr(w, "status", "scanned");
	json_key(w, "data");
	json_object(w);
	json_key(w, "Layer");
	json_object(w);
	document_digest(w, "Name", &r->manifest);
	json_member_cstr(w, "ParentName", "");
	json_member_cstr(w, "NamespaceName", "");
	json_member_u64(w, "IndexedByVersion", 4);
	TRY(put_coverage(q, err));
	json_key(w, "Features");
	json_array(w);
	for (size_t i = 0; i < r->packages.len; i++) {
		TRY(put_feature(q, i, hits + at, hits + n, &used, err));
		at += used;
	}
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
	return document_end(&q->doc, err);
}

static void quay_fini(struct quay *q)
{
	document_fini(&q->doc);
	arena_fini(&q->arena);
}

static enum status quay_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	struct quay AUTO(quay_fini) q = { .report = r, .arena = ARENA_INIT(SIZE_MAX) };

	(void)options;
	document_init(&q.doc, out, 0);
	return write_quay(&q, err);
}

const struct report_format report_format_quay = {
	.name = "quay",
	.media_type = "application/json",
	.vulnerabilities = quay_vulnerabilities,
};
