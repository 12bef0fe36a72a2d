/* SPDX-License-Identifier: Apache-2.0 */
/* merge.c - merge patches (RFC 7386) and JSON patches (RFC 6902) of trees. */
#include "config/tree.h"

/* A patch without the members that are null: what a new object is made of (RFC 7386, section 2). */
static void drop_nulls(struct node *root)
{
	struct node *stack[CONFIG_DEPTH + 2];
	struct node *n = root;
	size_t depth = 0;

	while (n) {
		for (struct node **at = n->kind == NODE_OBJECT ? &n->child : NULL; at && *at;) {
			if ((*at)->kind == NODE_NULL)
				*at = (*at)->next;
			else
				at = &(*at)->next;
		}
		/* Lists are taken as they are. */
		if (n->kind == NODE_OBJECT && n->child && depth <= CONFIG_DEPTH) {
			stack[depth++] = n;
			n = n->child;
			continue;
		}
		while (depth > 0 && !n->next)
			n = stack[--depth];
		n = depth > 0 ? n->next : NULL;
	}
}

enum status merge_patch(struct node **root, struct node *patch, struct arena *arena, struct err *err)
{
	struct {
		struct node *object, *next;
	} stack[CONFIG_DEPTH + 2];
	size_t depth = 1;

	(void)arena;
	if (patch->kind != NODE_OBJECT)
		return err_set(err, STATUS_MALFORMED, "expected a mapping to merge, found %s",
			       node_kind_name(patch->kind));
	if ((*root)->kind != NODE_OBJECT) {
		(*root)->kind = NODE_OBJECT;
		(*root)->child = NULL;
	}
	stack[0].object = *root;
	stack[0].next = patch->child;
	while (depth > 0) {
		struct node *object = stack[depth - 1].object, *m = stack[depth - 1].next, *old;

		if (!m) {
			depth--;
			continue;
		}
		stack[depth - 1].next = m->next;
		old = node_get(object, m->key);
		m->next = NULL;
		if (m->kind == NODE_NULL) {
			while ((old = node_get(object, m->key)))
				node_remove(object, old);
		} else if (m->kind == NODE_OBJECT && old && old->kind == NODE_OBJECT && depth <= CONFIG_DEPTH + 1) {
			stack[depth].object = old;
			stack[depth++].next = m->child;
		} else {
			drop_nulls(m);
			node_put(object, m);
		}
	}
	return STATUS_OK;
}

/* ---- RFC 6902 ---- */

/* One step of a pointer (RFC 6901), unescaped. */
static bool next_step(struct slice *pointer, struct arena *arena, struct slice *out)
{
	struct slice step;
	uint8_t *at;
	size_t n = 0;

	slice_cut(slice_from(*pointer, 1), '/', &step, NULL);
	*pointer = slice_from(*pointer, step.len + 1);
	at = arena_alloc(arena, step.len + 1);
	if (!at)
		return false;
	for (size_t i = 0; i < step.len; i++) {
		if (step.ptr[i] == '~' && i + 1 < step.len && (step.ptr[i + 1] == '0' || step.ptr[i + 1] == '1'))
			at[n++] = step.ptr[++i] == '0' ? '~' : '/';
		else
			at[n++] = step.ptr[i];
	}
	*out = slice_make(at, n);
	return true;
}

static size_t length(const struct node *array)
{
	size_t n = 0;

	for (const struct node *e = array->child; e; e = e->next)
		n++;
	return n;
}

/*
 * Digits without a leading zero; "-" is the end. -N counts from behind, which RFC 6902 has not, but what Clair applies
 * patches with. False: no index, or past the end.
 */
static bool index_of(const struct node *array, struct slice step, bool insert, size_t *out)
{
	bool behind = step.len > 1 && step.ptr[0] == '-';
	size_t places = length(array);
	uint64_t n;

	*out = places;
	if (slice_eq(step, SLICE("-")))
		return true;
	if (behind)
		step = slice_from(step, 1);
	if (!slice_to_u64(step, &n) || (step.len > 1 && step.ptr[0] == '0'))
		return false;
	places += insert;
	if (behind ? n > places || n == 0 : n > *out)
		return false;
	*out = behind ? places - (size_t)n : (size_t)n;
	return true;
}

static struct node *element(const struct node *array, size_t index)
{
	struct node *e = array->child;

	while (e && index--)
		e = e->next;
	return e;
}

static struct node *child_of(struct node *n, struct slice step)
{
	size_t index;

	if (n->kind == NODE_ARRAY)
		return index_of(n, step, false, &index) ? element(n, index) : NULL;
	/* Settings have keys of any case. */
	return node_get_nocase(n, step);
}

/* Where a pointer leads: the parent and the last step. An empty pointer has no parent. */
struct target {
	struct node *parent;
	struct slice step;
	struct node *node; /* NULL: there is nothing */
};

static enum status follow(struct node *root, struct slice pointer, struct arena *arena, struct target *out,
			  struct err *err)
{
	struct err_quote q;
	struct slice all = pointer;

	*out = (struct target){ NULL, SLICE_EMPTY, root };
	if (pointer.len && pointer.ptr[0] != '/')
		return err_set(err, STATUS_INVALID, "the path \"%s\" does not begin with /", err_slice(&q, all));
	while (pointer.len) {
		if (!out->node || out->node->kind < NODE_ARRAY)
			return err_set(err, STATUS_INVALID, "the path \"%s\" leads nowhere", err_slice(&q, all));
		out->parent = out->node;
		if (!next_step(&pointer, arena, &out->step))
			return err_nomem(err, "patch");
		out->node = child_of(out->parent, out->step);
	}
	return STATUS_OK;
}

static enum status insert(struct node **root, const struct target *t, struct node *value, bool replace, struct err *err)
{
	struct err_quote q;
	struct node **at;
	size_t index;

	if (!t->parent) {
		*root = value;
		return STATUS_OK;
	}
	if (t->parent->kind == NODE_OBJECT) {
		value->key = t->node ? t->node->key : t->step;
		value->key_place = value->place;
		node_put(t->parent, value);
		return STATUS_OK;
	}
	if (!index_of(t->parent, t->step, !replace, &index))
		return err_set(err, STATUS_INVALID, "\"%s\" is no place in the list", err_slice(&q, t->step));
	at = &t->parent->child;
	while (index--)
		at = &(*at)->next;
	value->next = replace && *at ? (*at)->next : *at;
	*at = value;
	return STATUS_OK;
}

static enum status take_out(const struct target *t, struct slice path, struct err *err)
{
	struct err_quote q;

	if (!t->node)
		return err_set(err, STATUS_INVALID, "there is nothing at \"%s\"", err_slice(&q, path));
	if (!t->parent)
		return err_set(err, STATUS_INVALID, "the whole document cannot be removed");
	node_remove(t->parent, t->node);
	return STATUS_OK;
}

/* Equal as JSON: numbers by their text, members in any order. Pairs wait on a stack. */
static bool equal(const struct node *a, const struct node *b)
{
	struct {
		const struct node *a, *b, *object;
	} stack[CONFIG_DEPTH + 2];
	size_t depth = 0;

	for (;;) {
		if (!b || a->kind != b->kind || !slice_eq(a->text, b->text))
			return false;
		if (a->kind >= NODE_ARRAY && length(a) != length(b))
			return false;
		if (a->kind >= NODE_ARRAY && a->child) {
			if (depth > CONFIG_DEPTH)
				return false;
			stack[depth].a = a->child;
			stack[depth].object = a->kind == NODE_OBJECT ? b : NULL;
			stack[depth++].b = b->child;
		} else {
			while (depth > 0 && !stack[depth - 1].a->next)
				depth--;
			if (depth == 0)
				return true;
			stack[depth - 1].a = stack[depth - 1].a->next;
			stack[depth - 1].b = stack[depth - 1].b ? stack[depth - 1].b->next : NULL;
		}
		a = stack[depth - 1].a;
		b = stack[depth - 1].object ? node_get((struct node *)(uintptr_t)stack[depth - 1].object, a->key)
					    : stack[depth - 1].b;
	}
}

static struct slice member_text(struct node *op, const char *key)
{
	struct node *n = node_get(op, slice_cstr(key));

	return n && n->kind == NODE_STRING ? n->text : SLICE_EMPTY;
}

static enum status copy_to(struct node **root, const struct target *to, const struct node *from, bool replace,
			   struct arena *arena, struct err *err)
{
	struct node *value = node_copy(from, arena);

	if (!value)
		return err_nomem(err, "patch");
	value->key = SLICE_EMPTY;
	return insert(root, to, value, replace, err);
}

/* Is `pointer` below `from`? A value cannot be moved into itself. */
static bool inside(struct slice pointer, struct slice from)
{
	return slice_starts(pointer, from) && pointer.len > from.len && pointer.ptr[from.len] == '/';
}

static enum status apply_one(struct node **root, struct node *op, struct arena *arena, struct err *err)
{
	struct slice name = member_text(op, "op"), path = member_text(op, "path"), from = member_text(op, "from");
	struct node *value = node_get(op, SLICE("value")), *path_node = node_get(op, SLICE("path"));
	struct target to, source;
	struct err_quote q;

	if (op->kind != NODE_OBJECT || !path_node || path_node->kind != NODE_STRING)
		return err_set(err, STATUS_MALFORMED, "expected an operation with \"op\" and \"path\"");
	TRY(follow(*root, path, arena, &to, err));
	if (slice_eq(name, SLICE("remove")))
		return take_out(&to, path, err);
	if (slice_eq(name, SLICE("move")) || slice_eq(name, SLICE("copy"))) {
		TRY(follow(*root, from, arena, &source, err));
		if (!source.node || !node_get(op, SLICE("from")))
			return err_set(err, STATUS_INVALID, "there is nothing at \"%s\"", err_slice(&q, from));
		if (name.ptr[0] == 'm' && inside(path, from))
			return err_set(err, STATUS_INVALID, "\"%s\" cannot be moved into itself", err_slice(&q, from));
		if (name.ptr[0] == 'm') {
			TRY(take_out(&source, from, err));
			TRY(follow(*root, path, arena, &to, err));
		}
		return copy_to(root, &to, source.node, false, arena, err);
	}
	if (!value)
		return err_set(err, STATUS_MALFORMED, "\"%s\" needs a \"value\"", err_slice(&q, name));
	if (slice_eq(name, SLICE("add")))
		return copy_to(root, &to, value, false, arena, err);
	if (!to.node && (slice_eq(name, SLICE("replace")) || slice_eq(name, SLICE("test"))))
		return err_set(err, STATUS_INVALID, "there is nothing at \"%s\"", err_slice(&q, path));
	if (slice_eq(name, SLICE("replace")))
		return copy_to(root, &to, value, true, arena, err);
	if (!slice_eq(name, SLICE("test")))
		return err_set(err, STATUS_MALFORMED, "unknown operation \"%s\"", err_slice(&q, name));
	return equal(to.node, value) ? STATUS_OK
				     : err_set(err, STATUS_INVALID, "the test of \"%s\" failed", err_slice(&q, path));
}

enum status json_patch(struct node **root, struct node *patch, struct arena *arena, struct place *out_place,
		       struct err *err)
{
	*out_place = patch->place;
	if (patch->kind != NODE_ARRAY)
		return err_set(err, STATUS_MALFORMED, "expected a list of operations, found %s",
			       node_kind_name(patch->kind));
	for (struct node *op = patch->child; op; op = op->next) {
		*out_place = op->place;
		TRY(apply_one(root, op, arena, err));
	}
	return STATUS_OK;
}
