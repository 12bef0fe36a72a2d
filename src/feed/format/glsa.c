/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glsa.c - advisories of Gentoo (GLSA), an XML document each, alone or in a packed tar.
 *
 *   <glsa id="202305-28"><title/><synopsis/><product type="ebuild"/><announced/><revised count="1"/>
 *     <affected><package name="dev-java/snakeyaml" auto="yes" arch="*">
 *       <unaffected range="ge" slot="0">1.33</unaffected><vulnerable range="lt">1.33</vulnerable></package></affected>
 *     <impact type="low"/><references><uri link="...">CVE-2017-18640</uri></references></glsa>
 *
 * One document at a time is in memory. What becomes of it, and traps: docs/formats/glsa.md.
 */
#include "feed/archive.h"
#include "feed/glsa_ranges.h"
#include "text/xml.h"

#include <stdio.h>

#define TEXT_MAX ((size_t)64 << 10)
#define PAGE "https://security.gentoo.org/glsa/"

struct gentoo_package {
	struct slice name;
	struct slice arch; /* joined by '|'; "" = any */
	glsa_bound_list bounds;
};

struct parser {
	const struct advisory_sink *out;
	const struct limits *limits;
	struct slice scope;
	struct arena arena; /* of one document */
	struct buf text;    /* of one element */
	size_t documents;
	/* of one document */
	struct slice where, id, title, synopsis, type, announced, revised, impact, uri;
	VEC(struct slice) cves, links;
	VEC(struct gentoo_package) packages;
	struct glsa_bound bound; /* of the element that is open */
	struct slice bound_word;
	bool is_glsa, in_references;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "GLSA");
}

static void told(struct parser *p, enum diag_code code, const char *what, struct slice text)
{
	struct err_quote q;

	diag_emit(p->out->diags, code, p->id.len > 0 ? p->id : p->where, ERR_NO_OFFSET, "%s: %s", what,
		  err_slice(&q, text));
}

static struct slice attr(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

/* Lines and indents of the document are blanks. */
static bool keep_text(struct arena *arena, struct slice s, struct slice *out)
{
	uint8_t *to = arena_alloc(arena, s.len + 1);
	size_t n = 0;

	if (!to)
		return false;
	s = slice_trim(s);
	for (size_t i = 0; i < s.len; i++) {
		bool blank = is_space(s.ptr[i]);

		if (blank && n > 0 && to[n - 1] == ' ')
			continue;
		to[n++] = blank ? ' ' : s.ptr[i];
	}
	*out = slice_make(to, n);
	return true;
}

/* ---- dates and words ---- */

/* "2023-05-21", "2004-05-28: 02", "May 22, 2006", "May 22, 2006: 02" */
static int64_t date_of(struct slice s)
{
	static const char months[] = "January   February  March     April     May       June      "
				     "July      August    September October   November  December  ";
	struct slice month, day, year;
	char iso[16];
	int64_t when;

	slice_cut(s, ':', &s, NULL);
	s = slice_trim(s);
	if (date_parse(s, &when))
		return when;
	if (!slice_cut(s, ' ', &month, &day) || !slice_cut(day, ',', &day, &year))
		return DATE_NONE;
	day = slice_trim(day);
	year = slice_trim(year);
	for (unsigned m = 0; m < 12; m++) {
		struct slice name = slice_trim(slice_make(months + m * 10u, 10));

		if (!slice_eq(month, name) || year.len != 4 || day.len == 0 || day.len > 2)
			continue;
		snprintf(iso, sizeof(iso), "%.4s-%02u-%s%.*s", (const char *)year.ptr, m + 1, day.len == 1 ? "0" : "",
			 (int)day.len, (const char *)day.ptr);
		return date_parse(slice_cstr(iso), &when) ? when : DATE_NONE;
	}
	return DATE_NONE;
}

static enum severity severity_of(struct slice word)
{
	enum severity s;

	return severity_by_word(SLICE("gentoo"), word, &s) ? s : SEVERITY_UNKNOWN;
}

/* ---- references ---- */

/* "CVE-2017-18640" in a text; "CAN-2004-0001", as they were called once, is the same. "" if there is none. */
static struct slice cve_in(struct slice s)
{
	size_t at = slice_find(s, SLICE("CVE-")), n = 4;

	if (at == SIZE_MAX)
		at = slice_find(s, SLICE("CAN-"));
	if (at == SIZE_MAX)
		return SLICE_EMPTY;
	s = slice_from(s, at);
	while (n < s.len && (is_digit(s.ptr[n]) || (n == 8 && s.ptr[n] == '-')))
		n++;
	return n >= 13 && s.ptr[8] == '-' ? slice_take(s, n) : SLICE_EMPTY;
}

static enum status reference(struct parser *p, struct slice text, struct err *err)
{
	struct slice cve = cve_in(text), kept;

	if (cve.len == 0)
		cve = cve_in(p->uri);
	if (cve.len == 0)
		return STATUS_OK;
	if (!arena_printf(&p->arena, &kept, "CVE-%.*s", SLICE_ARG(slice_from(cve, 4))))
		return nomem(err);
	for (size_t i = 0; i < p->cves.len; i++)
		if (slice_eq(p->cves.at[i], kept))
			return STATUS_OK;
	if (!VEC_PUSH(&p->cves, &p->arena))
		return nomem(err);
	p->cves.at[p->cves.len - 1] = kept;
	return STATUS_OK;
}

static enum status add_link(struct parser *p, struct slice url, struct err *err)
{
	struct slice *at;

	for (size_t i = 0; i < p->links.len; i++)
		if (slice_eq(p->links.at[i], url))
			return STATUS_OK;
	at = VEC_PUSH(&p->links, &p->arena);
	return at && arena_copy(&p->arena, url, at) ? STATUS_OK : nomem(err);
}

/* ---- packages ---- */

/* "*", "x86 amd64": Gentoo's own words for architectures. */
static bool read_arch(struct parser *p, struct slice text, struct slice *out)
{
	struct slice word;

	*out = SLICE_EMPTY;
	while (slice_word(&text, ' ', &word)) {
		if (slice_eq(word, SLICE("*"))) {
			*out = SLICE_EMPTY;
			return true;
		}
		if (word.len > 0 && !arena_printf(&p->arena, out, "%.*s%s%.*s", SLICE_ARG(*out),
						  out->len > 0 ? "|" : "", SLICE_ARG(word)))
			return false;
	}
	return true;
}

static enum status begin_package(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct gentoo_package *g = VEC_PUSH(&p->packages, &p->arena);

	if (!g || !arena_copy(&p->arena, slice_trim(attr(attrs, n, "name")), &g->name) ||
	    !read_arch(p, attr(attrs, n, "arch"), &g->arch))
		return nomem(err);
	return STATUS_OK;
}

static enum status begin_bound(struct parser *p, const struct xml_attr *attrs, size_t n, bool unaffected,
			       struct err *err)
{
	struct slice slot = slice_trim(attr(attrs, n, "slot"));

	p->bound = (struct glsa_bound){ .unaffected = unaffected };
	slice_cut(slot, '/', &slot, NULL);
	if (slice_eq(slot, SLICE("*")))
		slot = SLICE_EMPTY;
	return arena_copy(&p->arena, slot, &p->bound.slot) &&
			       arena_copy(&p->arena, attr(attrs, n, "range"), &p->bound_word) ?
		       STATUS_OK :
		       nomem(err);
}

static enum status end_bound(struct parser *p, struct slice text, struct err *err)
{
	struct glsa_bound *at;
	struct slice version;
	const char *why;

	if (p->packages.len == 0)
		return STATUS_OK;
	if (!arena_copy(&p->arena, text, &version))
		return nomem(err);
	if (!glsa_bound_read(p->bound_word, version, &p->bound, &why)) {
		struct err_quote a, b;

		diag_emit(p->out->diags, DIAG_FIELD, p->id, ERR_NO_OFFSET, "a bound cannot be read, %s: %s %s", why,
			  err_slice(&a, p->bound_word), err_slice(&b, version));
		return STATUS_OK;
	}
	at = VEC_PUSH(&p->packages.at[p->packages.len - 1].bounds, &p->arena);
	if (!at)
		return nomem(err);
	*at = p->bound;
	return STATUS_OK;
}

/* ---- rows ---- */

typedef VEC(struct affected) row_list;

static bool names(struct slice list, struct slice item)
{
	struct slice part;

	while (slice_word(&list, '|', &part))
		if (slice_eq(part, item))
			return true;
	return false;
}

/* The unaffected versions that one can go to, for people. */
static bool put_fixes(struct parser *p, const struct gentoo_package *g, struct slice slot, struct slice *out)
{
	*out = SLICE_EMPTY;
	for (size_t i = 0; i < g->bounds.len; i++) {
		const struct glsa_bound *b = &g->bounds.at[i];

		if (!b->unaffected || (b->op != GLSA_GE && b->op != GLSA_RGE && b->op != GLSA_EQ) ||
		    (b->slot.len > 0 && !slice_eq(b->slot, slot)) || names(*out, b->version))
			continue;
		if (!arena_printf(&p->arena, out, "%.*s%s%.*s", SLICE_ARG(*out), out->len > 0 ? "|" : "",
				  SLICE_ARG(b->version)))
			return false;
	}
	return true;
}

static enum status put_row(struct parser *p, const struct gentoo_package *g, struct slice slot, struct slice module,
			   row_list *rows, struct err *err)
{
	struct affected row = { .scope = p->scope,
				.package = g->name,
				.name_kind = AFFECTED_NAME_ANY,
				.scheme = SCHEME_portage,
				.module = module,
				.arch = g->arch };
	struct affected *at;

	if (!glsa_ranges(&g->bounds, slot, &p->arena, &row.ranges, &row.n_ranges) ||
	    !put_fixes(p, g, slot, &row.fixed_version))
		return nomem(err);
	if (row.n_ranges == 0)
		return STATUS_OK;
	at = VEC_PUSH(rows, &p->arena);
	if (!at)
		return nomem(err);
	*at = row;
	return STATUS_OK;
}

/* A row for each slot that is named, and one for all others. */
static enum status put_package(struct parser *p, const struct gentoo_package *g, row_list *rows, struct err *err)
{
	struct slice slots = SLICE_EMPTY, rest, slot, others = SLICE_EMPTY;

	if (g->name.len == 0 || !slice_has(g->name, SLICE("/"))) {
		told(p, DIAG_FIELD, "a package has no category and name", g->name);
		return STATUS_OK;
	}
	for (size_t i = 0; i < g->bounds.len; i++)
		if (g->bounds.at[i].slot.len > 0 && !names(slots, g->bounds.at[i].slot) &&
		    !arena_printf(&p->arena, &slots, "%.*s%s%.*s", SLICE_ARG(slots), slots.len > 0 ? "|" : "",
				  SLICE_ARG(g->bounds.at[i].slot)))
			return nomem(err);
	for (rest = slots; slice_word(&rest, '|', &slot);)
		TRY(put_row(p, g, slot, slot, rows, err));
	if (slots.len > 0 && !arena_printf(&p->arena, &others, "!%.*s", SLICE_ARG(slots)))
		return nomem(err);
	return put_row(p, g, SLICE_EMPTY, others, rows, err);
}

static enum status emit(struct parser *p, struct err *err)
{
	struct advisory a = { .summary = p->title,
			      .description = p->synopsis,
			      .severity_text = p->impact,
			      .severity = severity_of(p->impact),
			      .related = p->cves.at,
			      .n_related = p->cves.len,
			      .issued_s = date_of(p->announced),
			      .modified_s = date_of(p->revised),
			      .withdrawn_s = DATE_NONE };
	row_list rows = { NULL, 0, 0 };

	p->documents++;
	if (p->id.len == 0) {
		told(p, DIAG_RECORD, "the advisory has no id", p->title);
		return STATUS_OK;
	}
	/* Of Gentoo's own machines. */
	if (p->type.len > 0 && !slice_eq(p->type, SLICE("ebuild")))
		return STATUS_OK;
	for (size_t i = 0; i < p->packages.len; i++)
		TRY(put_package(p, &p->packages.at[i], &rows, err));
	if (rows.len == 0)
		return STATUS_OK;
	a.links = p->links.at;
	a.n_links = p->links.len;
	a.affected = rows.at;
	a.n_affected = rows.len;
	if (!arena_printf(&p->arena, &a.id, "GLSA-%.*s", SLICE_ARG(p->id)))
		return nomem(err);
	return p->out->emit(p->out->ctx, &a, err);
}

/* ---- events ---- */

static enum status begin_glsa(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct slice page;

	p->is_glsa = true;
	if (!arena_copy(&p->arena, slice_trim(attr(attrs, n, "id")), &p->id) ||
	    !arena_printf(&p->arena, &page, PAGE "%.*s", SLICE_ARG(p->id)))
		return nomem(err);
	return add_link(p, page, err);
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct parser *p = ctx;

	buf_reset(&p->text);
	if (!p->is_glsa)
		return slice_eq(name, SLICE("glsa")) ?
			       begin_glsa(p, attrs, n, err) :
			       err_set(err, STATUS_MALFORMED, "GLSA: the root is no <glsa>");
	if (slice_eq(name, SLICE("package")))
		return begin_package(p, attrs, n, err);
	if (slice_eq(name, SLICE("vulnerable")) || slice_eq(name, SLICE("unaffected")))
		return begin_bound(p, attrs, n, slice_eq(name, SLICE("unaffected")), err);
	if (slice_eq(name, SLICE("references")))
		p->in_references = true;
	if (slice_eq(name, SLICE("uri")) && p->in_references) {
		if (!arena_copy(&p->arena, slice_trim(attr(attrs, n, "link")), &p->uri))
			return nomem(err);
		return p->uri.len > 0 ? add_link(p, p->uri, err) : STATUS_OK;
	}
	if (slice_eq(name, SLICE("product")) && !arena_copy(&p->arena, attr(attrs, n, "type"), &p->type))
		return nomem(err);
	if (slice_eq(name, SLICE("impact")) && !arena_copy(&p->arena, attr(attrs, n, "type"), &p->impact))
		return nomem(err);
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct parser *p = ctx;

	(void)err;
	/* A text that is too long is cut; only descriptions, which nobody reads here, are that long. */
	buf_add(&p->text, slice_take(text, p->text.max - p->text.len));
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct parser *p = ctx;
	struct slice text = slice_trim(buf_slice(&p->text));
	struct slice *field = slice_eq(name, SLICE("title"))	 ? &p->title
			      : slice_eq(name, SLICE("synopsis"))  ? &p->synopsis
			      : slice_eq(name, SLICE("announced")) ? &p->announced
			      : slice_eq(name, SLICE("revised"))   ? &p->revised
								   : NULL;
	enum status st = STATUS_OK;

	if (field && !keep_text(&p->arena, text, field))
		return nomem(err);
	if (slice_eq(name, SLICE("vulnerable")) || slice_eq(name, SLICE("unaffected")))
		st = end_bound(p, text, err);
	else if (slice_eq(name, SLICE("uri")) && p->in_references)
		st = reference(p, text, err);
	else if (slice_eq(name, SLICE("references")))
		p->in_references = false;
	buf_reset(&p->text);
	return st;
}

/* ---- documents ---- */

static void reset(struct parser *p, struct slice where)
{
	arena_reset(&p->arena);
	buf_reset(&p->text);
	p->where = where;
	p->id = p->title = p->synopsis = p->type = p->announced = p->revised = p->impact = SLICE_EMPTY;
	memset(&p->cves, 0, sizeof(p->cves));
	memset(&p->links, 0, sizeof(p->links));
	memset(&p->packages, 0, sizeof(p->packages));
	p->is_glsa = p->in_references = false;
}

static enum status walk(struct parser *p, struct slice bytes, struct err *err)
{
	struct xml_sink sink = { on_start, on_end, on_text, p };
	struct xml_parser *x = xml_parser_new(&sink, p->limits);
	enum status st = x ? xml_parser_feed(x, bytes, err) : nomem(err);

	if (st == STATUS_OK)
		st = xml_parser_end(x, err);
	xml_parser_free(x);
	return st;
}

static bool is_advisory(struct slice path)
{
	struct slice name = path;

	slice_rcut(path, '/', NULL, &name);
	return slice_starts(name, SLICE("glsa-")) && slice_ends(name, SLICE(".xml"));
}

static enum status on_document(void *ctx, struct slice path, struct slice bytes, struct err *err)
{
	struct parser *p = ctx;
	struct err why = ERR_INIT;
	enum status st;

	reset(p, path);
	st = walk(p, bytes, &why);
	if (st == STATUS_NOMEM)
		return nomem(err);
	/* One that is broken costs nothing but itself. */
	if (st != STATUS_OK) {
		diag_emit(p->out->diags, DIAG_RECORD, path, ERR_NO_OFFSET, "%s", why.msg);
		return STATUS_OK;
	}
	return emit(p, err);
}

static enum status read_archive(struct parser *p, struct slice bytes, struct err *err)
{
	struct archive_reader reader = { .limits = p->limits,
					 .diags = p->out->diags,
					 .what = "GLSA: it is neither an advisory nor an archive of them",
					 .wants = is_advisory,
					 .document = on_document,
					 .ctx = p };

	TRY(archive_each(&reader, bytes, err));
	return p->documents > 0 ? STATUS_OK
				: err_set(err, STATUS_MALFORMED, "GLSA: there is no advisory in the archive");
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .out = out,
			    .limits = limits,
			    .scope = doc->param.len > 0 ? doc->param : SLICE("gentoo"),
			    .arena = ARENA_INIT((size_t)limits->record_bytes * 4),
			    .text = BUF_INIT(TEXT_MAX) };
	struct slice start = slice_trim(slice_take(doc->bytes, 64));
	enum status st;

	if (start.len > 0 && start.ptr[0] == '<') {
		reset(&p, doc->url);
		st = walk(&p, doc->bytes, err);
		if (st == STATUS_OK)
			st = emit(&p, err);
	} else {
		st = read_archive(&p, doc->bytes, err);
	}
	arena_fini(&p.arena);
	buf_fini(&p.text);
	return st;
}

const struct feed_format feed_format_glsa = {
	.name = "glsa",
	.version = "1",
	.reads_packed = true,
	.parse = parse,
};
