/* SPDX-License-Identifier: Apache-2.0 */
/* posted_manifest.c - fuzz target: what is read from a posted manifest is written and read again the same. */
#include "model/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct buf first = BUF_INIT((size_t)16 << 20), second = BUF_INIT((size_t)16 << 20);
	struct posted_manifest m;
	struct err err = ERR_INIT;

	if (size <= (1 << 20) &&
	    posted_manifest_parse(slice_make(data, size), &limits_default, &arena, &m, &err) == STATUS_OK) {
		if (m.n_layers == 0 || m.n_layers > limits_default.layers || m.digest.algo == DIGEST_NONE)
			abort();
		for (size_t i = 0; i < m.n_layers; i++)
			if (m.layers[i].digest.algo == DIGEST_NONE)
				abort();
		if (posted_manifest_print(&m, &first, &err) == STATUS_OK &&
		    (posted_manifest_parse(buf_slice(&first), &limits_default, &arena, &m, &err) != STATUS_OK ||
		     posted_manifest_print(&m, &second, &err) != STATUS_OK ||
		     !slice_eq(buf_slice(&first), buf_slice(&second))))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
	return 0;
}
