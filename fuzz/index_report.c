/* SPDX-License-Identifier: Apache-2.0 */
/* index_report.c - fuzz target: a packed index report that is accepted packs to bytes that unpack to the same bytes. */
#include "model/index_report.h"

#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct buf first = BUF_INIT((size_t)16 << 20), second = BUF_INIT((size_t)16 << 20);
	struct index_report report;
	struct err err = ERR_INIT;

	if (size <= (1 << 20) &&
	    index_report_unpack(slice_make(data, size), &limits_default, &arena, &report, &err) == STATUS_OK &&
	    index_report_pack(&report, &first, &err) == STATUS_OK) {
		if (index_report_unpack(buf_slice(&first), &limits_default, &arena, &report, &err) != STATUS_OK ||
		    index_report_pack(&report, &second, &err) != STATUS_OK ||
		    !slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
	return 0;
}
