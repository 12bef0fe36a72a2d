/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nodejs.c - flaws of Node.js itself, as its security working group lists them.
 *
 *   {"101": {"cve": ["CVE-2022-35255"], "vulnerable": "16.x || 18.x", "patched": "^16.17.1 || ^18.9.1",
 *     "ref": "https://nodejs.org/...", "description": "...", "overview": "...", "affectedEnvironments": ["all"],
 *     "severity": "medium"}}
 *
 * Affected is what "vulnerable" holds and "patched" does not. An entry becomes one advisory for each of its CVEs.
 * Traps: docs/formats/nodejs.md.
 */
#include "feed/feed.h"

#include "text/json.h"
#include "version/npm_range.h"

#define SUMMARY_BYTES 200

struct parser {
	const struct advisory_sink *out;
	struct slice scope;
	struct arena arena; /* of one entry */
};

static void bad(struct parser *p, struct slice entry, const char *what)
{
	diag_emit(p->out->diags, DIAG_RECORD, entry, ERR_NO_OFFSET, "%s", what);
}

/* Its words for systems are those of Node.js, ours are those of images. */
static struct slice os_of(struct slice word)
{
	static const struct {
		const char *word, *os;
	} others[] = { { "win32", "windows" }, { "sunos", "solaris" } };

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (slice_eq(word, slice_cstr(others[i].word)))
			return slice_cstr(others[i].os);
	return word;
}

/* "windows|linux"; "" where all are affected, or nothing can be read. */
static enum status read_platforms(struct parser *p, yyjson_val *entry, struct slice *out, struct err *err)
{
	yyjson_val *list = json_get(entry, "affectedEnvironments"), *one;
	struct slice joined = SLICE_EMPTY;
	size_t i, n;

	*out = SLICE_EMPTY;
	yyjson_arr_foreach(list, i, n, one)
	{
		struct slice word = json_str(one);

		if (word.len == 0 || slice_eq(word, SLICE("all")))
			return STATUS_OK;
		word = os_of(word);
		if (!arena_printf(&p->arena, &joined, "%.*s%s%.*s", SLICE_ARG(joined), joined.len > 0 ? "|" : "",
				  SLICE_ARG(word)))
			return err_nomem(err, "nodejs");
	}
	*out = joined;
	return STATUS_OK;
}

/* Fills ranges and fixed version; STATUS_MALFORMED: a range is none. */
static enum status read_ranges(struct parser *p, yyjson_val *entry, struct affected *row, struct err *err)
{
	struct slice vulnerable = json_get_str(entry, "vulnerable"), patched = json_get_str(entry, "patched");
	struct npm_interval *intervals;
	struct version_range *ranges;
	size_t n;

	/* To npm an empty range is every version: here it is a field that nobody filled. */
	if (slice_trim(vulnerable).len == 0)
		return err_set(err, STATUS_MALFORMED, "it does not say what is vulnerable");
	TRY(npm_range_intervals(vulnerable, slice_trim(patched).len > 0 ? &patched : NULL, &p->arena, &intervals, &n,
				err));
	ranges = arena_array(&p->arena, n + 1, sizeof(*ranges));
	if (!ranges)
		return err_nomem(err, "nodejs");
	for (size_t i = 0; i < n; i++) {
		struct slice fixed = intervals[i].to;

		ranges[i].introduced = intervals[i].from;
		/* A line that ends without a fix ends before the first pre-release of the next, which nobody makes. */
		if (slice_has(fixed, SLICE("-"))) {
			ranges[i].last_affected = fixed;
			continue;
		}
		ranges[i].fixed = fixed;
		if (fixed.len == 0)
			continue;
		if (!arena_printf(&p->arena, &row->fixed_version, "%.*s%s%.*s", SLICE_ARG(row->fixed_version),
				  row->fixed_version.len > 0 ? "|" : "", SLICE_ARG(fixed)))
			return err_nomem(err, "nodejs");
	}
	row->ranges = ranges;
	row->n_ranges = n;
	return STATUS_OK;
}

/* "3.0/AV:N/..." as older entries have it. */
static bool read_cvss(struct parser *p, yyjson_val *entry, struct slice *out)
{
	struct slice text = json_get_str(entry, "cvss");

	*out = text;
	return text.len == 0 || !is_digit(text.ptr[0]) || arena_printf(&p->arena, out, "CVSS:%.*s", SLICE_ARG(text));
}

/* What it is called in one line: older entries have no other words than the long ones. */
static struct slice summary_of(yyjson_val *entry)
{
	struct slice line = json_get_str(entry, "description");

	if (line.len == 0)
		line = json_get_str(entry, "overview");
	line = slice_trim(slice_take(line, slice_find_byte(line, '\n')));
	return line.len <= SUMMARY_BYTES ? line : SLICE_EMPTY;
}

static enum status emit(struct parser *p, struct slice key, yyjson_val *entry, const struct affected *row,
			struct err *err)
{
	yyjson_val *cves = json_get(entry, "cve"), *one;
	struct slice number, cvss, link = json_get_str(entry, "ref");
	struct advisory a = { .related = &number,
			      .summary = summary_of(entry),
			      .description = slice_trim(json_get_str(entry, "overview")),
			      .severity_text = json_get_str(entry, "severity"),
			      .cvss = &cvss,
			      .links = &link,
			      .n_links = link.len > 0,
			      .issued_s = DATE_NONE,
			      .modified_s = DATE_NONE,
			      .withdrawn_s = DATE_NONE,
			      .affected = row,
			      .n_affected = 1 };
	size_t i, n, emitted = 0;

	if (yyjson_is_str(cves)) {
		bad(p, key, "the ids of the entry are no list");
		a.id = json_str(cves);
	}
	if (!severity_by_name(a.severity_text, &a.severity))
		a.severity = SEVERITY_UNKNOWN;
	if (!date_parse(json_get_str(entry, "publish_date"), &a.issued_s))
		a.issued_s = DATE_NONE;
	if (!read_cvss(p, entry, &cvss) || !arena_printf(&p->arena, &number, "NSWG-COR-%.*s", SLICE_ARG(key)))
		return err_nomem(err, "nodejs");
	a.n_cvss = cvss.len > 0;
	a.n_related = 1;
	yyjson_arr_foreach(cves, i, n, one)
	{
		a.id = slice_trim(json_str(one));
		if (a.id.len == 0) {
			bad(p, key, "an id of the entry is no text");
			continue;
		}
		TRY(p->out->emit(p->out->ctx, &a, err));
		emitted++;
	}
	if (emitted > 0)
		return STATUS_OK;
	if (a.id.len == 0) {
		a.id = number;
		a.n_related = 0;
	}
	return p->out->emit(p->out->ctx, &a, err);
}

static enum status read_entry(struct parser *p, struct slice key, yyjson_val *entry, struct err *err)
{
	struct affected row = { .scope = p->scope,
				.package = SLICE("node"),
				.name_kind = AFFECTED_NAME_ANY,
				.status = AFFECTED_YES,
				.scheme = SCHEME_semver };
	struct err why = ERR_INIT;
	enum status st;

	arena_reset(&p->arena);
	if (!yyjson_is_obj(entry)) {
		bad(p, key, "an entry is no object");
		return STATUS_OK;
	}
	st = read_ranges(p, entry, &row, &why);
	if (st == STATUS_MALFORMED) {
		bad(p, key, why.msg);
		return STATUS_OK;
	}
	if (st != STATUS_OK) {
		*err = why;
		return st;
	}
	TRY(read_platforms(p, entry, &row.platforms, err));
	return row.n_ranges > 0 ? emit(p, key, entry, &row, err) : STATUS_OK;
}

static enum status read_document(struct parser *p, yyjson_val *root, struct err *err)
{
	yyjson_val *key, *entry;
	size_t i, n;

	if (!yyjson_is_obj(root))
		return err_set(err, STATUS_MALFORMED, "nodejs: expected an object of entries by their number, found %s",
			       yyjson_get_type_desc(root));
	yyjson_obj_foreach(root, i, n, key, entry) TRY(read_entry(p, json_str(key), entry, err));
	return STATUS_OK;
}

static enum status parse(const struct feed_document *doc, const struct limits *limits, const struct advisory_sink *out,
			 struct err *err)
{
	struct parser p = { .out = out,
			    .scope = doc->param.len > 0 ? doc->param : SLICE("nodejs"),
			    .arena = ARENA_INIT((size_t)limits->field_bytes * 8) };
	struct json_doc json;
	enum status st;

	TRY(feed_json(doc, "nodejs", limits, &json, err));
	st = read_document(&p, json.root, err);
	json_doc_free(&json);
	arena_fini(&p.arena);
	return st;
}

const struct feed_format feed_format_nodejs = { .name = "nodejs", .version = "1", .parse = parse };
