/* SPDX-License-Identifier: Apache-2.0 */
/* cpe.c - fuzz target: the formatted string of a CPE name reads back to the same text. */
#include "text/cpe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf first = BUF_INIT((size_t)1 << 20), second = BUF_INIT((size_t)1 << 20);
	struct err err = ERR_INIT;
	struct cpe p;

	if (size <= 65536 && cpe_parse(slice_make(data, size), &arena, &p, &err) == STATUS_OK) {
		cpe_print(&p, &first);
		if (first.len && cpe_parse(buf_slice(&first), &arena, &p, &err) != STATUS_OK)
			abort();
		cpe_print(&p, &second);
		/* A name without any attribute prints as nothing. */
		if (first.len && !slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
	return 0;
}
