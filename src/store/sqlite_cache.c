/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_cache.c - what is kept to save work: compressed, checked, the least recently used goes first. */
#include "store/sqlite_impl.h"

#include "base/limits.h"

#include <stdlib.h>
#include <zstd.h>

/* A read marks its entry as used, but not more often than this: reading must not become writing. */
#define TOUCH_S (10 * 60)

/* Numbers in the file. */
enum kind { KIND_LAYER_REPORT = 1, KIND_INDEX_REPORT = 2, KIND_FILE = 3 };

/* Values up to here are kept as they are where they are read most: unpacking would take longer than reading them. */
#define PLAIN_BYTES 4096

/* What is kept, and the key by which it is found. */
struct name {
	enum kind kind;
	struct slice key; /* borrowed */
};

static void bind_name(sqlite3_stmt *q, int at, const struct name *name)
{
	sqlite3_bind_int(q, at, (int)name->kind);
	sqlite3_bind_blob(q, at + 1, name->key.ptr, (int)name->key.len, SQLITE_STATIC);
}

static int64_t sum_of(struct slice s)
{
	return (int64_t)(slice_hash(s, 0) >> 1);
}

static void touch(struct store *s, int64_t id)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct err ignored = ERR_INIT; /* a cache that cannot be marked still serves */

	if (s->read_only || sqlite_prepare(s, "UPDATE kept SET last_used = ? WHERE id = ?", &q, &ignored) != STATUS_OK)
		return;
	sqlite3_bind_int64(q, 1, s->now());
	sqlite3_bind_int64(q, 2, id);
	sqlite3_busy_timeout(s->db, 0);
	sqlite3_step(q);
	sqlite3_busy_timeout(s->db, (int)s->busy_ms);
}

static void drop(struct store *s, int64_t id)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct err ignored = ERR_INIT; /* the next put replaces it */

	if (s->read_only || sqlite_prepare(s, "DELETE FROM kept WHERE id = ?", &q, &ignored) != STATUS_OK)
		return;
	sqlite3_bind_int64(q, 1, id);
	sqlite3_step(q);
}

/* Append the value as it was put; false if it is not what was put. Packed to its own size, it was not packed. */
static bool unpack(struct slice packed, uint64_t size, int64_t sum, struct buf *out)
{
	size_t before = out->len, n = packed.len;
	uint8_t *p;

	if (size > limits_default.report_bytes)
		return false;
	p = buf_reserve(out, (size_t)size + 1);
	if (!p)
		return false;
	if (packed.len != size)
		n = ZSTD_decompress(p, (size_t)size, packed.ptr, packed.len);
	else if (size > 0)
		memcpy(p, packed.ptr, packed.len);
	if (ZSTD_isError(n) || n != size || sum_of(slice_make(p, n)) != sum)
		return false;
	out->len = before + n;
	return true;
}

static enum status get(struct store *s, const struct name *name, struct buf *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	bool good, old;
	int64_t id;
	int rc;

	TRY(sqlite_prepare(s, "SELECT id, value, size, sum, last_used FROM kept WHERE kind = ? AND key = ?", &q, err));
	bind_name(q, 1, name);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "it is not cached");
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "cache");
	id = sqlite3_column_int64(q, 0);
	good = unpack(column_slice(q, 1), (uint64_t)sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3), out);
	old = s->now() - sqlite3_column_int64(q, 4) > TOUCH_S;
	sqlite3_reset(q);
	if (!good) {
		drop(s, id);
		return err_set(err, STATUS_NOTFOUND, "what was cached was damaged and is dropped");
	}
	if (old)
		touch(s, id);
	return STATUS_OK;
}

/* From the index alone. */
static enum status bytes_kept(struct store *s, uint64_t *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "SELECT coalesce(sum(packed), 0) FROM kept", &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, "cache");
	*out = (uint64_t)sqlite3_column_int64(q, 0);
	return STATUS_OK;
}

/* Oldest first, until what is left fits; of the same second, what was put first. */
static enum status evict(struct store *s, struct err *err)
{
	static const char sql[] = "DELETE FROM kept WHERE id IN (SELECT id FROM (SELECT id, sum(packed) OVER "
				  "(ORDER BY last_used DESC, id DESC) AS total FROM kept) WHERE total > ?)";
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	uint64_t bytes = 0;

	TRY(bytes_kept(s, &bytes, err));
	if (bytes <= s->cache_bytes)
		return STATUS_OK;
	TRY(sqlite_prepare(s, sql, &q, err));
	/* Some room beyond the need, so that not every put evicts. What was just put stays: see sqlite_cache_put(). */
	sqlite3_bind_int64(q, 1, (int64_t)(s->cache_bytes - s->cache_bytes / 10));
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "cache");
}

static enum status put_row(struct store *s, const struct name *name, struct slice packed, struct slice value,
			   struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "INSERT OR REPLACE INTO kept (kind, key, last_used, packed, size, sum, value) "
			   /* After a clock that was set back, too, what is put last is the newest. */
			   "VALUES (?, ?, max(?, (SELECT coalesce(max(last_used), 0) FROM kept)), ?, ?, ?, ?)",
			   &q, err));
	bind_name(q, 1, name);
	sqlite3_bind_int64(q, 3, s->now());
	sqlite3_bind_int64(q, 4, (int64_t)packed.len);
	sqlite3_bind_int64(q, 5, (int64_t)value.len);
	sqlite3_bind_int64(q, 6, sum_of(value));
	sqlite3_bind_blob(q, 7, packed.ptr, (int)packed.len, SQLITE_STATIC);
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "cache");
}

static enum status put_packed(struct store *s, const struct name *name, struct slice packed, struct slice value,
			      struct err *err)
{
	enum status st;

	/* One entry must not drive out all others. */
	if (packed.len > s->cache_bytes - s->cache_bytes / 10)
		return err_set(err, STATUS_LIMIT, "%zu bytes are larger than the whole cache", packed.len);
	TRY(sqlite_begin(s, err));
	st = put_row(s, name, packed, value, err);
	if (st == STATUS_OK)
		st = evict(s, err);
	return sqlite_end(s, st, err);
}

static enum status put(struct store *s, const struct name *name, struct slice value, struct err *err)
{
	size_t bound = ZSTD_compressBound(value.len), n;
	uint8_t *packed;
	enum status st;

	if (name->kind != KIND_LAYER_REPORT && value.len <= PLAIN_BYTES)
		return put_packed(s, name, value, value, err);
	packed = malloc(bound);
	if (!packed)
		return err_nomem(err, "cache");
	n = ZSTD_compress(packed, bound, value.ptr, value.len, 3);
	if (ZSTD_isError(n))
		st = err_set(err, STATUS_BUG, "zstd: %s", ZSTD_getErrorName(n));
	else
		st = put_packed(s, name, n < value.len ? slice_make(packed, n) : value, value, err);
	free(packed);
	return st;
}

enum status sqlite_cache_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, &(struct name){ KIND_LAYER_REPORT, key }, out, err);
}

enum status sqlite_cache_put(struct store *s, struct slice key, struct slice report, struct err *err)
{
	return put(s, &(struct name){ KIND_LAYER_REPORT, key }, report, err);
}

enum status sqlite_index_report_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, &(struct name){ KIND_INDEX_REPORT, key }, out, err);
}

enum status sqlite_index_report_put(struct store *s, struct slice key, struct slice report, struct err *err)
{
	return put(s, &(struct name){ KIND_INDEX_REPORT, key }, report, err);
}

enum status sqlite_file_get(struct store *s, struct slice key, struct buf *out, struct err *err)
{
	return get(s, &(struct name){ KIND_FILE, key }, out, err);
}

enum status sqlite_file_put(struct store *s, struct slice key, struct slice value, struct err *err)
{
	return put(s, &(struct name){ KIND_FILE, key }, value, err);
}

enum status sqlite_cache_stats(struct store *s, struct store_cache_stats *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	*out = (struct store_cache_stats){ 0 };
	TRY(sqlite_prepare(s, "SELECT kind, count(*), coalesce(sum(packed), 0) FROM kept GROUP BY kind", &q, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		uint64_t n = (uint64_t)sqlite3_column_int64(q, 1);

		out->entries += n;
		out->bytes += (uint64_t)sqlite3_column_int64(q, 2);
		out->layers += sqlite3_column_int(q, 0) == KIND_LAYER_REPORT ? n : 0;
		out->images += sqlite3_column_int(q, 0) == KIND_INDEX_REPORT ? n : 0;
	}
	return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "cache");
}

enum status sqlite_cache_gc(struct store *s, int64_t before_s, struct slice detector_set, uint64_t *out_dropped,
			    struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "DELETE FROM kept WHERE last_used < ? OR (kind < 3 AND instr(key, CAST(? AS BLOB)) = 0)",
			   &q, err));
	sqlite3_bind_int64(q, 1, before_s);
	bind_text(q, 2, detector_set);
	if (sqlite3_step(q) != SQLITE_DONE)
		return sqlite_failed(s, err, "cache");
	*out_dropped = (uint64_t)sqlite3_changes64(s->db);
	/* Freed pages go back to the file system; that others are reading at the moment is no failure. */
	sqlite3_exec(s->db, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);", NULL, NULL, NULL);
	return STATUS_OK;
}
