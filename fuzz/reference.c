/* SPDX-License-Identifier: Apache-2.0 */
/* reference.c - fuzz target: a name of an image is refused, or what is printed of it is read as the same. */
#include "image/reference.h"

#include "base/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf text = BUF_INIT((size_t)1 << 20), again = BUF_INIT((size_t)1 << 20);
	struct err err = ERR_INIT;
	struct reference r;

	if (size < 4096 && reference_parse(slice_make(data, size), &arena, &r, &err) == STATUS_OK) {
		reference_print(&r, &text);
		if (r.path.len == 0 || r.host.len == 0 || (r.tag.len == 0 && r.digest.algo == DIGEST_NONE) ||
		    reference_parse(buf_slice(&text), &arena, &r, &err) != STATUS_OK)
			abort();
		reference_print(&r, &again);
		if (!slice_eq(buf_slice(&text), buf_slice(&again)))
			abort();
	}
	buf_fini(&text);
	buf_fini(&again);
	arena_fini(&arena);
	return 0;
}
