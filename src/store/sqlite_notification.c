/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_notification.c - notifications: what one is of, its entries, and who is at it. */
#include "store/sqlite_impl.h"

#include <stdio.h>

#define WHAT "notifications"
#define COLUMNS "id, uuid, operation, previous, source, state, created, changed, due, attempts, entries, error"

static enum status read_notification(sqlite3_stmt *q, struct arena *arena, struct store_notification *out,
				     struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->number = (uint64_t)sqlite3_column_int64(q, 0);
	snprintf(out->id, sizeof(out->id), "%.*s", SLICE_ARG(column_slice(q, 1)));
	snprintf(out->operation, sizeof(out->operation), "%.*s", SLICE_ARG(column_slice(q, 2)));
	snprintf(out->previous, sizeof(out->previous), "%.*s", SLICE_ARG(column_slice(q, 3)));
	out->state = (enum store_notification_state)sqlite3_column_int(q, 5);
	out->created_s = sqlite3_column_int64(q, 6);
	out->changed_s = sqlite3_column_int64(q, 7);
	out->due_s = sqlite3_column_int64(q, 8);
	out->attempts = (unsigned)sqlite3_column_int(q, 9);
	out->entries = (uint64_t)sqlite3_column_int64(q, 10);
	if (!arena_copy(arena, column_slice(q, 4), &out->source) ||
	    !arena_copy(arena, column_slice(q, 11), &out->error))
		return err_nomem(err, WHAT);
	return STATUS_OK;
}

/* ---- beginning ---- */

static enum status begin(struct store *s, struct slice source, const char *operation, const char *previous,
			 uint64_t last, enum store_notification_state state, bool *out_begun, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	char uuid[37];

	TRY(store_make_ref(uuid, err));
	TRY(sqlite_prepare(s,
			   "INSERT INTO notification (uuid, operation, previous, source, state, seq, blocked, created, "
			   "changed, due, attempts, entries, error) SELECT ?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?6, ?6, "
			   "0, 0, '' WHERE ?7 = coalesce((SELECT max(id) FROM notification WHERE source = ?4), 0) "
			   "ON CONFLICT (operation) DO NOTHING",
			   &q, err));
	bind_text(q, 1, slice_cstr(uuid));
	bind_text(q, 2, slice_cstr(operation));
	bind_text(q, 3, slice_cstr(previous));
	bind_text(q, 4, source);
	sqlite3_bind_int(q, 5, (int)state);
	sqlite3_bind_int64(q, 6, s->now());
	sqlite3_bind_int64(q, 7, (int64_t)last);
	TRY(sqlite_done(s, q, WHAT, err));
	*out_begun = sqlite3_changes(s->db) > 0;
	return *out_begun ? sqlite_changed(s, STORE_QUEUE, err) : STATUS_OK;
}

enum status sqlite_notification_begin(struct store *s, struct slice source, const char *operation, const char *previous,
				      uint64_t last, enum store_notification_state state, bool *out_begun,
				      struct err *err)
{
	TRY(sqlite_begin_durable(s, err));
	return sqlite_end(s, begin(s, source, operation, previous, last, state, out_begun, err), err);
}

enum status sqlite_notifications_latest(struct store *s, struct arena *arena, struct store_notification **out,
					size_t *out_n, struct err *err)
{
	VEC(struct store_notification) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s,
			   "SELECT " COLUMNS
			   " FROM notification WHERE id IN (SELECT max(id) FROM notification GROUP BY "
			   "source) ORDER BY source",
			   &q, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_notification *n = VEC_PUSH(&list, arena);

		if (!n)
			return err_nomem(err, WHAT);
		TRY(read_notification(q, arena, n, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, WHAT);
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

/* ---- taking ---- */

/* The next number of a statement with up to two numbers in it; 0 if there is no row. */
static enum status number_of(struct store *s, const char *sql, int64_t first, int64_t second, int64_t *out,
			     struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, sql, &q, err));
	if (sqlite3_bind_parameter_count(q) > 0)
		sqlite3_bind_int64(q, 1, first);
	if (sqlite3_bind_parameter_count(q) > 1)
		sqlite3_bind_int64(q, 2, second);
	rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, WHAT);
}

static const char make_sql[] =
	"SELECT n.id FROM notification AS n WHERE n.state = 1 AND n.due <= ?1 AND NOT EXISTS (SELECT 1 FROM "
	"notification "
	"AS e WHERE e.source = n.source AND e.id < n.id AND e.state = 1) ORDER BY n.due, n.id LIMIT 1";
static const char deliver_sql[] =
	"SELECT n.id FROM notification AS n WHERE n.state IN (2, 3) AND n.due <= ?1 AND (n.blocked = 0 OR NOT EXISTS "
	"(SELECT 1 FROM notification AS e WHERE e.id = n.blocked AND e.state IN (2, 3))) ORDER BY n.seq LIMIT 1";
/* Of the older ones that are not delivered, one that has a manifest of this one. */
static const char blocked_sql[] =
	"SELECT e.id FROM notification AS n JOIN notification AS e ON e.state IN (2, 3) AND e.seq < n.seq WHERE n.id = "
	"?1 AND EXISTS (SELECT 1 FROM notification_entry AS a WHERE a.notification = n.id AND a.manifest IN (SELECT "
	"b.manifest FROM notification_entry AS b WHERE b.notification = e.id)) ORDER BY e.seq LIMIT 1";

static enum status find_due(struct store *s, enum store_notification_task task, int64_t *out, struct err *err)
{
	for (;;) {
		int64_t first = 0;

		TRY(number_of(s, task == STORE_NOTIFICATION_MAKE ? make_sql : deliver_sql, s->now(), 0, out, err));
		if (*out == 0 || task == STORE_NOTIFICATION_MAKE)
			return STATUS_OK;
		TRY(number_of(s, blocked_sql, *out, 0, &first, err));
		if (first == 0)
			return STATUS_OK;
		TRY(number_of(s, "UPDATE notification SET blocked = ?2 WHERE id = ?1", *out, first, &first, err));
	}
}

static enum status find_next(struct store *s, enum store_notification_task task, int64_t *out, struct err *err)
{
	TRY(number_of(s,
		      task == STORE_NOTIFICATION_MAKE
			      ? "SELECT min(due) FROM notification WHERE state = 1"
			      : "SELECT min(due) FROM notification AS n WHERE state IN (2, 3) AND "
				"NOT EXISTS (SELECT 1 FROM notification AS e WHERE e.id = n.blocked "
				"AND e.state IN (2, 3))",
		      0, 0, out, err));
	if (*out == 0)
		*out = DATE_NONE;
	return STATUS_OK;
}

static enum status take(struct store *s, enum store_notification_task task, unsigned lease_s, unsigned node,
			struct arena *arena, struct store_notification *out, int64_t *out_next_s, bool *out_found,
			struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int64_t id;

	TRY(find_due(s, task, &id, err));
	*out_found = id != 0;
	if (id == 0)
		return find_next(s, task, out_next_s, err);
	TRY(sqlite_prepare(
		s,
		"UPDATE notification SET due = ?1, attempts = attempts + 1, node = ?3 WHERE id = ?2 RETURNING " COLUMNS,
		&q, err));
	sqlite3_bind_int64(q, 1, s->now() + lease_s);
	sqlite3_bind_int64(q, 2, id);
	sqlite3_bind_int64(q, 3, node);
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, WHAT);
	TRY(read_notification(q, arena, out, err));
	return sqlite_done(s, q, WHAT, err);
}

enum status sqlite_notification_take(struct store *s, enum store_notification_task task, unsigned lease_s,
				     unsigned node, struct arena *arena, struct store_notification *out,
				     int64_t *out_next_s, struct err *err)
{
	bool found = false;

	*out_next_s = DATE_NONE;
	TRY(sqlite_begin_durable(s, err));
	TRY(sqlite_end(s, take(s, task, lease_s, node, arena, out, out_next_s, &found, err), err));
	return found ? STATUS_OK : err_set(err, STATUS_NOTFOUND, "no notification is due");
}

enum status sqlite_notification_nodes(struct store *s, unsigned *out, size_t max, size_t *out_n, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	*out_n = 0;
	TRY(sqlite_prepare(
		s,
		"SELECT node FROM notification WHERE node <> 0 UNION SELECT node FROM notice WHERE node <> 0 "
		"ORDER BY 1 LIMIT ?",
		&q, err));
	sqlite3_bind_int64(q, 1, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		out[(*out_n)++] = (unsigned)sqlite3_column_int64(q, 0);
	return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, WHAT);
}

static enum status release(struct store *s, unsigned node, struct err *err)
{
	static const char *const sql[] = {
		"UPDATE notification SET node = 0, due = CASE WHEN state IN (1, 2, 3) THEN ?1 ELSE due END WHERE node "
		"= ?2",
		"UPDATE notice SET node = 0, due = ?1 WHERE node = ?2",
	};

	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

		TRY(sqlite_prepare(s, sql[i], &q, err));
		sqlite3_bind_int64(q, 1, s->now());
		sqlite3_bind_int64(q, 2, node);
		TRY(sqlite_done(s, q, WHAT, err));
	}
	return sqlite_changed(s, STORE_QUEUE, err);
}

enum status sqlite_notification_release(struct store *s, unsigned node, struct err *err)
{
	TRY(sqlite_begin(s, err));
	return sqlite_end(s, release(s, node, err), err);
}

static enum status taken_by_another(struct err *err)
{
	return err_set(err, STATUS_CONFLICT, "the notification was deleted, has ended, or another one has taken it");
}

static enum status hold(struct store *s, const struct store_notification *n, unsigned lease_s, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	bool making = n->state == STORE_NOTIFICATION_MAKING;

	TRY(sqlite_prepare(
		s,
		making ? "UPDATE notification SET due = ?1 WHERE id = ?2 AND attempts = ?3 AND state = 1"
		       : "UPDATE notification SET due = ?1 WHERE id = ?2 AND attempts = ?3 AND state IN (2, 3)",
		&q, err));
	sqlite3_bind_int64(q, 1, s->now() + lease_s);
	sqlite3_bind_int64(q, 2, (int64_t)n->number);
	sqlite3_bind_int64(q, 3, n->attempts);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? STATUS_OK : taken_by_another(err);
}

enum status sqlite_notification_hold(struct store *s, const struct store_notification *n, unsigned lease_s,
				     struct err *err)
{
	TRY(sqlite_durable(s, err));
	return hold(s, n, lease_s, err);
}

/* ---- making ---- */

static enum status drop_entries(struct store *s, int64_t number, struct err *err)
{
	TRY(sqlite_run_number(s, "DELETE FROM notification_entry WHERE notification = ?", number, err));
	return sqlite_run_number(s, "DELETE FROM notification_change WHERE notification = ?", number, err);
}

static enum status add_changes(struct store *s, uint64_t number, const struct store_change *changes, size_t n,
			       struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct buf AUTO(buf_fini) packed = BUF_INIT((size_t)64 << 20);

	TRY(sqlite_prepare(
		s,
		"INSERT INTO notification_change (notification, number, reason, summary) VALUES (?, ?, ?, ?) "
		"ON CONFLICT DO NOTHING",
		&q, err));
	for (size_t i = 0; i < n; i++) {
		buf_reset(&packed);
		TRY(store_report_pack(changes[i].summary, NULL, &packed, err));
		sqlite3_bind_int64(q, 1, (int64_t)number);
		sqlite3_bind_int64(q, 2, (int64_t)changes[i].number);
		sqlite3_bind_int64(q, 3, changes[i].reason);
		bind_blob(q, 4, buf_slice(&packed));
		TRY(sqlite_done(s, q, WHAT, err));
	}
	return STATUS_OK;
}

static enum status add_entries(struct store *s, uint64_t number, const struct store_entry *entries, size_t n,
			       struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "INSERT INTO notification_entry (notification, id, manifest, change, rank) VALUES (?, ?, ?, "
			   "?, ?) ON CONFLICT DO UPDATE SET change = excluded.change, rank = excluded.rank WHERE "
			   "excluded.rank > rank",
			   &q, err));
	for (size_t i = 0; i < n; i++) {
		sqlite3_bind_int64(q, 1, (int64_t)number);
		bind_blob(q, 2, slice_make(entries[i].id, sizeof(entries[i].id)));
		sqlite_bind_key(q, 3, &entries[i].manifest);
		sqlite3_bind_int64(q, 4, (int64_t)entries[i].change);
		sqlite3_bind_int64(q, 5, entries[i].rank);
		TRY(sqlite_done(s, q, WHAT, err));
	}
	return STATUS_OK;
}

static enum status add(struct store *s, const struct store_notification *n, bool fresh,
		       const struct store_change *changes, size_t n_changes, const struct store_entry *entries,
		       size_t n_entries, unsigned lease_s, struct err *err)
{
	TRY(hold(s, n, lease_s, err));
	if (fresh)
		TRY(drop_entries(s, (int64_t)n->number, err));
	TRY(add_changes(s, n->number, changes, n_changes, err));
	return add_entries(s, n->number, entries, n_entries, err);
}

/*
 * Not durable by itself: only the end of making says that all is there, and its transaction comes after these in one
 * log.
 */
enum status sqlite_notification_add(struct store *s, const struct store_notification *n, bool fresh,
				    const struct store_change *changes, size_t n_changes,
				    const struct store_entry *entries, size_t n_entries, unsigned lease_s,
				    struct err *err)
{
	TRY(sqlite_begin(s, err));
	return sqlite_end(s, add(s, n, fresh, changes, n_changes, entries, n_entries, lease_s, err), err);
}

/* ---- ending ---- */

static enum status end(struct store *s, const struct store_notification *n, enum store_notification_state state,
		       int64_t due_s, struct slice error, struct err *err)
{
	bool making = n->state == STORE_NOTIFICATION_MAKING;
	bool made = making && state == STORE_NOTIFICATION_CREATED;
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int64_t entries = 0;

	if (made)
		TRY(number_of(s, "SELECT count(*) FROM notification_entry WHERE notification = ?1", (int64_t)n->number,
			      0, &entries, err));
	if (made && entries == 0)
		state = STORE_NOTIFICATION_DELIVERED;
	TRY(sqlite_prepare(
		s,
		"UPDATE notification SET state = ?1, changed = ?2, due = ?3, error = ?4, node = 0, attempts = CASE "
		"WHEN ?5 THEN "
		"0 "
		"ELSE attempts END, entries = CASE WHEN ?5 THEN ?6 ELSE entries END, seq = CASE WHEN ?5 THEN (SELECT "
		"max(seq) + 1 FROM notification) ELSE seq END WHERE id = ?7 AND (attempts = ?8 OR ?9) AND state IN "
		"(?10, "
		"?11)",
		&q, err));
	sqlite3_bind_int(q, 1, (int)state);
	sqlite3_bind_int64(q, 2, s->now());
	sqlite3_bind_int64(q, 3, due_s);
	bind_text(q, 4, error);
	sqlite3_bind_int(q, 5, made);
	sqlite3_bind_int64(q, 6, entries);
	sqlite3_bind_int64(q, 7, (int64_t)n->number);
	sqlite3_bind_int64(q, 8, n->attempts);
	/* What has arrived has arrived, whoever has it now. */
	sqlite3_bind_int(q, 9, !making && state == STORE_NOTIFICATION_DELIVERED);
	sqlite3_bind_int(q, 10, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_CREATED);
	sqlite3_bind_int(q, 11, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_FAILED);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? sqlite_changed(s, STORE_QUEUE, err) : taken_by_another(err);
}

enum status sqlite_notification_end(struct store *s, const struct store_notification *n,
				    enum store_notification_state state, int64_t due_s, struct slice error,
				    struct err *err)
{
	TRY(sqlite_begin_durable(s, err));
	return sqlite_end(s, end(s, n, state, due_s, error, err), err);
}

/* ---- asking ---- */

static enum status not_there(struct slice id, struct err *err)
{
	struct err_quote quote;

	return err_set(err, STATUS_NOTFOUND, "there is no notification %s", err_slice(&quote, id));
}

enum status sqlite_notification_get(struct store *s, struct slice id, struct arena *arena,
				    struct store_notification *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " COLUMNS " FROM notification WHERE uuid = ? AND state <> 7", &q, err));
	bind_text(q, 1, id);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return not_there(id, err);
	return rc == SQLITE_ROW ? read_notification(q, arena, out, err) : sqlite_failed(s, err, WHAT);
}

static enum status read_change(sqlite3_stmt *q, int at, struct arena *arena, struct store_change *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);

	out->number = (uint64_t)sqlite3_column_int64(q, at);
	out->reason = (unsigned)sqlite3_column_int(q, at + 1);
	TRY(store_report_unpack(column_slice(q, at + 2), NULL, &text, err));
	return arena_copy(arena, buf_slice(&text), &out->summary) ? STATUS_OK : err_nomem(err, WHAT);
}

static enum status read_entry(sqlite3_stmt *q, const struct store_change *before, struct arena *arena,
			      struct store_entry_row *out, struct err *err)
{
	struct slice id = column_slice(q, 0), manifest = column_slice(q, 1);

	if (id.len != sizeof(out->entry.id) || !store_digest_unpack(&manifest, &out->entry.manifest))
		return err_set(err, STATUS_MALFORMED, "an entry of a notification in the store is damaged");
	memcpy(out->entry.id, id.ptr, id.len);
	out->entry.rank = (unsigned)sqlite3_column_int(q, 2);
	out->entry.change = (uint64_t)sqlite3_column_int64(q, 3);
	if (before && before->number == out->entry.change) {
		out->change = *before;
		return STATUS_OK;
	}
	return read_change(q, 3, arena, &out->change, err);
}

enum status sqlite_notification_entries(struct store *s, uint64_t notification, const uint8_t *after, size_t max,
					struct arena *arena, struct store_entry_row **out, size_t *out_n,
					struct err *err)
{
	VEC(struct store_entry_row) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(
		s,
		"SELECT e.id, e.manifest, e.rank, c.number, c.reason, c.summary FROM notification_entry AS e "
		"JOIN notification_change AS c ON c.notification = e.notification AND c.number = e.change "
		"WHERE e.notification = ? AND e.id > ? ORDER BY e.id LIMIT ?",
		&q, err));
	sqlite3_bind_int64(q, 1, (int64_t)notification);
	bind_blob(q, 2, after ? slice_make(after, STORE_ENTRY_ID) : SLICE_EMPTY);
	sqlite3_bind_int64(q, 3, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_entry_row *row = VEC_PUSH(&list, arena);

		if (!row)
			return err_nomem(err, WHAT);
		TRY(read_entry(q, list.len > 1 ? &row[-1].change : NULL, arena, row, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, WHAT);
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status sqlite_notification_change(struct store *s, uint64_t notification, uint64_t number, struct arena *arena,
				       struct store_change *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(
		s, "SELECT number, reason, summary FROM notification_change WHERE notification = ? AND number = ?", &q,
		err));
	sqlite3_bind_int64(q, 1, (int64_t)notification);
	sqlite3_bind_int64(q, 2, (int64_t)number);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "the notification has no such change");
	return rc == SQLITE_ROW ? read_change(q, 0, arena, out, err) : sqlite_failed(s, err, WHAT);
}

/* ---- dropping ---- */

static enum status delete_one(struct store *s, struct slice id, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(
		s,
		"UPDATE notification SET state = 5, node = 0, changed = CASE WHEN state = 5 THEN changed ELSE ?1 END "
		"WHERE uuid = ?2 AND state BETWEEN 2 AND 6",
		&q, err));
	sqlite3_bind_int64(q, 1, s->now());
	bind_text(q, 2, id);
	TRY(sqlite_done(s, q, WHAT, err));
	return sqlite3_changes(s->db) > 0 ? sqlite_changed(s, STORE_QUEUE, err) : not_there(id, err);
}

enum status sqlite_notification_delete(struct store *s, struct slice id, struct err *err)
{
	TRY(sqlite_begin_durable(s, err));
	return sqlite_end(s, delete_one(s, id, err), err);
}

static enum status collect_one(struct store *s, int64_t number, struct err *err)
{
	TRY(drop_entries(s, number, err));
	TRY(sqlite_run_number(
		s,
		"DELETE FROM notification WHERE id = ?1 AND id < (SELECT max(l.id) FROM notification AS l "
		"WHERE l.source = notification.source)",
		number, err));
	return sqlite_run_number(s, "UPDATE notification SET state = 7 WHERE id = ?", number, err);
}

static enum status next_to_collect(struct store *s, const int64_t before[3], int64_t *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(
		s,
		"SELECT n.id FROM notification AS n WHERE (n.state = 5 AND n.changed < ?1) OR (n.state = 4 AND "
		"n.changed < ?2) OR (n.state = 6 AND n.changed < ?3) OR (n.state = 7 AND n.id < (SELECT "
		"max(l.id) FROM notification AS l WHERE l.source = n.source)) ORDER BY n.id LIMIT 1",
		&q, err));
	for (int i = 0; i < 3; i++)
		sqlite3_bind_int64(q, i + 1, before[i]);
	rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(q, 0) : 0;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, WHAT);
}

enum status sqlite_notifications_gc(struct store *s, int64_t deleted_s, int64_t delivered_s, int64_t dead_s, size_t max,
				    uint64_t *out_dropped, struct err *err)
{
	const int64_t before[3] = { deleted_s, delivered_s, dead_s };

	for (*out_dropped = 0; *out_dropped < max; ++*out_dropped) {
		int64_t number = 0;
		enum status st;

		TRY(sqlite_begin(s, err));
		st = next_to_collect(s, before, &number, err);
		if (st == STATUS_OK && number != 0)
			st = collect_one(s, number, err);
		TRY(sqlite_end(s, st, err));
		if (number == 0)
			break;
	}
	return STATUS_OK;
}

enum status sqlite_notification_stats(struct store *s, struct store_notification_stats *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	*out = (struct store_notification_stats){ .oldest_s = DATE_NONE };
	TRY(sqlite_prepare(s, "SELECT state, count(*), min(created) FROM notification GROUP BY state", &q, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		int state = sqlite3_column_int(q, 0);
		int64_t oldest = sqlite3_column_int64(q, 2);

		if (state <= 0 || state >= STORE_NOTIFICATION_STATES)
			continue;
		out->by_state[state] = (uint64_t)sqlite3_column_int64(q, 1);
		if (state <= STORE_NOTIFICATION_FAILED && (out->oldest_s == DATE_NONE || oldest < out->oldest_s))
			out->oldest_s = oldest;
	}
	return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, WHAT);
}
