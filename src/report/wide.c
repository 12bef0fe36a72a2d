/* SPDX-License-Identifier: Apache-2.0 */
/* wide.c - the table with everything in each line: layer, path, source, score, link; nothing is cut. */
#include "report/screen.h"
#include "report/subject.h"
#include "text/terminal.h"

#include <stdio.h>

enum column {
	SEVERITY,
	SCORE,
	EPSS,
	KEV,
	ID,
	PACKAGE,
	INSTALLED,
	FIXED,
	TYPE,
	LAYER,
	SOURCE,
	PATH,
	URL,
	TITLE,
	COLUMNS
};

static const char *const heads[COLUMNS] = { "SEVERITY", "SCORE",     "EPSS",	 "KEV",	 "VULNERABILITY",
					    "PACKAGE",	"INSTALLED", "FIXED IN", "TYPE", "LAYER",
					    "SOURCE",	"PATH",	     "LINK",	 "ABOUT" };

struct row {
	struct slice cells[COLUMNS];
	char score[16], layer[24];
	struct unit_percent epss;
};

static void fill(const struct vulnerability_report *r, const struct hit *h, struct row *row)
{
	const struct package *p = &r->index->packages.at[h->package].package;
	const struct index_layer *l = subject_layer(r->index, h->package);
	const struct enrichment *epss = unit_line_epss(&h->line), *kev = unit_line_kev(&h->line);
	struct slice vector;
	double score = 0;
	bool scored = hit_cvss(h, "CVSS:3.", &vector, &score) || hit_cvss(h, "CVSS:4.", &vector, &score);

	snprintf(row->score, sizeof(row->score), scored ? "%.1f" : "-", score);
	snprintf(row->layer, sizeof(row->layer), l ? "%zu%s" : "-", r->index->packages.at[h->package].layer + 1,
		 r->index->base.how == BASE_UNKNOWN	       ? ""
		 : index_package_is_base(r->index, h->package) ? " base"
							       : " own");
	row->cells[SEVERITY] = slice_cstr(severity_name(h->line.severity));
	row->cells[SCORE] = slice_cstr(row->score);
	row->cells[EPSS] = epss ? unit_percent(epss->epss->probability, &row->epss) : SLICE_EMPTY;
	row->cells[KEV] = !kev ? SLICE_EMPTY : kev->kev->added.len > 0 ? kev->kev->added : SLICE("yes");
	row->cells[ID] = h->line.id;
	row->cells[PACKAGE] = p->name;
	row->cells[INSTALLED] = p->version;
	row->cells[FIXED] = h->line.fix;
	row->cells[TYPE] = slice_cstr(package_type_purl(p->type));
	row->cells[LAYER] = slice_cstr(row->layer);
	row->cells[SOURCE] = h->line.findings[0]->source;
	row->cells[PATH] = p->path;
	row->cells[URL] = hit_url(h);
	row->cells[TITLE] = hit_title(h);
	for (size_t i = 0; i < COLUMNS; i++)
		if (row->cells[i].len == 0)
			row->cells[i] = SLICE("-");
}

static enum status put_gaps(struct screen *s, const struct vulnerability_report *r, struct arena *arena,
			    struct err *err)
{
	struct slice text;

	for (size_t i = 0; i < r->coverage.len; i++) {
		TRY(subject_coverage(&r->coverage.at[i], arena, &text, err));
		screen_put(s, coverage_is_gap(r->coverage.at[i].code) ? "! " : "- ");
		screen_text(s, text);
		screen_newline(s);
		TRY(screen_flush(s, err));
	}
	TRY(subject_verdict(r, arena, &text, err));
	screen_text(s, text);
	screen_newline(s);
	return STATUS_OK;
}

/* Columns of an enricher that has no data would only make the table wider. */
static bool is_shown(const struct vulnerability_report *r, enum column k)
{
	return !(k == EPSS && !r->enriched[ENRICHER_EPSS]) && !(k == KEV && !r->enriched[ENRICHER_KEV]);
}

static enum status put_rows(struct screen *s, const struct vulnerability_report *r, const struct hit *hits, size_t n,
			    struct err *err)
{
	size_t width[COLUMNS];
	struct row row;

	for (size_t k = 0; k < COLUMNS; k++)
		width[k] = is_shown(r, (enum column)k) ? strlen(heads[k]) : 0;
	for (size_t i = 0; i < n; i++) {
		fill(r, &hits[i], &row);
		for (size_t k = 0; k + 1 < COLUMNS; k++)
			width[k] = width[k] == 0 ? 0 : MAX(width[k], terminal_columns(row.cells[k]));
	}
	for (size_t i = 0; i <= n; i++) {
		if (i > 0)
			fill(r, &hits[i - 1], &row);
		for (size_t k = 0; k < COLUMNS; k++) {
			if (width[k] == 0)
				continue;
			screen_tint(s, i == 0	       ? TINT_BOLD
				       : k == SEVERITY ? screen_severity_tint(hits[i - 1].line.severity)
						       : TINT_NONE);
			if (k + 1 < COLUMNS)
				screen_cell(s, i ? row.cells[k] : slice_cstr(heads[k]), width[k] + 2);
			else
				screen_text(s, i ? row.cells[k] : slice_cstr(heads[k]));
			screen_tint(s, TINT_NONE);
		}
		screen_newline(s);
		TRY(screen_flush(s, err));
	}
	return STATUS_OK;
}

static enum status write_wide(struct screen *s, const struct vulnerability_report *r, struct arena *arena,
			      struct err *err)
{
	struct hit *hits;
	size_t n;

	TRY(hits_make(r, arena, &hits, &n, err));
	screen_text(s, subject_image(r->index));
	screen_newline(s);
	if (r->demonstration)
		screen_put(s, "DEMONSTRATION: a small bundled set of advisories, not a real database\n");
	if (n > 0)
		TRY(put_rows(s, r, hits, n, err));
	else
		screen_put(s, vulnerability_report_is_partial(r) ? "Nothing is new\n"
			      : r->complete && r->index->packages.len > 0
				      ? "No known vulnerabilities\n"
				      : "Nothing was found in what could be looked up\n");
	TRY(put_gaps(s, r, arena, err));
	return screen_end(s, err);
}

static enum status wide_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					const struct report_out *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct report_out unlimited = *out;
	struct screen AUTO(screen_fini) s;

	(void)options;
	unlimited.width = 0;
	screen_init(&s, &unlimited);
	return write_wide(&s, r, &arena, err);
}

static enum status wide_failure(struct slice target, const struct err *why, const struct report_options *options,
				const struct report_out *out, struct err *err)
{
	return report_format_table.failure(target, why, options, out, err);
}

const struct report_format report_format_wide = {
	.name = "wide",
	.media_type = "text/plain",
	.join = REPORT_JOIN_TEXT,
	.vulnerabilities = wide_vulnerabilities,
	.failure = wide_failure,
};
