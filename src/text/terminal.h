/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - text of an image or a feed on a terminal: nothing in it may steer the terminal or deceive the eye. */
#ifndef LIMPID_TEXT_TERMINAL_H
#define LIMPID_TEXT_TERMINAL_H

#include "base/buf.h"

/*
 * Append s with '?' for every control character (C0, DEL, C1), line and paragraph separators, marks that turn the
 * direction of writing (U+202A.., U+2066..) and bytes that are not UTF-8.
 */
void terminal_put(struct buf *b, struct slice s);
/* Bytes of the first character of s if terminal_put() leaves it as it is; 0 if not. */
size_t terminal_harmless(struct slice s);
/* Columns that s takes: wide scripts count two, combining marks none. For text that terminal_put() wrote. */
size_t terminal_columns(struct slice s);
/* The longest beginning of s that fits into max columns. */
struct slice terminal_take(struct slice s, size_t max);

#endif
