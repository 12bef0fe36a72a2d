/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_notice.c - notices: one vulnerability that changed, told again until its receiver has dealt with it. */
#include "store/sqlite_impl.h"

#include <stdio.h>

#define WHAT "notices"
#define COLUMNS "id, uuid, created, notified, deleted, due, attempts, failures"

static void read_notice(sqlite3_stmt *q, struct store_notice *out)
{
	memset(out, 0, sizeof(*out));
	out->number = (uint64_t)sqlite3_column_int64(q, 0);
	snprintf(out->id, sizeof(out->id), "%.*s", SLICE_ARG(column_slice(q, 1)));
	out->created_s = sqlite3_column_int64(q, 2);
	out->notified_s = sqlite3_column_int64(q, 3);
	out->deleted_s = sqlite3_column_int64(q, 4);
	out->due_s = sqlite3_column_int64(q, 5);
	out->attempts = (unsigned)sqlite3_column_int(q, 6);
	out->failures = (unsigned)sqlite3_column_int(q, 7);
}

static enum status put(struct store *s, const struct store_notice *list, size_t n, struct err *err)
{
	struct buf AUTO(buf_fini) packed = BUF_INIT((size_t)64 << 20);
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "INSERT INTO notice (uuid, created, notified, deleted, due, attempts, failures, node, body) "
			   "VALUES (?1, ?2, 0, 0, ?2, 0, 0, 0, ?3) ON CONFLICT (uuid) DO NOTHING",
			   &q, err));
	for (size_t i = 0; i < n; i++) {
		buf_reset(&packed);
		TRY(store_report_pack(list[i].body, NULL, &packed, err));
		bind_text(q, 1, slice_cstr(list[i].id));
		sqlite3_bind_int64(q, 2, s->now());
		bind_blob(q, 3, buf_slice(&packed));
		TRY(sqlite_done(s, q, WHAT, err));
	}
	return sqlite_changed(s, STORE_QUEUE, err);
}

/* Not durable by itself: the end of what they are made of is, and comes after them in one log. */
enum status sqlite_notices_put(struct store *s, const struct store_notice *list, size_t n, struct err *err)
{
	TRY(sqlite_begin(s, err));
	return sqlite_end(s, put(s, list, n, err), err);
}

/* ---- sending ---- */

static enum status find_next(struct store *s, int64_t *out_next_s, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "SELECT min(due) FROM notice WHERE deleted = 0", &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, WHAT);
	if (sqlite3_column_type(q, 0) != SQLITE_NULL)
		*out_next_s = sqlite3_column_int64(q, 0);
	return STATUS_OK;
}

static enum status take(struct store *s, unsigned lease_s, unsigned node, struct store_notice *out, int64_t *out_next_s,
			bool *out_found, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(
		s,
		"UPDATE notice SET due = ?1 + ?2, attempts = attempts + 1, node = ?3 WHERE id = (SELECT id FROM notice "
		"WHERE deleted = 0 AND due <= ?1 ORDER BY due, id LIMIT 1) RETURNING " COLUMNS,
		&q, err));
	sqlite3_bind_int64(q, 1, s->now());
	sqlite3_bind_int64(q, 2, lease_s);
	sqlite3_bind_int64(q, 3, node);
	rc = sqlite3_step(q);
	*out_found = rc == SQLITE_ROW;
	if (rc == SQLITE_DONE)
		return find_next(s, out_next_s, err);
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, WHAT);
	read_notice(q, out);
	return sqlite_done(s, q, WHAT, err);
}

enum status sqlite_notice_take(struct store *s, unsigned lease_s, unsigned node, struct store_notice *out,
			       int64_t *out_next_s, struct err *err)
{
	bool found = false;

	*out_next_s = DATE_NONE;
	/* If the machine stops and this is lost, it is told once more, which it may be at any time. */
	TRY(sqlite_begin(s, err));
	TRY(sqlite_end(s, take(s, lease_s, node, out, out_next_s, &found, err), err));
	return found ? STATUS_OK : err_set(err, STATUS_NOTFOUND, "no notice is due");
}

static enum status taken_by_another(struct err *err)
{
	return err_set(err, STATUS_CONFLICT, "the notice was deleted, or another one has taken it");
}

enum status sqlite_notice_hold(struct store *s, const struct store_notice *n, unsigned lease_s, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "UPDATE notice SET due = ?1 WHERE id = ?2 AND attempts = ?3 AND deleted = 0", &q, err));
	sqlite3_bind_int64(q, 1, s->now() + lease_s);
	sqlite3_bind_int64(q, 2, (int64_t)n->number);
	sqlite3_bind_int64(q, 3, n->attempts);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? STATUS_OK : taken_by_another(err);
}

static enum status end(struct store *s, const struct store_notice *n, bool notified, int64_t due_s, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(
		s,
		"UPDATE notice SET node = 0, due = ?1, notified = CASE WHEN ?2 THEN ?3 ELSE notified END, failures = "
		"CASE WHEN ?2 THEN 0 ELSE failures + 1 END WHERE id = ?4 AND attempts = ?5 AND deleted = 0",
		&q, err));
	sqlite3_bind_int64(q, 1, due_s);
	sqlite3_bind_int(q, 2, notified);
	sqlite3_bind_int64(q, 3, s->now());
	sqlite3_bind_int64(q, 4, (int64_t)n->number);
	sqlite3_bind_int64(q, 5, n->attempts);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? STATUS_OK : taken_by_another(err);
}

/* Nor does this have to be on the disk: see above. */
enum status sqlite_notice_end(struct store *s, const struct store_notice *n, bool notified, int64_t due_s,
			      struct err *err)
{
	TRY(sqlite_begin(s, err));
	return sqlite_end(s, end(s, n, notified, due_s, err), err);
}

/* ---- what its receiver asks ---- */

static enum status not_there(struct slice id, struct err *err)
{
	struct err_quote quote;

	return err_set(err, STATUS_NOTFOUND, "there is no notice %s", err_slice(&quote, id));
}

enum status sqlite_notice_get(struct store *s, struct slice id, struct arena *arena, struct store_notice *out,
			      struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " COLUMNS ", body FROM notice WHERE uuid = ?", &q, err));
	bind_text(q, 1, id);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return not_there(id, err);
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, WHAT);
	read_notice(q, out);
	TRY(store_report_unpack(column_slice(q, 8), NULL, &text, err));
	return arena_copy(arena, buf_slice(&text), &out->body) ? STATUS_OK : err_nomem(err, WHAT);
}

static enum status delete_one(struct store *s, struct slice id, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(
		s,
		"UPDATE notice SET node = 0, deleted = CASE WHEN deleted = 0 THEN ?1 ELSE deleted END WHERE uuid = ?2",
		&q, err));
	sqlite3_bind_int64(q, 1, s->now());
	bind_text(q, 2, id);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? sqlite_changed(s, STORE_QUEUE, err) : not_there(id, err);
}

enum status sqlite_notice_delete(struct store *s, struct slice id, struct err *err)
{
	TRY(sqlite_begin_durable(s, err));
	return sqlite_end(s, delete_one(s, id, err), err);
}

enum status sqlite_notices_gc(struct store *s, int64_t deleted_s, int64_t created_s, size_t max, uint64_t *out_dropped,
			      uint64_t *out_unread, struct err *err)
{
	static const char *const sql[] = {
		"DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE deleted <> 0 AND deleted < ?1 LIMIT ?2)",
		"DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE created < ?1 AND deleted = 0 LIMIT ?2)",
	};
	const int64_t before[] = { deleted_s, created_s };
	uint64_t *const dropped[] = { out_dropped, out_unread };

	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

		TRY(sqlite_prepare(s, sql[i], &q, err));
		sqlite3_bind_int64(q, 1, before[i]);
		sqlite3_bind_int64(q, 2, (int64_t)MIN(max, INT32_MAX));
		TRY(sqlite_done(s, q, WHAT, err));
		*dropped[i] = (uint64_t)sqlite3_changes(s->db);
	}
	return STATUS_OK;
}

/* ---- layers that brought a package ---- */

enum status sqlite_manifest_has(struct store *s, const struct digest *manifest, const uint64_t *packages, size_t n,
				bool *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "SELECT 1 FROM group_of_package AS g JOIN manifest_of_group AS m ON m.grp = g.grp WHERE "
			   "g.package = ?1 AND m.manifest = (SELECT id FROM manifest WHERE digest = ?2)",
			   &q, err));
	for (size_t i = 0; i < n; i++) {
		int rc;

		sqlite3_bind_int64(q, 1, (int64_t)packages[i]);
		sqlite_bind_key(q, 2, manifest);
		rc = sqlite3_step(q);
		sqlite3_reset(q);
		if (rc != SQLITE_ROW && rc != SQLITE_DONE)
			return sqlite_failed(s, err, "packages");
		out[i] = rc == SQLITE_ROW;
	}
	return STATUS_OK;
}
