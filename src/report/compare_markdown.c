/* SPDX-License-Identifier: Apache-2.0 */
/* compare_markdown.c - what changed between two images, for a comment on a change. */
#include "report/compare_write.h"
#include "report/screen.h"

#define NAMES_MAX 12
#define FOLD_FROM 20

struct page {
	struct screen screen;
	const struct comparison *c;
	struct arena arena;
};

static void put_text(struct screen *s, struct slice text)
{
	struct slice line;
	bool first = true;

	for (; slice_line(&text, &line); first = false) {
		buf_add_cstr(&s->buf, first ? "" : " ");
		subject_markdown(line, &s->buf);
	}
}

static enum status put_head(struct page *p, const struct report_options *options, struct err *err)
{
	struct screen *s = &p->screen;
	size_t failing = compare_failing(p->c, options->fail_on);
	struct slice text, gaps;

	screen_put(s, "## ");
	put_text(s, subject_image(p->c->a->report->index));
	screen_put(s, " → ");
	put_text(s, subject_image(p->c->b->report->index));
	screen_put(s, "\n\n**");
	TRY(compare_sum(p->c, &p->arena, &text, err));
	put_text(s, text);
	screen_put(s, "**\n\n");
	TRY(compare_gaps(p->c, &p->arena, &gaps, err));
	if (options->fail_on < SEVERITY_COUNT && failing > 0)
		screen_printf(s, "**FAILED**: %zu at or above %s\n\n", failing, severity_name(options->fail_on));
	else if (options->fail_on < SEVERITY_COUNT)
		screen_printf(s, "%s: no new finding at or above %s\n\n", gaps.len > 0 ? "NOT KNOWN" : "PASSED",
			      severity_name(options->fail_on));
	if (gaps.len > 0) {
		screen_put(s, "> :warning: ");
		put_text(s, gaps);
		screen_put(s, "\n\n");
	}
	TRY(compare_advisories(p->c, &p->arena, &text, err));
	screen_put(s, "- ");
	put_text(s, text);
	screen_put(s, "\n");
	TRY(compare_bases(p->c, &p->arena, &text, err));
	if (text.len > 0) {
		screen_put(s, "- ");
		put_text(s, text);
		screen_put(s, "\n");
	}
	screen_put(s, "\n");
	return STATUS_OK;
}

static enum status put_finding(struct page *p, const struct finding_change *f, struct err *err)
{
	struct screen *s = &p->screen;
	const struct hit *h = finding_change_hit(f);
	struct slice versions;

	TRY(compare_versions(p->c, f, &p->arena, &versions, err));
	screen_printf(s, "| %s | ", severity_name(h->line.severity));
	put_text(s, h->line.id);
	screen_put(s, " | ");
	put_text(s, h->line.findings[0]->matched_name);
	screen_put(s, " | ");
	put_text(s, versions);
	screen_put(s, " | ");
	put_text(s, h->line.fix.len > 0 ? h->line.fix : SLICE("-"));
	screen_printf(s, " | %s%s%s", f->base ? "base image: " : "", change_reason_name(f->reason),
		      f->detail.len > 0 ? ": " : "");
	put_text(s, f->detail);
	screen_put(s, " |\n");
	return screen_flush(s, err);
}

static enum status put_kind(struct page *p, enum finding_change_kind kind, const char *head, struct err *err)
{
	const struct comparison *c = p->c;
	struct screen *s = &p->screen;
	size_t n = 0;

	for (size_t i = 0; i < c->findings.len; i++)
		n += c->findings.at[i].kind == kind;
	if (n == 0)
		return STATUS_OK;
	screen_printf(s, "### %s (%zu)\n\n", head, n);
	screen_put(s, n >= FOLD_FROM ? "<details><summary>all of them</summary>\n\n" : "");
	screen_put(s,
		   "| Severity | Vulnerability | Package | Version | Fixed in | Reason |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < c->findings.len; i++)
		if (c->findings.at[i].kind == kind)
			TRY(put_finding(p, &c->findings.at[i], err));
	screen_put(s, n >= FOLD_FROM ? "\n</details>\n\n" : "\n");
	return STATUS_OK;
}

static enum status put_packages(struct page *p, struct err *err)
{
	struct screen *s = &p->screen;
	struct compare_group *groups;
	size_t n;

	TRY(compare_groups(p->c, &p->arena, &groups, &n, err));
	if (n == 0)
		return STATUS_OK;
	screen_printf(s, "<details><summary>Packages: %zu changes</summary>\n\n", n);
	screen_put(s, "| Change | Type | Package | From | To | Installed as |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < n; i++) {
		struct slice names;

		TRY(compare_group_names(p->c, &groups[i], NAMES_MAX, &p->arena, &names, err));
		screen_printf(s, "| %s | %s | ", compare_package_word(groups[i].first),
			      package_type_purl(groups[i].type));
		put_text(s, groups[i].name);
		screen_put(s, " | ");
		put_text(s, groups[i].from.len > 0 ? groups[i].from : SLICE("-"));
		screen_put(s, " | ");
		put_text(s, groups[i].to.len > 0 ? groups[i].to : SLICE("-"));
		screen_put(s, " | ");
		put_text(s, names);
		screen_put(s, " |\n");
		TRY(screen_flush(s, err));
	}
	screen_put(s, "\n</details>\n");
	return STATUS_OK;
}

static enum status write_page(struct page *p, const struct report_options *options, struct err *err)
{
	TRY(put_head(p, options, err));
	TRY(put_kind(p, FINDING_ADDED, "New findings", err));
	TRY(put_kind(p, FINDING_FIXED, "Fixed", err));
	TRY(put_kind(p, FINDING_REMOVED, "Removed", err));
	TRY(put_kind(p, FINDING_CHANGED, "Changed", err));
	TRY(put_packages(p, err));
	return screen_end(&p->screen, err);
}

static void page_fini(struct page *p)
{
	screen_fini(&p->screen);
	arena_fini(&p->arena);
}

enum status compare_markdown(const struct comparison *c, const struct report_options *options,
			     const struct report_out *out, struct err *err)
{
	struct page AUTO(page_fini) p = { .c = c, .arena = ARENA_INIT(SIZE_MAX) };

	screen_init(&p.screen, out);
	return write_page(&p, options, err);
}
