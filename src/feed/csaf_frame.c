/* SPDX-License-Identifier: Apache-2.0 */
/* csaf_frame.c - takes an archive and the newer documents behind it apart. */
#include "feed/csaf_frame.h"

void csaf_frame_split(struct slice bytes, struct slice *archive, struct slice *changes)
{
	struct slice begin = SLICE("\nlimpid-changes-at "), trailer;
	uint64_t at = 0;

	*archive = bytes;
	*changes = SLICE_EMPTY;
	if (bytes.len < CSAF_TRAILER_BYTES)
		return;
	trailer = slice_from(bytes, bytes.len - CSAF_TRAILER_BYTES);
	if (!slice_starts(trailer, begin) || trailer.ptr[trailer.len - 1] != '\n')
		return;
	for (size_t i = begin.len; i + 1 < trailer.len; i++) {
		int digit = hex_value(trailer.ptr[i]);

		if (digit < 0)
			return;
		at = at * 16 + (uint64_t)digit;
	}
	if (at > bytes.len - CSAF_TRAILER_BYTES)
		return;
	*archive = slice_take(bytes, (size_t)at);
	*changes = slice_take(slice_from(bytes, (size_t)at), bytes.len - CSAF_TRAILER_BYTES - (size_t)at);
}
