/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - nodes of a document: members, copies, JSON text. */
#include "config/tree.h"

#include "base/map.h"

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",	    [NODE_BOOL] = "a boolean", [NODE_NUMBER] = "a number",
		[NODE_STRING] = "a string", [NODE_ARRAY] = "a list",   [NODE_OBJECT] = "a mapping",
	};

	return names[kind];
}

struct node *node_get(struct node *object, struct slice key)
{
	struct node *found = NULL;

	if (object && object->kind == NODE_OBJECT)
		for (struct node *n = object->child; n; n = n->next)
			if (slice_eq(n->key, key))
				found = n;
	return found;
}

struct node *node_get_nocase(struct node *object, struct slice key)
{
	struct node *found = node_get(object, key);

	if (!found && object && object->kind == NODE_OBJECT)
		for (struct node *n = object->child; n; n = n->next)
			if (slice_eq_nocase(n->key, key))
				found = n;
	return found;
}

struct node *node_new(struct arena *arena, enum node_kind kind, struct place place)
{
	struct node *n = ARENA_NEW(arena, struct node);

	if (n) {
		n->kind = kind;
		n->place = n->key_place = place;
	}
	return n;
}

struct node *node_copy(const struct node *from, struct arena *arena)
{
	struct {
		const struct node *from; /* the next sibling to copy */
		struct node **tail;
	} stack[CONFIG_DEPTH + 1];
	struct node *root = NULL, *copy;
	size_t depth = 0;

	for (const struct node *n = from; n;) {
		copy = ARENA_NEW(arena, struct node);
		if (!copy)
			return NULL;
		*copy = *n;
		copy->child = copy->next = NULL;
		if (depth == 0) {
			root = copy;
		} else {
			*stack[depth - 1].tail = copy;
			stack[depth - 1].tail = &copy->next;
			stack[depth - 1].from = n->next;
		}
		if (n->child && depth <= CONFIG_DEPTH) {
			stack[depth].from = n->child;
			stack[depth++].tail = &copy->child;
		}
		while (depth > 0 && !stack[depth - 1].from)
			depth--;
		n = depth > 0 ? stack[depth - 1].from : NULL;
	}
	return root;
}

void node_remove(struct node *object, const struct node *member)
{
	for (struct node **at = &object->child; *at; at = &(*at)->next) {
		if (*at == member) {
			*at = member->next;
			return;
		}
	}
}

void node_put(struct node *object, struct node *member)
{
	struct node **at = &object->child;

	while (*at && !slice_eq((*at)->key, member->key))
		at = &(*at)->next;
	member->next = *at ? (*at)->next : NULL;
	*at = member;
}

static void write_open(const struct node *n, struct json_writer *w)
{
	switch (n->kind) {
	case NODE_NULL:
		json_null(w);
		return;
	case NODE_BOOL:
	case NODE_NUMBER:
		json_raw(w, n->text);
		return;
	case NODE_STRING:
		json_string(w, n->text);
		return;
	case NODE_ARRAY:
		json_array(w);
		return;
	case NODE_OBJECT:
		json_object(w);
		return;
	}
}

enum status node_write(const struct node *n, struct json_writer *w, struct err *err)
{
	const struct node *stack[CONFIG_DEPTH + 1]; /* collections that are open: the member at work */
	size_t depth = 0;

	while (n) {
		if (depth > 0 && stack[depth - 1]->kind == NODE_OBJECT)
			json_key_slice(w, n->key);
		write_open(n, w);
		if (n->kind >= NODE_ARRAY && n->child) {
			if (depth > CONFIG_DEPTH)
				return err_set(err, STATUS_LIMIT, "nested deeper than %d levels", CONFIG_DEPTH);
			stack[depth++] = n;
			n = n->child;
			continue;
		}
		if (n->kind >= NODE_ARRAY)
			json_close(w);
		while (depth > 0 && !n->next) {
			n = stack[--depth];
			json_close(w);
		}
		n = depth > 0 ? n->next : NULL;
	}
	return STATUS_OK;
}

static enum status tell_object(struct node *object, bool fatal, const struct tree_sink *sink, struct err *err)
{
	struct map seen = MAP_INIT;
	enum status st = STATUS_OK;

	for (struct node *n = object->child; n && st == STATUS_OK; n = n->next) {
		bool is_new;
		uint64_t *slot = map_slot(&seen, n->key, &is_new);

		if (!slot) {
			st = err_nomem(err, "keys");
			break;
		}
		if (!is_new)
			sink->twice(sink->ctx, n, ((const struct node *)(uintptr_t)*slot)->key_place, fatal);
		else
			*slot = (uintptr_t)n;
	}
	map_fini(&seen);
	return st;
}

enum status tree_tell_twice(struct node *root, bool fatal, const struct tree_sink *sink, struct err *err)
{
	struct node *stack[CONFIG_DEPTH + 1];
	struct node *n = root;
	size_t depth = 0;

	while (n) {
		if (n->kind == NODE_OBJECT)
			TRY(tell_object(n, fatal, sink, err));
		if (n->child && depth <= CONFIG_DEPTH) {
			stack[depth++] = n;
			n = n->child;
			continue;
		}
		while (depth > 0 && !n->next)
			n = stack[--depth];
		n = depth > 0 ? n->next : NULL;
	}
	return STATUS_OK;
}
