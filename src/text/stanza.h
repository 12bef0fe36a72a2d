/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stanza.h - "Field: value" paragraphs: dpkg status, Python METADATA headers, apk's one-letter records.
 *
 * Folded lines continue a value; LF and CRLF end lines; an empty line (or one of blanks only) ends a stanza; the last
 * stanza needs no newline. A line that is no field (no colon, a name with blanks or other than printable ASCII, a
 * comment, a NUL in the value) is told through `bad` and left out with its continuation lines; the stanza goes on.
 */
#ifndef LIMPID_TEXT_STANZA_H
#define LIMPID_TEXT_STANZA_H

#include "base/slice.h"

struct stanza_field {
	struct slice name;   /* as written */
	struct slice value;  /* first line, trimmed; borrowed from the input */
	struct slice folded; /* continuation lines as they stand, blanks included; empty if none */
	size_t offset;       /* of the name in the input */
};

struct stanza_reader {
	struct slice in;
	size_t pos;
	/* Told about a line that is no field (may be NULL). */
	void (*bad)(void *ctx, size_t offset, struct slice line);
	void *ctx;
	bool inside; /* between stanza_next() and the end of that stanza; zero at the start */
};

/* Move to the next stanza, past what is left of this one and empty lines; false at the end of the input. *out_offset:
 * its first byte. */
bool stanza_next(struct stanza_reader *r, size_t *out_offset);
/* The next field of the current stanza; false at its end. */
bool stanza_field(struct stanza_reader *r, struct stanza_field *out);

#endif
