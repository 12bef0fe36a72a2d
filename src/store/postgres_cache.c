/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_cache.c - what is kept to save work, for all nodes together. */
#include "store/postgres_impl.h"

/* A read marks its entry as used, but not more often than this: reading must not become writing. */
#define TOUCH_S (10 * 60)
/* Puts after which the bytes in the cache are added up again: other nodes put, too. */
#define LOOK_PUTS 64u
#define PACKED_MAX ((size_t)1 << 30)

enum kind { KIND_LAYER_REPORT = 1, KIND_INDEX_REPORT = 2, KIND_FILE = 3 };

static void touch(struct store *s, int64_t id)
{
	struct pg_args args = PG_NO_ARGS;
	struct err ignored = ERR_INIT; /* a cache that cannot be marked still serves */

	if (s->read_only)
		return;
	pg_number(&args, id);
	pg_number(&args, s->now());
	if (pg_call(s, "UPDATE kept SET last_used = $2 WHERE id = $1", &args, NULL, &ignored) != STATUS_OK)
		return;
}

static void drop(struct store *s, int64_t id)
{
	struct pg_args args = PG_NO_ARGS;
	struct err ignored = ERR_INIT; /* the next put replaces it */

	pg_number(&args, id);
	if (!s->read_only && pg_call(s, "DELETE FROM kept WHERE id = $1", &args, NULL, &ignored) != STATUS_OK)
		return;
}

static enum status get(struct store *s, enum kind kind, struct slice key, struct buf *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	size_t before = out->len;

	pg_number(&args, kind);
	pg_bytes(&args, key);
	TRY(pg_read(s, "SELECT id, last_used, value FROM kept WHERE kind = $1 AND key = $2", &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "it is not cached");
	if (store_report_unpack(pg_slice(r, 0, 2), NULL, out, err) != STATUS_OK) {
		/* That the caller has no room for it is not its fault. */
		if (out->failed != STATUS_OK)
			return buf_check(out, "cache", err);
		out->len = before;
		drop(s, pg_int(r, 0, 0));
		return err_set(err, STATUS_NOTFOUND, "what was cached was damaged and is dropped");
	}
	if (s->now() - pg_int(r, 0, 1) > TOUCH_S)
		touch(s, pg_int(r, 0, 0));
	return STATUS_OK;
}

static enum status look(struct store *s, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_read(s, "SELECT coalesce(sum(packed), 0)::bigint FROM kept", &none, &r, err));
	s->cache_known = (uint64_t)pg_int(r, 0, 0);
	s->cache_puts = 0;
	return STATUS_OK;
}

/* Oldest first, until what is left fits, with some room beyond the need; of the same second, what was put first. */
static enum status evict(struct store *s, size_t put, struct err *err)
{
	static const char sql[] = "DELETE FROM kept WHERE id IN (SELECT id FROM (SELECT id, sum(packed) OVER "
				  "(ORDER BY last_used DESC, id DESC) AS total FROM kept) AS k WHERE total > $1)";
	struct pg_args args = PG_NO_ARGS;

	s->cache_known += put;
	s->cache_puts++;
	if (s->cache_puts % LOOK_PUTS == 1 || s->cache_known > s->cache_bytes)
		TRY(look(s, err));
	if (s->cache_known <= s->cache_bytes)
		return STATUS_OK;
	pg_number(&args, (int64_t)(s->cache_bytes - s->cache_bytes / 10));
	TRY(pg_call(s, sql, &args, NULL, err));
	return look(s, err);
}

static enum status put(struct store *s, enum kind kind, struct slice key, struct slice value, struct err *err)
{
	static const char sql[] =
		"INSERT INTO kept (kind, key, last_used, packed, value) "
		/* After a clock that was set back, too, what is put last is the newest. */
		"VALUES ($1, $2, greatest($3, (SELECT coalesce(max(last_used), 0) FROM kept)), $4, $5) "
		"ON CONFLICT (key, kind) DO UPDATE SET id = excluded.id, last_used = excluded.last_used, "
		"packed = excluded.packed, value = excluded.value";
	struct buf AUTO(buf_fini) packed = BUF_INIT(PACKED_MAX);
	struct pg_args args = PG_NO_ARGS, none = PG_NO_ARGS;
	PGresult *results[2];
	struct pg_batch b;

	TRY(pg_ready_to_write(s, err));
	TRY(store_report_pack(value, NULL, &packed, err));
	/* One entry must not drive out all others. */
	if (packed.len > s->cache_bytes - s->cache_bytes / 10)
		return err_set(err, STATUS_LIMIT, "%zu bytes are larger than the whole cache", packed.len);
	pg_number(&args, kind);
	pg_bytes(&args, key);
	pg_number(&args, s->now());
	pg_number(&args, (int64_t)packed.len);
	pg_bytes(&args, buf_slice(&packed));
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, "SELECT set_config('synchronous_commit', 'off', true)", &none, err);
	pg_batch_add(&b, sql, &args, err);
	TRY(pg_batch_run(&b, results, err));
	pg_clear(results, 2);
	return evict(s, packed.len, err);
}

enum status postgres_cache_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, KIND_LAYER_REPORT, key, out, err);
}

enum status postgres_cache_put(struct store *s, struct slice key, struct slice report, struct err *err)
{
	return put(s, KIND_LAYER_REPORT, key, report, err);
}

enum status postgres_index_report_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, KIND_INDEX_REPORT, key, out, err);
}

enum status postgres_index_report_put(struct store *s, struct slice key, struct slice report, struct err *err)
{
	return put(s, KIND_INDEX_REPORT, key, report, err);
}

enum status postgres_file_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, KIND_FILE, key, out, err);
}

enum status postgres_file_put(struct store *s, struct slice key, struct slice value, struct err *err)
{
	return put(s, KIND_FILE, key, value, err);
}

enum status postgres_cache_stats(struct store *s, struct store_cache_stats *out, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	*out = (struct store_cache_stats){ 0 };
	TRY(pg_read(s, "SELECT kind, count(*), coalesce(sum(packed), 0)::bigint FROM kept GROUP BY kind", &none, &r,
		    err));
	for (int i = 0; i < PQntuples(r); i++) {
		uint64_t n = (uint64_t)pg_int(r, i, 1);

		out->entries += n;
		out->bytes += (uint64_t)pg_int(r, i, 2);
		out->layers += pg_int(r, i, 0) == KIND_LAYER_REPORT ? n : 0;
		out->images += pg_int(r, i, 0) == KIND_INDEX_REPORT ? n : 0;
	}
	return STATUS_OK;
}

enum status postgres_cache_gc(struct store *s, int64_t before_s, struct slice detector_set, uint64_t *out_dropped,
			      struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, before_s);
	pg_bytes(&args, detector_set);
	TRY(pg_call(s, "DELETE FROM kept WHERE last_used < $1 OR (kind < 3 AND position($2 IN key) = 0)", &args, &r,
		    err));
	*out_dropped = pg_changed(r);
	return STATUS_OK;
}
