/* SPDX-License-Identifier: Apache-2.0 */
/* layer_report.c - fuzz target: a layer report that is accepted prints to a text that reads back to the same text. */
#include "model/layer_report.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct buf first = BUF_INIT((size_t)16 << 20), second = BUF_INIT((size_t)16 << 20);
	struct layer_report report;
	struct err err = ERR_INIT;

	if (size <= (1 << 20) &&
	    layer_report_parse(slice_make(data, size), &limits_default, &arena, &report, &err) == STATUS_OK &&
	    layer_report_print(&report, &first, &err) == STATUS_OK) {
		if (layer_report_parse(buf_slice(&first), &limits_default, &arena, &report, &err) != STATUS_OK ||
		    layer_report_print(&report, &second, &err) != STATUS_OK ||
		    !slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
	return 0;
}
