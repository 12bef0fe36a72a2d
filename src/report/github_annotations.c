/* SPDX-License-Identifier: Apache-2.0 */
/*
 * github_annotations.c - workflow commands of GitHub Actions (::error ...): one annotation per package, as many as
 * GitHub shows; the last of a kind says how many more there are.
 *
 * Of each step GitHub shows ten errors, ten warnings and ten notices, and drops the rest without a word.
 */
#include "report/screen.h"
#include "report/subject.h"
#include "text/terminal.h"

#define SHOWN_MAX 10
/* Ids that one annotation names, and packages that the last one does. */
#define IDS_MAX 12
#define NAMES_MAX 20

enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE, LEVELS };
static const char *const levels[LEVELS] = { "error", "warning", "notice" };

struct annotations {
	struct screen screen;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena;
	struct unit *units;
	size_t n_units;
};

/*
 * Text of an image or a feed: harmless characters only, and none that would end the message or, of a property, begin
 * the next one.
 */
static void put_escaped(struct screen *s, struct slice text, const char *special)
{
	size_t from = s->buf.len, n;
	struct buf AUTO(buf_fini) plain = BUF_INIT((size_t)1 << 20);

	terminal_put(&plain, text);
	n = plain.len;
	for (size_t i = 0; i < n; i++) {
		if (strchr(special, plain.ptr[i]))
			buf_printf(&s->buf, "%%%02X", plain.ptr[i]);
		else
			buf_add_byte(&s->buf, plain.ptr[i]);
	}
	if (plain.failed != STATUS_OK) /* nothing of it rather than a part */
		s->buf.len = from;
}

static void put_message(struct screen *s, struct slice text)
{
	put_escaped(s, text, "%\r\n");
}

static void put_property(struct screen *s, struct slice text)
{
	put_escaped(s, text, "%\r\n:,");
}

static enum level level_of(const struct annotations *a, enum severity severity)
{
	enum severity fail_on = a->options->fail_on < SEVERITY_COUNT ? a->options->fail_on : SEVERITY_HIGH;

	return severity >= fail_on ? LEVEL_ERROR : severity >= SEVERITY_MEDIUM ? LEVEL_WARNING : LEVEL_NOTICE;
}

/* ---- one package ---- */

/* A lock file of a checkout is a file that GitHub can show; a file of an image is not. */
static void put_place(struct screen *s, const struct package *p)
{
	if (p->line == 0)
		return;
	screen_put(s, " file=");
	put_property(s, p->path);
	screen_printf(s, ",line=%zu,", (size_t)p->line);
}

static enum status put_title(struct annotations *a, const struct unit *u, struct slice *out, struct err *err)
{
	return arena_printf(&a->arena, out, "%.*s %.*s: %zu vulnerabilit%s, worst %s",
			    SLICE_ARG(u->findings[0]->matched_name), SLICE_ARG(u->findings[0]->matched_version),
			    u->n_lines, u->n_lines == 1 ? "y" : "ies", severity_name(u->worst))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status put_unit(struct annotations *a, const struct unit *u, struct err *err)
{
	const struct package *p = &a->report->index->packages.at[u->packages[0]].package;
	struct screen *s = &a->screen;
	struct slice title;

	TRY(put_title(a, u, &title, err));
	screen_printf(s, "::%s", levels[level_of(a, u->worst)]);
	put_place(s, p);
	screen_put(s, p->line == 0 ? " title=" : "title=");
	put_property(s, title);
	screen_put(s, "::");
	put_message(s, subject_image(a->report->index));
	screen_put(s, ": ");
	put_message(s, u->findings[0]->matched_name);
	screen_put(s, u->update.len > 0 ? ": update to " : ": no fix is known");
	put_message(s, u->update);
	if (u->update.len > 0 && u->unfixed > 0)
		screen_printf(s, " (no fix for %zu of %zu)", u->unfixed, u->n_lines);
	for (size_t i = 0; i < u->n_lines && i < IDS_MAX; i++) {
		screen_put(s, i ? ", " : "%0A");
		put_message(s, u->lines[i].id);
		screen_printf(s, " (%s)", severity_name(u->lines[i].severity));
	}
	if (u->n_lines > IDS_MAX)
		screen_printf(s, " and %zu more", u->n_lines - IDS_MAX);
	screen_put(s, "\n");
	return screen_flush(s, err);
}

/* ---- all of them ---- */

static size_t count(const struct annotations *a, enum level level)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_units; i++)
		n += level_of(a, a->units[i].worst) == level;
	return n;
}

static enum status put_more(struct annotations *a, enum level level, size_t skip, size_t n, struct err *err)
{
	struct screen *s = &a->screen;
	size_t seen = 0, named = 0;

	screen_printf(s, "::%s title=%zu more packages::GitHub shows %d of a kind; the report has all of them. More: ",
		      levels[level], n - skip, SHOWN_MAX);
	for (size_t i = 0; i < a->n_units; i++) {
		const struct unit *u = &a->units[i];

		if (level_of(a, u->worst) != level || seen++ < skip)
			continue;
		if (named++ >= NAMES_MAX)
			break;
		screen_put(s, named > 1 ? ", " : "");
		put_message(s, u->findings[0]->matched_name);
	}
	screen_put(s, n - skip > NAMES_MAX ? " ...\n" : "\n");
	return screen_flush(s, err);
}

/* What was not looked up takes one of the warnings. */
static enum status put_level(struct annotations *a, enum level level, size_t room, struct err *err)
{
	size_t n = count(a, level), shown = n > room ? room - 1 : n, seen = 0;

	for (size_t i = 0; i < a->n_units && seen < shown; i++) {
		if (level_of(a, a->units[i].worst) != level)
			continue;
		seen++;
		TRY(put_unit(a, &a->units[i], err));
	}
	return n > shown ? put_more(a, level, shown, n, err) : STATUS_OK;
}

static enum status put_gaps(struct annotations *a, struct err *err)
{
	struct screen *s = &a->screen;
	struct slice text;

	TRY(subject_verdict(a->report, &a->arena, &text, err));
	screen_put(s, "::warning title=Coverage is incomplete::");
	put_message(s, subject_image(a->report->index));
	screen_put(s, ": ");
	put_message(s, text);
	for (size_t i = 0; i < a->report->coverage.len; i++) {
		if (!coverage_is_gap(a->report->coverage.at[i].code))
			continue;
		TRY(subject_coverage(&a->report->coverage.at[i], &a->arena, &text, err));
		screen_put(s, "%0A");
		put_message(s, text);
	}
	screen_put(s, "\n");
	return screen_flush(s, err);
}

/* One notice says what came out, also when nothing was found. */
static enum status put_sum(struct annotations *a, struct err *err)
{
	struct screen *s = &a->screen;
	struct flaws flaws;
	bool first = true;

	TRY(flaws_count(a->report, &a->arena, &flaws, err));
	screen_put(s, "::notice title=limpid::");
	put_message(s, subject_image(a->report->index));
	if (flaws.n == 0) {
		screen_put(s, vulnerability_report_is_partial(a->report) ? ": nothing is new"
			      : a->report->complete && a->report->index->packages.len > 0
				      ? ": no known vulnerabilities"
				      : ": nothing was found in what could be looked up");
	} else {
		screen_printf(s, ": %zu vulnerabilit%s (", flaws.n, flaws.n == 1 ? "y" : "ies");
		for (size_t i = SEVERITY_COUNT; i-- > 0;) {
			if (flaws.by_severity[i] == 0)
				continue;
			screen_printf(s, "%s%zu %s", first ? "" : ", ", flaws.by_severity[i],
				      severity_name((enum severity)i));
			first = false;
		}
		screen_printf(s, "), %zu with a fix", flaws.fixable);
	}
	screen_put(s, "\n");
	return STATUS_OK;
}

static enum status write_annotations(struct annotations *a, struct err *err)
{
	bool gaps = !a->report->complete;

	TRY(units_make(a->report, &a->arena, &a->units, &a->n_units, err));
	TRY(put_sum(a, err));
	if (gaps)
		TRY(put_gaps(a, err));
	TRY(put_level(a, LEVEL_ERROR, SHOWN_MAX, err));
	TRY(put_level(a, LEVEL_WARNING, gaps ? SHOWN_MAX - 1 : SHOWN_MAX, err));
	TRY(put_level(a, LEVEL_NOTICE, SHOWN_MAX - 1, err));
	return screen_end(&a->screen, err);
}

static void annotations_fini(struct annotations *a)
{
	screen_fini(&a->screen);
	arena_fini(&a->arena);
}

static enum status annotations_vulnerabilities(const struct vulnerability_report *r,
					       const struct report_options *options, const struct report_out *out,
					       struct err *err)
{
	struct annotations AUTO(annotations_fini)
		a = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX) };

	screen_init(&a.screen, out);
	return write_annotations(&a, err);
}

static enum status annotations_failure(struct slice target, const struct err *why, const struct report_options *options,
				       const struct report_out *out, struct err *err)
{
	struct screen AUTO(screen_fini) s;

	(void)options;
	screen_init(&s, out);
	screen_put(&s, "::error title=An image could not be scanned::");
	put_message(&s, target);
	screen_put(&s, ": ");
	put_message(&s, slice_cstr(why->msg));
	screen_put(&s, "\n");
	return screen_end(&s, err);
}

const struct report_format report_format_github_annotations = {
	.name = "github-annotations",
	.media_type = "text/plain",
	.join = { "", "", "" },
	.vulnerabilities = annotations_vulnerabilities,
	.failure = annotations_failure,
};
