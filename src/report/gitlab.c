/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gitlab.c - GitLab's container scanning report, schema 15.0.7 (gl-container-scanning-report.json).
 *
 * What was not looked up stands in scan.messages.
 */
#include "report/document.h"
#include "report/subject.h"

#include <stdio.h>

/* Lengths of the schema. */
#define NAME_BYTES 255
#define DESCRIPTION_BYTES 1048576

struct gitlab {
	struct document doc;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct slice system, image;
};

/* ISO 8601 without a zone, as the schema's pattern wants it. */
static void put_time(struct json_writer *w, const char *key, int64_t unix_s)
{
	struct date_text date;

	json_member_str(w, key, slice_make(date_print(&date, unix_s), strlen("2024-01-31T10:00:00")));
}

static void put_program(struct json_writer *w, const char *key, const char *version)
{
	json_key(w, key);
	json_object(w);
	json_member_cstr(w, "id", "limpid");
	json_member_cstr(w, "name", "limpid");
	json_key(w, "vendor");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_close(w);
	json_member_cstr(w, "version", version);
	json_close(w);
}

static void put_message(struct json_writer *w, bool warn, struct slice text)
{
	json_object(w);
	json_member_cstr(w, "level", warn ? "warn" : "info");
	json_member_str(w, "value", text);
	json_close(w);
}

static enum status put_scan(struct gitlab *g, struct err *err)
{
	const struct vulnerability_report *r = g->report;
	struct json_writer *w = &g->doc.w;
	bool read = true;
	struct slice text;

	for (size_t i = 0; i < r->index->diags.len; i++)
		read &= diag_severity(r->index->diags.at[i].diag.code) != DIAG_SEVERITY_ERROR;
	json_key(w, "scan");
	json_object(w);
	put_program(w, "analyzer", g->options->program_version);
	put_program(w, "scanner", g->options->program_version);
	put_time(w, "start_time", g->options->now_s);
	put_time(w, "end_time", g->options->now_s);
	json_member_cstr(w, "status", read ? "success" : "failure");
	json_member_cstr(w, "type", "container_scanning");
	json_key(w, "messages");
	json_array(w);
	TRY(subject_verdict(r, &g->scratch, &text, err));
	put_message(w, !r->complete, text);
	for (size_t i = 0; i < r->coverage.len; i++) {
		TRY(subject_coverage(&r->coverage.at[i], &g->scratch, &text, err));
		put_message(w, coverage_is_gap(r->coverage.at[i].code), text);
		TRY(document_flush(&g->doc, err));
	}
	json_close(w);
	json_close(w);
	arena_reset(&g->scratch);
	return STATUS_OK;
}

static void put_identifier(void *ctx, struct slice id)
{
	struct buf AUTO(buf_fini) url = BUF_INIT((size_t)1 << 16);
	struct json_writer *w = ctx;
	struct slice kind;
	char type[16] = "other";

	/* "CVE-2025-1" -> "cve" */
	if (slice_cut(id, '-', &kind, NULL) && kind.len > 0 && kind.len < sizeof(type)) {
		for (size_t i = 0; i < kind.len; i++)
			type[i] = (char)to_lower(kind.ptr[i]);
		type[kind.len] = '\0';
	}
	subject_id_url(id, &url);
	json_object(w);
	json_member_cstr(w, "type", type);
	json_member_str(w, "name", id);
	json_member_str(w, "value", id);
	if (url.len > 0 && url.failed == STATUS_OK)
		json_member_str(w, "url", buf_slice(&url));
	json_close(w);
}

static void put_link(void *ctx, struct slice link)
{
	struct json_writer *w = ctx;

	json_object(w);
	json_member_str(w, "url", link);
	json_close(w);
}

static void put_location(struct gitlab *g, const struct package *p)
{
	struct json_writer *w = &g->doc.w;

	json_key(w, "location");
	json_object(w);
	json_key(w, "dependency");
	json_object(w);
	json_key(w, "package");
	json_object(w);
	json_member_str(w, "name", p->name);
	json_close(w);
	json_member_str(w, "version", p->version);
	json_close(w);
	json_member_str(w, "operating_system", g->system);
	json_member_str(w, "image", g->image);
	json_close(w);
}

static void put_detail(struct json_writer *w, const char *key, const char *name, struct slice value)
{
	if (value.len == 0)
		return;
	json_key(w, key);
	json_object(w);
	json_member_cstr(w, "type", "text");
	json_member_cstr(w, "name", name);
	json_member_str(w, "value", value);
	json_close(w);
}

static enum status put_details(struct gitlab *g, const struct hit *h, struct err *err)
{
	const struct index_report *r = g->report->index;
	const struct index_layer *l = subject_layer(r, h->package);
	struct json_writer *w = &g->doc.w;
	struct digest_text digest;
	struct slice purl;

	TRY(subject_purl(r, h->package, &g->scratch, &purl, err));
	json_key(w, "details");
	json_object(w);
	put_detail(w, "path", "Path", r->packages.at[h->package].package.path);
	put_detail(w, "purl", "Package URL", purl);
	put_detail(w, "layer", "Layer", slice_cstr(l ? digest_print(&digest, subject_layer_digest(l)) : ""));
	put_detail(w, "source", "Advisory source", h->line.findings[0]->source);
	put_detail(w, "comparison", "Comparison", h->line.findings[0]->comparison);
	json_close(w);
	return STATUS_OK;
}

static enum status put_hit(struct gitlab *g, const struct hit *h, struct err *err)
{
	const struct package *p = &g->report->index->packages.at[h->package].package;
	struct json_writer *w = &g->doc.w;
	struct slice title = hit_title(h), text;
	struct subject_name id;

	TRY(subject_hit_key(g->report->index, h, &g->scratch, &text, err));
	/* GitLab goes by place and identifiers from scan to scan; within a report ids differ, even of equal packages.
	 */
	if (!arena_printf(&g->scratch, &text, "%.*s|%.*s|%zu", SLICE_ARG(text), SLICE_ARG(p->version), h->package))
		return err_nomem(err, "report");
	TRY(subject_uuid(text, &id, err));
	json_object(w);
	json_member_cstr(w, "id", id.text);
	if (!arena_printf(&g->scratch, &text, "%.*s%s%.*s", SLICE_ARG(h->line.id), title.len > 0 ? ": " : "",
			  SLICE_ARG(title)))
		return err_nomem(err, "report");
	json_member_str(w, "name", subject_cut(text, NAME_BYTES));
	json_member_str(w, "description", subject_cut(hit_description(h), DESCRIPTION_BYTES));
	json_member_cstr(w, "severity",
			 h->line.severity == SEVERITY_NEGLIGIBLE ? "Info" : severity_name(h->line.severity));
	if (h->line.fix.len > 0) {
		if (!arena_printf(&g->scratch, &text, "Update %.*s from %.*s to %.*s", SLICE_ARG(p->name),
				  SLICE_ARG(p->version), SLICE_ARG(h->line.fix)))
			return err_nomem(err, "report");
		json_member_str(w, "solution", text);
	}
	put_location(g, p);
	json_key(w, "identifiers");
	json_array(w);
	put_identifier(w, h->line.id);
	hit_each_alias(h, put_identifier, w);
	json_close(w);
	json_key(w, "links");
	json_array(w);
	hit_each_link(h, put_link, w);
	json_close(w);
	TRY(put_details(g, h, err));
	json_close(w);
	arena_reset(&g->scratch);
	return document_flush(&g->doc, err);
}

/* The schema's pattern: NAME[:PORT...]:TAG[:DIGEST]. */
static enum status image_name(struct gitlab *g, struct err *err)
{
	struct slice name = subject_image(g->report->index), repository, tag;
	struct buf AUTO(buf_fini) b = BUF_INIT((size_t)1 << 16);
	bool named = g->report->index->image_name.len > 0;
	size_t colons = 0;

	subject_split_reference(name, &repository, &tag);
	if (name.len == 0) {
		buf_add_cstr(&b, "image:unknown");
	} else if (named && tag.len == 0 && slice_find_byte(name, '@') == SIZE_MAX) {
		buf_printf(&b, "%.*s:latest", SLICE_ARG(name));
	} else {
		if (slice_find_byte(name, ':') == SIZE_MAX)
			buf_add_cstr(&b, "file:");
		for (size_t i = 0; i < name.len; i++) {
			bool odd = name.ptr[i] == ':' &&
				   (++colons > 2 || i == 0 || i + 1 == name.len || name.ptr[i + 1] == ':');

			buf_add_byte(&b, odd ? '_' : name.ptr[i]);
		}
	}
	TRY(buf_check(&b, "report", err));
	return arena_copy(&g->arena, buf_slice(&b), &g->image) ? STATUS_OK : err_nomem(err, "report");
}

static enum status write_gitlab(struct gitlab *g, struct err *err)
{
	struct json_writer *w = &g->doc.w;
	struct hit *hits;
	size_t n;

	TRY(hits_make(g->report, &g->arena, &hits, &n, err));
	TRY(subject_system(g->report->index, &g->arena, &g->system, err));
	if (g->system.len == 0)
		g->system = SLICE("unknown");
	TRY(image_name(g, err));
	json_object(w);
	json_member_cstr(w, "version", "15.0.7");
	TRY(put_scan(g, err));
	json_key(w, "vulnerabilities");
	json_array(w);
	for (size_t i = 0; i < n; i++)
		TRY(put_hit(g, &hits[i], err));
	json_close(w);
	json_key(w, "remediations");
	json_array(w);
	json_close(w);
	json_close(w);
	return document_end(&g->doc, err);
}

static void gitlab_fini(struct gitlab *g)
{
	document_fini(&g->doc);
	arena_fini(&g->arena);
	arena_fini(&g->scratch);
}

static enum status gitlab_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					  const struct report_out *out, struct err *err)
{
	struct gitlab AUTO(gitlab_fini)
		g = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&g.doc, out, 1);
	return write_gitlab(&g, err);
}

const struct report_format report_format_gitlab = {
	.name = "gitlab",
	.media_type = "application/json",
	.vulnerabilities = gitlab_vulnerabilities,
};
