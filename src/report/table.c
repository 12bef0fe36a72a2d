/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - the report for people: findings under the package that has them, then what was looked at and what was not,
 * and a verdict that is never better than what was looked at.
 */
#include "report/compare_write.h"
#include "report/plan_write.h"
#include "report/screen.h"
#include "report/units.h"

#include "text/terminal.h"

#include <stdio.h>

/* A title where the width is unlimited, and the shortest that is worth showing. */
#define TITLE_MAX 100
#define TITLE_MIN 24
#define ID_MAX 40
#define ID_MIN 26
#define FIX_MAX 40
#define FIX_MIN 12
#define SEVERITY_WIDTH 10
#define INDENT 2
/* Binary packages of one source, and layers, that are named. */
#define NAMES_MAX 8
#define LAYERS_MAX 30
#define LAYERS_NAMED 5

struct table {
	struct screen screen;
	const struct vulnerability_report *report;
	const struct report_options *options;
	struct arena arena;
	struct flaws flaws;
	struct unit *units;
	size_t n_units;
	size_t id_width, fix_width, title_width; /* title_width 0: no titles */
};

/* "1 package", "2 packages" */
static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- the image ---- */

static void put_system(struct screen *s, const struct index_report *r)
{
	const struct distribution *d = r->distributions.len > 0 ? &r->distributions.at[0] : NULL;

	if (!d) {
		screen_put(s, "no distribution recognised");
	} else if (d->pretty_name.len > 0) {
		screen_text(s, d->pretty_name);
	} else {
		screen_text(s, d->name.len > 0 ? d->name : d->did);
		if (d->version_id.len > 0) {
			screen_put(s, " ");
			screen_text(s, d->version_id);
		}
	}
	if (r->os.len > 0) {
		screen_put(s, ",");
		screen_space(s, r->os.len + r->arch.len + r->variant.len + 3, 2);
		screen_text(s, r->os);
		screen_put(s, "/");
		screen_text(s, r->arch);
		screen_put(s, r->variant.len > 0 ? "/" : "");
		screen_text(s, r->variant);
	}
	screen_put(s, ",");
	screen_space(s, 10, 2);
	screen_printf(s, "%zu layer%s,", r->layers.len, plural(r->layers.len));
	screen_space(s, 12, 2);
	screen_printf(s, "%zu package%s", r->packages.len, plural(r->packages.len));
}

static void put_image(struct screen *s, const struct index_report *r)
{
	screen_tint(s, TINT_BOLD);
	screen_text(s, r->target);
	screen_tint(s, TINT_NONE);
	if (r->image_name.len > 0) {
		screen_put(s, " (");
		screen_text(s, r->image_name);
		screen_put(s, ")");
	}
	screen_newline(s);
	put_system(s, r);
	screen_newline(s);
	screen_newline(s);
}

/* ---- findings ---- */

/* What a line is about, and the advisories behind it where it shows another id. */
static enum status title_of(struct table *t, const struct unit_line *line, struct slice *out, struct err *err)
{
	const struct advisory *a = &line->findings[0]->advisory;
	struct slice text = a->summary.len > 0 ? a->summary : a->description, about, last = SLICE_EMPTY;
	struct buf AUTO(buf_fini) b = BUF_INIT((size_t)1 << 20);

	text = slice_trim(text);
	if (unit_line_kev(line))
		buf_add_cstr(&b, "KNOWN EXPLOITED: ");
	if (slice_line(&text, &about))
		buf_add(&b, slice_trim(about));
	for (size_t i = 0; i < line->n; i++) {
		struct slice id = line->findings[i]->advisory.id;

		if (slice_eq(id, line->id) || slice_eq(id, last))
			continue;
		buf_add_cstr(&b, last.len > 0 ? ", " : b.len > 0 ? " (" : "(");
		buf_add(&b, id);
		last = id;
	}
	if (last.len > 0)
		buf_add_byte(&b, ')');
	TRY(buf_check(&b, "report", err));
	return arena_copy(&t->arena, buf_slice(&b), out) ? STATUS_OK : err_nomem(err, "report");
}

/* Ids are copied from here: real ones are not cut. On a narrow terminal first titles give way, then fixed versions. */
static void measure(struct table *t)
{
	size_t room = t->screen.width, used;

	t->id_width = strlen("VULNERABILITY");
	t->fix_width = strlen("FIXED IN");
	for (size_t i = 0; i < t->n_units; i++) {
		for (size_t k = 0; k < t->units[i].n_lines; k++) {
			const struct unit_line *line = &t->units[i].lines[k];

			t->id_width = MAX(t->id_width, MIN(terminal_columns(line->id), (size_t)ID_MAX));
			t->fix_width = MAX(t->fix_width, MIN(terminal_columns(line->fix), (size_t)FIX_MAX));
		}
	}
	t->title_width = TITLE_MAX;
	used = INDENT + SEVERITY_WIDTH + 2 + t->id_width + 2;
	if (room == 0)
		return;
	if (used + FIX_MIN > room) {
		t->id_width = MIN(t->id_width, (size_t)ID_MIN);
		used = INDENT + SEVERITY_WIDTH + 2 + t->id_width + 2;
	}
	if (used + t->fix_width > room)
		t->fix_width = MAX(room > used ? room - used : 0, (size_t)FIX_MIN);
	used += t->fix_width + 2;
	t->title_width = room >= used + TITLE_MIN ? room - used : 0;
}

/* ", layer 2" or ", layers 1, 2", each once */
static void add_layers(struct buf *b, const struct index_report *index, const struct unit *u)
{
	size_t seen[LAYERS_NAMED], n = 0, base = 0;

	if (index->layers.len < 2)
		return;
	for (size_t i = 0; i < u->n_packages && n < LAYERS_NAMED; i++) {
		size_t layer = index->packages.at[u->packages[i]].layer, k = 0;

		while (k < n && seen[k] != layer)
			k++;
		if (k == n)
			seen[n++] = layer;
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%zu", i > 0 ? ", " : n > 1 ? ", layers " : ", layer ", seen[i] + 1);
	buf_add_cstr(b, n == LAYERS_NAMED ? "\u2026" : "");
	if (index->base.how == BASE_UNKNOWN)
		return;
	for (size_t i = 0; i < u->n_packages; i++)
		base += index_package_is_base(index, u->packages[i]);
	buf_add_cstr(b, base == 0 ? " (own)" : base == u->n_packages ? " (base image)" : " (base image and own)");
}

/* "apk, layer 1: libcrypto1.1, libssl1.1" or "pypi, layer 2: usr/lib/.../METADATA and 2 more" */
static void add_where(struct buf *b, const struct index_report *index, const struct unit *u)
{
	const struct package *first = &index->packages.at[u->packages[0]].package, *last = NULL;
	bool system = package_type_scope(first->type)[0] == '\0';
	size_t named = 0, more = 0;

	buf_add_cstr(b, package_type_purl(first->type));
	add_layers(b, index, u);
	if (system && u->n_packages == 1 && slice_eq(first->name, u->findings[0]->matched_name))
		return;
	for (size_t i = 0; i < u->n_packages; i++) {
		const struct package *p = &index->packages.at[u->packages[i]].package;
		struct slice name = system ? p->name : p->path;

		if (last && slice_eq(name, system ? last->name : last->path))
			continue;
		last = p;
		if (named == NAMES_MAX) {
			more++;
			continue;
		}
		buf_add_cstr(b, named++ == 0 ? ": " : ", ");
		buf_add(b, name);
	}
	if (more > 0)
		buf_printf(b, " and %zu more", more);
}

static enum status put_unit_head(struct table *t, const struct unit *u, struct err *err)
{
	struct buf AUTO(buf_fini) where = BUF_INIT((size_t)1 << 16);
	struct screen *s = &t->screen;

	screen_tint(s, TINT_BOLD);
	screen_text(s, u->findings[0]->matched_name);
	screen_space(s, terminal_columns(u->findings[0]->matched_version) + 1, INDENT);
	screen_text(s, u->findings[0]->matched_version);
	screen_tint(s, TINT_NONE);
	if (u->update.len > 0) {
		screen_put(s, ":");
		screen_space(s, terminal_columns(u->update) + 10, INDENT);
		screen_put(s, "update to ");
		screen_tint(s, TINT_GREEN);
		screen_text(s, u->update);
		screen_tint(s, TINT_NONE);
		if (u->unfixed > 0) {
			screen_space(s, 22, INDENT);
			screen_printf(s, "(no fix for %zu of %zu)", u->unfixed, u->n_lines);
		}
	} else {
		screen_put(s, ": no fix is known");
	}
	screen_newline(s);
	add_where(&where, t->report->index, u);
	TRY(buf_check(&where, "report", err));
	screen_blanks(s, INDENT);
	screen_tint(s, TINT_DIM);
	screen_wrap(s, buf_slice(&where), INDENT);
	screen_tint(s, TINT_NONE);
	screen_newline(s);
	return STATUS_OK;
}

static enum status put_line(struct table *t, const struct unit_line *line, struct err *err)
{
	struct screen *s = &t->screen;
	struct slice title = SLICE_EMPTY;

	screen_blanks(s, INDENT);
	screen_tint(s, screen_severity_tint(line->severity));
	screen_cell(s, slice_cstr(severity_name(line->severity)), SEVERITY_WIDTH);
	screen_tint(s, TINT_NONE);
	screen_blanks(s, 2);
	screen_cell(s, line->id, t->id_width);
	screen_blanks(s, 2);
	screen_cell(s, line->fix.len > 0 ? line->fix : SLICE("-"), t->fix_width);
	if (t->title_width > 0) {
		TRY(title_of(t, line, &title, err));
		screen_blanks(s, 2);
		screen_cell(s, title, t->title_width);
	}
	screen_newline(s);
	return STATUS_OK;
}

static enum status put_units(struct table *t, struct err *err)
{
	struct screen *s = &t->screen;

	if (t->n_units == 0)
		return STATUS_OK;
	measure(t);
	screen_tint(s, TINT_BOLD);
	screen_blanks(s, INDENT);
	screen_cell(s, SLICE("SEVERITY"), SEVERITY_WIDTH + 2);
	screen_cell(s, SLICE("VULNERABILITY"), t->id_width + 2);
	screen_cell(s, SLICE("FIXED IN"), t->fix_width + 2);
	screen_put(s, t->title_width > 0 ? "ABOUT" : "");
	screen_trim(s);
	screen_tint(s, TINT_NONE);
	screen_newline(s);
	for (size_t i = 0; i < t->n_units; i++) {
		TRY(put_unit_head(t, &t->units[i], err));
		for (size_t k = 0; k < t->units[i].n_lines; k++) {
			TRY(put_line(t, &t->units[i].lines[k], err));
			TRY(screen_flush(s, err));
		}
	}
	screen_newline(s);
	return STATUS_OK;
}

/* ---- what it adds up to ---- */

/* "38 vulnerabilities in 17 packages: 10 Critical, 28 High; 37 with a fix" */
static void put_counts(struct table *t, enum tint tint)
{
	struct screen *s = &t->screen;
	bool first = true;

	screen_printf(s, "%zu vulnerabilit%s in %zu package%s:", t->flaws.n, t->flaws.n == 1 ? "y" : "ies", t->n_units,
		      plural(t->n_units));
	for (size_t i = SEVERITY_COUNT; i-- > 0;) {
		if (t->flaws.by_severity[i] == 0)
			continue;
		screen_put(s, first ? "" : ",");
		screen_space(s, 15, 2);
		screen_printf(s, "%zu ", t->flaws.by_severity[i]);
		screen_tint(s, screen_severity_tint((enum severity)i));
		screen_put(s, severity_name((enum severity)i));
		screen_tint(s, TINT_NONE);
		screen_tint(s, tint);
		first = false;
	}
	screen_put(s, ";");
	screen_space(s, 14, 2);
	screen_printf(s, "%zu with a fix", t->flaws.fixable);
	if (t->flaws.exploited > 0) {
		screen_put(s, ",");
		screen_space(s, 27, 2);
		screen_printf(s, "%zu known to be exploited", t->flaws.exploited);
	}
}

/* The layer that brought the package; index->layers.len where it is not known. */
static size_t layer_of(const struct index_report *index, const struct finding *f)
{
	return MIN(index->packages.at[f->package].layer, index->layers.len);
}

/* How many flaws each layer brought: in two packages of a layer one counts once, in two layers in both. */
static enum status count_by_layer(struct table *t, size_t *counts, struct err *err)
{
	const struct vulnerability_report *r = t->report;
	size_t *counted_in = arena_array(&t->arena, r->flaws + 1, sizeof(*counted_in)); /* layer number + 1 */

	if (!counted_in)
		return err_nomem(err, "report");
	for (size_t layer = 0; layer < r->index->layers.len; layer++) {
		for (size_t i = 0; i < r->findings.len; i++) {
			const struct finding *f = &r->findings.at[i];
			size_t *last = &counted_in[MIN(f->flaw, r->flaws)];

			if (layer_of(r->index, f) != layer || *last == layer + 1)
				continue;
			*last = layer + 1;
			counts[layer]++;
		}
	}
	return STATUS_OK;
}

/* Which layers brought the packages that have flaws: a base image's, or one's own. */
static enum status put_layers(struct table *t, struct err *err)
{
	const struct index_report *index = t->report->index;
	size_t n = index->layers.len, listed = 0;
	size_t *flaws = arena_array(&t->arena, n + 1, sizeof(*flaws));

	if (!flaws)
		return err_nomem(err, "report");
	if (n < 2 || t->n_units == 0)
		return STATUS_OK;
	TRY(count_by_layer(t, flaws, err));
	screen_put(&t->screen, "Layers that brought them");
	if (index->base.how != BASE_UNKNOWN)
		screen_printf(&t->screen, "; the base image ends with layer %zu", index->base.layers);
	screen_newline(&t->screen);
	for (size_t i = 0; i < n && listed < LAYERS_MAX; i++) {
		struct digest_text text = { "" };
		struct slice hex;

		if (flaws[i] == 0)
			continue;
		listed++;
		slice_cut(slice_cstr(digest_print(&text, &index->layers.at[i].digest)), ':', NULL, &hex);
		screen_printf(&t->screen, "  %3zu  %-12.12s  %4zu vulnerabilit%-3s  ", i + 1,
			      hex.len > 0 ? (const char *)hex.ptr : "", flaws[i], flaws[i] == 1 ? "y" : "ies");
		screen_cell(&t->screen, index->layers.at[i].created_by,
			    t->screen.width > t->screen.column ? t->screen.width - t->screen.column : TITLE_MAX);
		screen_newline(&t->screen);
	}
	screen_newline(&t->screen);
	return STATUS_OK;
}

/* ---- coverage ---- */

static void put_coverage_item(struct table *t, const struct coverage_item *c)
{
	struct screen *s = &t->screen;
	bool gap = coverage_is_gap(c->code);

	screen_tint(s, gap ? TINT_YELLOW : c->code == COVERAGE_COVERED ? TINT_GREEN : TINT_DIM);
	screen_put(s, gap ? "  ! " : c->code == COVERAGE_COVERED ? "  \u2713 " : "  - ");
	screen_put(s, coverage_name(c->code));
	screen_tint(s, TINT_NONE);
	if (c->scope.len > 0) {
		screen_put(s, " ");
		screen_text(s, c->scope);
	}
	if (c->packages > 0)
		screen_printf(s, " (%zu package%s)", c->packages, plural(c->packages));
	screen_put(s, ":");
	screen_put(s, " ");
	screen_wrap(s, c->detail, 4);
	screen_newline(s);
}

/* A decision of the user's, and what is new but not the image's doing; of what vendors and system packages take back
 * there is too much. */
static bool by_user(const struct suppressed *s)
{
	return s->by == SUPPRESSED_BY_IGNORE || s->by == SUPPRESSED_BY_VEX ||
	       slice_eq(s->justification, slice_cstr(change_reason_name(REASON_ADVISORY_NEW)));
}

#define TAKEN_BACK_SHOWN 50

static enum status put_taken_back(struct table *t, const struct vulnerability_report *r, struct err *err)
{
	struct screen *s = &t->screen;
	size_t n = 0;

	for (size_t i = 0; i < r->suppressed.len; i++) {
		const struct suppressed *k = &r->suppressed.at[i];
		const struct package *p = &r->index->packages.at[k->finding.package].package;

		if (!by_user(k) || n++ >= TAKEN_BACK_SHOWN)
			continue;
		screen_blanks(s, 6);
		screen_text(s, k->finding.advisory.id);
		screen_put(s, " ");
		screen_text(s, p->name);
		screen_put(s, " ");
		screen_text(s, p->version);
		screen_put(s, ": ");
		screen_text(s, k->status);
		screen_put(s, k->status.len > 0 ? ": " : "");
		screen_wrap(s, k->reason, 8);
		screen_newline(s);
		TRY(screen_flush(s, err));
	}
	if (n > TAKEN_BACK_SHOWN) {
		screen_printf(s, "      and %zu more", n - TAKEN_BACK_SHOWN);
		screen_newline(s);
	}
	return STATUS_OK;
}

static size_t count_gaps(const struct vulnerability_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->coverage.len; i++)
		n += coverage_is_gap(r->coverage.at[i].code);
	return n;
}

/* How fresh the advisories are: as the oldest of them. */
static void put_sources(struct screen *s, const struct vulnerability_report *r)
{
	int64_t oldest = INT64_MAX;
	struct date_text day;
	char text[128];

	if (r->sources.len == 0)
		return;
	for (size_t i = 0; i < r->sources.len; i++)
		oldest = MIN(oldest, r->sources.at[i].updated_s);
	if (oldest == DATE_NONE)
		snprintf(text, sizeof(text), "advisories of %zu source%s", r->sources.len, plural(r->sources.len));
	else
		snprintf(text, sizeof(text), "advisories of %zu source%s, all updated since %.10s", r->sources.len,
			 plural(r->sources.len), date_print(&day, oldest));
	screen_blanks(s, 4);
	screen_wrap(s, slice_cstr(text), 4);
	screen_newline(s);
}

static enum status put_coverage(struct table *t, struct err *err)
{
	const struct vulnerability_report *r = t->report;
	struct screen *s = &t->screen;
	char text[128];

	screen_put(s, "Coverage");
	screen_newline(s);
	for (int gap = 0; gap <= 1; gap++) {
		for (size_t i = 0; i < r->coverage.len; i++) {
			if (coverage_is_gap(r->coverage.at[i].code) == (gap == 1))
				put_coverage_item(t, &r->coverage.at[i]);
			TRY(screen_flush(s, err));
		}
	}
	put_sources(s, r);
	if (r->suppressed.len > 0) {
		snprintf(text, sizeof(text), "%zu finding%s suppressed; -f json names %s and the reason",
			 r->suppressed.len, r->suppressed.len == 1 ? " was" : "s were",
			 r->suppressed.len == 1 ? "it" : "them");
		screen_blanks(s, 4);
		screen_wrap(s, slice_cstr(text), 4);
		screen_newline(s);
		TRY(put_taken_back(t, r, err));
	}
	screen_newline(s);
	return STATUS_OK;
}

/* ---- the verdict ---- */

static size_t count_failing(const struct table *t)
{
	size_t n = 0;

	for (size_t i = t->options->fail_on; i < SEVERITY_COUNT; i++)
		n += t->flaws.by_severity[i];
	return n;
}

static void put_gate(struct table *t, bool complete)
{
	struct screen *s = &t->screen;
	enum severity fail_on = t->options->fail_on;
	size_t failing = count_failing(t);
	char text[160];

	if (fail_on >= SEVERITY_COUNT)
		return;
	screen_tint(s, failing > 0 ? TINT_BOLD_RED : complete ? TINT_GREEN : TINT_BOLD_YELLOW);
	if (failing > 0)
		snprintf(text, sizeof(text), "FAILED: %zu of them at or above %s", failing, severity_name(fail_on));
	else
		snprintf(text, sizeof(text), "%s: none at or above %s%s", complete ? "PASSED" : "NOT KNOWN",
			 severity_name(fail_on), complete ? "" : " in what could be looked up");
	screen_wrap(s, slice_cstr(text), 2);
	/* Nobody has said how bad they are: that is not the same as harmless. */
	if (failing == 0 && t->flaws.by_severity[SEVERITY_UNKNOWN] > 0) {
		snprintf(text, sizeof(text), "; of %zu nobody says how severe %s",
			 t->flaws.by_severity[SEVERITY_UNKNOWN],
			 t->flaws.by_severity[SEVERITY_UNKNOWN] == 1 ? "it is" : "they are");
		screen_wrap(s, slice_cstr(text), 2);
	}
	screen_tint(s, TINT_NONE);
	screen_newline(s);
}

/* "No known vulnerabilities" is only said when everything was looked for. */
static void put_verdict(struct table *t)
{
	const struct vulnerability_report *r = t->report;
	struct screen *s = &t->screen;
	size_t gaps = count_gaps(r);
	bool complete = r->complete && gaps == 0;
	char text[128];
	enum tint tint = t->flaws.n > 0 ? TINT_BOLD : complete ? TINT_GREEN : TINT_BOLD_YELLOW;

	screen_tint(s, tint);
	if (t->flaws.n > 0)
		put_counts(t, tint);
	else if (r->index->packages.len == 0)
		screen_put(s, "NOTHING WAS LOOKED UP: no package was found");
	else if (vulnerability_report_is_partial(r))
		screen_put(s, "Nothing is new");
	else if (complete)
		screen_put(s, "No known vulnerabilities");
	else
		screen_put(s, "Nothing was found in what could be looked up");
	screen_tint(s, TINT_NONE);
	screen_newline(s);
	put_gate(t, complete);
	if (complete)
		return;
	screen_tint(s, TINT_BOLD_YELLOW);
	snprintf(text, sizeof(text), "COVERAGE IS INCOMPLETE (%zu gap%s above): this is not a clean bill of health",
		 MAX(gaps, (size_t)1), plural(MAX(gaps, (size_t)1)));
	screen_wrap(s, slice_cstr(text), 2);
	screen_tint(s, TINT_NONE);
	screen_newline(s);
}

static enum status write_table(struct table *t, struct err *err)
{
	struct screen *s = &t->screen;

	if (t->report->demonstration) {
		screen_tint(s, TINT_INVERSE);
		screen_wrap(s, SLICE("DEMONSTRATION: a small bundled set of advisories, not a real database"), 2);
		screen_tint(s, TINT_NONE);
		screen_newline(s);
		screen_newline(s);
	}
	put_image(s, t->report->index);
	TRY(flaws_count(t->report, &t->arena, &t->flaws, err));
	TRY(units_make(t->report, &t->arena, &t->units, &t->n_units, err));
	TRY(put_units(t, err));
	TRY(put_layers(t, err));
	if (t->report->plan)
		TRY(plan_table(s, t->report->plan, &t->arena, err));
	TRY(put_coverage(t, err));
	put_verdict(t);
	return screen_end(s, err);
}

static void table_fini(struct table *t)
{
	screen_fini(&t->screen);
	arena_fini(&t->arena);
}

static enum status table_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	struct table AUTO(table_fini) t = { .report = r, .options = options, .arena = ARENA_INIT(SIZE_MAX) };

	screen_init(&t.screen, out);
	return write_table(&t, err);
}

/* ---- packages only ---- */

static void put_package(struct screen *s, const struct index_package *p, size_t layers, size_t name, size_t version)
{
	screen_cell(s, slice_cstr(package_type_purl(p->package.type)), 8);
	screen_cell(s, p->package.name, name);
	screen_blanks(s, 2);
	screen_cell(s, p->package.version.len > 0 ? p->package.version : SLICE("-"), version);
	screen_blanks(s, 2);
	if (layers > 1)
		screen_printf(s, "layer %-3zu  ", p->layer + 1);
	screen_text(s, p->package.path);
	if (p->package.flags & PACKAGE_OWNED)
		screen_put(s, "  (belongs to a system package)");
	if (p->package.flags & PACKAGE_BAD_VERSION && !(p->package.flags & PACKAGE_MAIN_MODULE))
		screen_put(s, "  (bad version)");
	if (p->package.flags & PACKAGE_GUESSED)
		screen_put(s, "  (guessed)");
	if (p->package.flags & PACKAGE_DECLARED)
		screen_put(s, "  (declared, not seen)");
	screen_newline(s);
}

static enum status put_diags(struct screen *s, const struct index_report *r, struct err *err)
{
	for (size_t i = 0; i < r->diags.len; i++) {
		const struct layer_diag *d = &r->diags.at[i].diag;
		enum diag_severity severity = diag_severity(d->code);

		if (i == 0)
			screen_newline(s);
		screen_tint(s, severity == DIAG_SEVERITY_ERROR	   ? TINT_RED
			       : severity == DIAG_SEVERITY_WARNING ? TINT_YELLOW
								   : TINT_DIM);
		screen_put(s, diag_severity_name(severity));
		screen_tint(s, TINT_NONE);
		screen_put(s, ": ");
		if (d->where.len > 0) {
			screen_text(s, d->where);
			screen_put(s, ": ");
		} else if (r->diags.at[i].layer < r->layers.len) {
			screen_printf(s, "layer %zu: ", r->diags.at[i].layer + 1);
		}
		screen_wrap(s, d->text, 4);
		if (d->where.len == 0 && d->offset != ERR_NO_OFFSET)
			screen_printf(s, " (byte %llu)", (unsigned long long)d->offset);
		screen_newline(s);
		TRY(screen_flush(s, err));
	}
	return STATUS_OK;
}

static enum status write_index(struct screen *s, const struct index_report *r, struct err *err)
{
	size_t name = 4, version = 7;

	put_image(s, r);
	for (size_t i = 0; i < r->packages.len; i++) {
		name = MAX(name, MIN(terminal_columns(r->packages.at[i].package.name), (size_t)ID_MAX));
		version = MAX(version, MIN(terminal_columns(r->packages.at[i].package.version), (size_t)FIX_MAX));
	}
	for (size_t i = 0; i < r->packages.len; i++) {
		put_package(s, &r->packages.at[i], r->layers.len, name, version);
		TRY(screen_flush(s, err));
	}
	TRY(put_diags(s, r, err));
	return screen_end(s, err);
}

static enum status table_index(const struct index_report *r, const struct report_options *options,
			       const struct report_out *out, struct err *err)
{
	struct screen AUTO(screen_fini) s;

	(void)options;
	screen_init(&s, out);
	return write_index(&s, r, err);
}

static enum status table_failure(struct slice target, const struct err *why, const struct report_options *options,
				 const struct report_out *out, struct err *err)
{
	struct screen AUTO(screen_fini) s;

	(void)options;
	screen_init(&s, out);
	screen_tint(&s, TINT_BOLD);
	screen_text(&s, target);
	screen_tint(&s, TINT_NONE);
	screen_newline(&s);
	screen_tint(&s, TINT_BOLD_RED);
	screen_put(&s, "COULD NOT BE SCANNED: ");
	screen_wrap(&s, slice_cstr(why->msg), 2);
	screen_tint(&s, TINT_NONE);
	screen_newline(&s);
	return screen_end(&s, err);
}

const struct report_format report_format_table = {
	.name = "table",
	.media_type = "text/plain",
	.join = REPORT_JOIN_TEXT,
	.failure = table_failure,
	.vulnerabilities = table_vulnerabilities,
	.comparison = compare_table,
	.index = table_index,
};
