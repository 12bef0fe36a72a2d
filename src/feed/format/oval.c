/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oval.c - OVAL definitions over tests of packages (oval.mitre.org, schema 5): Azure Linux, CBL-Mariner, Photon OS,
 * Oracle Linux, SUSE, Ubuntu.
 *
 *   <definition><metadata><title/><reference ref_id="CVE-..."/><severity/></metadata>
 *     <criteria><criterion test_ref="tst:1"/></criteria></definition>
 *   <rpminfo_test id="tst:1"><object object_ref="obj:1"/><state state_ref="ste:1"/></rpminfo_test>
 *   <rpminfo_object id="obj:1"><name>cpio</name></rpminfo_object>
 *   <rpminfo_state id="ste:1"><evr operation="less than">0:2.13-4.cm2</evr></rpminfo_state>
 *
 * Definitions come before what they refer to: first everything but the definitions is read into tables of tests,
 * objects and states, then the definitions one at a time. Traps: docs/formats/oval.md.
 */
#include "feed/feed.h"

#include "base/map.h"
#include "feed/oval_criteria.h"
#include "feed/oval_dpkg.h"
#include "feed/oval_tables.h"
#include "text/xml.h"

#define PIECE ((size_t)1 << 20)
#define TEXT_MAX ((size_t)256 << 10)

/* The definition being read; everything lies in the arena, which is reset for the next one. */
struct definition {
	struct slice title, description, severity, advisory_id;
	int64_t issued_s;
	bool is_inventory; /* says what is installed, not what is affected */
	VEC(struct slice) cves, others, links, cvss;
	VEC(struct affected) rows;
	struct oval_criteria criteria;
};

/* What the criterions of a document are about. */
enum about {
	ABOUT_SOURCE,	/* RPM packages of one release, by their source's name */
	ABOUT_BINARY,	/* the same, by their own */
	ABOUT_DPKG,	/* Ubuntu's source packages, named in comments */
	ABOUT_PRODUCTS, /* RPM packages of the products that the criteria name */
};

struct parser {
	const struct feed_document *doc;
	const struct advisory_sink *out;
	struct slice scope;
	enum about about;
	struct map row_of; /* rows of the definition, by what they say */
	struct oval_tables tables;
	struct arena arena;
	struct buf text;
	struct definition def;
	bool in_definition, is_oval;
	uint64_t definitions;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "OVAL");
}

static struct slice attr(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

static enum severity severity_of(struct slice word)
{
	enum severity s;

	return severity_by_word(SLICE_EMPTY, word, &s) ? s : SEVERITY_UNKNOWN;
}

static bool push(struct parser *p, void *vec, struct slice text)
{
	typedef VEC(struct slice) list;
	struct slice *at = VEC_PUSH((list *)vec, &p->arena);

	return at && arena_copy(&p->arena, text, at);
}

/* For messages: its title or, without one, its number. */
static struct slice name_of(struct parser *p, uint64_t number)
{
	struct slice name = p->def.title;

	if (name.len == 0 && !arena_printf(&p->arena, &name, "definition %llu", (unsigned long long)number))
		return SLICE_EMPTY;
	return name;
}

/* Rows that differ in their architecture alone are one; definitions repeat rows. */
static enum status put_row(struct parser *p, const struct affected *row, struct err *err)
{
	const struct version_range none = { .fixed = SLICE_EMPTY }, *r = row->n_ranges ? row->ranges : &none;
	struct affected *at;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(&p->arena, &key, "%.*s\1%.*s\1%.*s\1%.*s\1%.*s\1%d", SLICE_ARG(row->scope),
			  SLICE_ARG(row->package), SLICE_ARG(row->module), SLICE_ARG(r->fixed),
			  SLICE_ARG(r->last_affected), (int)row->fix_state * 8 + (int)row->status) ||
	    !(slot = map_slot(&p->row_of, key, &is_new)))
		return nomem(err);
	if (is_new) {
		*slot = p->def.rows.len;
		at = VEC_PUSH(&p->def.rows, &p->arena);
		if (!at)
			return nomem(err);
		*at = *row;
		return STATUS_OK;
	}
	at = &p->def.rows.at[*slot];
	return oval_join_arch(&p->arena, &at->arch, row->arch) ? STATUS_OK : nomem(err);
}

/* A test of a version makes a range; a package that is only said to be affected has none. */
static bool put_range(struct parser *p, const struct oval_test *t, struct affected *row)
{
	struct version_range *range = ARENA_NEW(&p->arena, struct version_range);

	if (!range)
		return false;
	if (t->op == OVAL_LESS)
		range->fixed = t->evr;
	else
		range->last_affected = t->evr; /* "less than or equal": no fixed version is known yet */
	row->ranges = range;
	row->n_ranges = 1;
	row->fixed_version = range->fixed;
	return true;
}

static enum status rpm_rows(struct parser *p, const struct oval_test *t, const struct oval_criterion *c,
			    struct err *err)
{
	struct oval_context around = oval_criteria_context(&p->def.criteria, c->node);
	struct affected row = { .scope = p->scope,
				.package = t->name,
				.name_kind = p->about == ABOUT_SOURCE ? AFFECTED_NAME_SOURCE : AFFECTED_NAME_BINARY,
				.scheme = SCHEME_rpm,
				.module = around.module,
				.arch = t->arch.len > 0 ? t->arch : around.arch };
	bool compares = t->evr.len > 0 && t->op != OVAL_OTHER;

	if (t->name.len == 0 || (!compares && !slice_ends(c->comment, SLICE(" is affected"))))
		return STATUS_OK;
	if (compares && !put_range(p, t, &row))
		return nomem(err);
	if (!compares)
		row.fix_state = FIX_AFFECTED;
	if (p->about != ABOUT_PRODUCTS)
		return put_row(p, &row, err);
	for (size_t i = 0; i < around.n_scopes; i++) {
		row.scope = around.scopes[i];
		TRY(put_row(p, &row, err));
	}
	return STATUS_OK;
}

static enum status dpkg_row(struct parser *p, const struct oval_test *t, const struct oval_criterion *c,
			    struct err *err)
{
	struct affected row = { .scope = p->scope, .scheme = SCHEME_dpkg };
	struct oval_test test = *t;

	if (!oval_dpkg_words(c->comment, &row))
		return STATUS_OK;
	if (slice_starts(test.evr, SLICE("0:")))
		test.evr = slice_from(test.evr, 2);
	if (test.evr.len > 0 && test.op != OVAL_OTHER && !put_range(p, &test, &row))
		return nomem(err);
	if (slice_has(row.fixed_version, SLICE("~esm")) || slice_has(row.fixed_version, SLICE("+esm")))
		row.fix_state = FIX_PRO;
	return put_row(p, &row, err);
}

static enum status make_rows(struct parser *p, struct err *err)
{
	for (size_t i = 0; i < p->def.criteria.criterions.len; i++) {
		const struct oval_criterion *c = &p->def.criteria.criterions.at[i];
		struct oval_test t;
		struct err_quote q;

		/* SUSE says it of thousands. */
		if (p->about == ABOUT_PRODUCTS && slice_ends(c->comment, SLICE(" is not affected")))
			continue;
		if (!oval_tables_test(&p->tables, c->test, &t))
			diag_emit(p->out->diags, DIAG_RECORD, name_of(p, p->definitions + 1), ERR_NO_OFFSET,
				  "the test %s is not in the document", err_slice(&q, c->test));
		else if (p->about == ABOUT_DPKG)
			TRY(dpkg_row(p, &t, c, err));
		else
			TRY(rpm_rows(p, &t, c, err));
	}
	return STATUS_OK;
}

/* Conditions are told by their comments, which only some documents need. */
static enum status add_criterion(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	bool words = p->about == ABOUT_DPKG || p->about == ABOUT_PRODUCTS;
	struct slice test = attr(attrs, n, "test_ref");
	struct oval_test t;
	bool compares = !words || (oval_tables_test(&p->tables, test, &t) && t.evr.len > 0 && t.op != OVAL_OTHER);

	return oval_criteria_add(&p->def.criteria, test, words ? attr(attrs, n, "comment") : SLICE_EMPTY, compares)
		       ? STATUS_OK
		       : nomem(err);
}

static enum status emit(struct parser *p, struct slice id, const struct slice *related, size_t n, struct err *err)
{
	bool one_flaw = p->def.cves.len == 1;
	struct advisory a = { .id = id,
			      .related = related,
			      .n_related = n,
			      .cvss = p->def.cvss.at,
			      .n_cvss = one_flaw ? p->def.cvss.len : 0,
			      .summary = p->def.title,
			      .description = p->def.description,
			      .severity_text = p->def.severity,
			      .severity = severity_of(p->def.severity),
			      .links = p->def.links.at,
			      .n_links = p->def.links.len,
			      .issued_s = p->def.issued_s,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = p->def.rows.at,
			      .n_affected = p->def.rows.len };

	return p->out->emit(p->out->ctx, &a, err);
}

/*
 * "PHSA-2020:00001 sqlite Security Update. (Important)", "ELSA-2007-0057:  Moderate: bind security update (MODERATE)":
 * errata have their id at the head of the title.
 */
static struct slice errata_id(struct slice title)
{
	struct slice word;

	slice_cut(title, ' ', &word, NULL);
	if (slice_ends(word, SLICE(":")))
		word.len--;
	return slice_starts(word, SLICE("PHSA-")) || slice_starts(word, SLICE("ELSA-")) ? word : SLICE_EMPTY;
}

static enum status end_definition(struct parser *p, struct err *err)
{
	struct definition *d = &p->def;
	struct slice erratum = errata_id(d->title);

	if (!d->is_inventory)
		TRY(make_rows(p, err));
	map_fini(&p->row_of);
	p->row_of = (struct map)MAP_INIT;
	p->definitions++;
	if (d->is_inventory)
		return STATUS_OK;
	/* Where the criteria name the products, other products than ours are usual. */
	if (d->rows.len == 0 && (p->about == ABOUT_PRODUCTS || p->about == ABOUT_DPKG))
		return STATUS_OK;
	if (d->rows.len == 0) {
		diag_emit(p->out->diags, DIAG_FIELD, name_of(p, p->definitions), ERR_NO_OFFSET,
			  "the definition compares no version");
		return STATUS_OK;
	}
	if (erratum.len > 0)
		return emit(p, erratum, d->cves.at, d->cves.len, err);
	for (size_t i = 0; i < d->cves.len; i++)
		TRY(emit(p, d->cves.at[i], d->others.at, p->about == ABOUT_PRODUCTS ? d->others.len : 0, err));
	if (d->cves.len == 0 && d->others.len > 0)
		return emit(p, d->others.at[0], NULL, 0, err);
	if (d->cves.len == 0)
		diag_emit(p->out->diags, DIAG_RECORD, name_of(p, p->definitions), ERR_NO_OFFSET,
			  "a definition has no reference");
	return STATUS_OK;
}

static enum status reference(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct slice id = attr(attrs, n, "ref_id"), url = attr(attrs, n, "ref_url"), cve;
	size_t at = slice_find(id, SLICE("CVE-"));
	bool good, known = false;

	/* Photon writes "CVE:00001:CVE-2019-16168", SUSE "Mitre CVE-2010-2322" and the same again. */
	cve = at == SIZE_MAX ? SLICE_EMPTY : slice_from(id, at);
	for (size_t i = 0; i < p->def.cves.len; i++)
		known |= slice_eq(p->def.cves.at[i], cve);
	good = known || (cve.len > 0 ? push(p, &p->def.cves, cve) : id.len == 0 || push(p, &p->def.others, id));
	if (good && url.len > 0)
		good = push(p, &p->def.links, url);
	return good ? STATUS_OK : nomem(err);
}

/* cvss_vector="CVSS:3.1/AV:N/..." or cvss3="5.9/CVSS:3.1/AV:N/...", cvss2="7.8/AV:N/..." */
static enum status vectors(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct slice vector = attrs[i].value, score;

		if (slice_eq(attrs[i].name, SLICE("cvss2")) || slice_eq(attrs[i].name, SLICE("cvss3")) ||
		    slice_eq(attrs[i].name, SLICE("cvss4")))
			slice_cut(vector, '/', &score, &vector);
		else if (!slice_eq(attrs[i].name, SLICE("cvss_vector")))
			continue;
		/* SUSE gives NVD's as well, after its own. */
		if (vector.len > 0 && p->def.cvss.len == 0 && !push(p, &p->def.cvss, vector))
			return nomem(err);
	}
	return STATUS_OK;
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct parser *p = ctx;

	buf_reset(&p->text);
	if (slice_eq(name, SLICE("definition"))) {
		arena_reset(&p->arena);
		memset(&p->def, 0, sizeof(p->def));
		p->def.issued_s = DATE_NONE;
		oval_criteria_begin(&p->def.criteria, &p->arena);
		p->def.is_inventory = slice_eq(attr(attrs, n, "class"), SLICE("inventory"));
		p->in_definition = true;
		return STATUS_OK;
	}
	if (!p->in_definition) {
		p->is_oval |= slice_eq(name, SLICE("oval_definitions"));
		return STATUS_OK;
	}
	if (slice_eq(name, SLICE("reference")))
		return reference(p, attrs, n, err);
	if (slice_eq(name, SLICE("criteria")))
		return oval_criteria_open(&p->def.criteria, attr(attrs, n, "operator")) ? STATUS_OK : nomem(err);
	if (slice_eq(name, SLICE("criterion")))
		return add_criterion(p, attrs, n, err);
	if (slice_eq(name, SLICE("cve")))
		return vectors(p, attrs, n, err);
	if (slice_eq(name, SLICE("issued")))
		date_parse(attr(attrs, n, "date"), &p->def.issued_s);
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct parser *p = ctx;

	(void)err;
	/* A text that is too long is cut; only descriptions are that long. */
	if (p->in_definition)
		buf_add(&p->text, slice_take(text, p->text.max - p->text.len));
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	static const struct {
		const char *element;
		size_t offset;
	} fields[] = { { "title", offsetof(struct definition, title) },
		       { "description", offsetof(struct definition, description) },
		       { "severity", offsetof(struct definition, severity) },
		       { "advisory_id", offsetof(struct definition, advisory_id) } };
	struct parser *p = ctx;
	struct slice text = slice_trim(buf_slice(&p->text));

	if (!p->in_definition)
		return STATUS_OK;
	if (slice_eq(name, SLICE("definition"))) {
		p->in_definition = false;
		return end_definition(p, err);
	}
	if (slice_eq(name, SLICE("criteria")))
		oval_criteria_close(&p->def.criteria);
	if (slice_eq(name, SLICE("ref")) && slice_starts(text, SLICE("http")) && !push(p, &p->def.links, text))
		return nomem(err);
	if (slice_eq(name, SLICE("advisory_date")))
		date_parse(text, &p->def.issued_s);
	/* "2023-12-18 15:00:00 UTC" */
	if (slice_eq(name, SLICE("public_date")))
		date_parse(slice_take(text, 10), &p->def.issued_s);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		struct slice value;

		if (!slice_eq(name, slice_cstr(fields[i].element)))
			continue;
		if (!arena_copy(&p->arena, text, &value))
			return nomem(err);
		memcpy((char *)&p->def + fields[i].offset, &value, sizeof(value));
	}
	buf_reset(&p->text);
	return STATUS_OK;
}

/* Feed the bytes from..to; the holder of the document may let go what is behind. */
static enum status feed(const struct feed_document *doc, struct xml_parser *x, size_t from, size_t to, struct err *err)
{
	for (size_t at = from; at < to; at += PIECE) {
		TRY(xml_parser_feed(x, slice_take(slice_from(doc->bytes, at), MIN(PIECE, to - at)), err));
		if (doc->passed)
			doc->passed(doc->passed_ctx, 0, at);
	}
	return STATUS_OK;
}

static enum status walk_all(const struct feed_document *doc, const struct xml_sink *sink, const struct limits *limits,
			    struct err *err)
{
	struct xml_parser *x = xml_parser_new(sink, limits);
	enum status st = x ? feed(doc, x, 0, doc->bytes.len, err) : nomem(err);

	if (st == STATUS_OK)
		st = xml_parser_end(x, err);
	xml_parser_free(x);
	return st;
}

/* ---- each byte once ---- */

/* Where the element "definitions" begins and ends; false if that cannot be told without parsing. */
static bool find_definitions(const struct feed_document *doc, size_t *begin, size_t *end)
{
	struct slice open = SLICE("<definitions>"), close = SLICE("</definitions>");
	size_t at = slice_find(slice_take(doc->bytes, PIECE), open);

	if (at == SIZE_MAX)
		return false;
	*begin = at;
	for (at += open.len; at < doc->bytes.len; at += PIECE) {
		size_t found = slice_find(slice_take(slice_from(doc->bytes, at), PIECE + close.len - 1), close);

		if (found != SIZE_MAX) {
			*end = at + found + close.len;
			return true;
		}
		if (doc->passed)
			doc->passed(doc->passed_ctx, 0, at);
	}
	return false;
}

/*
 * The document with an empty element in place of the definitions. If the cut was wrong - a comment that looks like a
 * tag - the empty element is not seen below the root, or what is left is not well-formed.
 */
static enum status walk_tables(struct parser *p, const struct limits *limits, size_t begin, size_t end, struct err *err)
{
	struct xml_sink sink = oval_tables_sink(&p->tables);
	struct xml_parser *x = xml_parser_new(&sink, limits);
	enum status st = x ? feed(p->doc, x, 0, begin, err) : nomem(err);

	if (st == STATUS_OK)
		st = xml_parser_feed(x, SLICE("<definitions/>"), err);
	if (st == STATUS_OK)
		st = feed(p->doc, x, end, p->doc->bytes.len, err);
	if (st == STATUS_OK)
		st = xml_parser_end(x, err);
	xml_parser_free(x);
	if (st == STATUS_OK && p->tables.definitions_seen != 1)
		st = err_set(err, STATUS_MALFORMED, "OVAL: the definitions could not be told apart");
	return st;
}

/* Up to the end of the definitions; a little more, since the parser looks ahead. */
static enum status walk_definitions(struct parser *p, const struct limits *limits, size_t end, struct err *err)
{
	struct xml_sink sink = { on_start, on_end, on_text, p };
	struct xml_parser *x = xml_parser_new(&sink, limits);
	enum status st = x ? feed(p->doc, x, 0, MIN(end + PIECE, p->doc->bytes.len), err) : nomem(err);

	xml_parser_free(x);
	return st;
}

static enum status parse_twice(struct parser *p, const struct limits *limits, struct err *err)
{
	struct xml_sink tables = oval_tables_sink(&p->tables);
	struct xml_sink definitions = { on_start, on_end, on_text, p };
	struct err why = ERR_INIT;
	size_t begin, end;

	if (find_definitions(p->doc, &begin, &end) && walk_tables(p, limits, begin, end, &why) == STATUS_OK) {
		TRY(walk_definitions(p, limits, end, err));
	} else {
		/* Everything twice. This is also how a broken document gets the right place in its error. */
		oval_tables_fini(&p->tables);
		p->tables = (struct oval_tables)OVAL_TABLES_INIT;
		TRY(walk_all(p->doc, &tables, limits, err));
		TRY(walk_all(p->doc, &definitions, limits, err));
	}
	if (!p->is_oval)
		return err_set(err, STATUS_MALFORMED, "OVAL: the root is no <oval_definitions>");
	return STATUS_OK;
}

/* "mariner:2.0 source", "photon:3.0 binary", "ubuntu:22.04 dpkg"; "criteria": the scopes stand in the document. */
static bool read_param(struct parser *p)
{
	struct slice kind;

	slice_cut(p->doc->param, ' ', &p->scope, &kind);
	p->about = slice_eq(kind, SLICE("source")) ? ABOUT_SOURCE
		   : slice_eq(kind, SLICE("dpkg")) ? ABOUT_DPKG
						   : ABOUT_BINARY;
	if (slice_eq(p->scope, SLICE("criteria")))
		p->about = ABOUT_PRODUCTS;
	return p->scope.len > 0;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc,
			    .out = out,
			    .arena = ARENA_INIT((size_t)limits->record_bytes * 2),
			    .text = BUF_INIT(TEXT_MAX),
			    .row_of = MAP_INIT,
			    .tables = OVAL_TABLES_INIT };
	enum status st;

	if (!read_param(&p))
		return err_set(err, STATUS_INVALID, "OVAL: the source does not say which distribution it is for");
	st = parse_twice(&p, limits, err);
	oval_tables_fini(&p.tables);
	map_fini(&p.row_of);
	arena_fini(&p.arena);
	buf_fini(&p.text);
	return st;
}

const struct feed_format feed_format_oval = { .name = "oval", .version = "4", .parse = parse };
