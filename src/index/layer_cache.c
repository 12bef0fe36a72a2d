/* SPDX-License-Identifier: Apache-2.0 */
/* layer_cache.c - keys of layer reports, and which of the store's may be believed. */
#include "index/layer_cache.h"

#include <stdlib.h>

static int by_wanted(const void *a, const void *b)
{
	const struct scan_alias *x = a, *y = b;
	int c = slice_cmp(x->wanted, y->wanted);

	return c != 0 ? c : slice_cmp(x->real, y->real);
}

bool layer_cache_key(const struct digest *digest, struct layer_read read, const struct scan_alias *aliases, size_t n,
		     struct arena *arena, struct slice *out)
{
	struct buf key = BUF_INIT(1 << 20);
	struct scan_alias *sorted = arena_array(arena, n + 1, sizeof(*sorted));
	struct digest_text text;
	bool ok;

	if (!sorted)
		return false;
	if (n > 0)
		memcpy(sorted, aliases, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_wanted);
	buf_add_cstr(&key, digest_print(&text, digest));
	buf_add_byte(&key, '|');
	buf_add(&key, detector_set());
	buf_add_byte(&key, '|');
	for (size_t j = 0; j < n; j++) {
		buf_add(&key, sorted[j].wanted);
		buf_add_byte(&key, sorted[j].dir ? '/' : sorted[j].hard ? '#' : '=');
		buf_add(&key, sorted[j].real);
		buf_add_byte(&key, '\n');
	}
	if (read.source)
		buf_add_cstr(&key, "source");
	if (read.lists)
		buf_add_cstr(&key, "lists");
	ok = key.failed == STATUS_OK && arena_copy(arena, buf_slice(&key), out);
	buf_fini(&key);
	return ok;
}

enum status layer_cache_get(struct store *store, struct slice key, const struct digest *stored,
			    const struct limits *limits, struct arena *arena, struct layer_report *out, struct err *err)
{
	struct buf AUTO(buf_fini) json = BUF_INIT(limits->report_bytes);

	TRY(store_cache_get(store, key, &json, err));
	if (layer_report_parse(buf_slice(&json), limits, arena, out, err) != STATUS_OK)
		return err_set(err, STATUS_NOTFOUND, "the cached report is not to be believed");
	if (!out->complete || (stored->algo != DIGEST_NONE && !digest_eq(&out->digest, stored)))
		return err_set(err, STATUS_NOTFOUND, "the cached report is about another layer");
	return STATUS_OK;
}

enum status layer_cache_put(struct store *store, struct slice key, const struct layer_report *report,
			    const struct limits *limits, struct err *err)
{
	struct buf AUTO(buf_fini) json = BUF_INIT(limits->report_bytes);

	if (!report->complete)
		return STATUS_OK;
	TRY(layer_report_print(report, &json, err));
	return store_cache_put(store, key, buf_slice(&json), err);
}
