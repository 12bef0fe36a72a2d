/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - one line per package and flaw (RFC 4180), for spreadsheets and scripts; what was not looked up has lines of
 * its own.
 *
 * A spreadsheet takes a field that begins with = + - @, tab or carriage return as a formula: such a field gets an
 * apostrophe before it (OWASP, CSV injection).
 */
#include "report/screen.h"
#include "report/subject.h"
#include "text/terminal.h"

#include <stdio.h>

struct csv {
	struct screen screen;
	const struct vulnerability_report *report;
	struct arena arena; /* of one line */
	bool begun;	    /* something stands in this line */
};

/* Control characters but new lines, and bytes that are no UTF-8, become '?'. */
static void field(struct csv *c, struct slice text)
{
	struct buf *b = &c->screen.buf;
	bool quoted = false;

	if (c->begun)
		buf_add_byte(b, ',');
	c->begun = true;
	for (size_t i = 0; i < text.len && !quoted; i++)
		quoted = strchr(",\"\r\n", text.ptr[i]) != NULL || text.ptr[i] == ' ';
	if (quoted)
		buf_add_byte(b, '"');
	if (text.len > 0 && strchr("=+-@\t\r", text.ptr[0]))
		buf_add_byte(b, '\'');
	while (text.len > 0) {
		size_t at = 0;
		struct slice plain;

		while (at < text.len && text.ptr[at] != '"' && text.ptr[at] != '\n')
			at++;
		plain = slice_take(text, at);
		terminal_put(b, plain);
		text = slice_from(text, at);
		if (text.len > 0) {
			buf_add_cstr(b, text.ptr[0] == '"' ? "\"\"" : "\n");
			text = slice_from(text, 1);
		}
	}
	if (quoted)
		buf_add_byte(b, '"');
}

static void end_line(struct csv *c)
{
	buf_add_cstr(&c->screen.buf, "\r\n");
	c->begun = false;
	arena_reset(&c->arena);
}

static void head(struct csv *c, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		field(c, slice_cstr(names[i]));
	end_line(c);
}

static void number(struct csv *c, size_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", n);
	field(c, slice_cstr(text));
}

static void add_word(void *ctx, struct slice word)
{
	struct buf *b = ctx;

	if (b->len > 0)
		buf_add_byte(b, ' ');
	buf_add(b, word);
}

static void put_layer(struct csv *c, const struct index_report *r, size_t package)
{
	const struct index_layer *l = subject_layer(r, package);
	struct digest_text digest = { "" };

	if (l)
		number(c, r->packages.at[package].layer + 1);
	else
		field(c, SLICE_EMPTY);
	field(c, slice_cstr(l ? digest_print(&digest, subject_layer_digest(l)) : ""));
}

#define ENRICHMENT_COLUMNS 4

static void put_fraction(struct csv *c, struct slice text)
{
	char number[32];
	double value = enrichment_fraction(text);

	snprintf(number, sizeof(number), "%.5f", value);
	field(c, slice_cstr(value < 0 ? "" : number));
}

/* The score of version 3, else of 4; EPSS; the day since which it is known to be exploited. */
static void put_enrichments(struct csv *c, const struct hit *h)
{
	const struct enrichment *epss = unit_line_epss(&h->line), *kev = unit_line_kev(&h->line);
	struct slice vector;
	char text[16] = "";
	double score;

	if (hit_cvss(h, "CVSS:3.", &vector, &score) || hit_cvss(h, "CVSS:4.", &vector, &score))
		snprintf(text, sizeof(text), "%.1f", score);
	field(c, slice_cstr(text));
	put_fraction(c, epss ? epss->epss->probability : SLICE_EMPTY);
	put_fraction(c, epss ? epss->epss->percentile : SLICE_EMPTY);
	field(c, !kev ? SLICE_EMPTY : kev->kev->added.len > 0 ? kev->kev->added : SLICE("yes"));
}

static enum status put_hit(struct csv *c, const struct hit *h, struct err *err)
{
	const struct index_report *r = c->report->index;
	const struct package *p = &r->packages.at[h->package].package;
	const struct finding *f = h->line.findings[0];
	struct buf AUTO(buf_fini) aliases = BUF_INIT((size_t)1 << 20);
	struct slice purl;

	TRY(subject_purl(r, h->package, &c->arena, &purl, err));
	hit_each_alias(h, add_word, &aliases);
	TRY(buf_check(&aliases, "report", err));
	field(c, SLICE("vulnerability"));
	field(c, subject_image(r));
	field(c, slice_cstr(severity_name(h->line.severity)));
	field(c, h->line.id);
	field(c, buf_slice(&aliases));
	field(c, slice_cstr(package_type_purl(p->type)));
	field(c, p->name);
	field(c, p->version);
	field(c, h->line.fix);
	field(c, p->path);
	put_layer(c, r, h->package);
	field(c, purl);
	field(c, f->source);
	field(c, hit_url(h));
	field(c, hit_title(h));
	put_enrichments(c, h);
	end_line(c);
	return screen_flush(&c->screen, err);
}

/* In the same columns: the code stands where an id would, the detail where a title would. */
static enum status put_gap(struct csv *c, const struct coverage_item *item, struct err *err)
{
	static const struct slice empty = SLICE_INIT("");

	if (!coverage_is_gap(item->code))
		return STATUS_OK;
	field(c, SLICE("not-looked-up"));
	field(c, subject_image(c->report->index));
	field(c, empty);
	field(c, slice_cstr(coverage_name(item->code)));
	field(c, empty);
	field(c, empty);
	field(c, item->scope);
	for (size_t i = 0; i < 8; i++)
		field(c, empty);
	field(c, item->detail);
	for (size_t i = 0; i < ENRICHMENT_COLUMNS; i++)
		field(c, empty);
	end_line(c);
	return screen_flush(&c->screen, err);
}

static enum status write_csv(struct csv *c, struct err *err)
{
	static const char *const names[] = {
		"kind",	   "image",    "severity", "id",    "aliases",	       "type", "package",
		"version", "fixed_in", "path",	   "layer", "layer_digest",    "purl", "source",
		"url",	   "title",    "cvss",	   "epss",  "epss_percentile", "kev"
	};
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct hit *hits;
	size_t n;

	TRY(hits_make(c->report, &arena, &hits, &n, err));
	head(c, names, ARRAY_LEN(names));
	for (size_t i = 0; i < n; i++)
		TRY(put_hit(c, &hits[i], err));
	for (size_t i = 0; i < c->report->coverage.len; i++)
		TRY(put_gap(c, &c->report->coverage.at[i], err));
	return screen_end(&c->screen, err);
}

static void csv_fini(struct csv *c)
{
	screen_fini(&c->screen);
	arena_fini(&c->arena);
}

static enum status csv_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
				       const struct report_out *out, struct err *err)
{
	struct csv AUTO(csv_fini) c = { .report = r, .arena = ARENA_INIT(SIZE_MAX) };

	(void)options;
	screen_init(&c.screen, out);
	return write_csv(&c, err);
}

static enum status write_index(struct csv *c, const struct index_report *r, struct err *err)
{
	static const char *const names[] = { "image", "type",  "package",      "version", "arch",
					     "path",  "layer", "layer_digest", "purl" };
	struct slice purl;

	head(c, names, ARRAY_LEN(names));
	for (size_t i = 0; i < r->packages.len; i++) {
		const struct package *p = &r->packages.at[i].package;

		TRY(subject_purl(r, i, &c->arena, &purl, err));
		field(c, subject_image(r));
		field(c, slice_cstr(package_type_purl(p->type)));
		field(c, p->name);
		field(c, p->version);
		field(c, p->arch);
		field(c, p->path);
		put_layer(c, r, i);
		field(c, purl);
		end_line(c);
		TRY(screen_flush(&c->screen, err));
	}
	return screen_end(&c->screen, err);
}

static enum status csv_index(const struct index_report *r, const struct report_options *options,
			     const struct report_out *out, struct err *err)
{
	struct csv AUTO(csv_fini) c = { .arena = ARENA_INIT(SIZE_MAX) };

	(void)options;
	screen_init(&c.screen, out);
	return write_index(&c, r, err);
}

const struct report_format report_format_csv = {
	.name = "csv",
	.media_type = "text/csv",
	.join = { "", "", "" },
	.vulnerabilities = csv_vulnerabilities,
	.index = csv_index,
};
