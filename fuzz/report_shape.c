/* SPDX-License-Identifier: Apache-2.0 */
/* report_shape.c - a report's shape gives the report again; and a shape that nobody made is refused, or is some bytes.
 */
#include "store/store_ops.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct store_text packages[] = {
	{ .package = { .name = SLICE_INIT("adduser"), .version = SLICE_INIT("3.134"), .arch = SLICE_INIT("all") } },
	{ .package = { .name = SLICE_INIT("libc6"),
		       .version = SLICE_INIT("2.36-9"),
		       .source_name = SLICE_INIT("glibc") } },
	{ .package = { .name = SLICE_INIT("lodash"), .version = SLICE_INIT("4.17.20") } },
	{ .package = { .name = SLICE_INIT("lodash"), .version = SLICE_INIT("4.17.21") } },
};
static const struct digest layers[] = { { .algo = DIGEST_SHA256, .bytes = { 1 } },
					{ .algo = DIGEST_SHA256, .bytes = { 2 } } };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct store_report_texts texts = { .packages = packages,
						  .n = ARRAY_LEN(packages),
						  .manifest = { .algo = DIGEST_SHA256 },
						  .layers = layers,
						  .n_layers = ARRAY_LEN(layers) };
	struct buf AUTO(buf_fini) shape = BUF_INIT((size_t)1 << 24), again = BUF_INIT((size_t)1 << 24),
				  other = BUF_INIT((size_t)1 << 24);
	struct slice report = slice_make(data, size);
	struct err err = ERR_INIT;

	if (store_shape(report, &texts, &shape, &err) != STATUS_OK ||
	    store_unshape(buf_slice(&shape), &texts, &again, &err) != STATUS_OK || !slice_eq(buf_slice(&again), report))
		abort();
	if (store_unshape(report, &texts, &other, &err) != STATUS_OK && err.code != STATUS_MALFORMED &&
	    err.code != STATUS_LIMIT)
		abort();
	return 0;
}
