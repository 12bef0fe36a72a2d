/* SPDX-License-Identifier: Apache-2.0 */
/* layer.c - fuzz target: whatever a layer's tar holds, its report is one that the parent accepts, and says the same
 * again. */
#include "index/scan.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void check_report(const struct layer_report *r)
{
	struct arena arena = ARENA_INIT((size_t)128 << 20);
	struct buf first = BUF_INIT((size_t)32 << 20), second = BUF_INIT((size_t)32 << 20);
	struct layer_report again;
	struct err err = ERR_INIT;

	if (layer_report_print(r, &first, &err) != STATUS_OK)
		abort();
	if (layer_report_parse(buf_slice(&first), &limits_default, &arena, &again, &err) != STATUS_OK ||
	    layer_report_print(&again, &second, &err) != STATUS_OK || !slice_eq(buf_slice(&first), buf_slice(&second)))
		abort();
	buf_fini(&first);
	buf_fini(&second);
	arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules *rules; /* compiled once */
	struct arena arena = ARENA_INIT((size_t)128 << 20);
	struct image_layer layer = { .place = LAYER_FD, .fd = memfd_create("layer", MFD_CLOEXEC), .len = size };
	struct layer_report report;
	struct err err = ERR_INIT;
	size_t n;
	const struct detector *const *list = detectors(&n);

	if (layer.fd >= 0 && write(layer.fd, data, size) == (ssize_t)size &&
	    (rules || rules_compile(list, n, &rules, &err) == STATUS_OK)) {
		struct scan_job job = { .layer = &layer, .rules = rules, .limits = &limits_default };

		if (scan_layer(&job, &arena, &report, &err) == STATUS_OK)
			check_report(&report);
	}
	if (layer.fd >= 0)
		close(layer.fd);
	arena_fini(&arena);
	return 0;
}
