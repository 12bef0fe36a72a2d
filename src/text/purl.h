/* SPDX-License-Identifier: Apache-2.0 */
/* purl.h - package URLs (purl-spec): pkg:type/namespace/name@version?qualifiers#subpath */
#ifndef LIMPID_TEXT_PURL_H
#define LIMPID_TEXT_PURL_H

#include "base/arena.h"
#include "base/buf.h"

struct purl_qualifier {
	struct slice key, value; /* decoded */
};

struct purl {
	struct slice type;          /* lower case */
	struct slice namespace_;    /* decoded, '/' between segments */
	struct slice name, version; /* decoded */
	struct purl_qualifier qualifiers[16];
	size_t n_qualifiers;
	struct slice subpath;
};

/* Decoded parts lie in the arena. STATUS_MALFORMED says what is wrong. */
enum status purl_parse(struct slice text, struct arena *arena, struct purl *out, struct err *err) NODISCARD;
/* Canonical text: sorted qualifiers, percent-encoding of the specification. */
void purl_print(const struct purl *p, struct buf *out);

#endif
