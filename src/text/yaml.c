/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c - from libyaml's events to a tree; aliases share their target's children and are counted as if copied. */
#include "text/yaml.h"

#include "base/map.h"

#include <yaml.h>

/* A collection whose end was not seen yet. */
struct frame {
	struct yaml_node *node;
	struct yaml_node *key;   /* mapping: the key that waits for its value */
	struct yaml_node **tail; /* where the next child goes */
	uint64_t nodes;          /* in the subtree so far, aliases counted in full */
	uint64_t height;         /* of the subtree so far */
	size_t anchor;           /* index, SIZE_MAX if it has none */
};

struct anchor {
	struct yaml_node *node;
	uint64_t nodes, height;
	bool complete; /* false inside the anchored collection itself */
};

struct builder {
	yaml_parser_t parser;
	const struct limits *limits;
	struct arena *arena;
	struct err *err;
	VEC(struct frame) stack;
	VEC(struct anchor) anchors;
	struct map names; /* anchor name -> index */
	struct yaml_node *root;
	bool done;
};

static enum status parser_failed(const yaml_parser_t *p, struct err *err)
{
	const char *problem = p->problem ? p->problem : "not readable";

	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return err_nomem(err, "YAML document");
	case YAML_READER_ERROR:
		return err_at(err, STATUS_MALFORMED, p->problem_offset, "YAML: %s at byte %zu", problem,
			      p->problem_offset);
	default:
		return err_set(err, STATUS_MALFORMED, "YAML line %zu, column %zu: %s", p->problem_mark.line + 1,
			       p->problem_mark.column + 1, problem);
	}
}

static enum status at_mark(struct err *err, enum status st, const yaml_event_t *e, const char *what)
{
	return err_set(err, st, "YAML line %zu, column %zu: %s", e->start_mark.line + 1, e->start_mark.column + 1,
		       what);
}

static struct yaml_node *new_node(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n = ARENA_NEW(b->arena, struct yaml_node);

	if (n) {
		n->kind = kind;
		n->line = (unsigned)e->start_mark.line + 1;
		n->column = (unsigned)e->start_mark.column + 1;
	}
	return n;
}

/* Hang a node under the open collection, or make it the root. */
static enum status attach(struct builder *b, const yaml_event_t *e, struct yaml_node *n, uint64_t nodes,
			  uint64_t height)
{
	struct frame *f;

	if (b->stack.len + height > b->limits->document_depth)
		return at_mark(b->err, STATUS_LIMIT, e, "nested too deep");
	if (b->stack.len == 0) {
		b->root = n;
		return nodes > b->limits->yaml_nodes ? at_mark(b->err, STATUS_LIMIT, e, "too many nodes") : STATUS_OK;
	}
	f = &b->stack.at[b->stack.len - 1];
	f->nodes += nodes;
	f->height = MAX(f->height, height);
	/* Only the innermost sum is up to date, but every outer one arrives here when its collection ends. */
	if (f->nodes > b->limits->yaml_nodes)
		return at_mark(b->err, STATUS_LIMIT, e, "too many nodes");
	if (f->node->kind == YAML_KIND_MAPPING && !f->key) {
		f->key = n;
		return STATUS_OK;
	}
	n->key = f->key;
	f->key = NULL;
	*f->tail = n;
	f->tail = &n->next;
	return STATUS_OK;
}

/* Remember the anchor of a node; *out = SIZE_MAX without one. */
static enum status name_anchor(struct builder *b, const yaml_char_t *name, struct yaml_node *n, size_t *out)
{
	struct anchor *a;
	struct slice key;

	*out = SIZE_MAX;
	if (!name)
		return STATUS_OK;
	a = VEC_PUSH(&b->anchors, b->arena);
	if (!a || !arena_copy(b->arena, slice_cstr((const char *)name), &key) ||
	    !map_put(&b->names, key, b->anchors.len - 1))
		return err_nomem(b->err, "YAML anchor");
	*a = (struct anchor){ n, 1, 0, false };
	*out = b->anchors.len - 1;
	return STATUS_OK;
}

static void complete_anchor(struct builder *b, size_t index, uint64_t nodes, uint64_t height)
{
	if (index == SIZE_MAX)
		return;
	b->anchors.at[index].nodes = nodes;
	b->anchors.at[index].height = height;
	b->anchors.at[index].complete = true;
}

static enum status on_scalar(struct builder *b, const yaml_event_t *e)
{
	struct yaml_node *n = new_node(b, e, YAML_KIND_SCALAR);
	const char *tag = (const char *)e->data.scalar.tag;
	size_t anchor;

	if (!n || !arena_copy(b->arena, slice_make(e->data.scalar.value, e->data.scalar.length), &n->scalar))
		return err_nomem(b->err, "YAML scalar");
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
		    (tag && (strcmp(tag, YAML_STR_TAG) == 0 || strcmp(tag, "!") == 0));
	TRY(name_anchor(b, e->data.scalar.anchor, n, &anchor));
	complete_anchor(b, anchor, 1, 0);
	return attach(b, e, n, 1, 0);
}

static enum status on_alias(struct builder *b, const yaml_event_t *e)
{
	struct slice name = slice_cstr((const char *)e->data.alias.anchor);
	struct yaml_node *n;
	const struct anchor *a;
	uint64_t index;

	if (!map_get(&b->names, name, &index))
		return at_mark(b->err, STATUS_MALFORMED, e, "alias without an anchor");
	a = &b->anchors.at[index];
	if (!a->complete)
		return at_mark(b->err, STATUS_MALFORMED, e, "alias of the collection it stands in");
	n = new_node(b, e, a->node->kind);
	if (!n)
		return err_nomem(b->err, "YAML alias");
	n->quoted = a->node->quoted;
	n->scalar = a->node->scalar;
	n->child = a->node->child;
	return attach(b, e, n, a->nodes, a->height);
}

static enum status on_open(struct builder *b, const yaml_event_t *e, enum yaml_kind kind)
{
	struct yaml_node *n = new_node(b, e, kind);
	struct frame *f;
	size_t anchor;

	if (b->stack.len >= b->limits->document_depth)
		return at_mark(b->err, STATUS_LIMIT, e, "nested too deep");
	if (!n)
		return err_nomem(b->err, "YAML collection");
	TRY(name_anchor(b, kind == YAML_KIND_SEQUENCE ? e->data.sequence_start.anchor : e->data.mapping_start.anchor, n,
			&anchor));
	f = VEC_PUSH(&b->stack, b->arena);
	if (!f)
		return err_nomem(b->err, "YAML collection");
	*f = (struct frame){ n, NULL, &n->child, 1, 0, anchor };
	return STATUS_OK;
}

static enum status on_close(struct builder *b, const yaml_event_t *e)
{
	struct frame f = b->stack.at[--b->stack.len];

	complete_anchor(b, f.anchor, f.nodes, f.height + 1);
	return attach(b, e, f.node, f.nodes, f.height + 1);
}

static enum status on_event(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_ALIAS_EVENT:
		return on_alias(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, e, YAML_KIND_SEQUENCE);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, e, YAML_KIND_MAPPING);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b, e);
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
		b->done = true;
		return STATUS_OK;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		break;
	}
	return STATUS_OK;
}

enum status yaml_parse(struct slice text, const struct limits *limits, struct arena *arena, struct yaml_node **out,
		       struct err *err)
{
	struct builder b = { .limits = limits, .arena = arena, .err = err, .names = MAP_INIT };
	static const unsigned char nothing[1];
	enum status st = STATUS_OK;
	yaml_event_t event;

	if (!yaml_parser_initialize(&b.parser))
		return err_nomem(err, "YAML parser");
	yaml_parser_set_input_string(&b.parser, text.len ? text.ptr : nothing, text.len);
	while (st == STATUS_OK && !b.done) {
		if (!yaml_parser_parse(&b.parser, &event)) {
			st = parser_failed(&b.parser, err);
			break;
		}
		st = on_event(&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&b.parser);
	map_fini(&b.names);
	if (st == STATUS_OK)
		*out = b.root;
	return st;
}

struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	struct yaml_node *found = NULL;

	if (!mapping || mapping->kind != YAML_KIND_MAPPING)
		return NULL;
	for (struct yaml_node *n = mapping->child; n; n = n->next)
		if (n->key && n->key->kind == YAML_KIND_SCALAR && slice_eq(n->key->scalar, slice_cstr(key)))
			found = n;
	return found;
}

struct slice yaml_get_str(const struct yaml_node *mapping, const char *key)
{
	const struct yaml_node *n = yaml_get(mapping, key);

	return n && n->kind == YAML_KIND_SCALAR ? n->scalar : SLICE_EMPTY;
}
