/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.c - one self-contained page: summary, charts, coverage, and a table to search, filter and print.
 *
 * Nothing is loaded from elsewhere, and its policy allows no script but its own. Texts of an image or a feed are
 * escaped where they stand in markup; those of the table are JSON in which no character of markup is left, and the
 * script puts them into text nodes.
 */
#include "base/base64.h"
#include "base/map.h"
#include "report/document.h"
#include "report/subject.h"
#include "text/terminal.h"

#include <stdio.h>

/* html.css, html.js: in the order of their names (tools/embed). */
extern const char *const report_html_files[];
enum file { FILE_CSS, FILE_JS };

#define LAYERS_SHOWN 60

struct html {
	struct document doc; /* its writer is for the data */
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct hit *hits;
	size_t n_hits;
	struct flaws flaws;
	struct map texts; /* text -> its number */
	struct slice *text_of;
	size_t n_texts;
};

static void put(struct html *h, const char *markup)
{
	buf_add_cstr(&h->doc.buf, markup);
}

/* Text of an image or a feed. */
static void put_text(struct html *h, struct slice text)
{
	struct buf AUTO(buf_fini) plain = BUF_INIT((size_t)1 << 22);

	terminal_put(&plain, text);
	for (size_t i = 0; i < plain.len; i++) {
		switch (plain.ptr[i]) {
		case '<':
			put(h, "&lt;");
			break;
		case '>':
			put(h, "&gt;");
			break;
		case '&':
			put(h, "&amp;");
			break;
		case '"':
			put(h, "&quot;");
			break;
		case '\'':
			put(h, "&#39;");
			break;
		default:
			buf_add_byte(&h->doc.buf, plain.ptr[i]);
		}
	}
}

static const char *word(size_t severity)
{
	return severity_name((enum severity)severity);
}

/* ---- the head ---- */

/* base64 of a SHA-256: what a policy calls a script by. */
static enum status put_hash(struct html *h, const char *text, struct err *err)
{
	struct digest d;

	TRY(digest_of(DIGEST_SHA256, slice_cstr(text), &d, err));
	base64_encode(slice_make(d.bytes, 32), BASE64_PADDED, &h->doc.buf);
	return STATUS_OK;
}

static enum status put_head(struct html *h, struct err *err)
{
	const struct index_report *r = h->report->index;
	struct date_text date;
	struct slice system;

	put(h, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
	       "http-equiv=\"Content-Security-Policy\" "
	       "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-");
	TRY(put_hash(h, report_html_files[FILE_JS], err));
	put(h, "'; base-uri 'none'; form-action 'none'\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	put_text(h, subject_image(r));
	put(h, "</title>\n<style>\n");
	put(h, report_html_files[FILE_CSS]);
	put(h, "</style>\n</head>\n<body>\n<h1>");
	put_text(h, subject_image(r));
	put(h, "</h1>\n<p class=\"dim\">");
	TRY(subject_system(r, &h->scratch, &system, err));
	put_text(h, system.len > 0 ? system : SLICE("no distribution recognised"));
	buf_printf(&h->doc.buf, ", %zu layer%s, %zu package%s; %s, limpid ", r->layers.len,
		   r->layers.len == 1 ? "" : "s", r->packages.len, r->packages.len == 1 ? "" : "s",
		   date_print(&date, h->options->now_s));
	put_text(h, slice_cstr(h->options->program_version));
	put(h, "</p>\n");
	return STATUS_OK;
}

static enum status put_verdict(struct html *h, struct err *err)
{
	const struct vulnerability_report *r = h->report;
	struct slice text;

	if (r->demonstration)
		put(h, "<p class=\"verdict gap\">DEMONSTRATION: a small bundled set of advisories, not a real "
		       "database</p>\n");
	buf_printf(&h->doc.buf, "<p class=\"verdict%s\" id=\"verdict\">",
		   h->flaws.n > 0 ? " found"
		   : r->complete  ? ""
				  : " gap");
	if (h->flaws.n > 0)
		buf_printf(&h->doc.buf, "%zu vulnerabilit%s, %zu with a fix", h->flaws.n, h->flaws.n == 1 ? "y" : "ies",
			   h->flaws.fixable);
	else
		put(h, vulnerability_report_is_partial(r)	   ? "Nothing is new"
		       : r->complete && r->index->packages.len > 0 ? "No known vulnerabilities"
								   : "Nothing was found in what could be looked up");
	if (h->flaws.exploited > 0)
		buf_printf(&h->doc.buf, ", %zu known to be exploited", h->flaws.exploited);
	put(h, "</p>\n");
	if (!r->complete) {
		TRY(subject_verdict(r, &h->scratch, &text, err));
		put(h, "<p class=\"verdict gap\">");
		put_text(h, text);
		put(h, "</p>\n");
	}
	return STATUS_OK;
}

/* ---- charts ---- */

static void put_severities(struct html *h)
{
	size_t most = 1, y = 0;

	for (size_t i = 0; i < SEVERITY_COUNT; i++)
		most = MAX(most, h->flaws.by_severity[i]);
	put(h, "<div><h2>Severity</h2>\n<svg width=\"420\" height=\"150\" role=\"img\" aria-label=\"vulnerabilities by "
	       "severity\">\n");
	for (size_t i = SEVERITY_COUNT; i-- > 0; y += 25) {
		size_t n = h->flaws.by_severity[i];

		buf_printf(&h->doc.buf,
			   "<text x=\"0\" y=\"%zu\">%s</text><rect class=\"s-%s\" x=\"90\" y=\"%zu\" width=\"%zu\" "
			   "height=\"18\"/>"
			   "<text x=\"%zu\" y=\"%zu\">%zu</text>\n",
			   y + 15, word(i), word(i), y + 1, n * 260 / most, 96 + n * 260 / most, y + 15, n);
	}
	put(h, "</svg></div>\n");
}

/* Lines of the table by layer and severity: which layer brought them. */
static enum status put_layers(struct html *h, struct err *err)
{
	const struct index_report *r = h->report->index;
	size_t n = r->layers.len, most = 1, y = 0, shown = 0;
	size_t *counts = arena_array(&h->arena, (n + 1) * (SEVERITY_COUNT + 1), sizeof(*counts));
	struct digest_text digest;

	if (!counts)
		return err_nomem(err, "report");
	for (size_t i = 0; i < h->n_hits; i++) {
		size_t *of = counts + MIN(r->packages.at[h->hits[i].package].layer, n) * (SEVERITY_COUNT + 1);

		of[h->hits[i].line.severity]++;
		of[SEVERITY_COUNT]++;
		most = MAX(most, of[SEVERITY_COUNT]);
	}
	for (size_t i = 0; i < n; i++)
		shown += counts[i * (SEVERITY_COUNT + 1) + SEVERITY_COUNT] > 0;
	if (shown == 0)
		return STATUS_OK;
	shown = MIN(shown, (size_t)LAYERS_SHOWN);
	buf_printf(&h->doc.buf,
		   "<div><h2>Layers that brought them</h2>\n<svg width=\"760\" height=\"%zu\" role=\"img\" "
		   "aria-label=\"findings by layer\">\n",
		   shown * 25);
	for (size_t i = 0; i < n && y < shown * 25; i++) {
		const size_t *of = counts + i * (SEVERITY_COUNT + 1);
		size_t x = 60;

		if (of[SEVERITY_COUNT] == 0)
			continue;
		buf_printf(&h->doc.buf,
			   "<g data-layer=\"%zu\"><title>%s</title><text x=\"0\" y=\"%zu\">layer %zu</text>", i + 1,
			   digest_print(&digest, subject_layer_digest(&r->layers.at[i])), y + 15, i + 1);
		for (size_t s = SEVERITY_COUNT; s-- > 0; x += of[s] * 260 / most)
			if (of[s] > 0)
				buf_printf(&h->doc.buf,
					   "<rect class=\"s-%s\" x=\"%zu\" y=\"%zu\" width=\"%zu\" height=\"18\"/>",
					   word(s), x, y + 1, MAX(of[s] * 260 / most, (size_t)1));
		buf_printf(&h->doc.buf, "<text x=\"%zu\" y=\"%zu\">%zu ", x + 6, y + 15, of[SEVERITY_COUNT]);
		put(h, r->base.how == BASE_UNKNOWN ? "" : i < r->base.layers ? "base: " : "own: ");
		put_text(h, terminal_take(r->layers.at[i].created_by, 60));
		put(h, "</text></g>\n");
		y += 25;
	}
	put(h, "</svg></div>\n");
	return STATUS_OK;
}

static enum status put_coverage(struct html *h, struct err *err)
{
	const struct vulnerability_report *r = h->report;
	struct slice text;

	put(h, "<h2>Coverage</h2>\n<ul class=\"coverage\" id=\"coverage\">\n");
	for (int gap = 1; gap >= 0; gap--) {
		for (size_t i = 0; i < r->coverage.len; i++) {
			if (coverage_is_gap(r->coverage.at[i].code) != (gap == 1))
				continue;
			TRY(subject_coverage(&r->coverage.at[i], &h->scratch, &text, err));
			put(h, gap ? "<li class=\"gap\">" : "<li>");
			put_text(h, text);
			put(h, "</li>\n");
			arena_reset(&h->scratch);
			TRY(document_flush(&h->doc, err));
		}
	}
	put(h, "</ul>\n");
	return STATUS_OK;
}

static void put_table(struct html *h)
{
	static const char *const heads[] = { "Severity", "CVSS",     "EPSS",  "Vulnerability", "Package",
					     "Version",	 "Fixed in", "Layer", "About" };

	put(h,
	    "<h2>Findings <span class=\"dim\" id=\"count\"></span></h2>\n<div class=\"bar\">"
	    "<input type=\"search\" id=\"search\" placeholder=\"id, package, path, words\" aria-label=\"search\">\n");
	for (size_t i = SEVERITY_COUNT; i-- > 0;)
		buf_printf(&h->doc.buf,
			   "<label class=\"t-%s\"><input type=\"checkbox\" id=\"s-%s\" checked> %s</label>\n", word(i),
			   word(i), word(i));
	put(h, "<label><input type=\"checkbox\" id=\"fixable\"> with a fix</label>\n"
	       "<label><input type=\"checkbox\" id=\"exploited\"> known exploited</label>\n"
	       "<select id=\"layer\" aria-label=\"layer\"><option value=\"\">all layers</option></select>\n"
	       "<select id=\"type\" aria-label=\"kind\"><option value=\"\">all kinds</option></select></div>\n"
	       "<noscript><p>The table needs JavaScript; limpid -f markdown or csv writes one without.</p></noscript>\n"
	       "<div class=\"view\" id=\"view\"><table><colgroup>");
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		buf_printf(&h->doc.buf, "<col class=\"c%zu\">", i);
	put(h, "</colgroup><thead><tr id=\"head\">");
	for (size_t i = 0; i < ARRAY_LEN(heads); i++)
		buf_printf(&h->doc.buf, "<th scope=\"col\">%s</th>", heads[i]);
	put(h, "</tr></thead><tbody id=\"rows\"></tbody></table></div>\n<div class=\"detail\" id=\"detail\" "
	       "hidden></div>\n");
}

/* ---- the data ---- */

static enum status number_text(struct html *h, struct slice text, uint64_t *out, struct err *err)
{
	bool is_new;
	uint64_t *slot = map_slot(&h->texts, text, &is_new);

	if (!slot)
		return err_nomem(err, "report");
	if (is_new) {
		h->text_of[h->n_texts] = text;
		*slot = h->n_texts++;
	}
	*out = *slot;
	return STATUS_OK;
}

static void put_alias(void *ctx, struct slice id)
{
	json_string(ctx, id);
}

static void put_enrichments(struct json_writer *w, const struct hit *hit)
{
	const struct enrichment *epss = unit_line_epss(&hit->line), *kev = unit_line_kev(&hit->line);

	if (epss)
		json_double(w, enrichment_fraction(epss->epss->probability));
	else
		json_null(w);
	if (!kev) {
		json_null(w);
		return;
	}
	json_array(w);
	json_string(w, kev->kev->added);
	json_string(w, kev->kev->due);
	json_string(w, kev->kev->ransomware);
	json_string(w, kev->kev->name);
	json_close(w);
}

static enum status put_hit(struct html *h, const struct hit *hit, struct err *err)
{
	struct json_writer *w = &h->doc.w;
	struct slice vector;
	uint64_t title = 0, about = 0;
	double score;

	TRY(number_text(h, hit_title(hit), &title, err));
	TRY(number_text(h, hit_description(hit), &about, err));
	json_array(w);
	json_u64(w, hit->package);
	json_u64(w, hit->line.severity);
	json_string(w, hit->line.id);
	json_string(w, hit->line.fix);
	if (hit_cvss(hit, "CVSS:3.", &vector, &score) || hit_cvss(hit, "CVSS:4.", &vector, &score))
		json_double(w, score);
	else
		json_null(w);
	json_string(w, hit->line.findings[0]->source);
	json_string(w, hit_url(hit));
	json_u64(w, title);
	json_u64(w, about);
	json_array(w);
	hit_each_alias(hit, put_alias, w);
	json_close(w);
	json_string(w, hit->line.findings[0]->comparison);
	put_enrichments(w, hit);
	json_close(w);
	return document_flush(&h->doc, err);
}

static enum status put_package(struct html *h, size_t i, struct err *err)
{
	const struct index_package *p = &h->report->index->packages.at[i];
	struct json_writer *w = &h->doc.w;
	struct slice purl;

	TRY(subject_purl(h->report->index, i, &h->scratch, &purl, err));
	json_array(w);
	json_cstr(w, package_type_purl(p->package.type));
	json_string(w, p->package.name);
	json_string(w, p->package.version);
	json_string(w, p->package.path);
	json_u64(w, p->layer < h->report->index->layers.len ? p->layer + 1 : 0);
	json_string(w, purl);
	json_close(w);
	arena_reset(&h->scratch);
	return document_flush(&h->doc, err);
}

static void put_names(struct html *h)
{
	const struct index_report *r = h->report->index;
	struct json_writer *w = &h->doc.w;
	struct digest_text digest;

	json_key(w, "severities");
	json_array(w);
	for (size_t i = 0; i < SEVERITY_COUNT; i++)
		json_cstr(w, word(i));
	json_close(w);
	if (r->base.how != BASE_UNKNOWN)
		json_member_u64(w, "base", r->base.layers);
	json_key(w, "layers");
	json_array(w);
	for (size_t i = 0; i < r->layers.len; i++) {
		json_array(w);
		json_cstr(w, digest_print(&digest, subject_layer_digest(&r->layers.at[i])));
		json_string(w, r->layers.at[i].created_by);
		json_close(w);
	}
	json_close(w);
}

static enum status put_data(struct html *h, struct err *err)
{
	struct json_writer *w = &h->doc.w;

	h->text_of = arena_array(&h->arena, 2 * h->n_hits + 1, sizeof(*h->text_of));
	if (!h->text_of)
		return err_nomem(err, "report");
	put(h, "<script type=\"application/json\" id=\"data\">");
	json_object(w);
	put_names(h);
	json_key(w, "packages");
	json_array(w);
	for (size_t i = 0; i < h->report->index->packages.len; i++)
		TRY(put_package(h, i, err));
	json_close(w);
	json_key(w, "hits");
	json_array(w);
	for (size_t i = 0; i < h->n_hits; i++)
		TRY(put_hit(h, &h->hits[i], err));
	json_close(w);
	json_key(w, "texts");
	json_array(w);
	for (size_t i = 0; i < h->n_texts; i++) {
		json_string(w, h->text_of[i]);
		TRY(document_flush(&h->doc, err));
	}
	json_close(w);
	json_close(w);
	TRY(json_writer_end(w, err));
	put(h, "</script>\n<script>");
	put(h, report_html_files[FILE_JS]);
	put(h, "</script>\n</body>\n</html>\n");
	return STATUS_OK;
}

static enum status write_html(struct html *h, struct err *err)
{
	TRY(hits_make(h->report, &h->arena, &h->hits, &h->n_hits, err));
	TRY(flaws_count(h->report, &h->arena, &h->flaws, err));
	TRY(put_head(h, err));
	TRY(put_verdict(h, err));
	if (h->n_hits > 0) {
		put(h, "<div class=\"charts\">\n");
		put_severities(h);
		TRY(put_layers(h, err));
		put(h, "</div>\n");
	}
	TRY(put_coverage(h, err));
	put_table(h);
	TRY(put_data(h, err));
	return document_rest(&h->doc, err);
}

static void html_fini(struct html *h)
{
	document_fini(&h->doc);
	map_fini(&h->texts);
	arena_fini(&h->arena);
	arena_fini(&h->scratch);
}

static enum status html_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	struct html AUTO(html_fini)
		h = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&h.doc, out, 0);
	h.doc.w.html_escape = true;
	return write_html(&h, err);
}

const struct report_format report_format_html = {
	.name = "html",
	.media_type = "text/html",
	.vulnerabilities = html_vulnerabilities,
};
