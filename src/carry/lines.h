/* SPDX-License-Identifier: Apache-2.0 */
/* lines.h - a stream line by line. Private to carry/. */
#ifndef LIMPID_CARRY_LINES_H
#define LIMPID_CARRY_LINES_H

#include "base/buf.h"
#include "io/source.h"

#define LINES_BLOCK ((size_t)64 << 10)

struct lines {
	struct source *in; /* borrowed */
	struct buf line;   /* the one being put together */
	uint64_t number;   /* of the line last given, from 1 */
	bool ended;
	bool unended;	/* the line last given has no end: a file that was cut, or somebody's last line */
	size_t at, len; /* what is left of block */
	uint8_t block[LINES_BLOCK];
};
/* in is borrowed; max: bytes of a line. */
void lines_begin(struct lines *l, struct source *in, size_t max);
void lines_end(struct lines *l);
/*
 * The next line that is not empty, without its end, borrowed until the next call. STATUS_NOTFOUND at the end;
 * STATUS_LIMIT: this one is too long and was passed over, go on. Others are failures of the stream.
 */
enum status lines_next(struct lines *l, struct slice *out, struct err *err) NODISCARD;

#endif
