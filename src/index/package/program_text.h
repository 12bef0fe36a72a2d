/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program_text.h - a version in the bytes of a program, found by the texts around it.
 *
 * A pattern is text with holes between braces:
 *   {v}  the version: numbers with dots between them, two at least
 *   {V}  the same with what may follow the numbers ("1.1.1k", "3.0.0-rc.1"), or one number with that ("15beta4")
 *   {n}  {V} that goes on from the number in the file's name (3.11.2 in "libpython3.11.so.1.0"), if it has one
 *   {0}  one NUL or more     {b}  one blank or more     {d}  one digit or more
 *   {x}  7 to 64 digits or lower-case letters     {w}  12 of them
 *   {~}  anything, at most 200 bytes
 *   {&}  what stands before is a text that the file must have as well, anywhere
 *   {|}  or
 * A pattern has one version in each of its alternatives. The first alternative that is found anywhere counts.
 */
#ifndef LIMPID_INDEX_PACKAGE_PROGRAM_TEXT_H
#define LIMPID_INDEX_PACKAGE_PROGRAM_TEXT_H

#include "base/slice.h"

#define PROGRAM_TOKENS_MAX 12

/* After each few MiB that were searched; NULL: nothing is to be told. */
struct program_pace {
	void (*searched)(void *ctx);
	void *ctx;
};

/* The version that pattern finds in bytes, borrowed from them; name: of the file. False: it finds none. */
bool program_text_find(const char *pattern, struct slice bytes, struct slice name, const struct program_pace *pace,
		       struct slice *out);
/* Is it a pattern: known holes, one version in each alternative, no more tokens than there is room for? */
bool program_text_valid(const char *pattern);

#endif
