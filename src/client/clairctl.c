/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl.c - reports of clairctl: aligned lines, and test suites. */
#include "client/clairctl.h"

#include "text/terminal.h"

#include <stdlib.h>

#define CELLS 6

/* ---- packages of a report, by their ids as texts: the order in which Go's templates see a map ---- */

struct entry {
	struct slice id;
	yyjson_val *value;
};

static int by_id(const void *a, const void *b)
{
	return slice_cmp(((const struct entry *)a)->id, ((const struct entry *)b)->id);
}

static enum status list(yyjson_val *object, struct arena *arena, struct entry **out, size_t *out_n, struct err *err)
{
	size_t n = yyjson_obj_size(object), i = 0;
	yyjson_obj_iter members = yyjson_obj_iter_with(object);
	yyjson_val *key;

	*out = arena_array(arena, n + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "a report");
	while (i < n && (key = yyjson_obj_iter_next(&members)))
		(*out)[i++] = (struct entry){ json_str(key), yyjson_obj_iter_get_val(key) };
	if (i > 1)
		qsort(*out, i, sizeof(**out), by_id);
	*out_n = i;
	return STATUS_OK;
}

static yyjson_val *member(yyjson_val *object, struct slice key)
{
	return key.len ? yyjson_obj_getn(object, (const char *)key.ptr, key.len) : NULL;
}

/* ---- lines ---- */

/* A cell that is followed by another one is as wide as its column; the last one of a line counts for none. */
struct line {
	struct slice cells[CELLS];
	size_t n;
};

struct lines {
	VEC(struct line) all;
	struct arena arena;
};

static size_t runes(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static bool add_cell(struct lines *l, struct line *line, struct slice text)
{
	struct buf AUTO(buf_fini) clean = BUF_INIT(SIZE_MAX / 2);

	terminal_put(&clean, text);
	return clean.failed == STATUS_OK && arena_copy(&l->arena, buf_slice(&clean), &line->cells[line->n++]);
}

/* A column reaches over lines that follow each other and have it. */
static void put_lines(const struct lines *l, struct buf *out)
{
	size_t until[CELLS] = { 0 }, width[CELLS] = { 0 };

	for (size_t i = 0; i < l->all.len; i++) {
		const struct line *line = &l->all.at[i];

		for (size_t c = 0; c < line->n; c++) {
			size_t have = runes(line->cells[c]);

			buf_add(out, line->cells[c]);
			if (c + 1 == line->n)
				continue;
			if (until[c] <= i) {
				width[c] = 0;
				for (until[c] = i; until[c] < l->all.len && l->all.at[until[c]].n > c + 1; until[c]++)
					width[c] = MAX(width[c], runes(l->all.at[until[c]].cells[c]));
			}
			for (; have <= width[c]; have++)
				buf_add_byte(out, ' ');
		}
		buf_add_byte(out, '\n');
	}
}

static enum status add_line(struct lines *l, const struct slice *cells, size_t n, struct err *err)
{
	struct line line = { .n = 0 }, *slot;

	for (size_t i = 0; i < n; i++)
		if (!add_cell(l, &line, cells[i]))
			return err_nomem(err, "a report");
	slot = VEC_PUSH(&l->all, &l->arena);
	if (!slot)
		return err_nomem(err, "a report");
	*slot = line;
	return STATUS_OK;
}

static enum status add_found(struct lines *l, struct slice name, yyjson_val *package, yyjson_val *v, struct err *err)
{
	struct slice fix = json_get_str(v, "fixed_in_version");
	struct slice cells[CELLS] = { name,
				      SLICE("found"),
				      json_get_str(package, "name"),
				      json_get_str(package, "version"),
				      json_get_str(v, "name"),
				      SLICE_EMPTY };

	if (fix.len > 0 && !arena_printf(&l->arena, &cells[5], "(fixed: %.*s)", SLICE_ARG(fix)))
		return err_nomem(err, "a report");
	return add_line(l, cells, fix.len > 0 ? 6 : 5, err);
}

static enum status add_report(struct lines *l, struct slice name, yyjson_val *root, struct err *err)
{
	yyjson_val *packages = json_get(root, "packages"), *vulnerabilities = json_get(root, "vulnerabilities");
	struct entry *hits;
	size_t n;

	TRY(list(json_get(root, "package_vulnerabilities"), &l->arena, &hits, &n, err));
	for (size_t i = 0; i < n; i++) {
		yyjson_arr_iter ids = yyjson_arr_iter_with(hits[i].value);
		yyjson_val *id;

		while ((id = yyjson_arr_iter_next(&ids)))
			TRY(add_found(l, name, member(packages, hits[i].id), member(vulnerabilities, json_str(id)),
				      err));
	}
	return l->all.len > 0 ? STATUS_OK : add_line(l, (struct slice[]){ name, SLICE("ok") }, 2, err);
}

static enum status add_result(struct lines *l, const struct clairctl_result *r, struct err *err)
{
	struct slice name = path_base(r->name);
	struct json_doc doc;
	enum status st;

	if (r->report.len == 0)
		return add_line(l, (struct slice[]){ name, SLICE("error"), r->error }, 3, err);
	TRY(json_parse(r->report, &limits_default, &doc, err));
	st = add_report(l, name, doc.root, err);
	json_doc_free(&doc);
	return st;
}

enum status clairctl_text(const struct clairctl_result *r, struct buf *out, struct err *err)
{
	struct lines l = { .arena = ARENA_INIT(SIZE_MAX) };
	enum status st = add_result(&l, r, err);

	if (st == STATUS_OK)
		put_lines(&l, out);
	arena_fini(&l.arena);
	return st == STATUS_OK ? buf_check(out, "a report", err) : st;
}

/* ---- test suites ---- */

/* As Go's encoding/xml: quotes and white space are numbers, what XML cannot have is U+FFFD. */
static void put_xml(struct buf *out, struct slice s)
{
	while (s.len > 0) {
		size_t n = utf8_sequence(s);
		uint8_t c = s.ptr[0];

		if (c == '&')
			buf_add_cstr(out, "&amp;");
		else if (c == '<')
			buf_add_cstr(out, "&lt;");
		else if (c == '>')
			buf_add_cstr(out, "&gt;");
		else if (c == '"' || c == '\'')
			buf_add_cstr(out, c == '"' ? "&#34;" : "&#39;");
		else if (c == '\t' || c == '\n' || c == '\r')
			buf_add_cstr(out, c == '\t' ? "&#x9;" : c == '\n' ? "&#xA;" : "&#xD;");
		else if (n == 0 || c < 0x20)
			buf_add_cstr(out, "\xef\xbf\xbd");
		else
			buf_add(out, slice_take(s, n));
		s = slice_from(s, n ? n : 1);
	}
}

static void put_element(struct buf *out, const char *name, struct slice text)
{
	buf_printf(out, "<%s>", name);
	put_xml(out, text);
	buf_printf(out, "</%s>", name);
}

static void begin_suite(const struct clairctl_result *r, size_t tests, size_t errors, size_t failures, struct buf *out)
{
	buf_add_cstr(out, "<testsuite name=\"");
	put_xml(out, r->name);
	buf_printf(out,
		   "\" tests=\"%zu\" errors=\"%zu\" failures=\"%zu\"><properties><property name=\"manifest\" value=\"",
		   tests, errors, failures);
	put_xml(out, r->digest);
	buf_add_cstr(out, "\"></property></properties>");
}

static enum status put_case(yyjson_val *root, const struct entry *package, struct buf *out, struct err *err)
{
	yyjson_val *ids = member(json_get(root, "package_vulnerabilities"), package->id), *id;
	struct buf AUTO(buf_fini) text = BUF_INIT(SIZE_MAX / 2);
	yyjson_arr_iter each = yyjson_arr_iter_with(ids);

	buf_add_cstr(out, "<testcase name=\"");
	put_xml(out, json_get_str(package->value, "name"));
	buf_add_byte(out, ' ');
	put_xml(out, json_get_str(package->value, "version"));
	buf_add_cstr(out, "\">");
	if (ids) {
		buf_add_cstr(&text, "Found the following vulnerabilities:");
		while ((id = yyjson_arr_iter_next(&each))) {
			buf_add_cstr(&text, "\n\t");
			buf_add(&text, json_get_str(member(json_get(root, "vulnerabilities"), json_str(id)), "name"));
		}
		TRY(buf_check(&text, "a report", err));
		put_element(out, "failure", buf_slice(&text));
	}
	buf_add_cstr(out, "</testcase>");
	return STATUS_OK;
}

static enum status put_suite(const struct clairctl_result *r, yyjson_val *root, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	yyjson_val *hits = json_get(root, "package_vulnerabilities");
	struct entry *packages;
	size_t n, failures = 0;

	TRY(list(json_get(root, "packages"), &arena, &packages, &n, err));
	for (size_t i = 0; i < n; i++)
		failures += member(hits, packages[i].id) != NULL;
	begin_suite(r, n, 0, failures, out);
	for (size_t i = 0; i < n; i++)
		TRY(put_case(root, &packages[i], out, err));
	buf_add_cstr(out, "</testsuite>");
	return STATUS_OK;
}

enum status clairctl_testsuite(const struct clairctl_result *r, struct buf *out, struct err *err)
{
	struct json_doc doc;
	enum status st;

	if (r->report.len == 0) {
		begin_suite(r, 1, 1, 0, out);
		buf_add_cstr(out, "<testcase name=\"\">");
		put_element(out, "error", r->error);
		buf_add_cstr(out, "</testcase></testsuite>");
		return buf_check(out, "a report", err);
	}
	TRY(json_parse(r->report, &limits_default, &doc, err));
	st = put_suite(r, doc.root, out, err);
	json_doc_free(&doc);
	return st == STATUS_OK ? buf_check(out, "a report", err) : st;
}
