/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sarif.c - SARIF 2.1.0 (OASIS, errata 01) as GitHub code scanning takes it: one rule per flaw, one result per package
 * and flaw.
 *
 * Of more than 5,000 results code scanning keeps as many, and does not say which: here the most severe stay, and a
 * notification says how many were left out. What was not looked up stands in the invocation's notifications.
 */
#include "base/map.h"
#include "report/document.h"
#include "report/subject.h"

#include <stdio.h>
#include <stdlib.h>

#define RESULTS_MAX 5000
/* Code scanning shows no more of a description. */
#define TEXT_BYTES 1000

struct rule {
	const struct hit *worst; /* of the results that name it */
};

struct sarif {
	struct document doc;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena, scratch; /* scratch: of one entry */
	struct hit *hits;
	size_t n_hits;
	size_t *rule_of; /* hit -> index of its rule */
	struct rule *rules;
	size_t n_rules;
};

static void put_text(struct json_writer *w, const char *key, struct slice text)
{
	json_key(w, key);
	json_object(w);
	json_member_str(w, "text", text.len > 0 ? text : SLICE("-"));
	json_close(w);
}

static const char *level_of(enum severity s)
{
	switch (s) {
	case SEVERITY_CRITICAL:
	case SEVERITY_HIGH:
		return "error";
	case SEVERITY_LOW:
	case SEVERITY_NEGLIGIBLE:
		return "note";
	default: /* of an unknown one nobody says that it is harmless */
		return "warning";
	}
}

/* ---- choosing ---- */

static int worst_first(const void *pa, const void *pb)
{
	const struct hit *a = pa, *b = pb;

	if (a->line.severity != b->line.severity)
		return a->line.severity > b->line.severity ? -1 : 1;
	if (a->package != b->package)
		return a->package < b->package ? -1 : 1;
	return unit_line_cmp(&a->line, &b->line);
}

static enum status choose(struct sarif *s, struct err *err)
{
	struct map AUTO(map_fini) ids = MAP_INIT;
	size_t n;

	TRY(hits_make(s->report, &s->arena, &s->hits, &s->n_hits, err));
	n = MIN(s->n_hits, (size_t)RESULTS_MAX);
	if (s->n_hits > n)
		qsort(s->hits, s->n_hits, sizeof(*s->hits), worst_first);
	s->rule_of = arena_array(&s->arena, n + 1, sizeof(*s->rule_of));
	s->rules = arena_array(&s->arena, n + 1, sizeof(*s->rules));
	if (!s->rule_of || !s->rules)
		return err_nomem(err, "report");
	for (size_t i = 0; i < n; i++) {
		const struct hit *h = &s->hits[i];
		uint64_t *slot;
		bool is_new;

		slot = map_slot(&ids, h->line.id, &is_new);
		if (!slot)
			return err_nomem(err, "report");
		if (is_new) {
			*slot = s->n_rules;
			s->rules[s->n_rules++].worst = h;
		}
		s->rule_of[i] = (size_t)*slot;
		if (h->line.severity > s->rules[*slot].worst->line.severity)
			s->rules[*slot].worst = h;
	}
	return STATUS_OK;
}

/* ---- rules ---- */

static enum status put_help(struct json_writer *w, const struct hit *h, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 20), markdown = BUF_INIT((size_t)1 << 20);
	struct slice url = hit_url(h), about = subject_cut(hit_description(h), TEXT_BYTES);

	buf_printf(&text, "%.*s\nSeverity: %s\n", SLICE_ARG(h->line.id), severity_name(h->line.severity));
	buf_printf(&markdown, "**%.*s**, %s\n\n", SLICE_ARG(h->line.id), severity_name(h->line.severity));
	buf_add(&text, about);
	subject_markdown(about, &markdown);
	if (url.len > 0) {
		buf_printf(&text, "\n%.*s", SLICE_ARG(url));
		buf_printf(&markdown, "\n\n<%.*s>", SLICE_ARG(url));
	}
	TRY(buf_check(&text, "report", err));
	TRY(buf_check(&markdown, "report", err));
	json_key(w, "help");
	json_object(w);
	json_member_str(w, "text", buf_slice(&text));
	json_member_str(w, "markdown", buf_slice(&markdown));
	json_close(w);
	return STATUS_OK;
}

static enum status put_rule(struct sarif *s, const struct hit *h, struct err *err)
{
	struct json_writer *w = &s->doc.w;
	struct slice title = hit_title(h), shown, url = hit_url(h);
	char score[16];

	if (!arena_printf(&s->scratch, &shown, "%.*s%s%.*s", SLICE_ARG(h->line.id), title.len > 0 ? ": " : "",
			  SLICE_ARG(title)))
		return err_nomem(err, "report");
	json_object(w);
	json_member_str(w, "id", h->line.id);
	json_member_cstr(w, "name", "VulnerablePackage");
	put_text(w, "shortDescription", subject_cut(shown, TEXT_BYTES));
	put_text(w, "fullDescription", subject_cut(hit_description(h), TEXT_BYTES));
	json_key(w, "defaultConfiguration");
	json_object(w);
	json_member_cstr(w, "level", level_of(h->line.severity));
	json_close(w);
	if (url.len > 0)
		json_member_str(w, "helpUri", url);
	TRY(put_help(w, h, err));
	json_key(w, "properties");
	json_object(w);
	json_member_cstr(w, "precision", "very-high");
	if (h->line.severity != SEVERITY_UNKNOWN) {
		snprintf(score, sizeof(score), "%.1f", hit_score(h));
		json_member_cstr(w, "security-severity", score);
	}
	json_key(w, "tags");
	json_array(w);
	json_cstr(w, "security");
	json_cstr(w, "vulnerability");
	json_cstr(w, severity_name(h->line.severity));
	if (unit_line_kev(&h->line))
		json_cstr(w, "known-exploited");
	json_close(w);
	json_close(w);
	json_close(w);
	arena_reset(&s->scratch);
	return document_flush(&s->doc, err);
}

static enum status put_tool(struct sarif *s, struct err *err)
{
	struct json_writer *w = &s->doc.w;

	json_key(w, "tool");
	json_object(w);
	json_key(w, "driver");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "version", s->options->program_version);
	json_member_cstr(w, "semanticVersion", s->options->program_version);
	json_key(w, "rules");
	json_array(w);
	for (size_t i = 0; i < s->n_rules; i++)
		TRY(put_rule(s, s->rules[i].worst, err));
	json_close(w);
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

/* ---- what was not looked up ---- */

static void notify(struct json_writer *w, const char *code, const char *level, struct slice text)
{
	json_object(w);
	json_key(w, "descriptor");
	json_object(w);
	json_member_cstr(w, "id", code);
	json_close(w);
	json_member_cstr(w, "level", level);
	put_text(w, "message", text);
	json_close(w);
}

static bool was_read(const struct index_report *r)
{
	for (size_t i = 0; i < r->diags.len; i++)
		if (diag_severity(r->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return false;
	return true;
}

static enum status put_invocation(struct sarif *s, struct err *err)
{
	const struct vulnerability_report *r = s->report;
	struct json_writer *w = &s->doc.w;
	struct slice text;

	json_key(w, "invocations");
	json_array(w);
	json_object(w);
	json_member_bool(w, "executionSuccessful", was_read(r->index));
	json_member_time(w, "endTimeUtc", s->options->now_s);
	json_key(w, "toolExecutionNotifications");
	json_array(w);
	TRY(subject_verdict(r, &s->scratch, &text, err));
	notify(w, "coverage", r->complete ? "note" : "warning", text);
	if (s->n_hits > RESULTS_MAX) {
		if (!arena_printf(&s->scratch, &text,
				  "%zu of %zu results were left out, the least severe: code scanning takes %d",
				  s->n_hits - RESULTS_MAX, s->n_hits, RESULTS_MAX))
			return err_nomem(err, "report");
		notify(w, "results-left-out", "warning", text);
	}
	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		TRY(subject_coverage(c, &s->scratch, &text, err));
		notify(w, coverage_name(c->code), coverage_is_gap(c->code) ? "warning" : "note", text);
		TRY(document_flush(&s->doc, err));
	}
	json_close(w);
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

/* ---- results ---- */

/* A relative reference: what is no unreserved character or slash is percent-encoded. */
static enum status path_uri(struct slice path, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT((size_t)1 << 16);

	while (path.len > 0 && path.ptr[0] == '/')
		path = slice_from(path, 1);
	for (size_t i = 0; i < path.len; i++) {
		uint8_t c = path.ptr[i];

		if (is_alnum(c) || (c != '\0' && strchr("/-._~", c)))
			buf_add_byte(&b, c);
		else
			buf_printf(&b, "%%%02X", c);
	}
	if (b.len == 0)
		buf_add_cstr(&b, "image");
	TRY(buf_check(&b, "report", err));
	return arena_copy(arena, buf_slice(&b), out) ? STATUS_OK : err_nomem(err, "report");
}

/* Code scanning takes only places in files; the file that tells of the package is one. */
static enum status put_place(struct sarif *s, const struct hit *h, struct err *err)
{
	const struct index_report *r = s->report->index;
	const struct package *p = &r->packages.at[h->package].package;
	struct json_writer *w = &s->doc.w;
	struct slice uri, name;

	TRY(path_uri(p->path, &s->scratch, &uri, err));
	if (!arena_printf(&s->scratch, &name, "%.*s: %.*s: %.*s@%.*s", SLICE_ARG(subject_image(r)), SLICE_ARG(p->path),
			  SLICE_ARG(p->name), SLICE_ARG(p->version)))
		return err_nomem(err, "report");
	json_key(w, "locations");
	json_array(w);
	json_object(w);
	json_key(w, "physicalLocation");
	json_object(w);
	json_key(w, "artifactLocation");
	json_object(w);
	json_member_str(w, "uri", uri);
	json_close(w);
	json_key(w, "region");
	json_object(w);
	json_member_u64(w, "startLine", MAX(p->line, 1u));
	json_member_u64(w, "startColumn", 1);
	json_member_u64(w, "endLine", MAX(p->line, 1u));
	json_member_u64(w, "endColumn", 1);
	json_close(w);
	json_close(w);
	json_key(w, "logicalLocations");
	json_array(w);
	json_object(w);
	json_member_str(w, "name", p->name);
	json_member_str(w, "fullyQualifiedName", name);
	json_member_cstr(w, "kind", "package");
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
	return STATUS_OK;
}

static enum status put_message(struct sarif *s, const struct hit *h, struct err *err)
{
	const struct index_report *r = s->report->index;
	const struct package *p = &r->packages.at[h->package].package;
	struct slice text;

	if (!arena_printf(&s->scratch, &text, "%.*s %.*s in %.*s has %.*s (%s): %s%.*s", SLICE_ARG(p->name),
			  SLICE_ARG(p->version), SLICE_ARG(subject_image(r)), SLICE_ARG(h->line.id),
			  severity_name(h->line.severity), h->line.fix.len > 0 ? "update to " : "no fix is known",
			  SLICE_ARG(h->line.fix)))
		return err_nomem(err, "report");
	put_text(&s->doc.w, "message", text);
	return STATUS_OK;
}

/* The same as long as the flaw is in the package at that place, whatever its version and the image's tag are. */
static enum status put_fingerprint(struct sarif *s, const struct hit *h, struct err *err)
{
	struct json_writer *w = &s->doc.w;
	struct subject_name hex;
	struct slice line;

	TRY(subject_hit_key(s->report->index, h, &s->scratch, &line, err));
	TRY(subject_hex(line, &hex, err));
	if (!arena_printf(&s->scratch, &line, "%.16s:1", hex.text))
		return err_nomem(err, "report");
	json_key(w, "partialFingerprints");
	json_object(w);
	json_member_str(w, "primaryLocationLineHash", line);
	json_member_cstr(w, "limpidFinding/v1", hex.text);
	json_close(w);
	return STATUS_OK;
}

static void put_suppression(struct json_writer *w, const struct suppressed *k)
{
	json_key(w, "suppressions");
	json_array(w);
	json_object(w);
	json_member_cstr(w, "kind", "external");
	json_member_cstr(w, "status", "accepted");
	json_member_str(w, "justification", k->reason);
	json_close(w);
	json_close(w);
}

/* Vectors of every version, EPSS, and since when it is known to be exploited. */
static void put_enrichments(struct json_writer *w, const struct hit *h)
{
	static const struct {
		const char *prefix, *vector, *score;
	} versions[] = { { "", "cvssV2Vector", "cvssV2Score" },
			 { "CVSS:3.", "cvssV3Vector", "cvssV3Score" },
			 { "CVSS:4.", "cvssV4Vector", "cvssV4Score" } };
	const struct enrichment *epss = unit_line_epss(&h->line), *kev = unit_line_kev(&h->line);
	struct slice vector;
	double score;

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		if (!hit_cvss(h, versions[i].prefix, &vector, &score))
			continue;
		json_member_str(w, versions[i].vector, vector);
		json_key(w, versions[i].score);
		json_double(w, score);
	}
	if (epss)
		document_epss(w, epss);
	if (kev)
		document_kev(w, kev);
}

/* rule: NULL: none is listed for it; k: who took it back, or NULL. */
static enum status put_result(struct sarif *s, const struct hit *h, const size_t *rule, const struct suppressed *k,
			      struct err *err)
{
	const struct index_report *r = s->report->index;
	const struct index_layer *l = subject_layer(r, h->package);
	struct json_writer *w = &s->doc.w;
	struct slice purl;

	TRY(subject_purl(r, h->package, &s->scratch, &purl, err));
	json_object(w);
	json_member_str(w, "ruleId", h->line.id);
	if (rule)
		json_member_u64(w, "ruleIndex", *rule);
	json_member_cstr(w, "level", level_of(h->line.severity));
	TRY(put_message(s, h, err));
	TRY(put_place(s, h, err));
	TRY(put_fingerprint(s, h, err));
	if (k)
		put_suppression(w, k);
	json_key(w, "properties");
	json_object(w);
	json_member_str(w, "purl", purl);
	json_member_cstr(w, "severity", severity_name(h->line.severity));
	json_member_str(w, "fixedVersion", h->line.fix);
	json_member_str(w, "source", h->line.findings[0]->source);
	put_enrichments(w, h);
	if (l) {
		json_member_u64(w, "layer", r->packages.at[h->package].layer + 1);
		document_digest(w, "layerDigest", subject_layer_digest(l));
	}
	if (r->base.how != BASE_UNKNOWN)
		json_member_cstr(w, "fromLayers", index_package_is_base(r, h->package) ? "base" : "own");
	json_close(w);
	json_close(w);
	arena_reset(&s->scratch);
	return document_flush(&s->doc, err);
}

/* What users took back is shown as such while there is room; what vendors did is no result. */
static enum status put_taken_back(struct sarif *s, struct err *err)
{
	size_t room = RESULTS_MAX - MIN(s->n_hits, (size_t)RESULTS_MAX);

	for (size_t i = 0; i < s->report->suppressed.len && room > 0; i++) {
		const struct suppressed *k = &s->report->suppressed.at[i];
		const struct finding *f = &k->finding;
		struct hit h = { .package = f->package };

		if (k->by == SUPPRESSED_BY_VENDOR || k->by == SUPPRESSED_BY_SYSTEM || k->by == SUPPRESSED_BY_DEV)
			continue;
		unit_line_fill(&h.line, &f, 1);
		TRY(put_result(s, &h, NULL, k, err));
		room--;
	}
	return STATUS_OK;
}

static enum status write_sarif(struct sarif *s, struct err *err)
{
	const struct index_report *r = s->report->index;
	struct json_writer *w = &s->doc.w;
	struct slice repository, id;

	TRY(choose(s, err));
	json_object(w);
	json_member_cstr(w, "$schema",
			 "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json");
	json_member_cstr(w, "version", "2.1.0");
	json_key(w, "runs");
	json_array(w);
	json_object(w);
	TRY(put_tool(s, err));
	subject_split_reference(subject_image(r), &repository, NULL);
	if (!arena_printf(&s->scratch, &id, "limpid/%.*s/", SLICE_ARG(repository)))
		return err_nomem(err, "report");
	json_key(w, "automationDetails"); /* code scanning's category: several images may be uploaded */
	json_object(w);
	json_member_str(w, "id", id);
	json_close(w);
	TRY(put_invocation(s, err));
	json_member_cstr(w, "columnKind", "unicodeCodePoints");
	json_key(w, "results");
	json_array(w);
	for (size_t i = 0; i < MIN(s->n_hits, (size_t)RESULTS_MAX); i++)
		TRY(put_result(s, &s->hits[i], &s->rule_of[i], NULL, err));
	TRY(put_taken_back(s, err));
	json_close(w);
	json_key(w, "properties");
	json_object(w);
	json_member_str(w, "image", subject_image(r));
	document_digest(w, "manifest", &r->manifest);
	json_member_u64(w, "packages", r->packages.len);
	json_member_u64(w, "results", s->n_hits);
	json_member_bool(w, "complete", s->report->complete);
	json_member_bool(w, "demonstration", s->report->demonstration);
	json_close(w);
	json_close(w);
	json_close(w);
	json_close(w);
	return document_end(&s->doc, err);
}

static void sarif_fini(struct sarif *s)
{
	document_fini(&s->doc);
	arena_fini(&s->arena);
	arena_fini(&s->scratch);
}

static enum status sarif_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	struct sarif AUTO(sarif_fini)
		s = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX), .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&s.doc, out, 1);
	return write_sarif(&s, err);
}

const struct report_format report_format_sarif = {
	.name = "sarif",
	.media_type = "application/sarif+json",
	.vulnerabilities = sarif_vulnerabilities,
};
