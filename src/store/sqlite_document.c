/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_document.c - documents by kind and name. */
#include "store/sqlite_impl.h"

enum status sqlite_document_put(struct store *s, enum store_document_kind kind, struct slice name, struct slice owner,
				struct slice body, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(store_document_check(name, owner, err));
	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s,
			   "INSERT INTO document (kind, name, owner, changed, body) VALUES (?, ?, ?, ?, ?) "
			   "ON CONFLICT (kind, name) DO UPDATE SET owner = excluded.owner, changed = excluded.changed, "
			   "body = excluded.body",
			   &q, err));
	sqlite3_bind_int(q, 1, (int)kind);
	bind_blob(q, 2, name);
	bind_blob(q, 3, owner);
	sqlite3_bind_int64(q, 4, s->now());
	bind_blob(q, 5, body);
	return sqlite_done(s, q, "documents", err);
}

static enum status read_document(sqlite3_stmt *q, struct arena *arena, struct store_document *out, struct err *err)
{
	if (!arena_copy(arena, column_slice(q, 0), &out->name) || !arena_copy(arena, column_slice(q, 1), &out->owner) ||
	    !arena_copy(arena, column_slice(q, 3), &out->body))
		return err_nomem(err, "documents");
	out->changed_s = sqlite3_column_int64(q, 2);
	return STATUS_OK;
}

enum status sqlite_document_get(struct store *s, enum store_document_kind kind, struct slice name, struct arena *arena,
				struct store_document *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT name, owner, changed, body FROM document WHERE kind = ? AND name = ?", &q, err));
	sqlite3_bind_int(q, 1, (int)kind);
	bind_blob(q, 2, name);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no such document");
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "documents");
	return read_document(q, arena, out, err);
}

enum status sqlite_documents_named(struct store *s, enum store_document_kind kind, const struct slice *names, size_t n,
				   struct arena *arena, struct store_document **out, size_t *out_n, struct err *err)
{
	struct store_document *list = arena_array(arena, n + 1, sizeof(*list));
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	if (!list)
		return err_nomem(err, "documents");
	*out = list;
	*out_n = 0;
	TRY(sqlite_prepare(s, "SELECT name, owner, changed, body FROM document WHERE kind = ? AND name = ?", &q, err));
	for (size_t i = 0; i < n; i++) {
		int rc;

		sqlite3_bind_int(q, 1, (int)kind);
		bind_blob(q, 2, names[i]);
		rc = sqlite3_step(q);
		if (rc == SQLITE_ROW)
			TRY(read_document(q, arena, &list[(*out_n)++], err));
		sqlite3_reset(q);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return sqlite_failed(s, err, "documents");
	}
	return STATUS_OK;
}

enum status sqlite_document_delete(struct store *s, enum store_document_kind kind, struct slice name, bool *out_deleted,
				   struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s, "DELETE FROM document WHERE kind = ? AND name = ?", &q, err));
	sqlite3_bind_int(q, 1, (int)kind);
	bind_blob(q, 2, name);
	TRY(sqlite_done(s, q, "documents", err));
	*out_deleted = sqlite3_changes(s->db) > 0;
	return STATUS_OK;
}

enum status sqlite_documents(struct store *s, enum store_document_kind kind, struct slice owner, struct slice after,
			     size_t max, struct arena *arena, struct store_document **out, size_t *out_n,
			     struct err *err)
{
	VEC(struct store_document) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s,
			   "SELECT name, owner, changed, body FROM document WHERE kind = ? AND owner = ? AND name > ? "
			   "ORDER BY name LIMIT ?",
			   &q, err));
	sqlite3_bind_int(q, 1, (int)kind);
	bind_blob(q, 2, owner);
	bind_blob(q, 3, after);
	sqlite3_bind_int64(q, 4, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_document *d = VEC_PUSH(&list, arena);

		if (!d)
			return err_nomem(err, "documents");
		TRY(read_document(q, arena, d, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "documents");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}
