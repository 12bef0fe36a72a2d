/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - the report for people: findings grouped by source package, then what was looked at and what was not.
 *
 * All text of the image or a feed is printed with control bytes replaced, so that a crafted name cannot drive a
 * terminal.
 */
#include "base/buf.h"
#include "report/report.h"

#include <stdlib.h>

#define COLUMNS 6
#define CELL_MAX 60
#define WIDTH_MIN 60

struct row {
	struct slice cell[COLUMNS]; /* in the arena, clean */
	enum severity severity;
	size_t findings;
};

struct table {
	const struct vulnerability_report *report;
	const struct report_options *options;
	const struct report_out *out;
	struct buf buf;
	struct arena arena;
	VEC(struct row) rows;
};

static const char *const headings[COLUMNS] = { "SEVERITY", "ID", "PACKAGE", "INSTALLED", "FIXED IN", "LAYER" };

static const char *severity_colour(enum severity s)
{
	static const char *const colours[SEVERITY_COUNT] = {
		[SEVERITY_UNKNOWN] = "\033[37m", [SEVERITY_NEGLIGIBLE] = "\033[37m", [SEVERITY_LOW] = "\033[34m",
		[SEVERITY_MEDIUM] = "\033[33m",	 [SEVERITY_HIGH] = "\033[31m",	     [SEVERITY_CRITICAL] = "\033[1;31m",
	};

	return colours[s];
}

static void colour(struct table *t, const char *code)
{
	if (t->out->colour)
		buf_add_cstr(&t->buf, code);
}

/* Columns a text takes: code points; wide scripts do not occur in ids, names and versions. */
static size_t columns_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.ptr[i] & 0xc0) != 0x80;
	return n;
}

/* Append text with control bytes (C0, DEL, C1) and malformed UTF-8 replaced. */
static void put_clean(struct buf *b, struct slice s)
{
	bool utf8 = slice_is_utf8(s);

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];
		bool c1 = utf8 && c == 0xc2 && i + 1 < s.len && s.ptr[i + 1] < 0xa0;

		if (c1)
			i++;
		buf_add_byte(b, c1 || c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) ? '?' : c);
	}
}

static bool clean(struct table *t, struct slice s, struct slice *out)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(s.len + 1);

	put_clean(&b, s);
	return b.failed == STATUS_OK && arena_copy(&t->arena, buf_slice(&b), out);
}

static struct slice shorten(struct table *t, struct slice s, size_t max)
{
	struct slice out = s;
	size_t at = 0, n = 0;

	if (columns_of(s) <= max)
		return s;
	while (at < s.len && n < max - 1) {
		at++;
		while (at < s.len && (s.ptr[at] & 0xc0) == 0x80)
			at++;
		n++;
	}
	return arena_printf(&t->arena, &out, "%.*s\u2026", SLICE_ARG(slice_take(s, at))) ? out : slice_take(s, at);
}

static bool same_group(const struct vulnerability_report *r, const struct finding *a, const struct finding *b)
{
	return slice_eq(a->advisory.id, b->advisory.id) && slice_eq(a->row.fixed_version, b->row.fixed_version) &&
	       slice_eq(a->matched_version, b->matched_version) && slice_eq(a->matched_name, b->matched_name) &&
	       r->index->packages.at[a->package].package.type == r->index->packages.at[b->package].package.type;
}

/* "openssl (libcrypto1.1, libssl1.1)", or the name alone where source and binary are one. */
static bool package_cell(struct table *t, const struct finding *const *group, size_t n, struct slice *out)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(4096);
	struct slice first = t->report->index->packages.at[group[0]->package].package.name;

	put_clean(&b, group[0]->matched_name);
	if (n > 1 || !slice_eq(first, group[0]->matched_name)) {
		buf_add_cstr(&b, " (");
		for (size_t i = 0; i < n && b.len < 2000; i++) {
			if (i > 0)
				buf_add_cstr(&b, ", ");
			put_clean(&b, t->report->index->packages.at[group[i]->package].package.name);
		}
		buf_add_byte(&b, ')');
	}
	return arena_copy(&t->arena, buf_slice(&b), out);
}

static bool layer_cell(struct table *t, size_t layer, struct slice *out)
{
	const struct index_report *index = t->report->index;
	struct digest_text text = { "" };
	struct slice hex;

	if (layer >= index->layers.len) {
		*out = SLICE_EMPTY;
		return true;
	}
	slice_cut(slice_cstr(digest_print(&text, &index->layers.at[layer].digest)), ':', NULL, &hex);
	return arena_printf(&t->arena, out, "%zu%s%.*s", layer + 1, hex.len ? " " : "", 8,
			    hex.len ? (const char *)hex.ptr : "");
}

static enum status add_group(struct table *t, const struct finding *const *group, size_t n, struct err *err)
{
	struct row *row = VEC_PUSH(&t->rows, &t->arena);
	const struct finding *f = group[0];
	struct slice fixed = f->row.fixed_version.len ? f->row.fixed_version : SLICE("-");

	if (!row)
		return err_nomem(err, "report");
	row->severity = f->severity;
	row->findings = n;
	row->cell[0] = slice_cstr(severity_name(f->severity));
	if (!clean(t, f->advisory.id, &row->cell[1]) || !package_cell(t, group, n, &row->cell[2]) ||
	    !clean(t, f->matched_version, &row->cell[3]) || !clean(t, fixed, &row->cell[4]) ||
	    !layer_cell(t, t->report->index->packages.at[f->package].layer, &row->cell[5]))
		return err_nomem(err, "report");
	return STATUS_OK;
}

static int by_group(const void *pa, const void *pb)
{
	const struct finding *a = *(const struct finding *const *)pa, *b = *(const struct finding *const *)pb;
	int c;

	if (a->severity != b->severity)
		return a->severity > b->severity ? -1 : 1;
	c = slice_cmp(a->matched_name, b->matched_name);
	if (c == 0)
		c = slice_cmp(a->matched_version, b->matched_version);
	if (c == 0)
		c = slice_cmp(a->advisory.id, b->advisory.id);
	if (c == 0)
		c = slice_cmp(a->row.fixed_version, b->row.fixed_version);
	if (c == 0)
		c = a->package < b->package ? -1 : a->package > b->package;
	return c;
}

static enum status make_rows(struct table *t, struct err *err)
{
	const struct vulnerability_report *r = t->report;
	const struct finding **order = arena_array(&t->arena, r->findings.len + 1, sizeof(*order));

	if (!order)
		return err_nomem(err, "report");
	for (size_t i = 0; i < r->findings.len; i++)
		order[i] = &r->findings.at[i];
	qsort(order, r->findings.len, sizeof(*order), by_group);
	for (size_t i = 0, n; i < r->findings.len; i += n) {
		for (n = 1; i + n < r->findings.len && same_group(r, order[i], order[i + n]); n++)
			;
		TRY(add_group(t, order + i, n, err));
	}
	return STATUS_OK;
}

static void put_padded(struct table *t, struct slice s, size_t width, bool last)
{
	buf_add(&t->buf, s);
	for (size_t n = columns_of(s); !last && n < width + 2; n++)
		buf_add_byte(&t->buf, ' ');
}

/* Widths of the columns; the package and version columns give way when the terminal is narrow. */
static void measure(struct table *t, size_t width[COLUMNS])
{
	size_t total = 0, limit = t->out->width ? MAX(t->out->width, (unsigned)WIDTH_MIN) : SIZE_MAX;
	static const size_t shrinkable[] = { 2, 4, 3 };

	for (size_t c = 0; c < COLUMNS; c++) {
		width[c] = strlen(headings[c]);
		for (size_t i = 0; i < t->rows.len; i++)
			width[c] = MAX(width[c], MIN(columns_of(t->rows.at[i].cell[c]), (size_t)CELL_MAX));
		total += width[c] + 2;
	}
	for (size_t k = 0; k < ARRAY_LEN(shrinkable) && total > limit; k++) {
		size_t c = shrinkable[k], give = MIN(total - limit, width[c] > 14 ? width[c] - 14 : 0);

		width[c] -= give;
		total -= give;
	}
}

static enum status hand_on(struct table *t, struct err *err)
{
	TRY(buf_check(&t->buf, "report", err));
	TRY(t->out->write(t->out->ctx, buf_slice(&t->buf), err));
	buf_reset(&t->buf);
	return STATUS_OK;
}

static enum status put_rows(struct table *t, struct err *err)
{
	size_t width[COLUMNS];

	if (t->rows.len == 0)
		return STATUS_OK;
	measure(t, width);
	colour(t, "\033[1m");
	for (size_t c = 0; c < COLUMNS; c++)
		put_padded(t, slice_cstr(headings[c]), width[c], c + 1 == COLUMNS);
	colour(t, "\033[0m");
	buf_add_byte(&t->buf, '\n');
	for (size_t i = 0; i < t->rows.len; i++) {
		for (size_t c = 0; c < COLUMNS; c++) {
			if (c == 0)
				colour(t, severity_colour(t->rows.at[i].severity));
			put_padded(t, shorten(t, t->rows.at[i].cell[c], width[c]), width[c], c + 1 == COLUMNS);
			if (c == 0)
				colour(t, "\033[0m");
		}
		buf_add_byte(&t->buf, '\n');
		TRY(hand_on(t, err));
	}
	buf_add_byte(&t->buf, '\n');
	return STATUS_OK;
}

static void put_image(struct table *t, const struct index_report *r)
{
	colour(t, "\033[1m");
	put_clean(&t->buf, r->target);
	colour(t, "\033[0m");
	if (r->image_name.len > 0) {
		buf_add_cstr(&t->buf, " (");
		put_clean(&t->buf, r->image_name);
		buf_add_cstr(&t->buf, ")");
	}
	buf_add_cstr(&t->buf, ": ");
	if (r->distributions.len > 0) {
		const struct distribution *d = &r->distributions.at[0];

		if (d->pretty_name.len > 0) {
			put_clean(&t->buf, d->pretty_name);
		} else {
			put_clean(&t->buf, d->name.len ? d->name : d->did);
			buf_add_byte(&t->buf, ' ');
			put_clean(&t->buf, d->version_id);
		}
	} else {
		buf_add_cstr(&t->buf, "no distribution recognised");
	}
	if (r->os.len > 0) {
		buf_add_cstr(&t->buf, ", ");
		put_clean(&t->buf, r->os);
		buf_add_byte(&t->buf, '/');
		put_clean(&t->buf, r->arch);
	}
	buf_printf(&t->buf, ", %zu layer%s, %zu package%s\n\n", r->layers.len, r->layers.len == 1 ? "" : "s",
		   r->packages.len, r->packages.len == 1 ? "" : "s");
}

static void put_counts(struct table *t)
{
	const struct vulnerability_report *r = t->report;
	size_t counts[SEVERITY_COUNT] = { 0 }, fixable = 0;
	bool first = true;

	if (t->rows.len == 0) {
		/* "No vulnerabilities" is only said when it was looked for everywhere. */
		buf_add_cstr(&t->buf,
			     r->complete ? "No known vulnerabilities.\n"
					 : "No vulnerabilities found in what could be looked up; see below for what "
					   "could not.\n");
		return;
	}
	for (size_t i = 0; i < t->rows.len; i++) {
		counts[t->rows.at[i].severity]++;
		fixable += !slice_eq(t->rows.at[i].cell[4], SLICE("-"));
	}
	buf_printf(&t->buf, "%zu vulnerabilit%s: ", t->rows.len, t->rows.len == 1 ? "y" : "ies");
	for (size_t s = SEVERITY_COUNT; s-- > 0;) {
		if (counts[s] == 0)
			continue;
		buf_printf(&t->buf, "%s%zu ", first ? "" : ", ", counts[s]);
		colour(t, severity_colour((enum severity)s));
		buf_add_cstr(&t->buf, severity_name((enum severity)s));
		colour(t, "\033[0m");
		first = false;
	}
	buf_printf(&t->buf, "; %zu with a fix\n", fixable);
}

static void put_coverage_item(struct table *t, const struct coverage_item *c)
{
	bool gap = coverage_is_gap(c->code);

	colour(t, gap ? "\033[33m" : "\033[32m");
	buf_printf(&t->buf, "  %s %-20s ", gap ? "!" : "\u2713", coverage_name(c->code));
	colour(t, "\033[0m");
	put_clean(&t->buf, c->scope);
	if (c->packages > 0)
		buf_printf(&t->buf, " (%zu package%s)", c->packages, c->packages == 1 ? "" : "s");
	if (c->scope.len > 0 || c->packages > 0)
		buf_add_cstr(&t->buf, ": ");
	put_clean(&t->buf, c->detail);
	buf_add_byte(&t->buf, '\n');
}

static enum status put_coverage(struct table *t, struct err *err)
{
	const struct vulnerability_report *r = t->report;

	buf_add_byte(&t->buf, '\n');
	if (r->complete) {
		buf_add_cstr(&t->buf, "Coverage: complete\n");
	} else {
		colour(t, "\033[1;33m");
		buf_add_cstr(&t->buf, "Coverage: INCOMPLETE - this is not a clean bill of health\n");
		colour(t, "\033[0m");
	}
	for (int gap = 1; gap >= 0; gap--) {
		for (size_t i = 0; i < r->coverage.len; i++) {
			if (coverage_is_gap(r->coverage.at[i].code) == (gap == 1))
				put_coverage_item(t, &r->coverage.at[i]);
			TRY(hand_on(t, err));
		}
	}
	if (r->suppressed.len > 0)
		buf_printf(&t->buf, "  %zu finding%s suppressed (see -f json)\n", r->suppressed.len,
			   r->suppressed.len == 1 ? "" : "s");
	return STATUS_OK;
}

static enum status write_table(struct table *t, struct err *err)
{
	if (t->report->demonstration) {
		colour(t, "\033[1;7m");
		buf_add_cstr(&t->buf,
			     "DEMONSTRATION: matched against a small bundled set of advisories, not a real database.");
		colour(t, "\033[0m");
		buf_add_cstr(&t->buf, "\n\n");
	}
	put_image(t, t->report->index);
	TRY(make_rows(t, err));
	TRY(put_rows(t, err));
	put_counts(t);
	TRY(put_coverage(t, err));
	return hand_on(t, err);
}

static void table_fini(struct table *t)
{
	buf_fini(&t->buf);
	arena_fini(&t->arena);
}

static enum status table_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					 const struct report_out *out, struct err *err)
{
	struct table AUTO(table_fini) t = { .report = r,
					    .options = options,
					    .out = out,
					    .buf = BUF_INIT((size_t)1 << 26),
					    .arena = ARENA_INIT(SIZE_MAX) };

	return write_table(&t, err);
}

static enum status write_index(struct table *t, const struct index_report *r, struct err *err)
{
	size_t name = 4, version = 7;

	put_image(t, r);
	for (size_t i = 0; i < r->packages.len; i++) {
		name = MAX(name, MIN(r->packages.at[i].package.name.len, (size_t)CELL_MAX));
		version = MAX(version, MIN(r->packages.at[i].package.version.len, (size_t)CELL_MAX));
	}
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct index_package *p = &r->packages.at[i];
		struct slice n, v;

		arena_reset(&t->arena);
		if (!clean(t, p->package.name, &n) || !clean(t, p->package.version, &v))
			return err_nomem(err, "report");
		put_padded(t, slice_cstr(package_type_purl(p->package.type)), 6, false);
		put_padded(t, n, name, false);
		put_padded(t, v, version, false);
		put_clean(&t->buf, p->package.path);
		if (p->package.flags & PACKAGE_OWNED)
			buf_add_cstr(&t->buf, "  (owned by a system package)");
		buf_add_byte(&t->buf, '\n');
		TRY(hand_on(t, err));
	}
	for (size_t i = 0; i < r->diags.len; i++) {
		const struct layer_diag *d = &r->diags.at[i].diag;

		buf_printf(&t->buf, "%s: ", diag_severity_name(diag_severity(d->code)));
		put_clean(&t->buf, d->where);
		buf_add_cstr(&t->buf, d->where.len ? ": " : "");
		put_clean(&t->buf, d->text);
		buf_add_byte(&t->buf, '\n');
		TRY(hand_on(t, err));
	}
	return hand_on(t, err);
}

static enum status table_index(const struct index_report *r, const struct report_options *options,
			       const struct report_out *out, struct err *err)
{
	struct table AUTO(table_fini) t = {
		.options = options, .out = out, .buf = BUF_INIT((size_t)1 << 26), .arena = ARENA_INIT(SIZE_MAX)
	};

	return write_index(&t, r, err);
}

const struct report_format report_format_table = {
	.name = "table",
	.media_type = "text/plain",
	.vulnerabilities = table_vulnerabilities,
	.index = table_index,
};
