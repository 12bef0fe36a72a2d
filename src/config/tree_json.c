/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_json.c - a JSON document as a tree of settings. yyjson reads it and keeps no places, so a cursor goes through
 * the text beside its values: the text is known to be valid then.
 */
#include "config/tree.h"

#include "text/json.h"

struct reader {
	struct slice text;
	size_t pos;
	unsigned line;
	size_t line_start;
	const char *file;
	struct arena *arena;
};

struct frame {
	struct node *node;
	struct node **tail;
	yyjson_obj_iter members;
	yyjson_arr_iter elements;
};

/* To the next token, over what stands between. */
static struct place next_token(struct reader *r)
{
	while (r->pos < r->text.len) {
		uint8_t c = r->text.ptr[r->pos];

		if (c == '\n') {
			r->line++;
			r->line_start = r->pos + 1;
		} else if (c != ' ' && c != '\t' && c != '\r' && c != ',' && c != ':' && c != '}' && c != ']') {
			break;
		}
		r->pos++;
	}
	return (struct place){ r->file, r->line, (unsigned)(r->pos - r->line_start) + 1 };
}

static void skip_string(struct reader *r)
{
	for (r->pos++; r->pos < r->text.len && r->text.ptr[r->pos] != '"'; r->pos++)
		if (r->text.ptr[r->pos] == '\\')
			r->pos++;
	r->pos++;
}

static void skip_value(struct reader *r, const struct node *n)
{
	if (n->kind == NODE_STRING)
		skip_string(r);
	else if (n->kind >= NODE_ARRAY)
		r->pos++;
	else
		while (r->pos < r->text.len && slice_find_byte(SLICE(" \t\r\n,]}"), r->text.ptr[r->pos]) == SIZE_MAX)
			r->pos++;
}

static enum node_kind kind_of(yyjson_val *v)
{
	if (yyjson_is_null(v))
		return NODE_NULL;
	if (yyjson_is_bool(v))
		return NODE_BOOL;
	if (yyjson_is_num(v))
		return NODE_NUMBER;
	return yyjson_is_str(v) ? NODE_STRING : yyjson_is_arr(v) ? NODE_ARRAY : NODE_OBJECT;
}

static struct node *read_value(struct reader *r, yyjson_val *v, yyjson_val *key)
{
	struct place key_place = { r->file, r->line, 0 }, place;
	struct node *n;
	size_t from;
	bool ok = true;

	if (key) {
		key_place = next_token(r);
		skip_string(r);
	}
	place = next_token(r);
	n = node_new(r->arena, kind_of(v), place);
	if (!n)
		return NULL;
	n->key_place = key ? key_place : place;
	from = r->pos;
	skip_value(r, n);
	if (key)
		ok = arena_copy(r->arena, json_str(key), &n->key);
	if (ok && n->kind == NODE_STRING)
		ok = arena_copy(r->arena, json_str(v), &n->text);
	else if (ok && n->kind < NODE_ARRAY)
		ok = arena_copy(r->arena, slice_take(slice_from(r->text, from), r->pos - from), &n->text);
	return ok ? n : NULL;
}

static void open_frame(struct frame *f, struct node *n, yyjson_val *v)
{
	f->node = n;
	f->tail = &n->child;
	if (n->kind == NODE_OBJECT)
		yyjson_obj_iter_init(v, &f->members);
	else
		yyjson_arr_iter_init(v, &f->elements);
}

static enum status read_tree(struct reader *r, yyjson_val *root, struct node **out, struct err *err)
{
	struct frame stack[CONFIG_DEPTH + 2];
	size_t depth = 0, nodes = 1;

	*out = read_value(r, root, NULL);
	if (!*out)
		return err_nomem(err, "settings");
	if ((*out)->kind >= NODE_ARRAY)
		open_frame(&stack[depth++], *out, root);
	while (depth > 0) {
		struct frame *f = &stack[depth - 1];
		bool members = f->node->kind == NODE_OBJECT;
		yyjson_val *key = members ? yyjson_obj_iter_next(&f->members) : NULL;
		yyjson_val *v = members ? yyjson_obj_iter_get_val(key) : yyjson_arr_iter_next(&f->elements);
		struct node *n;

		if (!v) {
			depth--;
			continue;
		}
		if (++nodes > CONFIG_NODES)
			return err_set(err, STATUS_LIMIT, "more than %d values", CONFIG_NODES);
		n = read_value(r, v, key);
		if (!n)
			return err_nomem(err, "settings");
		*f->tail = n;
		f->tail = &n->next;
		if (n->kind >= NODE_ARRAY && depth <= CONFIG_DEPTH + 1)
			open_frame(&stack[depth++], n, v);
	}
	return STATUS_OK;
}

struct place tree_place(struct slice text, uint64_t offset, const char *file)
{
	struct place p = { file, 1, 1 };

	for (size_t i = 0; i < text.len && i < offset; i++) {
		p.column++;
		if (text.ptr[i] == '\n') {
			p.line++;
			p.column = 1;
		}
	}
	return p;
}

enum status tree_from_json(struct slice text, const char *file, struct arena *arena, const struct tree_sink *sink,
			   struct node **out, struct place *out_place, struct err *err)
{
	struct limits limits = limits_default;
	struct reader r = { .text = text, .line = 1, .file = file, .arena = arena };
	struct json_doc doc;
	enum status st;

	limits.document_depth = CONFIG_DEPTH;
	st = json_parse(text, &limits, &doc, err);
	if (st != STATUS_OK) {
		*out_place = err->offset == ERR_NO_OFFSET ? (struct place){ file, 0, 0 }
							  : tree_place(text, err->offset, file);
		return st;
	}
	*out_place = (struct place){ file, 0, 0 };
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		r.pos = r.line_start = 3;
	st = read_tree(&r, doc.root, out, err);
	json_doc_free(&doc);
	TRY(st);
	return tree_tell_twice(*out, false, sink, err);
}
