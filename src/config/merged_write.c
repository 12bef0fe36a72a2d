/* SPDX-License-Identifier: Apache-2.0 */
/* merged_write.c - a tree of settings in the order of Clair's structs. */
#include "config/load_impl.h"

#include <stdlib.h>

enum merged_kind { STRUCT, OPTIONAL, MAP, LIST, TEXT, LEVEL, NUMBER, SWITCH, DURATION };

static const struct row {
	const char *path;
	enum merged_kind kind;
	bool always;
} rows[] = {
#define MERGED(path, kind, always) { path, kind, always },
#include "config/merged.def"
#undef MERGED
};

struct writing {
	struct json_writer w;
	struct arena *arena;
	struct node *root;
	size_t open; /* structs */
};

static size_t depth_of(struct slice path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++)
		n += path.ptr[i] == '.';
	return n;
}

static struct node *find(struct node *at, struct slice path)
{
	struct slice key;

	while (at && slice_word(&path, '.', &key))
		at = node_get(at, key);
	return at && at->kind == NODE_NULL ? NULL : at;
}

/* ---- maps of others: Go's encoder sorts them ---- */

static int by_key(const void *a, const void *b)
{
	return slice_cmp((*(struct node *const *)a)->key, (*(struct node *const *)b)->key);
}

static bool sort_children(struct node *n, struct arena *arena)
{
	struct node **list;
	size_t count = 0, i = 0;

	for (struct node *c = n->child; c; c = c->next)
		count++;
	list = arena_array(arena, count + 1, sizeof(struct node *));
	if (!list)
		return false;
	for (struct node *c = n->child; c; c = c->next)
		list[i++] = c;
	if (n->kind == NODE_OBJECT && count > 1)
		qsort((void *)list, count, sizeof(struct node *), by_key);
	for (i = 0; i < count; i++)
		list[i]->next = i + 1 < count ? list[i + 1] : NULL;
	n->child = count ? list[0] : NULL;
	return true;
}

static bool sort_all(struct node *top, struct arena *arena)
{
	VEC(struct node *) todo = { NULL, 0, 0 };
	struct node **slot = VEC_PUSH(&todo, arena);

	if (!slot)
		return false;
	*slot = top;
	while (todo.len > 0) {
		struct node *n = todo.at[--todo.len];

		if (!sort_children(n, arena))
			return false;
		for (struct node *c = n->child; c; c = c->next) {
			slot = VEC_PUSH(&todo, arena);
			if (!slot)
				return false;
			*slot = c;
		}
	}
	return true;
}

/* ---- values ---- */

/* Go's time.Duration: "6h0m0s", "1m0s", "1.5s". */
static bool duration_text(struct slice text, struct arena *arena, struct slice *out)
{
	struct slice shown;
	int64_t ns;

	*out = text;
	if (!value_duration(text, &ns))
		return true;
	if (!value_duration_text(ns, arena, &shown))
		return false;
	*out = shown;
	if (slice_ends(shown, SLICE("h")))
		return arena_printf(arena, out, "%.*s0m0s", SLICE_ARG(shown));
	if (slice_ends(shown, SLICE("m")))
		return arena_printf(arena, out, "%.*s0s", SLICE_ARG(shown));
	return true;
}

static bool is_empty(const struct row *r, const struct node *n)
{
	if (!n)
		return true;
	switch (r->kind) {
	case MAP:
	case LIST:
		return !n->child;
	case SWITCH:
		return !slice_eq(n->text, SLICE("true"));
	case NUMBER:
		return slice_eq(n->text, SLICE("0"));
	case DURATION:
		return n->text.len == 0 || slice_eq(n->text, SLICE("0")) || slice_eq(n->text, SLICE("0s"));
	default:
		return n->text.len == 0;
	}
}

static enum status put_value(struct writing *x, const struct row *r, struct node *n, struct err *err)
{
	struct slice text = n ? n->text : SLICE_EMPTY;

	switch (r->kind) {
	case MAP:
	case LIST:
		if (!n && r->kind == LIST)
			json_null(&x->w);
		else if (!n || !n->child)
			json_raw(&x->w, r->kind == LIST ? SLICE("[]") : SLICE("{}"));
		else if (!sort_all(n, x->arena))
			return err_nomem(err, "settings");
		else
			return node_write(n, &x->w, err);
		return STATUS_OK;
	case NUMBER:
	case SWITCH:
		json_raw(&x->w, text.len ? text : r->kind == NUMBER ? SLICE("0") : SLICE("false"));
		return STATUS_OK;
	case LEVEL:
		json_string(&x->w, text.len ? text : SLICE("info"));
		return STATUS_OK;
	case DURATION:
		if (!duration_text(text, x->arena, &text))
			return err_nomem(err, "settings");
		break;
	default:
		break;
	}
	json_string(&x->w, text);
	return STATUS_OK;
}

static enum status put_row(struct writing *x, const struct row *r, struct slice path, struct err *err)
{
	struct node *n = find(x->root, path);
	struct slice key = path;

	slice_rcut(path, '.', NULL, &key);
	if (key.len == 0)
		key = path;
	while (x->open > depth_of(path)) {
		json_close(&x->w);
		x->open--;
	}
	if (r->kind != STRUCT && r->kind != OPTIONAL && !r->always && is_empty(r, n))
		return STATUS_OK;
	json_key_slice(&x->w, key);
	if (r->kind != STRUCT && r->kind != OPTIONAL)
		return put_value(x, r, n, err);
	json_object(&x->w);
	x->open++;
	return STATUS_OK;
}

/* Rows below one. */
static size_t members_of(size_t row)
{
	struct slice path = slice_cstr(rows[row].path);
	size_t n = 0;

	while (row + n + 1 < ARRAY_LEN(rows) && slice_starts(slice_cstr(rows[row + n + 1].path), path) &&
	       rows[row + n + 1].path[path.len] == '.')
		n++;
	return n;
}

/* The writer indents by one blank a level; Go does by a tab. */
static void put_tabs(struct slice text, struct buf *out)
{
	struct slice line;

	while (slice_line(&text, &line)) {
		size_t blanks = 0;

		while (blanks < line.len && line.ptr[blanks] == ' ')
			blanks++;
		for (size_t i = 0; i < blanks; i++)
			buf_add_byte(out, '\t');
		buf_add(out, slice_from(line, blanks));
		buf_add_byte(out, '\n');
	}
}

enum status merged_write(struct node *root, struct arena *arena, struct buf *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(CONFIG_FILE_BYTES * 4);
	struct writing x = { .arena = arena, .root = root };

	json_writer_init(&x.w, &text, 1);
	x.w.html_escape = true;
	json_object(&x.w);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice path = slice_cstr(rows[i].path);

		if (rows[i].kind == OPTIONAL && !find(root, path))
			i += members_of(i);
		else
			TRY(put_row(&x, &rows[i], path, err));
	}
	for (; x.open > 0; x.open--)
		json_close(&x.w);
	json_close(&x.w);
	TRY(json_writer_end(&x.w, err));
	put_tabs(buf_slice(&text), out);
	return buf_check(out, "settings", err);
}
