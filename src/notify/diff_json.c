/* SPDX-License-Identifier: Apache-2.0 */
/* diff_json.c - from the text of an update_diff to changes: added and removed of one key belong together. */
#include "notify/upstream_remote.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdlib.h>

#define BATCH 200u
#define TEXT_MAX ((size_t)16 << 20)
#define DEPTH 6u

/* One vulnerability of the document. */
struct item {
	struct slice name; /* id of the advisory */
	yyjson_val *v;
	bool after;
	struct notify_row row;
};

struct parser {
	const struct limits *limits;
	struct arena arena;
	struct item *items; /* in the arena */
	size_t n;
	struct notify_change batch[BATCH];
	size_t n_batch;
	enum severity least;
	const struct notify_changes_sink *sink;
};

/* As it is, html-escaped; what is nested deeper than Clair's documents is left out. */
static void put_value(struct json_writer *w, yyjson_val *v, unsigned depth)
{
	yyjson_val *key, *value;
	size_t i, n;

	if (depth == 0)
		json_null(w);
	else if (yyjson_is_str(v))
		json_string(w, json_str(v));
	else if (yyjson_is_bool(v))
		json_bool(w, yyjson_get_bool(v));
	else if (yyjson_is_sint(v))
		json_i64(w, yyjson_get_sint(v));
	else if (yyjson_is_uint(v))
		json_u64(w, yyjson_get_uint(v));
	else if (yyjson_is_real(v))
		json_double(w, yyjson_get_real(v));
	else if (yyjson_is_arr(v)) {
		json_array(w);
		yyjson_arr_foreach(v, i, n, value) put_value(w, value, depth - 1);
		json_close(w);
	} else if (yyjson_is_obj(v)) {
		json_object(w);
		yyjson_obj_foreach(v, i, n, key, value)
		{
			json_key_slice(w, json_str(key));
			put_value(w, value, depth - 1);
		}
		json_close(w);
	} else {
		json_null(w);
	}
}

static void put_object(struct json_writer *w, const char *key, yyjson_val *v)
{
	if (!yyjson_is_obj(v))
		return;
	json_key(w, key);
	put_value(w, v, DEPTH);
}

static void put_summary(struct json_writer *w, yyjson_val *v, enum severity severity)
{
	json_object(w);
	json_member_str(w, "name", json_get_str(v, "name"));
	json_member_str(w, "description", json_get_str(v, "description"));
	put_object(w, "package", json_get(v, "package"));
	put_object(w, "distribution", json_get(v, "distribution"));
	put_object(w, "repo", json_get(v, "repository"));
	json_member_cstr(w, "severity", severity_name(severity));
	json_member_str(w, "fixed_in_version", json_get_str(v, "fixed_in_version"));
	json_member_str(w, "links", json_get_str(v, "links"));
	json_close(w);
}

static enum status keep_text(struct parser *p, struct buf *text, struct json_writer *w, struct slice *out,
			     struct err *err)
{
	TRY(json_writer_end(w, err));
	TRY(buf_check(text, "a vulnerability", err));
	return arena_copy(&p->arena, buf_slice(text), out) ? STATUS_OK : err_nomem(err, "a difference");
}

static enum status read_item(struct parser *p, yyjson_val *v, bool after, struct item *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(TEXT_MAX), list = BUF_INIT(TEXT_MAX);
	judge_question_list questions = { 0 };
	struct json_writer w;

	if (!yyjson_is_obj(v))
		return err_set(err, STATUS_MALFORMED, "a vulnerability is no object");
	json_writer_init(&w, &text, 0);
	put_value(&w, v, DEPTH);
	TRY(keep_text(p, &text, &w, &out->row.raw, err));
	buf_add_cstr(&list, "{\"vulnerabilities\":[");
	buf_add(&list, out->row.raw);
	buf_add_cstr(&list, "]}");
	TRY(buf_check(&list, "a vulnerability", err));
	TRY(judge_parse(buf_slice(&list), p->limits, &p->arena, &questions, err));
	out->row.q = questions.at[0];
	out->v = v;
	out->name = json_get_str(v, "name");
	out->after = after;
	return STATUS_OK;
}

static enum status read_items(struct parser *p, yyjson_val *list, bool after, struct err *err)
{
	yyjson_val *v;
	size_t i, n;

	yyjson_arr_foreach(list, i, n, v)
	{
		TRY(read_item(p, v, after, &p->items[p->n], err));
		/* What cannot be judged concerns nobody that could be named. */
		if (p->items[p->n].row.q.refused.len == 0)
			p->n++;
	}
	return STATUS_OK;
}

/* ---- by key ---- */

static int by_key(const struct item *a, const struct item *b)
{
	int c = slice_cmp(a->row.q.scope, b->row.q.scope);

	if (c == 0)
		c = slice_cmp(a->row.q.name, b->row.q.name);
	return c != 0 ? c : slice_cmp(a->name, b->name);
}

static int order(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	int c = by_key(a, b);

	return c != 0 ? c : (int)a->after - (int)b->after;
}

static enum status flush(struct parser *p, struct err *err)
{
	if (p->n_batch > 0)
		TRY(p->sink->changes(p->sink->ctx, p->batch, p->n_batch, err));
	p->n_batch = 0;
	return STATUS_OK;
}

static enum status make_side(struct parser *p, const struct item *items, size_t n, struct notify_side *out,
			     struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(TEXT_MAX);
	struct notify_row *rows = arena_array(&p->arena, n + 1, sizeof(*rows));
	struct json_writer w;

	if (!rows)
		return err_nomem(err, "a difference");
	*out = (struct notify_side){ .rows = rows, .n = n };
	for (size_t i = 0; i < n; i++) {
		rows[i] = items[i].row;
		out->severity = MAX(out->severity, items[i].row.q.severity);
	}
	if (n == 0)
		return STATUS_OK;
	json_writer_init(&w, &text, 0);
	w.html_escape = true;
	put_summary(&w, items[0].v, items[0].row.q.severity);
	return keep_text(p, &text, &w, &out->summary, err);
}

static enum status make_changes(struct parser *p, struct err *err)
{
	if (p->n > 1)
		qsort(p->items, p->n, sizeof(*p->items), order);
	for (size_t i = 0, end, half; i < p->n; i = end) {
		struct notify_change *c = &p->batch[p->n_batch];

		for (end = i; end < p->n && by_key(&p->items[i], &p->items[end]) == 0; end++)
			continue;
		for (half = i; half < end && !p->items[half].after; half++)
			continue;
		*c = (struct notify_change){ .package = p->items[i].row.q.name,
					     .scope = p->items[i].row.q.scope,
					     .id = p->items[i].name };
		TRY(make_side(p, p->items + i, half - i, &c->before, err));
		TRY(make_side(p, p->items + half, end - half, &c->after, err));
		if (notify_change_finish(c, p->least))
			p->n_batch++;
		if (p->n_batch == BATCH)
			TRY(flush(p, err));
	}
	return flush(p, err);
}

static enum status parse(struct parser *p, yyjson_val *root, struct err *err)
{
	yyjson_val *added = json_get(root, "added"), *removed = json_get(root, "removed");

	if (!yyjson_is_obj(root))
		return err_set(err, STATUS_MALFORMED, "a difference is no object");
	p->items = arena_array(&p->arena, yyjson_arr_size(added) + yyjson_arr_size(removed) + 1, sizeof(*p->items));
	if (!p->items)
		return err_nomem(err, "a difference");
	TRY(read_items(p, added, true, err));
	TRY(read_items(p, removed, false, err));
	return make_changes(p, err);
}

enum status notify_diff_parse(struct slice json, enum severity least, const struct limits *limits,
			      const struct notify_changes_sink *sink, struct err *err)
{
	struct parser *p = calloc(1, sizeof(*p));
	struct json_doc doc;
	enum status st;

	if (!p)
		return err_nomem(err, "a difference");
	*p = (struct parser){ .limits = limits, .arena = ARENA_INIT((size_t)1 << 30), .least = least, .sink = sink };
	st = json_parse(json, limits, &doc, err);
	if (st == STATUS_OK) {
		st = parse(p, doc.root, err);
		json_doc_free(&doc);
	}
	arena_fini(&p->arena);
	free(p);
	return st;
}
