/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stomp_frame.h - frames of STOMP 1.0, 1.1 and 1.2 (stomp.github.io): a parser over bytes, and a writer.
 *
 * A frame is COMMAND LF, headers "name:value" LF, LF, a body and a NUL; LF alone between frames is a heart-beat.
 * From 1.1 on LF, ':' and '\' of headers are escaped, from 1.2 on CR too, and a line may end in CR LF; never in CONNECT
 * and CONNECTED.
 */
#ifndef LIMPID_NOTIFY_STOMP_FRAME_H
#define LIMPID_NOTIFY_STOMP_FRAME_H

#include "base/arena.h"
#include "base/buf.h"

enum stomp_version { STOMP_1_0, STOMP_1_1, STOMP_1_2 };

struct stomp_header {
	struct slice name, value; /* unescaped */
};
struct stomp_frame {
	struct slice command; /* empty: there is no whole frame yet */
	const struct stomp_header *headers;
	size_t n_headers;
	struct slice body;
};

/* Bytes of one frame that are read at most. */
#define STOMP_FRAME_BYTES ((size_t)1 << 20)
#define STOMP_HEADERS 256

/*
 * Take the first frame of the bytes. *out_used bytes are done with, in any case: heart-beats before a frame that has
 * not come whole yet, too. Slices point into the bytes or the arena. STATUS_MALFORMED with the offset; STATUS_LIMIT for
 * a frame that is larger than STOMP_FRAME_BYTES or has more than STOMP_HEADERS headers.
 */
enum status stomp_parse(struct slice bytes, enum stomp_version version, struct arena *arena, struct stomp_frame *out,
			size_t *out_used, struct err *err) NODISCARD;
/* The first header of this name counts; empty if there is none. */
struct slice stomp_header_get(const struct stomp_frame *f, const char *name);

/* A frame: begin, headers, end. A header that the version cannot carry makes the buffer fail. */
struct stomp_writer {
	struct buf *out; /* borrowed */
	enum stomp_version version;
	bool plain; /* CONNECT: nothing is escaped */
	bool bad;   /* a header cannot be sent */
};
void stomp_begin(struct stomp_writer *w, struct buf *out, enum stomp_version version, const char *command);
void stomp_add(struct stomp_writer *w, const char *name, struct slice value);
/* Adds content-length if there is a body. STATUS_INVALID if a header cannot be sent. */
enum status stomp_end(struct stomp_writer *w, struct slice body, struct err *err) NODISCARD;

#endif
