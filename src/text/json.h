/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - reading JSON: small documents as a yyjson tree, large ones member by member.
 *
 * Depth is capped (limits.document_depth) and duplicate keys read as the last one, as Go does.
 */
#ifndef LIMPID_TEXT_JSON_H
#define LIMPID_TEXT_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

#include <yyjson.h>

/* A parsed document; text and arena memory are not copied: strings point into the document. */
struct json_doc {
	yyjson_doc *doc; /* owned */
	yyjson_val *root;
};
/* STATUS_MALFORMED with the byte offset; STATUS_LIMIT for nesting. Invalid UTF-8 is malformed. */
enum status json_parse(struct slice text, const struct limits *limits, struct json_doc *out, struct err *err) NODISCARD;
/* The same of a file of an image, which may have any size and shape: STATUS_LIMIT over limits.json_values. */
enum status json_parse_file(struct slice text, const struct limits *limits, struct json_doc *out,
			    struct err *err) NODISCARD;
/* The same of the first value of a text: what follows it is not looked at, as Go's decoders leave it. */
enum status json_parse_first(struct slice text, const struct limits *limits, struct json_doc *out,
			     struct err *err) NODISCARD;
/* As json_parse_file(), for text that people write, too: comments, and a comma before a closing bracket. */
enum status json_parse_loose(struct slice text, const struct limits *limits, struct json_doc *out,
			     struct err *err) NODISCARD;
void json_doc_free(struct json_doc *d);
/* Where in text, of which d was made, a string or key begins (behind its quotation mark); 0: v is none of it. */
size_t json_offset(const struct json_doc *d, struct slice text, yyjson_val *v);

/* Member of an object, last duplicate wins; NULL if obj is no object or has none. */
yyjson_val *json_get(yyjson_val *obj, const char *key);
/* String value as a slice; empty if v is NULL or no string. */
struct slice json_str(yyjson_val *v);
struct slice json_get_str(yyjson_val *obj, const char *key);
bool json_get_bool(yyjson_val *obj, const char *key);
/* Unsigned integer; false if absent or not one. */
bool json_get_u64(yyjson_val *obj, const char *key, uint64_t *out);

/*
 * Split the top-level object or array of a large text and hand out each member's bytes, each parsed for you in a reused
 * pool. key is empty in an array, unescaped in an object. Bytes between members are checked too.
 * A member that does not parse goes to `bad` (with its offset) and the walk goes on; STATUS_CANCELLED from visit ends
 * quietly; other failures are returned. STATUS_MALFORMED if the frame itself is broken (members before it stand).
 */
struct json_split {
	/* NULL: what raw does not take is passed over unread. */
	enum status (*visit)(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err);
	void (*bad)(void *ctx, struct slice key, const struct err *err);
	void *ctx;
	/* NULL, or asked first: true: the bytes were taken as they are. Brackets in them pair, nothing else is sure. */
	bool (*raw)(void *ctx, struct slice key, struct slice value);
	/*
	 * NULL, or asked of the members of the outermost object that are objects or arrays: true: what lies in this one
	 * is handed out member by member in its place.
	 */
	bool (*enter)(void *ctx, struct slice key);
};
enum status json_split(struct slice text, const struct limits *limits, const struct json_split *sink,
		       struct err *err) NODISCARD;

#endif
