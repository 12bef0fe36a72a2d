/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.c - fuzz target: the manifest of a bundle, and a change of a segment.
 *
 * What begins with a brace is a manifest: printed and read again it says the same. Else two bytes tell the length of a
 * segment, which follows, and the rest is a change of it.
 */
#include "carry/bundle.h"
#include "carry/delta.h"

#include <stdlib.h>

#define TARGET_BYTES 4096

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_same(const struct bundle_source *a, const struct bundle_source *b)
{
	must(slice_eq(a->name, b->name) && slice_eq(a->feed, b->feed) && slice_eq(a->etag, b->etag));
	must(slice_eq(a->url, b->url) && slice_eq(a->last_modified, b->last_modified));
	must(slice_eq(a->format_version, b->format_version) && a->as_of_s == b->as_of_s && a->here == b->here);
	must(digest_eq(&a->segment, &b->segment) && digest_eq(&a->document, &b->document) && a->bytes == b->bytes);
	must(digest_eq(&a->base, &b->base) && a->delta_bytes == b->delta_bytes);
}

static void manifest(struct slice in)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct buf text = BUF_INIT((size_t)16 << 20);
	bundle_source_list first, second;
	struct err err = ERR_INIT;

	if (bundle_manifest_read(in, &limits_default, &arena, &first, &err) == STATUS_OK &&
	    bundle_manifest_write(&first, DATE_NONE, &text, &err) == STATUS_OK) {
		must(bundle_manifest_read(buf_slice(&text), &limits_default, &arena, &second, &err) == STATUS_OK);
		must(first.len == second.len);
		for (size_t i = 0; i < first.len; i++)
			check_same(&first.at[i], &second.at[i]);
	}
	buf_fini(&text);
	arena_fini(&arena);
}

static void change(struct slice in)
{
	size_t n = in.len >= 2 ? (size_t)in.ptr[0] << 8 | in.ptr[1] : 0;
	uint8_t out[TARGET_BYTES];
	struct err err = ERR_INIT;

	in = slice_from(in, 2);
	(void)!delta_apply(slice_take(in, n), slice_from(in, n), out, sizeof(out), &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > (1 << 18))
		return 0;
	if (data[0] == '{')
		manifest(slice_make(data, size));
	else
		change(slice_make(data, size));
	return 0;
}
