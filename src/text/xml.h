/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml.h - XML as events from a stream (libxml2 SAX2 push parser). No network, no external entities; any entity
 * or attribute-list declaration and any reference but the five predefined ends the document with STATUS_MALFORMED;
 * depth, attributes, bytes of the document (feed_bytes) and of one tag or comment (record_bytes) are capped.
 */
#ifndef LIMPID_TEXT_XML_H
#define LIMPID_TEXT_XML_H

#include "base/err.h"
#include "base/limits.h"

struct xml_attr {
	struct slice name;  /* local name */
	struct slice value; /* entities decoded */
};

struct xml_sink {
	/*
	 * Local names; attributes valid during the call. Any failure but STATUS_CANCELLED (a quiet end) is returned. A
	 * tag that the end of the document cuts may be told, short of attributes, just before the failure.
	 */
	enum status (*start)(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err);
	enum status (*end)(void *ctx, struct slice name, struct err *err);
	/* Character data; may come in pieces. */
	enum status (*text)(void *ctx, struct slice text, struct err *err);
	void *ctx;
};

struct xml_parser;
/* sink and limits are borrowed. NULL when memory is short. */
struct xml_parser *xml_parser_new(const struct xml_sink *sink, const struct limits *limits) NODISCARD;
void xml_parser_free(struct xml_parser *p);
/* Feed bytes; errors carry the byte offset and the line. */
enum status xml_parser_feed(struct xml_parser *p, struct slice bytes, struct err *err) NODISCARD;
/* The document must be complete. */
enum status xml_parser_end(struct xml_parser *p, struct err *err) NODISCARD;

#endif
