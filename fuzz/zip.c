/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - fuzz target: members of a zip archive have the size that the directory says, or are refused. */
#include "io/zip.h"

#include "base/buf.h"

#include <stdlib.h>

#define MEMBERS_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT((size_t)1 << 20);
	struct zip_archive *z = NULL;
	struct err err = ERR_INIT;

	if (size > (1 << 17))
		return 0;
	if (zip_open_slice(slice_make(data, size), &limits_default, &z, &err) != STATUS_OK) {
		if (z || err.code == STATUS_OK)
			abort();
		return 0;
	}
	for (uint64_t i = 0; i < zip_count(z) && i < MEMBERS_MAX; i++) {
		struct zip_member m;
		enum status st;

		if (zip_member_at(z, i, &m, &err) != STATUS_OK)
			continue;
		if (m.index != i || m.directory != slice_ends(m.name, SLICE("/")))
			abort();
		buf_reset(&out);
		st = zip_read(z, i, &out, &err);
		if (out.len > m.size || (st == STATUS_OK && out.len != m.size))
			abort();
	}
	zip_close_archive(z);
	buf_fini(&out);
	return 0;
}
