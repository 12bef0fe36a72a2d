/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h - YAML into a plain tree in an arena (libyaml events). Aliases are resolved within a cap on nodes, so a
 * "billion laughs" ends in STATUS_LIMIT. Scalars stay text: the reader of a field decides what it means.
 */
#ifndef LIMPID_TEXT_YAML_H
#define LIMPID_TEXT_YAML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

enum yaml_kind { YAML_KIND_SCALAR, YAML_KIND_SEQUENCE, YAML_KIND_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	bool quoted;             /* scalar in quotes: a string whatever it looks like */
	struct slice scalar;     /* in the arena */
	struct yaml_node *key;   /* for a member of a mapping */
	struct yaml_node *child; /* first element or member */
	struct yaml_node *next;  /* sibling */
	unsigned line, column;   /* from 1 */
};

/* The first document of text; all memory is the arena's. STATUS_MALFORMED names line and column. Empty: NULL. */
enum status yaml_parse(struct slice text, const struct limits *limits, struct arena *arena, struct yaml_node **out,
		       struct err *err) NODISCARD;
/* Member of a mapping by key, last wins; NULL if absent or no mapping. */
struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
struct slice yaml_get_str(const struct yaml_node *mapping, const char *key);

#endif
