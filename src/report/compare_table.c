/* SPDX-License-Identifier: Apache-2.0 */
/* compare_table.c - what changed between two images, for people. */
#include "report/compare_write.h"
#include "report/screen.h"
#include "text/terminal.h"

#include <stdio.h>

#define NAMES_MAX 8
#define INDENT 2

struct table {
	struct screen screen;
	const struct comparison *c;
	const struct report_options *options;
	struct arena arena;
};

static void put_side(struct screen *s, const char *letter, const struct comparison_side *side)
{
	const struct index_report *r = side->report->index;
	struct date_text day;

	screen_tint(s, TINT_BOLD);
	screen_put(s, letter);
	screen_text(s, r->target);
	screen_tint(s, TINT_NONE);
	if (r->image_name.len > 0) {
		screen_put(s, " (");
		screen_text(s, r->image_name);
		screen_put(s, ")");
	}
	screen_printf(s, ": %zu packages, %zu findings", r->packages.len, side->report->findings.len);
	if (side->saved && side->created_s != DATE_NONE)
		screen_printf(s, "; report of %.10s", date_print(&day, side->created_s));
	else if (side->saved)
		screen_put(s, "; a saved report");
	screen_newline(s);
}

static void put_sentence(struct screen *s, struct slice text)
{
	if (text.len == 0)
		return;
	screen_wrap(s, text, INDENT);
	screen_newline(s);
}

static enum status put_head(struct table *t, struct err *err)
{
	struct slice text;

	put_side(&t->screen, "A  ", t->c->a);
	put_side(&t->screen, "B  ", t->c->b);
	TRY(compare_advisories(t->c, &t->arena, &text, err));
	put_sentence(&t->screen, text);
	TRY(compare_bases(t->c, &t->arena, &text, err));
	put_sentence(&t->screen, text);
	screen_newline(&t->screen);
	return STATUS_OK;
}

/* ---- packages ---- */

static enum status put_group(struct table *t, const struct compare_group *g, struct err *err)
{
	struct screen *s = &t->screen;
	struct slice names;

	screen_blanks(s, INDENT);
	screen_cell(s, slice_cstr(compare_package_word(g->first)), 12);
	screen_cell(s, slice_cstr(package_type_purl(g->type)), 8);
	screen_text(s, g->name);
	screen_put(s, " ");
	screen_text(s, g->from);
	screen_put(s, g->from.len > 0 && g->to.len > 0 ? " -> " : "");
	screen_text(s, g->to);
	TRY(compare_group_names(t->c, g, NAMES_MAX, &t->arena, &names, err));
	if (names.len > 0) {
		screen_put(s, ": ");
		screen_wrap(s, names, INDENT + 12);
	}
	screen_newline(s);
	return screen_flush(s, err);
}

static enum status put_packages(struct table *t, struct err *err)
{
	struct compare_group *groups;
	size_t n;

	TRY(compare_groups(t->c, &t->arena, &groups, &n, err));
	screen_tint(&t->screen, TINT_BOLD);
	screen_put(&t->screen, n > 0 ? "Packages" : "Packages: none changed");
	screen_tint(&t->screen, TINT_NONE);
	screen_newline(&t->screen);
	for (size_t i = 0; i < n; i++)
		TRY(put_group(t, &groups[i], err));
	screen_newline(&t->screen);
	return STATUS_OK;
}

/* ---- findings ---- */

static enum status put_finding(struct table *t, const struct finding_change *f, size_t width, struct err *err)
{
	struct screen *s = &t->screen;
	const struct hit *h = finding_change_hit(f);
	struct slice versions;

	TRY(compare_versions(t->c, f, &t->arena, &versions, err));
	screen_blanks(s, INDENT);
	screen_tint(s, screen_severity_tint(h->line.severity));
	screen_cell(s, slice_cstr(severity_name(h->line.severity)), 12);
	screen_tint(s, TINT_NONE);
	screen_cell(s, h->line.id, width + 2);
	screen_text(s, h->line.findings[0]->matched_name);
	screen_put(s, " ");
	screen_text(s, versions);
	screen_put(s, ": ");
	screen_put(s, change_reason_name(f->reason));
	if (f->detail.len > 0) {
		screen_put(s, ": ");
		screen_wrap(s, f->detail, INDENT + 12);
	} else if (f->kind == FINDING_ADDED && h->line.fix.len > 0) {
		screen_put(s, "; fixed in ");
		screen_text(s, h->line.fix);
	}
	if (f->base)
		screen_put(s, " (base image)");
	screen_newline(s);
	return screen_flush(s, err);
}

static enum status put_kind(struct table *t, enum finding_change_kind kind, const char *head, enum tint tint,
			    struct err *err)
{
	const struct comparison *c = t->c;
	size_t n = 0, width = 0;

	for (size_t i = 0; i < c->findings.len; i++) {
		if (c->findings.at[i].kind != kind)
			continue;
		n++;
		width = MAX(width, terminal_columns(finding_change_hit(&c->findings.at[i])->line.id));
	}
	if (n == 0)
		return STATUS_OK;
	screen_tint(&t->screen, tint);
	screen_printf(&t->screen, "%s (%zu)", head, n);
	screen_tint(&t->screen, TINT_NONE);
	screen_newline(&t->screen);
	for (size_t i = 0; i < c->findings.len; i++)
		if (c->findings.at[i].kind == kind)
			TRY(put_finding(t, &c->findings.at[i], MIN(width, (size_t)40), err));
	screen_newline(&t->screen);
	return STATUS_OK;
}

static enum status put_verdict(struct table *t, struct err *err)
{
	struct screen *s = &t->screen;
	enum severity fail_on = t->options->fail_on;
	struct slice sum, gaps;
	size_t failing = compare_failing(t->c, fail_on);

	TRY(compare_sum(t->c, &t->arena, &sum, err));
	TRY(compare_gaps(t->c, &t->arena, &gaps, err));
	screen_tint(s, TINT_BOLD);
	put_sentence(s, sum);
	if (fail_on < SEVERITY_COUNT) {
		screen_tint(s, failing > 0 ? TINT_BOLD_RED : gaps.len > 0 ? TINT_BOLD_YELLOW : TINT_GREEN);
		if (failing > 0)
			screen_printf(s, "FAILED: %zu of them at or above %s", failing, severity_name(fail_on));
		else
			screen_printf(s, "%s: no new finding at or above %s%s", gaps.len > 0 ? "NOT KNOWN" : "PASSED",
				      severity_name(fail_on), gaps.len > 0 ? " in what could be looked up" : "");
		screen_newline(s);
	}
	screen_tint(s, TINT_BOLD_YELLOW);
	put_sentence(s, gaps);
	screen_tint(s, TINT_NONE);
	return STATUS_OK;
}

static enum status write_table(struct table *t, struct err *err)
{
	TRY(put_head(t, err));
	TRY(put_packages(t, err));
	TRY(put_kind(t, FINDING_ADDED, "New findings", TINT_BOLD_RED, err));
	TRY(put_kind(t, FINDING_FIXED, "Fixed", TINT_GREEN, err));
	TRY(put_kind(t, FINDING_REMOVED, "Removed", TINT_BOLD, err));
	TRY(put_kind(t, FINDING_CHANGED, "Changed", TINT_BOLD, err));
	TRY(put_verdict(t, err));
	return screen_end(&t->screen, err);
}

static void table_fini(struct table *t)
{
	screen_fini(&t->screen);
	arena_fini(&t->arena);
}

enum status compare_table(const struct comparison *c, const struct report_options *options,
			  const struct report_out *out, struct err *err)
{
	struct table AUTO(table_fini) t = { .c = c, .options = options, .arena = ARENA_INIT(SIZE_MAX) };

	screen_init(&t.screen, out);
	return write_table(&t, err);
}
