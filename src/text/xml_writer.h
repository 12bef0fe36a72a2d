/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_writer.h - writing XML 1.0 as it is made, without a tree. What XML cannot hold (control characters, bytes that
 * are no UTF-8) is written as U+FFFD. Misuse is STATUS_BUG at xml_writer_end(). As with JSON, the caller may hand on
 * and reset the buffer between calls.
 */
#ifndef LIMPID_TEXT_XML_WRITER_H
#define LIMPID_TEXT_XML_WRITER_H

#include "base/buf.h"

struct xml_writer {
	struct buf *out;      /* borrowed */
	const char *open[32]; /* names of elements, borrowed until they are closed */
	unsigned depth;
	bool tag;  /* the innermost element's start tag takes attributes yet */
	bool text; /* it has text: its end stands on the same line */
	bool bug;
};

/* Writes the declaration. */
void xml_writer_init(struct xml_writer *w, struct buf *out);
void xml_open(struct xml_writer *w, const char *name);
void xml_attribute(struct xml_writer *w, const char *name, struct slice value);
void xml_attribute_cstr(struct xml_writer *w, const char *name, const char *value);
void xml_attribute_u64(struct xml_writer *w, const char *name, uint64_t value);
void xml_text(struct xml_writer *w, struct slice text);
void xml_close(struct xml_writer *w); /* the innermost element */
/* open, text, close */
void xml_element(struct xml_writer *w, const char *name, struct slice text);
/* All closed and nothing failed? */
enum status xml_writer_end(struct xml_writer *w, struct err *err) NODISCARD;

#endif
