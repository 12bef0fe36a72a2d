/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_walk.h - XML as events over bytes in memory, for programs that must start fast.
 *
 * expat behind the sink of text/xml.h: libxml2 costs 1.6 ms at the start of a program, more than half of a scan
 * (docs/adr/0003-update-program.md). Document type declarations, and with them entities, are refused.
 */
#ifndef LIMPID_TEXT_XML_WALK_H
#define LIMPID_TEXT_XML_WALK_H

#include "text/xml.h"

/*
 * Walk a whole document: local names, attributes decoded, text in pieces. STATUS_MALFORMED with the byte offset;
 * STATUS_LIMIT for depth (document_depth) and attributes of one element (fields). STATUS_CANCELLED from the sink ends
 * quietly.
 */
enum status xml_walk(struct slice text, const struct xml_sink *sink, const struct limits *limits,
		     struct err *err) NODISCARD;

#endif
