/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cyclonedx_write.c - CycloneDX 1.4, 1.5 and 1.6 in both forms, which differ in little: a list's items have names in
 * XML, and some members are attributes there. Members stand in the order that the XML schema wants.
 *
 * What was not looked up stands in metadata.properties, and the composition of the image is then "incomplete".
 */
#include "report/cyclonedx_write.h"

#include "report/document.h"
#include "report/markup.h"
#include "report/subject.h"

#include <stdio.h>
#include <stdlib.h>

struct cdx {
	bool xml;
	const char *version; /* "1.6" */
	struct document doc;
	struct markup markup;
	const struct index_report *index;
	const struct vulnerability_report *report; /* NULL: packages only */
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
};

/* ---- one word for both forms ---- */

static void cdx_object(struct cdx *c, const char *name)
{
	if (c->xml) {
		xml_open(&c->markup.w, name);
	} else {
		json_key(&c->doc.w, name);
		json_object(&c->doc.w);
	}
}

static void cdx_list(struct cdx *c, const char *name)
{
	if (c->xml) {
		xml_open(&c->markup.w, name);
	} else {
		json_key(&c->doc.w, name);
		json_array(&c->doc.w);
	}
}

/* An object in a list; XML calls it by its name. */
static void cdx_item(struct cdx *c, const char *name)
{
	if (c->xml)
		xml_open(&c->markup.w, name);
	else
		json_object(&c->doc.w);
}

static void cdx_close(struct cdx *c)
{
	if (c->xml)
		xml_close(&c->markup.w);
	else
		json_close(&c->doc.w);
}

static void cdx_attribute(struct cdx *c, const char *name, struct slice value)
{
	if (c->xml)
		xml_attribute(&c->markup.w, name, value);
	else
		json_member_str(&c->doc.w, name, value);
}

static void cdx_value(struct cdx *c, const char *name, struct slice value)
{
	if (c->xml)
		xml_element(&c->markup.w, name, value);
	else
		json_member_str(&c->doc.w, name, value);
}

static void cdx_property(struct cdx *c, const char *name, struct slice value)
{
	if (c->xml) {
		xml_open(&c->markup.w, "property");
		xml_attribute_cstr(&c->markup.w, "name", name);
		xml_text(&c->markup.w, value);
		xml_close(&c->markup.w);
	} else {
		json_object(&c->doc.w);
		json_member_cstr(&c->doc.w, "name", name);
		json_member_str(&c->doc.w, "value", value);
		json_close(&c->doc.w);
	}
}

static enum status cdx_flush(struct cdx *c, struct err *err)
{
	arena_reset(&c->scratch);
	return c->xml ? markup_flush(&c->markup, err) : document_flush(&c->doc, err);
}

static void package_ref(size_t package, char *out, size_t size)
{
	snprintf(out, size, "package-%zu", package + 1);
}

/* ---- what it is about ---- */

static void put_tools(struct cdx *c)
{
	struct slice version = slice_cstr(c->options->program_version);

	if (strcmp(c->version, "1.4") == 0) {
		cdx_list(c, "tools");
		cdx_item(c, "tool");
		cdx_value(c, "vendor", SLICE("limpid"));
		cdx_value(c, "name", SLICE("limpid"));
		cdx_value(c, "version", version);
		cdx_close(c);
		cdx_close(c);
		return;
	}
	cdx_object(c, "tools");
	cdx_list(c, "components");
	cdx_item(c, "component");
	cdx_attribute(c, "type", SLICE("application"));
	cdx_value(c, "name", SLICE("limpid"));
	cdx_value(c, "version", version);
	cdx_close(c);
	cdx_close(c);
	cdx_close(c);
}

static enum status put_image(struct cdx *c, struct err *err)
{
	const struct index_report *r = c->index;
	struct slice repository, purl;
	struct digest_text digest;

	TRY(subject_image_purl(r, &c->scratch, &purl, err));
	subject_split_reference(subject_image(r), &repository, NULL);
	cdx_object(c, "component");
	cdx_attribute(c, "type", SLICE("container"));
	cdx_attribute(c, "bom-ref", SLICE("image"));
	cdx_value(c, "name", repository.len > 0 ? repository : SLICE("image"));
	if (r->manifest.algo != DIGEST_NONE)
		cdx_value(c, "version", slice_cstr(digest_print(&digest, &r->manifest)));
	if (purl.len > 0)
		cdx_value(c, "purl", purl);
	cdx_list(c, "properties");
	cdx_property(c, "limpid:image", subject_image(r));
	for (size_t i = 0; i < r->layers.len; i++)
		cdx_property(c, "limpid:layer",
			     slice_cstr(digest_print(&digest, subject_layer_digest(&r->layers.at[i]))));
	cdx_close(c);
	cdx_close(c);
	return STATUS_OK;
}

/* What was not looked up; of an inventory, what was not read. */
static enum status put_coverage(struct cdx *c, struct err *err)
{
	const struct vulnerability_report *r = c->report;
	struct slice text;

	cdx_list(c, "properties");
	if (r) {
		TRY(subject_verdict(r, &c->scratch, &text, err));
		cdx_property(c, "limpid:coverage", text);
		for (size_t i = 0; i < r->coverage.len; i++) {
			TRY(subject_coverage(&r->coverage.at[i], &c->scratch, &text, err));
			cdx_property(c, coverage_is_gap(r->coverage.at[i].code) ? "limpid:gap" : "limpid:coverage",
				     text);
		}
	}
	for (size_t i = 0; i < c->index->diags.len; i++) {
		const struct layer_diag *d = &c->index->diags.at[i].diag;

		if (diag_severity(d->code) < DIAG_SEVERITY_WARNING)
			continue;
		if (!arena_printf(&c->scratch, &text, "%.*s%s%.*s", SLICE_ARG(d->where), d->where.len ? ": " : "",
				  SLICE_ARG(d->text)))
			return err_nomem(err, "report");
		cdx_property(c, "limpid:not-read", text);
	}
	cdx_close(c);
	return STATUS_OK;
}

static enum status put_metadata(struct cdx *c, struct err *err)
{
	struct date_text date;

	cdx_object(c, "metadata");
	cdx_value(c, "timestamp", slice_cstr(date_print(&date, c->options->now_s)));
	put_tools(c);
	TRY(put_image(c, err));
	TRY(put_coverage(c, err));
	cdx_close(c);
	return cdx_flush(c, err);
}

/* ---- components ---- */

/* What a package URL cannot say, for who reads the packages back. */
static void put_marks(struct cdx *c, const struct package *p)
{
	unsigned flags = p->flags;

	if (p->type == PACKAGE_GO && p->arch.len > 0)
		cdx_property(c, "limpid:arch", p->arch);
	if (flags & PACKAGE_OWNED)
		cdx_property(c, "limpid:owned", SLICE("true"));
	if (flags & PACKAGE_GUESSED)
		cdx_property(c, "limpid:guessed", SLICE("true"));
	if (flags & PACKAGE_DECLARED)
		cdx_property(c, "limpid:declared", SLICE("true"));
}

/* Components of a package: what is read back passes over such. */
static enum status put_file(void *ctx, struct slice path, struct err *err)
{
	struct cdx *c = ctx;

	(void)err;
	cdx_item(c, "component");
	cdx_attribute(c, "type", SLICE("file"));
	cdx_value(c, "name", path);
	cdx_close(c);
	return STATUS_OK;
}

static enum status put_files(struct cdx *c, size_t i, struct err *err)
{
	if (c->index->packages.at[i].n_files == 0)
		return STATUS_OK;
	cdx_list(c, "components");
	TRY(index_files_each(c->index, i, put_file, c, err));
	cdx_close(c);
	return STATUS_OK;
}

static enum status put_package(struct cdx *c, size_t i, struct err *err)
{
	const struct index_package *p = &c->index->packages.at[i];
	const struct index_layer *l = subject_layer(c->index, i);
	struct digest_text digest;
	struct slice purl;
	char ref[32];

	TRY(subject_purl(c->index, i, &c->scratch, &purl, err));
	package_ref(i, ref, sizeof(ref));
	cdx_item(c, "component");
	cdx_attribute(c, "type", p->package.flags & PACKAGE_MAIN_MODULE ? SLICE("application") : SLICE("library"));
	cdx_attribute(c, "bom-ref", slice_cstr(ref));
	cdx_value(c, "name", p->package.name);
	cdx_value(c, "version", p->package.version);
	cdx_value(c, "purl", purl);
	cdx_list(c, "properties");
	cdx_property(c, "limpid:type", slice_cstr(package_type_purl(p->package.type)));
	cdx_property(c, "limpid:path", p->package.path);
	if (l)
		cdx_property(c, "limpid:layer", slice_cstr(digest_print(&digest, subject_layer_digest(l))));
	if (p->package.source_name.len > 0) {
		cdx_property(c, "limpid:source", p->package.source_name);
		cdx_property(c, "limpid:source-version", p->package.source_version);
	}
	put_marks(c, &p->package);
	cdx_close(c);
	TRY(put_files(c, i, err));
	cdx_close(c);
	return cdx_flush(c, err);
}

static enum status put_components(struct cdx *c, struct err *err)
{
	char ref[40];

	cdx_list(c, "components");
	for (size_t i = 0; i < c->index->distributions.len; i++) {
		const struct distribution *d = &c->index->distributions.at[i];

		snprintf(ref, sizeof(ref), "system-%zu", i + 1);
		cdx_item(c, "component");
		cdx_attribute(c, "type", SLICE("operating-system"));
		cdx_attribute(c, "bom-ref", slice_cstr(ref));
		cdx_value(c, "name", d->did.len > 0 ? d->did : SLICE("unknown"));
		cdx_value(c, "version", d->version_id);
		if (d->pretty_name.len > 0)
			cdx_value(c, "description", d->pretty_name);
		if (d->cpe.len > 0)
			cdx_value(c, "cpe", d->cpe);
		cdx_close(c);
	}
	for (size_t i = 0; i < c->index->packages.len; i++)
		TRY(put_package(c, i, err));
	cdx_close(c);
	return STATUS_OK;
}

/* "ref" and what it depends on; the reference alone without text. */
static void put_ref(struct cdx *c, const char *ref)
{
	if (c->xml) {
		xml_open(&c->markup.w, "dependency");
		xml_attribute_cstr(&c->markup.w, "ref", ref);
		xml_close(&c->markup.w);
	} else {
		json_cstr(&c->doc.w, ref);
	}
}

/* A system contains its packages, the image all the rest. */
static enum status put_dependency(struct cdx *c, const char *ref, size_t distribution, struct err *err)
{
	char other[40];

	cdx_item(c, "dependency");
	cdx_attribute(c, "ref", slice_cstr(ref));
	if (!c->xml)
		cdx_list(c, "dependsOn");
	for (size_t i = 0; distribution == SIZE_MAX && i < c->index->distributions.len; i++) {
		snprintf(other, sizeof(other), "system-%zu", i + 1);
		put_ref(c, other);
	}
	for (size_t i = 0; i < c->index->packages.len; i++) {
		size_t of = c->index->packages.at[i].distribution;

		if ((of < c->index->distributions.len ? of : SIZE_MAX) != distribution)
			continue;
		package_ref(i, other, sizeof(other));
		put_ref(c, other);
		TRY(cdx_flush(c, err));
	}
	if (!c->xml)
		cdx_close(c);
	cdx_close(c);
	return STATUS_OK;
}

static bool is_complete(const struct cdx *c)
{
	return c->report ? c->report->complete && c->index->complete : c->index->complete;
}

static enum status put_relations(struct cdx *c, struct err *err)
{
	char ref[40];

	cdx_list(c, "dependencies");
	TRY(put_dependency(c, "image", SIZE_MAX, err));
	for (size_t i = 0; i < c->index->distributions.len; i++) {
		snprintf(ref, sizeof(ref), "system-%zu", i + 1);
		TRY(put_dependency(c, ref, i, err));
	}
	cdx_close(c);
	cdx_list(c, "compositions");
	cdx_item(c, "composition");
	/* Files that no package manager knows are not listed: never "complete". */
	cdx_value(c, "aggregate", is_complete(c) ? SLICE("unknown") : SLICE("incomplete"));
	cdx_list(c, "assemblies");
	if (c->xml) {
		xml_open(&c->markup.w, "assembly");
		xml_attribute_cstr(&c->markup.w, "ref", "image");
		xml_close(&c->markup.w);
	} else {
		json_cstr(&c->doc.w, "image");
	}
	cdx_close(c);
	cdx_close(c);
	cdx_close(c);
	return STATUS_OK;
}

/* ---- vulnerabilities: one per flaw, with all packages that have it ---- */

static int by_flaw(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;
	size_t x = a->line.findings[0]->flaw, y = b->line.findings[0]->flaw;

	if (x != y)
		return x < y ? -1 : 1;
	return a->package < b->package ? -1 : a->package > b->package;
}

static const char *rating_word(enum severity s)
{
	static const char *const words[SEVERITY_COUNT] = {
		[SEVERITY_UNKNOWN] = "unknown", [SEVERITY_NEGLIGIBLE] = "info", [SEVERITY_LOW] = "low",
		[SEVERITY_MEDIUM] = "medium",	[SEVERITY_HIGH] = "high",	[SEVERITY_CRITICAL] = "critical",
	};

	return words[s];
}

/* source "": of the advisory. */
static void put_score(struct cdx *c, struct slice source, struct slice vector, double score, const char *method)
{
	char text[16];

	cdx_item(c, "rating");
	if (source.len > 0) {
		cdx_object(c, "source");
		cdx_value(c, "name", source);
		cdx_close(c);
	}
	if (c->xml) {
		snprintf(text, sizeof(text), "%.1f", score);
		cdx_value(c, "score", slice_cstr(text));
	} else {
		json_key(&c->doc.w, "score");
		json_double(&c->doc.w, score);
	}
	cdx_value(c, "method", slice_cstr(method));
	cdx_value(c, "vector", vector);
	cdx_close(c);
}

static void put_rating(struct cdx *c, const struct hit *h, const char *prefix, const char *method)
{
	const struct enrichment_cvss *published;
	struct slice vector;
	double score;

	if (hit_told_cvss(h, prefix, &vector, &score))
		put_score(c, SLICE_EMPTY, vector, score, method);
	published = hit_published(h, prefix, &score);
	if (published)
		put_score(c, slice_starts(published->source, SLICE("nvd@")) ? SLICE("NVD") : published->source,
			  published->vector, score, method);
}

static void put_ratings(struct cdx *c, const struct hit *h)
{
	cdx_list(c, "ratings");
	cdx_item(c, "rating");
	cdx_object(c, "source");
	cdx_value(c, "name", h->line.findings[0]->source);
	cdx_close(c);
	cdx_value(c, "severity", slice_cstr(rating_word(h->line.severity)));
	cdx_close(c);
	put_rating(c, h, "CVSS:3.1", "CVSSv31");
	put_rating(c, h, "CVSS:3.0", "CVSSv3");
	put_rating(c, h, "", "CVSSv2");
	if (strcmp(c->version, "1.4") != 0)
		put_rating(c, h, "CVSS:4.", "CVSSv4");
	cdx_close(c);
}

static void put_source(struct cdx *c, struct slice id)
{
	struct buf AUTO(buf_fini) url = BUF_INIT((size_t)1 << 16);
	struct slice kind;

	slice_cut(id, '-', &kind, NULL);
	subject_id_url(id, &url);
	cdx_object(c, "source");
	cdx_value(c, "name", kind.len > 0 ? kind : id);
	if (url.len > 0 && url.failed == STATUS_OK)
		cdx_value(c, "url", buf_slice(&url));
	cdx_close(c);
}

static void put_reference(void *ctx, struct slice id)
{
	struct cdx *c = ctx;

	cdx_item(c, "reference");
	cdx_value(c, "id", id);
	put_source(c, id);
	cdx_close(c);
}

static void put_advisory(void *ctx, struct slice link)
{
	struct cdx *c = ctx;

	cdx_item(c, "advisory");
	cdx_value(c, "url", link);
	cdx_close(c);
}

static void count_one(void *ctx, struct slice text)
{
	(void)text;
	++*(size_t *)ctx;
}

static void put_date(struct cdx *c, const char *name, int64_t unix_s)
{
	struct date_text date;

	if (unix_s != DATE_NONE)
		cdx_value(c, name, slice_cstr(date_print(&date, unix_s)));
}

static void put_version(struct cdx *c, struct slice version, const char *status)
{
	if (version.len == 0)
		return;
	cdx_item(c, "version");
	cdx_value(c, "version", version);
	cdx_value(c, "status", slice_cstr(status));
	cdx_close(c);
}

static enum status put_targets(struct cdx *c, const struct hit *h, size_t n, struct err *err)
{
	char ref[32];

	cdx_list(c, "affects");
	for (size_t i = 0; i < n; i++) {
		package_ref(h[i].package, ref, sizeof(ref));
		cdx_item(c, "target");
		cdx_value(c, "ref", slice_cstr(ref));
		cdx_list(c, "versions");
		put_version(c, c->index->packages.at[h[i].package].package.version, "affected");
		put_version(c, h[i].line.fix, "unaffected");
		cdx_close(c);
		cdx_close(c);
		TRY(cdx_flush(c, err));
	}
	cdx_close(c);
	return STATUS_OK;
}

static enum status put_recommendation(struct cdx *c, const struct hit *h, size_t n, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20);
	struct slice last = SLICE_EMPTY;

	for (size_t i = 0; i < n; i++) {
		struct slice name = c->index->packages.at[h[i].package].package.name;

		if (h[i].line.fix.len == 0 || slice_eq(name, last))
			continue;
		last = name;
		buf_printf(&text, "%sUpdate %.*s to %.*s", text.len > 0 ? "; " : "", SLICE_ARG(name),
			   SLICE_ARG(h[i].line.fix));
	}
	TRY(buf_check(&text, "report", err));
	if (text.len > 0)
		cdx_value(c, "recommendation", buf_slice(&text));
	return STATUS_OK;
}

static void put_fraction(struct cdx *c, const char *name, struct slice text)
{
	double value = enrichment_fraction(text);
	char number[32];

	snprintf(number, sizeof(number), "%.5f", value);
	if (value >= 0)
		cdx_property(c, name, slice_cstr(number));
}

/* The format has no word for them. */
static void put_enrichments(struct cdx *c, const struct hit *h)
{
	const struct enrichment *epss = unit_line_epss(&h->line), *kev = unit_line_kev(&h->line);

	if (!epss && !kev)
		return;
	cdx_list(c, "properties");
	if (epss) {
		put_fraction(c, "limpid:epss", epss->epss->probability);
		put_fraction(c, "limpid:epss:percentile", epss->epss->percentile);
		if (epss->epss->date.len > 0)
			cdx_property(c, "limpid:epss:date", epss->epss->date);
	}
	if (kev) {
		cdx_property(c, "limpid:kev", kev->cve);
		if (kev->kev->added.len > 0)
			cdx_property(c, "limpid:kev:date-added", kev->kev->added);
		if (kev->kev->due.len > 0)
			cdx_property(c, "limpid:kev:due-date", kev->kev->due);
		if (kev->kev->ransomware.len > 0)
			cdx_property(c, "limpid:kev:ransomware", kev->kev->ransomware);
	}
	cdx_close(c);
}

static enum status put_flaw(struct cdx *c, const struct hit *h, size_t n, struct err *err)
{
	size_t aliases = 0, links = 0;

	hit_each_alias(h, count_one, &aliases);
	hit_each_link(h, count_one, &links);
	cdx_item(c, "vulnerability");
	cdx_value(c, "id", h->line.id);
	put_source(c, h->line.id);
	if (aliases > 0) {
		cdx_list(c, "references");
		hit_each_alias(h, put_reference, c);
		cdx_close(c);
	}
	put_ratings(c, h);
	cdx_value(c, "description", hit_description(h));
	TRY(put_recommendation(c, h, n, err));
	if (links > 0) {
		cdx_list(c, "advisories");
		hit_each_link(h, put_advisory, c);
		cdx_close(c);
	}
	put_date(c, "published", h->line.findings[0]->advisory.issued_s);
	put_date(c, "updated", h->line.findings[0]->advisory.modified_s);
	TRY(put_targets(c, h, n, err));
	put_enrichments(c, h);
	cdx_close(c);
	return cdx_flush(c, err);
}

/* Who bears a risk does not say that it is none. */
static void put_analysis(struct cdx *c, const struct suppressed *s)
{
	bool accepted = slice_eq(s->status, SLICE("accepted")), gate = suppressed_by_gate(s->by);

	if (accepted || gate)
		cdx_value(c, "state", SLICE("exploitable"));
	else
		cdx_value(c, "state", slice_eq(s->status, SLICE("fixed")) ? SLICE("resolved") : SLICE("not_affected"));
	cdx_value(c, "detail", s->reason);
}

/* What the vendor or the user says does not affect the package. What belongs to a system's package is the system's
 * matter. */
static enum status put_suppressed(struct cdx *c, const struct suppressed *s, struct err *err)
{
	const struct finding *f = &s->finding;
	char ref[32];

	if (s->by == SUPPRESSED_BY_SYSTEM || s->by == SUPPRESSED_BY_DEV ||
	    (s->by == SUPPRESSED_BY_VENDOR && c->index->packages.at[f->package].package.flags & PACKAGE_OWNED))
		return STATUS_OK;
	package_ref(f->package, ref, sizeof(ref));
	cdx_item(c, "vulnerability");
	cdx_value(c, "id", f->advisory.id);
	put_source(c, f->advisory.id);
	cdx_object(c, "analysis");
	put_analysis(c, s);
	cdx_close(c);
	cdx_list(c, "affects");
	cdx_item(c, "target");
	cdx_value(c, "ref", slice_cstr(ref));
	cdx_close(c);
	cdx_close(c);
	cdx_close(c);
	return cdx_flush(c, err);
}

static enum status put_vulnerabilities(struct cdx *c, struct err *err)
{
	const struct vulnerability_report *r = c->report;
	struct hit *hits;
	size_t total;

	TRY(hits_make(r, &c->arena, &hits, &total, err));
	qsort(hits, total, sizeof(*hits), by_flaw);
	cdx_list(c, "vulnerabilities");
	for (size_t i = 0, n; i < total; i += n) {
		size_t flaw = hits[i].line.findings[0]->flaw;

		for (n = 1; i + n < total && hits[i + n].line.findings[0]->flaw == flaw; n++)
			;
		TRY(put_flaw(c, hits + i, n, err));
	}
	for (size_t i = 0; i < r->suppressed.len; i++)
		TRY(put_suppressed(c, &r->suppressed.at[i], err));
	cdx_close(c);
	return STATUS_OK;
}

/* ---- the document ---- */

static enum status put_head(struct cdx *c, struct err *err)
{
	struct subject_name uuid;
	struct slice text, urn;

	TRY(subject_identity(c->index, c->options->now_s, &c->arena, &text, err));
	TRY(subject_uuid(text, &uuid, err));
	if (!arena_printf(&c->arena, &urn, "urn:uuid:%s", uuid.text) ||
	    !arena_printf(&c->arena, &text, "http://cyclonedx.org/schema/bom%s%s%s", c->xml ? "/" : "-", c->version,
			  c->xml ? "" : ".schema.json"))
		return err_nomem(err, "report");
	if (c->xml) {
		xml_open(&c->markup.w, "bom");
		xml_attribute(&c->markup.w, "xmlns", text);
		xml_attribute(&c->markup.w, "serialNumber", urn);
		xml_attribute_u64(&c->markup.w, "version", 1);
	} else {
		json_object(&c->doc.w);
		json_member_str(&c->doc.w, "$schema", text);
		json_member_cstr(&c->doc.w, "bomFormat", "CycloneDX");
		json_member_cstr(&c->doc.w, "specVersion", c->version);
		json_member_str(&c->doc.w, "serialNumber", urn);
		json_member_u64(&c->doc.w, "version", 1);
	}
	return STATUS_OK;
}

static enum status write_document(struct cdx *c, struct err *err)
{
	TRY(put_head(c, err));
	TRY(put_metadata(c, err));
	TRY(put_components(c, err));
	TRY(put_relations(c, err));
	if (c->report)
		TRY(put_vulnerabilities(c, err));
	cdx_close(c);
	return c->xml ? markup_end(&c->markup, err) : document_end(&c->doc, err);
}

static void cdx_fini(struct cdx *c)
{
	document_fini(&c->doc);
	markup_fini(&c->markup);
	arena_fini(&c->arena);
	arena_fini(&c->scratch);
}

enum status cyclonedx_write(const struct report_format *f, bool xml, const struct index_report *index,
			    const struct vulnerability_report *r, const struct report_options *options,
			    const struct report_out *out, struct err *err)
{
	struct cdx AUTO(cdx_fini) c = { .xml = xml,
					.version = "1.6",
					.index = index,
					.report = r,
					.options = options,
					.arena = ARENA_INIT(SIZE_MAX),
					.scratch = ARENA_INIT(SIZE_MAX) };

	if (report_version_is(options, f, "1.5"))
		c.version = "1.5";
	else if (report_version_is(options, f, "1.4"))
		c.version = "1.4";
	document_init(&c.doc, out, 1);
	markup_init(&c.markup, out);
	return write_document(&c, err);
}
