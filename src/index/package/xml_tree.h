/* SPDX-License-Identifier: Apache-2.0 */
/* xml_tree.h - small XML documents, as projects have them, as a tree in an arena. */
#ifndef LIMPID_INDEX_PACKAGE_XML_TREE_H
#define LIMPID_INDEX_PACKAGE_XML_TREE_H

#include "base/arena.h"
#include "base/limits.h"
#include "text/xml.h"

struct xml_node {
	struct slice name, text;      /* text: all character data between its children, trimmed */
	const struct xml_attr *attrs; /* n_attrs of them */
	size_t n_attrs;
	struct xml_node *child, *last, *next, *parent;
};

/* The document element; memory is the arena's. Fails as xml_walk(), or with STATUS_LIMIT (limits.yaml_nodes elements).
 */
enum status xml_tree(struct slice text, const struct limits *limits, struct arena *arena, struct xml_node **out,
		     struct err *err) NODISCARD;
/* The first child of that name; NULL if there is none or n is NULL. */
const struct xml_node *xml_child(const struct xml_node *n, const char *name);
/* Text of a child; empty if there is none. */
struct slice xml_child_text(const struct xml_node *n, const char *name);
/* Value of an attribute, whose name's case does not count; empty if there is none. */
struct slice xml_node_attr(const struct xml_node *n, const char *name);
/*
 * The offset behind *pos at which the next tag of that name begins, outside of comments, and *pos behind it;
 * SIZE_MAX: there is none. Tells lines, which the walk does not.
 */
size_t xml_next_tag(struct slice text, const char *name, size_t *pos);

#endif
