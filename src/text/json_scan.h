/* SPDX-License-Identifier: Apache-2.0 */
/* json_scan.h - finding the end of a JSON value without building it; private to text/. */
#ifndef LIMPID_TEXT_JSON_SCAN_H
#define LIMPID_TEXT_JSON_SCAN_H

#include "base/slice.h"

/* Result of json_scan(): where the value ended and how deep it went. */
struct json_extent {
	size_t end;     /* position after the value; SIZE_MAX if the text ended inside it */
	size_t deepest; /* most brackets open at once */
	size_t too_deep; /* position of the first bracket over max_depth; SIZE_MAX if none */
};

/* Position after the string whose opening quote is at pos; SIZE_MAX if it has no end. Only quotes are looked at. */
size_t json_scan_string(struct slice text, size_t pos);
/*
 * Values of a text, keys among them, at most: commas, colons and brackets that open. With loose set those in strings
 * count, too: comments may have quotation marks.
 */
uint64_t json_count(struct slice text, bool loose);
/*
 * The extent of the value at pos. Brackets are counted, not paired by kind ("[}" counts as closed), and nothing else is
 * checked: that is the parser's work. With whole set, scanning goes on past the value to the end of the text.
 */
struct json_extent json_scan(struct slice text, size_t pos, uint64_t max_depth, bool whole);

#endif
