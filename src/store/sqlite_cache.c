/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_cache.c - cached layer reports: compressed, checked, least recently used go first. */
#include "store/sqlite_impl.h"

#include "base/limits.h"

#include <stdlib.h>
#include <zstd.h>

/* A read marks its entry as used, but not more often than this: reading must not become writing. */
#define TOUCH_S (10 * 60)

static int64_t sum_of(struct slice s)
{
	return (int64_t)(slice_hash(s, 0) >> 1);
}

static void touch(struct store *s, struct slice key)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	struct err ignored = ERR_INIT; /* a cache that cannot be marked still serves */

	if (s->read_only ||
	    store_prepare(s, "UPDATE layer_report SET last_used = ? WHERE key = ?", &q, &ignored) != STATUS_OK)
		return;
	sqlite3_bind_int64(q, 1, s->now());
	sqlite3_bind_blob(q, 2, key.ptr, (int)key.len, SQLITE_TRANSIENT);
	sqlite3_busy_timeout(s->db, 0);
	sqlite3_step(q);
	sqlite3_busy_timeout(s->db, (int)s->busy_ms);
}

static void drop(struct store *s, struct slice key)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	struct err ignored = ERR_INIT; /* the next put replaces it */

	if (s->read_only || store_prepare(s, "DELETE FROM layer_report WHERE key = ?", &q, &ignored) != STATUS_OK)
		return;
	sqlite3_bind_blob(q, 1, key.ptr, (int)key.len, SQLITE_TRANSIENT);
	sqlite3_step(q);
}

/* True if the row could be unpacked and is what was put. */
static bool unpack(struct slice packed, uint64_t size, int64_t sum, struct buf *out)
{
	size_t before = out->len, n;
	uint8_t *p;

	if (size > limits_default.report_bytes)
		return false;
	p = buf_reserve(out, (size_t)size + 1);
	if (!p)
		return false;
	n = ZSTD_decompress(p, (size_t)size, packed.ptr, packed.len);
	if (ZSTD_isError(n) || n != size || sum_of(slice_make(p, n)) != sum)
		return false;
	out->len = before + n;
	return true;
}

enum status store_cache_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	bool good, old;
	int rc;

	TRY(store_prepare(s, "SELECT value, size, sum, last_used FROM layer_report WHERE key = ?", &q, err));
	sqlite3_bind_blob(q, 1, key.ptr, (int)key.len, SQLITE_TRANSIENT);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "the layer is not cached");
	if (rc != SQLITE_ROW)
		return store_failed(s, err, "layer cache");
	good = unpack(column_slice(q, 0), (uint64_t)sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2), out);
	old = s->now() - sqlite3_column_int64(q, 3) > TOUCH_S;
	sqlite3_reset(q);
	if (!good) {
		drop(s, key);
		return err_set(err, STATUS_NOTFOUND, "the cached layer was damaged and is dropped");
	}
	if (old)
		touch(s, key);
	return STATUS_OK;
}

/* Oldest first, until what is left fits; of the same second, what was put first. */
static enum status evict(struct store *s, struct err *err)
{
	static const char sql[] = "DELETE FROM layer_report WHERE id IN (SELECT id FROM (SELECT id, sum(packed) OVER "
				  "(ORDER BY last_used DESC, id DESC) AS total FROM layer_report) WHERE total > ?)";
	struct store_cache_stats stats;
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_cache_stats(s, &stats, err));
	if (stats.bytes <= s->cache_bytes)
		return STATUS_OK;
	TRY(store_prepare(s, sql, &q, err));
	/* Some room beyond the need, so that not every put evicts. What was just put stays: see store_cache_put(). */
	sqlite3_bind_int64(q, 1, (int64_t)(s->cache_bytes - s->cache_bytes / 10));
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : store_failed(s, err, "layer cache");
}

static enum status put_row(struct store *s, struct slice key, struct slice packed, struct slice report, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s,
			  "INSERT OR REPLACE INTO layer_report (key, last_used, packed, size, sum, value) "
			  /* After a clock that was set back, too, what is put last is the newest. */
			  "VALUES (?, max(?, (SELECT coalesce(max(last_used), 0) FROM layer_report)), ?, ?, ?, ?)",
			  &q, err));
	sqlite3_bind_blob(q, 1, key.ptr, (int)key.len, SQLITE_TRANSIENT);
	sqlite3_bind_int64(q, 2, s->now());
	sqlite3_bind_int64(q, 3, (int64_t)packed.len);
	sqlite3_bind_int64(q, 4, (int64_t)report.len);
	sqlite3_bind_int64(q, 5, sum_of(report));
	sqlite3_bind_blob(q, 6, packed.ptr, (int)packed.len, SQLITE_STATIC);
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : store_failed(s, err, "layer cache");
}

static enum status put_packed(struct store *s, struct slice key, struct slice packed, struct slice report,
			      struct err *err)
{
	enum status st;

	/* One entry must not drive out all others. */
	if (packed.len > s->cache_bytes - s->cache_bytes / 10)
		return err_set(err, STATUS_LIMIT, "the layer's report (%zu bytes) is larger than the whole cache",
			       packed.len);
	TRY(store_begin(s, err));
	st = put_row(s, key, packed, report, err);
	if (st == STATUS_OK)
		st = evict(s, err);
	if (st == STATUS_OK)
		st = store_commit(s, err);
	if (st != STATUS_OK)
		store_rollback(s);
	return st;
}

enum status store_cache_put(struct store *s, struct slice key, struct slice report, struct err *err)
{
	size_t bound = ZSTD_compressBound(report.len), n;
	uint8_t *packed = malloc(bound);
	enum status st;

	if (!packed)
		return err_nomem(err, "layer cache");
	n = ZSTD_compress(packed, bound, report.ptr, report.len, 3);
	if (ZSTD_isError(n))
		st = err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	else
		st = put_packed(s, key, slice_make(packed, n), report, err);
	free(packed);
	return st;
}

enum status store_cache_stats(struct store *s, struct store_cache_stats *out, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s, "SELECT count(*), coalesce(sum(packed), 0) FROM layer_report", &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return store_failed(s, err, "layer cache");
	out->entries = (uint64_t)sqlite3_column_int64(q, 0);
	out->bytes = (uint64_t)sqlite3_column_int64(q, 1);
	return STATUS_OK;
}

enum status store_cache_gc(struct store *s, int64_t before_s, struct slice detector_set, uint64_t *out_dropped,
			   struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s, "DELETE FROM layer_report WHERE last_used < ? OR instr(key, CAST(? AS BLOB)) = 0", &q,
			  err));
	sqlite3_bind_int64(q, 1, before_s);
	bind_text(q, 2, detector_set);
	if (sqlite3_step(q) != SQLITE_DONE)
		return store_failed(s, err, "layer cache");
	*out_dropped = (uint64_t)sqlite3_changes64(s->db);
	/* Freed pages go back to the file system; that others are reading at the moment is no failure. */
	sqlite3_exec(s->db, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);", NULL, NULL, NULL);
	return STATUS_OK;
}
