/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toml.h - TOML 1.0 into a plain tree in an arena (docs/adr/0037-own-toml-reader.md). Scalars stay text: the reader of
 * a field decides what it means; numbers and dates are told from words by their characters only.
 */
#ifndef LIMPID_TEXT_TOML_H
#define LIMPID_TEXT_TOML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

enum toml_kind { TOML_KIND_SCALAR, TOML_KIND_ARRAY, TOML_KIND_TABLE };

struct toml_node {
	enum toml_kind kind;
	bool quoted;			/* scalar: a string; else a number, a date or a truth value */
	bool closed;			/* table, array: written as a value, and complete with it */
	bool defined;			/* table: by a header of its own */
	struct slice key, scalar;	/* of the text, or in the arena where it had escapes; key of a table's member */
	struct toml_node *child, *last; /* first and last member or element */
	struct toml_node *next;		/* sibling */
	uint32_t line;			/* from 1; of an array of tables' element: of its header */
};

/*
 * All of text, which must outlive the tree. STATUS_MALFORMED and STATUS_LIMIT (document_depth) have the offset, and the
 * message the line. Memory is the arena's, and *out the table of the document.
 */
enum status toml_parse(struct slice text, const struct limits *limits, struct arena *arena, struct toml_node **out,
		       struct err *err) NODISCARD;
/* Member of a table; NULL if absent or no table. */
struct toml_node *toml_get(const struct toml_node *table, const char *key);
/* A string; empty if absent or anything else. */
struct slice toml_get_str(const struct toml_node *table, const char *key);

#endif
