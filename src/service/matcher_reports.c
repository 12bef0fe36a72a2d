/* SPDX-License-Identifier: Apache-2.0 */
/* matcher_reports.c - index reports from the store of an indexer in the same process. */
#include "service/matcher.h"

#define WAIT_MS 10000u

static enum status read_bytes(struct store *s, const struct digest *manifest, struct arena *arena,
			      struct store_manifest *m, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) bytes = BUF_INIT(limits_default.index_bytes);

	TRY(store_manifest_get(s, manifest, arena, m, &bytes, err));
	return arena_copy(arena, buf_slice(&bytes), out) ? STATUS_OK : err_nomem(err, "index report");
}

/*
 * A report is what one detector set made of a manifest at a time. The store's clock has whole seconds: one that was put
 * in the last two may be replaced within the same second, so what it holds is part of its identity until then.
 */
static enum status identify(const struct store_manifest *m, struct slice bytes, struct arena *arena, struct slice *out,
			    struct err *err)
{
	struct digest digest = { 0 };
	struct digest_text text;

	if (bytes.len > 0)
		TRY(digest_of(DIGEST_SHA256, bytes, &digest, err));
	if (!arena_printf(arena, out, "%.*s %d %lld %s", SLICE_ARG(m->indexer_state), m->success,
			  (long long)m->updated_s, digest_print(&text, &digest)))
		return err_nomem(err, "index report");
	return STATUS_OK;
}

static enum status get(struct store *s, const struct digest *manifest, bool want, struct arena *arena,
		       struct matcher_index *out, struct err *err)
{
	struct store_manifest m;
	bool young;

	TRY(store_manifest_get(s, manifest, arena, &m, NULL, err));
	if (!slice_eq(m.state, SLICE("IndexFinished")))
		return err_set(err, STATUS_NOTFOUND, "the manifest is not indexed");
	young = m.updated_s + 2 > date_now();
	if (want || young)
		TRY(read_bytes(s, manifest, arena, &m, &out->bytes, err));
	return identify(&m, young ? out->bytes : SLICE_EMPTY, arena, &out->identity, err);
}

enum status matcher_reports_of_store(void *pool, const struct digest *manifest, bool want, struct arena *arena,
				     struct matcher_index *out, struct err *err)
{
	struct store *s;
	enum status st;

	*out = (struct matcher_index){ 0 };
	TRY(store_pool_take(pool, WAIT_MS, &s, err));
	st = get(s, manifest, want, arena, out, err);
	store_pool_give(pool, s);
	return st;
}
