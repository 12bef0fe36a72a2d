/* SPDX-License-Identifier: Apache-2.0 */
/* purl.c - fuzz target: the canonical text of a package URL reads back to the same text. */
#include "text/purl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct buf first = BUF_INIT((size_t)1 << 20), second = BUF_INIT((size_t)1 << 20);
	struct err err = ERR_INIT;
	struct purl p;

	if (size <= 65536 && purl_parse(slice_make(data, size), &arena, &p, &err) == STATUS_OK) {
		purl_print(&p, &first);
		if (purl_parse(buf_slice(&first), &arena, &p, &err) != STATUS_OK)
			abort();
		purl_print(&p, &second);
		if (!slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
	return 0;
}
