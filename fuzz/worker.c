/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - fuzz target: what comes over the worker's pipe, whole and byte by byte, gives the same frames. */
#include "index/worker.h"

#include <stdlib.h>

#define FRAME_MAX 4096

/* Frames of the input as long as they are well-formed; their payloads are looked at as the parent does. */
static size_t count_frames(struct slice in, bool in_pieces)
{
	size_t n = 0, at = 0, have = in_pieces ? 0 : in.len;

	for (;;) {
		struct worker_frame f;
		struct sandbox_level level;
		struct err err = ERR_INIT, failed = ERR_INIT;
		size_t used;

		if (worker_frame_next(slice_from(slice_take(in, have), at), FRAME_MAX, &f, &used, &err) != STATUS_OK)
			return n;
		if (used == 0) {
			if (have >= in.len)
				return n;
			have++;
			continue;
		}
		if (used != WORKER_FRAME_HEAD + f.payload.len || at + used > have)
			abort();
		worker_failed_parse(f.payload, &failed);
		if (failed.code >= STATUS_OK || !slice_is_utf8(slice_cstr(failed.msg)))
			abort();
		if (worker_level_parse(f.payload, &level, &err) == STATUS_OK && f.payload.len != 4)
			abort();
		at += used;
		n++;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make(data, MIN(size, (size_t)65536));

	if (count_frames(in, false) != count_frames(in, true))
		abort();
	return 0;
}
