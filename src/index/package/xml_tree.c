/* SPDX-License-Identifier: Apache-2.0 */
/* xml_tree.c - from the events of a walk to a tree. */
#include "index/package/xml_tree.h"

#include "text/xml_walk.h"

struct builder {
	const struct limits *limits;
	struct arena *arena;
	struct xml_node *root, *at;
	size_t text_room; /* allocated for the text of `at` */
	uint64_t n;
};

static bool copy_attrs(struct builder *b, const struct xml_attr *attrs, size_t n, struct xml_node *node)
{
	struct xml_attr *kept = arena_array(b->arena, n + 1, sizeof(*kept));

	if (!kept)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!arena_copy(b->arena, attrs[i].name, &kept[i].name) ||
		    !arena_copy(b->arena, attrs[i].value, &kept[i].value))
			return false;
	node->attrs = kept;
	node->n_attrs = n;
	return true;
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct builder *b = ctx;
	struct xml_node *node = ARENA_NEW(b->arena, struct xml_node);

	if (b->n++ >= b->limits->yaml_nodes)
		return err_set(err, STATUS_LIMIT, "XML of more than %llu elements (limits.yaml_nodes)",
			       (unsigned long long)b->limits->yaml_nodes);
	if (!node || !arena_copy(b->arena, name, &node->name) || !copy_attrs(b, attrs, n, node))
		return err_nomem(err, "an XML document");
	node->parent = b->at;
	if (!b->at)
		b->root = node;
	else if (b->at->last)
		b->at->last->next = node;
	else
		b->at->child = node;
	if (b->at)
		b->at->last = node;
	b->at = node;
	b->text_room = 0;
	return STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct builder *b = ctx;

	(void)name;
	(void)err;
	b->at->text = slice_trim(b->at->text);
	b->at = b->at->parent;
	return STATUS_OK;
}

/* Only of elements without children so far: between others there is nothing but white space. */
static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct builder *b = ctx;
	struct slice *to = b->at ? &b->at->text : NULL;
	uint8_t *joined;

	if (!to || b->at->child || text.len == 0)
		return STATUS_OK;
	if (to->len + text.len > b->limits->record_bytes)
		return err_set(err, STATUS_LIMIT, "XML with a text that is too long (limits.record_bytes)");
	/* A text comes in pieces, one a line at least: room is doubled, or lines would be copied again and again. */
	if (to->len + text.len > b->text_room) {
		b->text_room = MAX(to->len + text.len, 2 * b->text_room);
		joined = arena_alloc(b->arena, b->text_room);
		if (!joined)
			return err_nomem(err, "an XML document");
		if (to->len > 0)
			memcpy(joined, to->ptr, to->len);
		to->ptr = joined;
	}
	memcpy((uint8_t *)(uintptr_t)to->ptr + to->len, text.ptr, text.len);
	to->len += text.len;
	return STATUS_OK;
}

enum status xml_tree(struct slice text, const struct limits *limits, struct arena *arena, struct xml_node **out,
		     struct err *err)
{
	struct builder b = { .limits = limits, .arena = arena };
	const struct xml_sink sink = { on_start, on_end, on_text, &b };

	TRY(xml_walk(text, &sink, limits, err));
	if (!b.root)
		return err_set(err, STATUS_MALFORMED, "XML without an element");
	*out = b.root;
	return STATUS_OK;
}

const struct xml_node *xml_child(const struct xml_node *n, const char *name)
{
	for (const struct xml_node *c = n ? n->child : NULL; c; c = c->next)
		if (slice_eq(c->name, slice_cstr(name)))
			return c;
	return NULL;
}

struct slice xml_child_text(const struct xml_node *n, const char *name)
{
	const struct xml_node *c = xml_child(n, name);

	return c ? c->text : SLICE_EMPTY;
}

struct slice xml_node_attr(const struct xml_node *n, const char *name)
{
	for (size_t i = 0; i < n->n_attrs; i++)
		if (slice_eq_nocase(n->attrs[i].name, slice_cstr(name)))
			return n->attrs[i].value;
	return SLICE_EMPTY;
}

size_t xml_next_tag(struct slice text, const char *name, size_t *pos)
{
	struct slice want = slice_cstr(name);

	while (*pos < text.len) {
		struct slice rest = slice_from(text, *pos);
		size_t at = slice_find_byte(rest, '<'), skip = 1;

		if (at == SIZE_MAX) {
			*pos = text.len; /* or the tail would be searched again each time */
			break;
		}
		rest = slice_from(rest, at + 1);
		*pos += at;
		if (slice_starts(rest, SLICE("!--"))) {
			size_t end = slice_find(rest, SLICE("-->"));

			skip = end == SIZE_MAX ? rest.len + 1 : end + 1;
		} else if (slice_starts(rest, want) && rest.len > want.len &&
			   (is_space(rest.ptr[want.len]) || rest.ptr[want.len] == '>' || rest.ptr[want.len] == '/')) {
			*pos += 1 + want.len;
			return *pos - 1 - want.len;
		}
		*pos += skip;
	}
	return SIZE_MAX;
}
