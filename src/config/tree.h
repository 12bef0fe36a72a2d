/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a document of settings, YAML or JSON, with the place of every node; merging of documents. Private to
 * config/.
 *
 * Trees live in an arena. Merging moves nodes between trees, so that places stay those of the file a value stands in.
 */
#ifndef LIMPID_CONFIG_TREE_H
#define LIMPID_CONFIG_TREE_H

#include "base/arena.h"
#include "base/err.h"
#include "text/json_writer.h"

#define CONFIG_DEPTH 48	   /* nesting of a file; settings have six levels, the rest is for what scanners take */
#define CONFIG_NODES 50000 /* of one file, aliases counted in full */

enum node_kind { NODE_NULL, NODE_BOOL, NODE_NUMBER, NODE_STRING, NODE_ARRAY, NODE_OBJECT };

struct place {
	const char *file;      /* outlives the tree */
	unsigned line, column; /* from 1; 0: not known */
};

struct node {
	enum node_kind kind;
	bool expanded;	   /* a variable of the environment is in it */
	struct slice text; /* string; number as JSON writes it; "true" or "false" */
	struct place place;
	struct slice key; /* of a member */
	struct place key_place;
	struct node *child; /* first element or member */
	struct node *next;
};

/* What the reader of a tree is told besides failures: keys that are there twice. */
struct tree_sink {
	void (*twice)(void *ctx, const struct node *again, struct place before, bool fatal);
	void *ctx;
};

/*
 * Read one document. YAML: the first one, as YAML 1.2 with 1.1's integers and merge keys; an empty one is an empty
 * object. STATUS_MALFORMED or STATUS_LIMIT with the place in *out_place.
 */
enum status tree_from_yaml(struct slice text, const char *file, struct arena *arena, const struct tree_sink *sink,
			   struct node **out, struct place *out_place, struct err *err) NODISCARD;
enum status tree_from_json(struct slice text, const char *file, struct arena *arena, const struct tree_sink *sink,
			   struct node **out, struct place *out_place, struct err *err) NODISCARD;
/* Line and column of a byte. */
struct place tree_place(struct slice text, uint64_t offset, const char *file);
/* Tell what is there twice. In YAML that is an error, in JSON the last one counts. */
enum status tree_tell_twice(struct node *root, bool fatal, const struct tree_sink *sink, struct err *err) NODISCARD;

const char *node_kind_name(enum node_kind kind); /* "a list" */
/* The last member of this name; exact, or letters of any case. NULL if it is no object or has none. */
struct node *node_get(struct node *object, struct slice key);
struct node *node_get_nocase(struct node *object, struct slice key);
/* A copy of one node and all below it. NULL when memory is short. */
struct node *node_copy(const struct node *from, struct arena *arena) NODISCARD;
struct node *node_new(struct arena *arena, enum node_kind kind, struct place place) NODISCARD;
/* Hang a member at the end of an object, in place of an older one of that name. */
void node_put(struct node *object, struct node *member);
void node_remove(struct node *object, const struct node *member);
/* The value as JSON; at most CONFIG_DEPTH levels. */
enum status node_write(const struct node *n, struct json_writer *w, struct err *err) NODISCARD;

/* RFC 7386: objects are merged, everything else replaces, null deletes. *root is changed. */
enum status merge_patch(struct node **root, struct node *patch, struct arena *arena, struct err *err) NODISCARD;
/* RFC 6902. *out_place is where in the patch it failed. */
enum status json_patch(struct node **root, struct node *patch, struct arena *arena, struct place *out_place,
		       struct err *err) NODISCARD;

#endif
