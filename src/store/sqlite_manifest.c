/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_manifest.c - manifests and their index reports. */
#include "store/sqlite_impl.h"

#define MANIFEST_COLUMNS "id, digest, layers, state, success, error, indexer_state, created, updated, put"
#define PACKED_MAX ((size_t)1 << 30)

void sqlite_bind_key(sqlite3_stmt *q, int at, const struct digest *d)
{
	uint8_t packed[STORE_DIGEST_BYTES];
	size_t n = store_digest_pack(d, packed);

	sqlite3_bind_blob(q, at, packed, (int)n, SQLITE_TRANSIENT);
}

enum status sqlite_done(struct store *s, sqlite3_stmt *q, const char *what, struct err *err)
{
	int rc = sqlite3_step(q);

	sqlite3_reset(q);
	return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, what);
}

/* One statement with one digest in it. */
static enum status run_for(struct store *s, const char *sql, const struct digest *d, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, sql, &q, err));
	sqlite_bind_key(q, 1, d);
	return sqlite_done(s, q, "manifests", err);
}

enum status sqlite_run_number(struct store *s, const char *sql, int64_t number, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, sql, &q, err));
	sqlite3_bind_int64(q, 1, number);
	return sqlite_done(s, q, "manifests", err);
}

/* Number of a manifest and the groups it has now; *out_id is 0 if it is not there. */
static enum status find(struct store *s, const struct digest *d, int64_t *out_id, struct buf *groups, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	*out_id = 0;
	TRY(sqlite_prepare(s, "SELECT id, groups FROM manifest WHERE digest = ?", &q, err));
	sqlite_bind_key(q, 1, d);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return STATUS_OK;
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "manifests");
	*out_id = sqlite3_column_int64(q, 0);
	buf_add(groups, column_slice(q, 1));
	return buf_check(groups, "groups", err);
}

static enum status put_row(struct store *s, const struct store_manifest *m, struct slice groups, int64_t *out_id,
			   struct err *err)
{
	struct buf AUTO(buf_fini) layers = BUF_INIT(PACKED_MAX);
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(store_digests_pack(m->layers, m->n_layers, &layers, err));
	TRY(sqlite_prepare(s,
			   "INSERT INTO manifest (digest, layers, state, success, error, indexer_state, created, "
			   "updated, groups, put) VALUES (?,?,?,?,?,?,?7,?7,?8, "
			   "(SELECT coalesce(max(put), 0) + 1 FROM manifest)) "
			   "ON CONFLICT (digest) DO UPDATE SET layers = excluded.layers, state = excluded.state, "
			   "success = excluded.success, error = excluded.error, indexer_state = "
			   "excluded.indexer_state, updated = excluded.updated, groups = excluded.groups, "
			   "put = excluded.put RETURNING id",
			   &q, err));
	sqlite_bind_key(q, 1, &m->digest);
	bind_blob(q, 2, buf_slice(&layers));
	bind_text(q, 3, m->state);
	sqlite3_bind_int(q, 4, m->success);
	bind_text(q, 5, m->error);
	bind_text(q, 6, m->indexer_state);
	sqlite3_bind_int64(q, 7, s->now());
	bind_blob(q, 8, groups);
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, "manifests");
	*out_id = sqlite3_column_int64(q, 0);
	return sqlite_done(s, q, "manifests", err);
}

static enum status put_report(struct store *s, int64_t id, struct slice packed, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "INSERT OR REPLACE INTO manifest_report (manifest, value) VALUES (?, ?)", &q, err));
	sqlite3_bind_int64(q, 1, id);
	bind_blob(q, 2, packed);
	return sqlite_done(s, q, "manifests", err);
}

/* STATUS_NOTFOUND: what the run was for was deleted. */
static enum status check_wanted(struct store *s, const struct digest *d, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s,
			   "SELECT 1 FROM pending WHERE manifest = ?1 UNION ALL SELECT 1 FROM manifest "
			   "WHERE digest = ?1",
			   &q, err));
	sqlite_bind_key(q, 1, d);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "the manifest was deleted meanwhile");
	return rc == SQLITE_ROW ? STATUS_OK : sqlite_failed(s, err, "manifests");
}

static enum status put(struct store *s, const struct store_manifest *m, struct slice packed,
		       const struct store_keyed_groups *groups, struct err *err)
{
	struct buf AUTO(buf_fini) before = BUF_INIT(PACKED_MAX), now = BUF_INIT(PACKED_MAX);
	int64_t old = 0, id = 0;

	if (m->of_run)
		TRY(check_wanted(s, &m->digest, err));
	TRY(find(s, &m->digest, &old, &before, err));
	TRY(sqlite_groups_intern(s, groups, &now, err));
	TRY(put_row(s, m, buf_slice(&now), &id, err));
	TRY(put_report(s, id, packed, err));
	TRY(sqlite_groups_attach(s, id, buf_slice(&before), buf_slice(&now), err));
	return run_for(s, "DELETE FROM pending WHERE manifest = ?", &m->digest, err);
}

enum status sqlite_manifest_put(struct store *s, const struct store_manifest *m, struct slice report,
				const struct store_group *groups, size_t n_groups, struct err *err)
{
	struct buf AUTO(buf_fini) packed = BUF_INIT(PACKED_MAX);
	struct store_keyed_groups keyed = { NULL, 0 };
	enum status st;

	/* What takes time comes before the lock. */
	TRY(store_keyed_groups_make(groups, n_groups, &keyed, err));
	st = store_manifest_report_pack(m, report, &keyed, &packed, err);
	if (st == STATUS_OK)
		st = sqlite_begin_durable(s, err);
	if (st == STATUS_OK)
		st = put(s, m, buf_slice(&packed), &keyed, err);
	if (st == STATUS_OK)
		st = sqlite_commit(s, err);
	if (st != STATUS_OK)
		sqlite_rollback(s);
	store_keyed_groups_fini(&keyed);
	return st;
}

static enum status read_row(sqlite3_stmt *q, struct arena *arena, struct store_manifest *out, struct err *err)
{
	struct slice digest = column_slice(q, 1);

	if (!store_digest_unpack(&digest, &out->digest))
		return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
	TRY(store_digests_unpack(column_slice(q, 2), arena, &out->layers, &out->n_layers, err));
	if (!arena_copy(arena, column_slice(q, 3), &out->state) ||
	    !arena_copy(arena, column_slice(q, 5), &out->error) ||
	    !arena_copy(arena, column_slice(q, 6), &out->indexer_state))
		return err_nomem(err, "manifests");
	out->success = sqlite3_column_int(q, 4) != 0;
	out->created_s = sqlite3_column_int64(q, 7);
	out->updated_s = sqlite3_column_int64(q, 8);
	return STATUS_OK;
}

static enum status unpack_report(struct store *s, const struct store_manifest *m, struct slice groups,
				 struct slice packed, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PACKED_MAX);
	struct store_report_texts texts = { .manifest = m->digest, .layers = m->layers, .n_layers = m->n_layers };
	struct store_text *packages = NULL;

	if (!store_report_has_shape(packed))
		return store_report_unpack(packed, NULL, out, err);
	TRY(sqlite_texts(s, groups, &arena, &packages, &texts.n, err));
	store_texts_sort(packages, texts.n);
	texts.packages = packages;
	return store_report_unpack(packed, &texts, out, err);
}

static enum status read_report(struct store *s, int64_t id, const struct store_manifest *m, struct slice groups,
			       struct buf *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT value FROM manifest_report WHERE manifest = ?", &q, err));
	sqlite3_bind_int64(q, 1, id);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "the manifest was deleted");
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "manifests");
	return unpack_report(s, m, groups, column_slice(q, 0), out, err);
}

static enum status get(struct store *s, const struct digest *digest, struct arena *arena, struct store_manifest *out,
		       struct buf *report, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct store_manifest m = { .success = false };
	struct digest_text text;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " MANIFEST_COLUMNS ", groups FROM manifest WHERE digest = ?", &q, err));
	sqlite_bind_key(q, 1, digest);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no manifest %s", digest_print(&text, digest));
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "manifests");
	TRY(read_row(q, arena, &m, err));
	if (report)
		TRY(read_report(s, sqlite3_column_int64(q, 0), &m, column_slice(q, 10), report, err));
	*out = m;
	return STATUS_OK;
}

enum status sqlite_manifest_get(struct store *s, const struct digest *digest, struct arena *arena,
				struct store_manifest *out, struct buf *report, struct err *err)
{
	enum status st;

	/* The row and its report are of one moment. */
	TRY(sqlite_exec(s, "BEGIN", err));
	st = get(s, digest, arena, out, report, err);
	sqlite_rollback(s);
	return st;
}

static enum status delete_manifest(struct store *s, const struct digest *digest, bool *out_deleted, struct err *err)
{
	struct buf AUTO(buf_fini) groups = BUF_INIT(PACKED_MAX);
	int64_t id = 0;

	TRY(find(s, digest, &id, &groups, err));
	if (id == 0)
		return STATUS_OK;
	*out_deleted = true;
	TRY(sqlite_run_number(s, "DELETE FROM manifest WHERE id = ?", id, err));
	TRY(sqlite_run_number(s, "DELETE FROM manifest_report WHERE manifest = ?", id, err));
	return sqlite_groups_attach(s, id, buf_slice(&groups), SLICE_EMPTY, err);
}

static enum status delete_one(struct store *s, const struct digest *digest, bool *out_deleted, struct err *err)
{
	TRY(run_for(s, "DELETE FROM pending WHERE manifest = ?", digest, err));
	*out_deleted = sqlite3_changes(s->db) > 0;
	return delete_manifest(s, digest, out_deleted, err);
}

enum status sqlite_manifests_delete(struct store *s, const struct digest *digests, size_t n, bool *out_deleted,
				    struct err *err)
{
	enum status st;

	TRY(sqlite_begin_durable(s, err));
	st = STATUS_OK;
	for (size_t i = 0; st == STATUS_OK && i < n; i++)
		st = delete_one(s, &digests[i], &out_deleted[i], err);
	return sqlite_end(s, st, err);
}

enum status sqlite_manifests(struct store *s, uint64_t before, size_t max, struct arena *arena,
			     struct store_manifest **out, size_t *out_n, uint64_t *out_next, struct err *err)
{
	VEC(struct store_manifest) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	uint64_t last = 0;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " MANIFEST_COLUMNS " FROM manifest WHERE put < ? ORDER BY put DESC LIMIT ?", &q,
			   err));
	sqlite3_bind_int64(q, 1, before == 0 || before > INT64_MAX ? INT64_MAX : (int64_t)before);
	sqlite3_bind_int64(q, 2, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_manifest *m = VEC_PUSH(&list, arena);

		if (!m)
			return err_nomem(err, "manifests");
		TRY(read_row(q, arena, m, err));
		last = (uint64_t)sqlite3_column_int64(q, 9);
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "manifests");
	*out = list.at;
	*out_n = list.len;
	*out_next = list.len < max ? 0 : last;
	return STATUS_OK;
}

/* With the write lock: nobody changes what was found. */
static enum status find_old(struct store *s, int64_t before_s, size_t max, struct arena *arena, struct digest **out,
			    size_t *out_n, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct digest *list = arena_array(arena, max + 1, sizeof(*list));
	int rc = SQLITE_DONE;

	if (!list)
		return err_nomem(err, "manifests");
	TRY(sqlite_prepare(s, "SELECT digest FROM manifest WHERE updated < ? LIMIT ?", &q, err));
	sqlite3_bind_int64(q, 1, before_s);
	sqlite3_bind_int64(q, 2, (int64_t)MIN(max, INT32_MAX));
	*out_n = 0;
	while (*out_n < max && (rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct slice digest = column_slice(q, 0);

		if (!store_digest_unpack(&digest, &list[(*out_n)++]))
			return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return sqlite_failed(s, err, "manifests");
	*out = list;
	return STATUS_OK;
}

static enum status expire(struct store *s, int64_t before_s, size_t max, size_t *out_expired, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)16 << 20);
	struct digest *list = NULL;
	bool deleted;

	TRY(find_old(s, before_s, max, &arena, &list, out_expired, err));
	for (size_t i = 0; i < *out_expired; i++)
		TRY(delete_manifest(s, &list[i], &deleted, err));
	return sqlite_commit(s, err);
}

enum status sqlite_manifests_expire(struct store *s, int64_t before_s, size_t max, size_t *out_expired, struct err *err)
{
	enum status st;

	TRY(sqlite_begin_durable(s, err));
	st = expire(s, before_s, max, out_expired, err);
	if (st != STATUS_OK)
		sqlite_rollback(s);
	return st;
}
