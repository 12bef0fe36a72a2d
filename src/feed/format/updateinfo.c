/* SPDX-License-Identifier: Apache-2.0 */
/*
 * updateinfo.c - advisories of RPM repositories (updateinfo.xml): Amazon Linux, Fedora.
 *
 *   <updates><update type="security"><id/><title/><issued date=""/><severity/><description/>
 *     <references><reference href="" id="CVE-..." type="cve"/></references>
 *     <pkglist><collection><module name="" stream=""/>
 *       <package name="" version="" release="" epoch="" arch=""><filename/></package></collection></pkglist></update>
 *
 * One advisory at a time is in memory. What becomes of it, and traps: docs/formats/updateinfo.md.
 */
#include "feed/feed.h"

#include "base/map.h"
#include "feed/oval_dpkg.h"
#include "text/xml.h"

#include <stdio.h>

#define PIECE ((size_t)1 << 20)
#define TEXT_MAX ((size_t)256 << 10)

/* Everything lies in the arena, which is reset for the next one. */
struct update {
	struct slice id, title, description, severity, module;
	int64_t issued_s, updated_s;
	bool is_security;
	VEC(struct slice) cves, links;
	VEC(struct affected) rows;
};

struct parser {
	const struct feed_document *doc;
	const struct advisory_sink *out;
	struct slice scope, topic; /* topic: of Amazon's extras, else "" */
	bool any_arch;		   /* the document names one architecture, for all */
	struct arena arena;
	struct buf text;
	struct map row_of;
	struct update update;
	bool in_update, is_updates;
	uint64_t updates;
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "updateinfo");
}

static struct slice attr(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

/* "2011-09-27 22:46", "2023-04-13 17:56:00" */
static int64_t date_of(struct slice text)
{
	char rfc[32];
	int64_t when;

	if (text.len >= 16 && text.ptr[10] == ' ') {
		snprintf(rfc, sizeof(rfc), "%.10sT%.5s:%.2sZ", (const char *)text.ptr, (const char *)text.ptr + 11,
			 text.len >= 19 ? (const char *)text.ptr + 17 : "00");
		text = slice_cstr(rfc);
	}
	return date_parse(text, &when) ? when : DATE_NONE;
}

static enum severity severity_of(struct slice word)
{
	enum severity s;

	return severity_by_word(SLICE_EMPTY, word, &s) ? s : SEVERITY_UNKNOWN;
}

/* ---- packages ---- */

/*
 * Extras are lines beside the core: "kernel-5.15" has the same package with a higher version. What is older than the
 * line is of another one: from the topic's number where the version begins with it, else from the version's first
 * number. A topic without a number ("docker") is the only line there is.
 */
static struct slice line_begins(struct slice topic, struct slice version)
{
	size_t at = topic.len, n = 0;
	struct slice number;

	while (at > 0 && (is_digit(topic.ptr[at - 1]) || topic.ptr[at - 1] == '.'))
		at--;
	number = slice_from(topic, at);
	if (number.len == 0)
		return SLICE_EMPTY;
	if (slice_starts(version, number) && (version.len == number.len || !is_digit(version.ptr[number.len])))
		return number;
	while (n < version.len && is_digit(version.ptr[n]))
		n++;
	return slice_take(version, n);
}

static bool with_epoch(struct arena *arena, struct slice epoch, struct slice version, struct slice *out)
{
	if (version.len == 0 || epoch.len == 0 || slice_eq(epoch, SLICE("0")))
		return arena_copy(arena, version, out);
	return arena_printf(arena, out, "%.*s:%.*s", SLICE_ARG(epoch), SLICE_ARG(version));
}

static enum status put_row(struct parser *p, const struct affected *row, struct slice arch, struct err *err)
{
	struct affected *at;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!arena_printf(&p->arena, &key, "%.*s\1%.*s\1%.*s", SLICE_ARG(row->package), SLICE_ARG(row->module),
			  SLICE_ARG(row->fixed_version)) ||
	    !(slot = map_slot(&p->row_of, key, &is_new)))
		return nomem(err);
	if (!is_new)
		return oval_join_arch(&p->arena, &p->update.rows.at[*slot].arch, arch) ? STATUS_OK : nomem(err);
	*slot = p->update.rows.len;
	at = VEC_PUSH(&p->update.rows, &p->arena);
	if (!at)
		return nomem(err);
	*at = *row;
	return arena_copy(&p->arena, arch, &at->arch) ? STATUS_OK : nomem(err);
}

static enum status package(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct slice name = attr(attrs, n, "name"), version = attr(attrs, n, "version"),
		     release = attr(attrs, n, "release"), epoch = attr(attrs, n, "epoch"),
		     arch = attr(attrs, n, "arch"), full;
	struct version_range *range = ARENA_NEW(&p->arena, struct version_range);
	struct affected row = { .scope = p->scope,
				.name_kind = AFFECTED_NAME_BINARY,
				.scheme = SCHEME_rpm,
				.module = p->update.module,
				.ranges = range,
				.n_ranges = 1 };

	if (!p->update.is_security || slice_eq(arch, SLICE("src")) || slice_eq(arch, SLICE("nosrc")))
		return STATUS_OK;
	if (name.len == 0 || version.len == 0 || release.len == 0) {
		diag_emit(p->out->diags, DIAG_FIELD, p->update.id, ERR_NO_OFFSET,
			  "a package has no name, no version or no release");
		return STATUS_OK;
	}
	if (!range || !arena_copy(&p->arena, name, &row.package) ||
	    !arena_printf(&p->arena, &full, "%.*s-%.*s", SLICE_ARG(version), SLICE_ARG(release)) ||
	    !with_epoch(&p->arena, epoch, full, &range->fixed) ||
	    !with_epoch(&p->arena, epoch, line_begins(p->topic, version), &range->introduced))
		return nomem(err);
	row.fixed_version = range->fixed;
	return put_row(p, &row, p->any_arch ? SLICE_EMPTY : arch, err);
}

/* ---- an advisory ---- */

static bool push(struct parser *p, void *vec, struct slice text)
{
	typedef VEC(struct slice) list;
	struct slice *at = VEC_PUSH((list *)vec, &p->arena);

	return at && arena_copy(&p->arena, text, at);
}

static enum status reference(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct slice id = attr(attrs, n, "id"), url = attr(attrs, n, "href");
	bool good = !slice_starts(id, SLICE("CVE-")) || push(p, &p->update.cves, id);

	if (good && url.len > 0)
		good = push(p, &p->update.links, url);
	return good ? STATUS_OK : nomem(err);
}

/* Fedora names CVEs in the titles of bugs alone. */
static enum status cves_of_title(struct parser *p, struct slice title, struct err *err)
{
	struct slice word;

	while (slice_word(&title, ' ', &word)) {
		size_t at = slice_find(word, SLICE("CVE-"));
		bool known = false;

		if (at == SIZE_MAX)
			continue;
		/* "(CVE-2024-24990)", "CVE-2024-24990:" */
		word = slice_from(word, at);
		for (at = 4; at < word.len && (is_digit(word.ptr[at]) || word.ptr[at] == '-');)
			at++;
		word = slice_take(word, at);
		for (size_t i = 0; i < p->update.cves.len; i++)
			known |= slice_eq(p->update.cves.at[i], word);
		if (!known && !push(p, &p->update.cves, word))
			return nomem(err);
	}
	return STATUS_OK;
}

static enum status end_update(struct parser *p, struct err *err)
{
	const struct update *u = &p->update;
	struct advisory a = { .id = u->id,
			      .related = u->cves.at,
			      .n_related = u->cves.len,
			      .summary = u->title,
			      .description = u->description,
			      .severity_text = u->severity,
			      .severity = severity_of(u->severity),
			      .links = u->links.at,
			      .n_links = u->links.len,
			      .issued_s = u->issued_s,
			      .modified_s = u->updated_s,
			      .withdrawn_s = DATE_NONE,
			      .affected = u->rows.at,
			      .n_affected = u->rows.len };
	struct err_quote q;
	char number[32];

	p->updates++;
	p->in_update = false;
	if (!u->is_security)
		return STATUS_OK;
	if (u->id.len == 0) {
		snprintf(number, sizeof(number), "update %llu", (unsigned long long)p->updates);
		diag_emit(p->out->diags, DIAG_RECORD, slice_cstr(number), ERR_NO_OFFSET, "the advisory has no id: %s",
			  err_slice(&q, u->title));
		return STATUS_OK;
	}
	/* Its packages are sources alone, or none is listed: nothing that an image could have. */
	if (u->rows.len == 0)
		return STATUS_OK;
	return p->out->emit(p->out->ctx, &a, err);
}

static void begin_update(struct parser *p, const struct xml_attr *attrs, size_t n)
{
	struct slice type = attr(attrs, n, "type");

	if (p->in_update)
		diag_emit(p->out->diags, DIAG_RECORD, p->update.id, ERR_NO_OFFSET,
			  "the advisory does not end before the next one begins");
	/* The keys lie in the arena. */
	map_fini(&p->row_of);
	p->row_of = (struct map)MAP_INIT;
	arena_reset(&p->arena);
	memset(&p->update, 0, sizeof(p->update));
	p->update.issued_s = p->update.updated_s = DATE_NONE;
	/* Bug fixes and enhancements are no vulnerabilities. */
	p->update.is_security = type.len == 0 || slice_eq(type, SLICE("security"));
	p->in_update = true;
}

static enum status module(struct parser *p, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct slice name = attr(attrs, n, "name"), stream = attr(attrs, n, "stream");

	if (name.len == 0 || stream.len == 0)
		return STATUS_OK;
	return arena_printf(&p->arena, &p->update.module, "%.*s:%.*s", SLICE_ARG(name), SLICE_ARG(stream)) ? STATUS_OK
													   : nomem(err);
}

/* ---- events ---- */

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct parser *p = ctx;

	buf_reset(&p->text);
	if (slice_eq(name, SLICE("update"))) {
		begin_update(p, attrs, n);
		return STATUS_OK;
	}
	if (!p->in_update) {
		p->is_updates |= slice_eq(name, SLICE("updates"));
		return STATUS_OK;
	}
	if (slice_eq(name, SLICE("package")))
		return package(p, attrs, n, err);
	if (slice_eq(name, SLICE("module")))
		return module(p, attrs, n, err);
	if (slice_eq(name, SLICE("collection")))
		p->update.module = SLICE_EMPTY;
	if (slice_eq(name, SLICE("reference"))) {
		TRY(reference(p, attrs, n, err));
		return cves_of_title(p, attr(attrs, n, "title"), err);
	}
	if (slice_eq(name, SLICE("issued")))
		p->update.issued_s = date_of(attr(attrs, n, "date"));
	if (slice_eq(name, SLICE("updated")))
		p->update.updated_s = date_of(attr(attrs, n, "date"));
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct parser *p = ctx;

	(void)err;
	/* A text that is too long is cut; only descriptions are that long. */
	if (p->in_update)
		buf_add(&p->text, slice_take(text, p->text.max - p->text.len));
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	static const struct {
		const char *element;
		size_t offset;
	} fields[] = { { "id", offsetof(struct update, id) },
		       { "title", offsetof(struct update, title) },
		       { "description", offsetof(struct update, description) },
		       { "severity", offsetof(struct update, severity) } };
	struct parser *p = ctx;
	struct slice text = slice_trim(buf_slice(&p->text)), value;

	if (!p->in_update)
		return STATUS_OK;
	if (slice_eq(name, SLICE("update")))
		return end_update(p, err);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!slice_eq(name, slice_cstr(fields[i].element)))
			continue;
		if (!arena_copy(&p->arena, text, &value))
			return nomem(err);
		memcpy((char *)&p->update + fields[i].offset, &value, sizeof(value));
	}
	buf_reset(&p->text);
	return STATUS_OK;
}

static enum status walk(struct parser *p, const struct limits *limits, struct err *err)
{
	struct xml_sink sink = { on_start, on_end, on_text, p };
	struct xml_parser *x = xml_parser_new(&sink, limits);
	enum status st = x ? STATUS_OK : nomem(err);

	for (size_t at = 0; st == STATUS_OK && at < p->doc->bytes.len; at += PIECE) {
		st = xml_parser_feed(x, slice_take(slice_from(p->doc->bytes, at), PIECE), err);
		if (st == STATUS_OK && p->doc->passed)
			p->doc->passed(p->doc->passed_ctx, 0, at);
	}
	if (st == STATUS_OK)
		st = xml_parser_end(x, err);
	xml_parser_free(x);
	if (st == STATUS_OK && !p->is_updates)
		st = err_set(err, STATUS_MALFORMED, "updateinfo: the root is no <updates>");
	return st;
}

/* param: the scope; also "amazon:2 extras kernel-5.15" with the topic, "fedora:41 all-architectures". */
static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .doc = doc,
			    .out = out,
			    .arena = ARENA_INIT((size_t)limits->record_bytes * 2),
			    .text = BUF_INIT(TEXT_MAX),
			    .row_of = MAP_INIT };
	struct slice rest, kind;
	enum status st;

	slice_cut(doc->param, ' ', &p.scope, &rest);
	p.any_arch = slice_eq(rest, SLICE("all-architectures"));
	if (slice_cut(rest, ' ', &kind, &rest) && slice_eq(kind, SLICE("extras")))
		p.topic = rest;
	if (p.scope.len == 0)
		return err_set(err, STATUS_INVALID, "updateinfo: the source does not say which distribution it is for");
	st = walk(&p, limits, err);
	map_fini(&p.row_of);
	arena_fini(&p.arena);
	buf_fini(&p.text);
	return st;
}

const struct feed_format feed_format_updateinfo = { .name = "updateinfo", .version = "1", .parse = parse };
