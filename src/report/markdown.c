/* SPDX-License-Identifier: Apache-2.0 */
/* markdown.c - tables for comments on a change, wikis and job summaries (GitHub flavoured). */
#include "report/compare_write.h"
#include "report/plan_write.h"
#include "report/screen.h"
#include "report/subject.h"
#include "text/terminal.h"

#include <stdio.h>

/* A comment on GitHub holds 65,536 characters: long tables fold, they are never cut. */
#define FOLD_FROM 20
#define TITLE_BYTES 300

struct markdown {
	struct screen screen;
	const struct vulnerability_report *report;
	struct arena arena;
	struct flaws flaws;
	struct unit *units;
	size_t n_units;
};

static void put_text(struct screen *s, struct slice text)
{
	struct slice line;
	bool first = true;

	/* A line of its own ends a cell. */
	for (; slice_line(&text, &line); first = false) {
		buf_add_cstr(&s->buf, first ? "" : " ");
		subject_markdown(line, &s->buf);
	}
}

static void put_title(struct screen *s, const struct unit_line *line)
{
	const struct advisory *a = &line->findings[0]->advisory;
	struct slice text = slice_trim(a->summary.len > 0 ? a->summary : a->description), about = SLICE_EMPTY;

	slice_line(&text, &about);
	if (unit_line_kev(line))
		screen_put(s, "**known exploited**: ");
	put_text(s, terminal_take(about, TITLE_BYTES));
}

static void put_head(struct markdown *m)
{
	const struct index_report *r = m->report->index;
	struct screen *s = &m->screen;

	screen_put(s, "## ");
	put_text(s, r->image_name.len > 0 ? r->image_name : r->target);
	screen_put(s, "\n\n");
	if (m->report->demonstration)
		screen_put(s, "**DEMONSTRATION: a small bundled set of advisories, not a real database**\n\n");
	if (m->flaws.n > 0)
		screen_printf(s, "**%zu vulnerabilit%s** in %zu package%s, %zu with a fix\n\n", m->flaws.n,
			      m->flaws.n == 1 ? "y" : "ies", m->n_units, m->n_units == 1 ? "" : "s", m->flaws.fixable);
	else if (vulnerability_report_is_partial(m->report))
		screen_put(s, "**Nothing is new**\n\n");
	else if (m->report->complete && r->packages.len > 0)
		screen_put(s, "**No known vulnerabilities**\n\n");
	else
		screen_put(s, "**Nothing was found in what could be looked up**\n\n");
	if (m->flaws.n == 0)
		return;
	for (size_t i = SEVERITY_COUNT; i-- > 0;)
		screen_printf(s, "| %s %s", severity_name((enum severity)i), i == 0 ? "|\n" : "");
	for (size_t i = SEVERITY_COUNT; i-- > 0;)
		screen_put(s, i == 0 ? "|---:|\n" : "|---:");
	for (size_t i = SEVERITY_COUNT; i-- > 0;)
		screen_printf(s, "| %zu %s", m->flaws.by_severity[i], i == 0 ? "|\n\n" : "");
}

/* "base", "own" or both, of the packages of a unit. */
static const char *from_layers(const struct index_report *r, const struct unit *u)
{
	size_t base = 0;

	for (size_t i = 0; i < u->n_packages; i++)
		base += index_package_is_base(r, u->packages[i]);
	return base == 0 ? "own" : base == u->n_packages ? "base" : "base, own";
}

static void put_line(struct screen *s, const struct index_report *r, const struct unit *u, const struct unit_line *line)
{
	screen_printf(s, "| %s | ", severity_name(line->severity));
	put_text(s, line->id);
	screen_put(s, " | ");
	put_text(s, u->findings[0]->matched_name);
	screen_put(s, " | ");
	put_text(s, u->findings[0]->matched_version);
	screen_put(s, " | ");
	put_text(s, line->fix.len > 0 ? line->fix : SLICE("-"));
	if (r->base.how != BASE_UNKNOWN)
		screen_printf(s, " | %s", from_layers(r, u));
	screen_put(s, " | ");
	put_title(s, line);
	screen_put(s, " |\n");
}

static enum status put_units(struct markdown *m, struct err *err)
{
	struct screen *s = &m->screen;
	bool base = m->report->index->base.how != BASE_UNKNOWN;
	size_t lines = 0;

	for (size_t i = 0; i < m->n_units; i++)
		lines += m->units[i].n_lines;
	if (lines == 0)
		return STATUS_OK;
	if (lines >= FOLD_FROM)
		screen_printf(s, "<details><summary>%zu lines</summary>\n\n", lines);
	screen_printf(s,
		      "| Severity | Vulnerability | Package | Installed | Fixed in |%s About "
		      "|\n|---|---|---|---|---|%s---|\n",
		      base ? " Layers |" : "", base ? "---|" : "");
	for (size_t i = 0; i < m->n_units; i++) {
		for (size_t k = 0; k < m->units[i].n_lines; k++) {
			put_line(s, m->report->index, &m->units[i], &m->units[i].lines[k]);
			TRY(screen_flush(s, err));
		}
	}
	screen_put(s, lines >= FOLD_FROM ? "\n</details>\n\n" : "\n");
	return STATUS_OK;
}

static enum status put_coverage(struct markdown *m, struct err *err)
{
	const struct vulnerability_report *r = m->report;
	struct screen *s = &m->screen;

	screen_put(s, r->complete ? "### Coverage\n\n"
				  : "### :warning: Coverage is incomplete: this is not a clean bill of health\n\n");
	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		screen_put(s, coverage_is_gap(c->code) ? "- :warning: **" : "- **");
		screen_put(s, coverage_name(c->code));
		screen_put(s, "** ");
		put_text(s, c->scope);
		if (c->packages > 0)
			screen_printf(s, " (%zu package%s)", c->packages, c->packages == 1 ? "" : "s");
		screen_put(s, ": ");
		put_text(s, c->detail);
		screen_put(s, "\n");
		TRY(screen_flush(s, err));
	}
	return STATUS_OK;
}

static enum status write_markdown(struct markdown *m, struct err *err)
{
	TRY(flaws_count(m->report, &m->arena, &m->flaws, err));
	TRY(units_make(m->report, &m->arena, &m->units, &m->n_units, err));
	put_head(m);
	TRY(put_units(m, err));
	if (m->report->plan)
		TRY(plan_markdown(&m->screen, m->report->plan, &m->arena, err));
	TRY(put_coverage(m, err));
	return screen_end(&m->screen, err);
}

static void markdown_fini(struct markdown *m)
{
	screen_fini(&m->screen);
	arena_fini(&m->arena);
}

static enum status markdown_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					    const struct report_out *out, struct err *err)
{
	struct markdown AUTO(markdown_fini) m = { .report = r, .arena = ARENA_INIT(SIZE_MAX) };

	(void)options;
	screen_init(&m.screen, out);
	return write_markdown(&m, err);
}

static enum status markdown_failure(struct slice target, const struct err *why, const struct report_options *options,
				    const struct report_out *out, struct err *err)
{
	struct screen AUTO(screen_fini) s;

	(void)options;
	screen_init(&s, out);
	screen_put(&s, "## ");
	put_text(&s, target);
	screen_put(&s, "\n\n**COULD NOT BE SCANNED:** ");
	put_text(&s, slice_cstr(why->msg));
	screen_put(&s, "\n");
	return screen_end(&s, err);
}

const struct report_format report_format_markdown = {
	.name = "markdown",
	.media_type = "text/markdown",
	.join = REPORT_JOIN_TEXT,
	.vulnerabilities = markdown_vulnerabilities,
	.comparison = compare_markdown,
	.failure = markdown_failure,
};
