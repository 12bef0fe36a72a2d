/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_work.c - what is to be done: index runs that are not finished, the queue, and news of changes. */
#include "store/sqlite_impl.h"

#include <poll.h>

/* How often the counter is read while somebody waits for it: there is nobody here who would tell. */
#define LOOK_MS 200u

/* ---- index runs ---- */

enum status sqlite_pending_put(struct store *s, const struct digest *manifest, struct slice body, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s,
			   "INSERT INTO pending (manifest, body, since, attempts) VALUES (?, ?, ?, 0) ON CONFLICT "
			   "(manifest) DO UPDATE SET body = excluded.body, since = excluded.since, attempts = 0",
			   &q, err));
	sqlite_bind_key(q, 1, manifest);
	bind_blob(q, 2, body);
	sqlite3_bind_int64(q, 3, s->now());
	return sqlite_done(s, q, "index runs", err);
}

static enum status read_pending(sqlite3_stmt *q, struct arena *arena, struct store_pending *out, struct err *err)
{
	struct slice digest = column_slice(q, 0);

	if (!store_digest_unpack(&digest, &out->manifest))
		return err_set(err, STATUS_MALFORMED, "an index run in the store has a damaged digest");
	if (!arena_copy(arena, column_slice(q, 1), &out->body))
		return err_nomem(err, "index runs");
	out->since_s = sqlite3_column_int64(q, 2);
	out->attempts = (unsigned)sqlite3_column_int(q, 3);
	return STATUS_OK;
}

enum status sqlite_pending_begin(struct store *s, const struct digest *manifest, struct arena *arena,
				 struct store_pending *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s,
			   "UPDATE pending SET attempts = attempts + 1 WHERE manifest = ? "
			   "RETURNING manifest, body, since, attempts",
			   &q, err));
	sqlite_bind_key(q, 1, manifest);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "the index run is done");
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "index runs");
	TRY(read_pending(q, arena, out, err));
	return sqlite_done(s, q, "index runs", err);
}

enum status sqlite_pending_get(struct store *s, const struct digest *manifest, struct store_pending *out,
			       struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT since, attempts FROM pending WHERE manifest = ?", &q, err));
	sqlite_bind_key(q, 1, manifest);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no such index run");
	if (rc != SQLITE_ROW)
		return sqlite_failed(s, err, "index runs");
	*out = (struct store_pending){ .manifest = *manifest,
				       .since_s = sqlite3_column_int64(q, 0),
				       .attempts = (unsigned)sqlite3_column_int(q, 1) };
	return STATUS_OK;
}

enum status sqlite_pending_list(struct store *s, size_t max, struct arena *arena, struct store_pending **out,
				size_t *out_n, struct err *err)
{
	VEC(struct store_pending) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT manifest, body, since, attempts FROM pending ORDER BY id LIMIT ?", &q, err));
	sqlite3_bind_int64(q, 1, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_pending *p = VEC_PUSH(&list, arena);

		if (!p)
			return err_nomem(err, "index runs");
		TRY(read_pending(q, arena, p, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "index runs");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status sqlite_pending_delete(struct store *s, const struct digest *manifest, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s, "DELETE FROM pending WHERE manifest = ?", &q, err));
	sqlite_bind_key(q, 1, manifest);
	return sqlite_done(s, q, "index runs", err);
}

/* ---- changes ---- */

enum status sqlite_changed(struct store *s, enum store_topic topic, struct err *err)
{
	static const char sql[] =
		"INSERT INTO change (topic, n) VALUES (?, 1) ON CONFLICT (topic) DO UPDATE SET n = n + 1";

	return sqlite_run_number(s, sql, topic, err);
}

static enum status read_counter(struct store *s, sqlite3_stmt *q, enum store_topic topic, uint64_t *out,
				struct err *err)
{
	int rc;

	sqlite3_bind_int(q, 1, (int)topic);
	rc = sqlite3_step(q);
	/* 0 is what nobody has seen: a topic without changes is at 1. */
	*out = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) + 1 : 1;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_failed(s, err, "changes");
	sqlite3_reset(q);
	return STATUS_OK;
}

enum status sqlite_wait(struct store *s, enum store_topic topic, uint64_t *seen, unsigned timeout_ms, int wake_fd,
			struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	uint64_t until = date_monotonic_ns() + (uint64_t)timeout_ms * 1000000, now, counter;

	TRY(sqlite_prepare(s, "SELECT n FROM change WHERE topic = ?", &q, err));
	for (;;) {
		struct pollfd wake = { .fd = wake_fd, .events = POLLIN };

		TRY(read_counter(s, q, topic, &counter, err));
		if (counter != *seen) {
			*seen = counter;
			return STATUS_OK;
		}
		now = date_monotonic_ns();
		if (now >= until)
			return err_set(err, STATUS_TIMEOUT, "nothing has changed");
		if (poll(&wake, 1, (int)MIN(LOOK_MS, (until - now) / 1000000 + 1)) > 0)
			return err_set(err, STATUS_CANCELLED, "woken up");
	}
}

/* ---- the queue ---- */

static enum status queue_put(struct store *s, struct slice queue, struct slice body, int64_t due_s, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "INSERT INTO queue (queue, due, since, attempts, body) VALUES (?, ?, ?, 0, ?)", &q, err));
	bind_text(q, 1, queue);
	sqlite3_bind_int64(q, 2, due_s);
	sqlite3_bind_int64(q, 3, s->now());
	bind_blob(q, 4, body);
	TRY(sqlite_done(s, q, "queue", err));
	return sqlite_changed(s, STORE_QUEUE, err);
}

enum status sqlite_queue_put(struct store *s, struct slice queue, struct slice body, int64_t due_s, struct err *err)
{
	enum status st;

	TRY(sqlite_begin_durable(s, err));
	st = queue_put(s, queue, body, due_s, err);
	return sqlite_end(s, st, err);
}

static enum status queue_take(struct store *s, struct slice queue, size_t max, unsigned lease_s, struct arena *arena,
			      struct store_job **out, size_t *out_n, struct err *err)
{
	VEC(struct store_job) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL, *take = NULL;
	int rc;

	TRY(sqlite_prepare(s,
			   "SELECT id, body, since, attempts FROM queue WHERE queue = ? AND due <= ? ORDER BY due, id "
			   "LIMIT ?",
			   &q, err));
	bind_text(q, 1, queue);
	sqlite3_bind_int64(q, 2, s->now());
	sqlite3_bind_int64(q, 3, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_job *job = VEC_PUSH(&list, arena);

		if (!job || !arena_copy(arena, column_slice(q, 1), &job->body))
			return err_nomem(err, "queue");
		job->id = (uint64_t)sqlite3_column_int64(q, 0);
		job->since_s = sqlite3_column_int64(q, 2);
		job->attempts = (unsigned)sqlite3_column_int(q, 3) + 1;
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "queue");
	TRY(sqlite_prepare(s, "UPDATE queue SET due = ?, attempts = attempts + 1 WHERE id = ?", &take, err));
	for (size_t i = 0; i < list.len; i++) {
		sqlite3_bind_int64(take, 1, s->now() + lease_s);
		sqlite3_bind_int64(take, 2, (int64_t)list.at[i].id);
		TRY(sqlite_done(s, take, "queue", err));
	}
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status sqlite_queue_take(struct store *s, struct slice queue, size_t max, unsigned lease_s, struct arena *arena,
			      struct store_job **out, size_t *out_n, struct err *err)
{
	struct store_job *jobs = NULL;
	size_t n = 0;
	enum status st;

	TRY(sqlite_begin_durable(s, err));
	st = queue_take(s, queue, max, lease_s, arena, &jobs, &n, err);
	if (st == STATUS_OK)
		st = sqlite_commit(s, err);
	if (st != STATUS_OK) {
		sqlite_rollback(s);
		return st;
	}
	*out = jobs;
	*out_n = n;
	return STATUS_OK;
}

/* A change of the entry as it was taken: by then another one may have it. */
static enum status change_job(struct store *s, const char *sql, const struct store_job *job, int64_t due_s,
			      struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s, sql, &q, err));
	sqlite3_bind_int64(q, 1, (int64_t)job->id);
	sqlite3_bind_int64(q, 2, job->attempts);
	if (sqlite3_bind_parameter_count(q) > 2)
		sqlite3_bind_int64(q, 3, due_s);
	TRY(sqlite_done(s, q, "queue", err));
	if (sqlite3_changes(s->db) == 0)
		return err_set(err, STATUS_CONFLICT, "the time for it ran out; another one has taken it");
	return STATUS_OK;
}

enum status sqlite_queue_done(struct store *s, const struct store_job *job, struct err *err)
{
	return change_job(s, "DELETE FROM queue WHERE id = ? AND attempts = ?", job, 0, err);
}

enum status sqlite_queue_again(struct store *s, const struct store_job *job, int64_t due_s, struct err *err)
{
	return change_job(s, "UPDATE queue SET due = ?3 WHERE id = ?1 AND attempts = ?2", job, due_s, err);
}

/* ---- housekeeping ---- */

static enum status count(struct store *s, const char *sql, uint64_t *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, sql, &q, err));
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, "sizes");
	*out = (uint64_t)sqlite3_column_int64(q, 0);
	return STATUS_OK;
}

/* Bytes of a table and its indexes, where SQLite was built to tell. */
static uint64_t bytes_of(struct store *s, const char *table)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct err ignored = ERR_INIT; /* 0: it cannot tell */

	if (sqlite_prepare(s,
			   "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN "
			   "(SELECT name FROM sqlite_schema WHERE tbl_name = ?)",
			   &q, &ignored) != STATUS_OK)
		return 0;
	bind_text(q, 1, slice_cstr(table));
	return sqlite3_step(q) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(q, 0) : 0;
}

enum status sqlite_sizes(struct store *s, struct store_size *out, size_t *out_n, struct err *err)
{
	static const struct {
		const char *name, *table, *count;
		bool of_sources;
	} things[] = {
#define THING(name, table) { name, #table, "SELECT count(*) FROM " #table, false }
		THING("manifests", manifest),
		THING("index reports", manifest_report),
		THING("packages", package),
		THING("names of packages", name),
		THING("groups of packages", package_group),
		THING("groups by package", group_of_package),
		THING("manifests by group", manifest_of_group),
		THING("unfinished index runs", pending),
		THING("queue", queue),
		THING("documents", document),
		THING("notifications", notification),
		THING("changes told", notification_change),
		THING("manifests told of", notification_entry),
		THING("notices", notice),
		{ "sources", "source", "SELECT count(*) FROM source", true },
		{ "update operations", "update_operation", "SELECT count(*) FROM update_operation", true },
#undef THING
	};

	for (size_t i = 0; i < ARRAY_LEN(things); i++) {
		out[i] = (struct store_size){ .name = things[i].name, .of_sources = things[i].of_sources };
		TRY(count(s, things[i].count, &out[i].rows, err));
		if (out[i].rows > 0)
			out[i].bytes = bytes_of(s, things[i].table);
	}
	*out_n = ARRAY_LEN(things);
	return STATUS_OK;
}

/* Kinds of packages are few, and looking for those that none has takes a walk through all packages. */
#define KINDS_FEW 1000

static enum status collect_kinds(struct store *s, struct err *err)
{
	uint64_t n = 0;
	enum status st;

	TRY(count(s, "SELECT count(*) FROM package_kind", &n, err));
	if (n <= KINDS_FEW)
		return STATUS_OK;
	TRY(sqlite_begin(s, err));
	st = sqlite_exec(s, "DELETE FROM package_kind WHERE id NOT IN (SELECT kind FROM package)", err);
	return sqlite_end(s, st, err);
}

enum status sqlite_collect(struct store *s, struct store_collected *out, struct err *err)
{
	/* What else loses its last manifest goes in the same transaction: there is nothing to look for. */
	*out = (struct store_collected){ 0 };
	TRY(collect_kinds(s, err));
	/* That others are reading at the moment is no failure: the next one gives it back. */
	if (sqlite3_exec(s->db, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);", NULL, NULL, NULL) !=
		    SQLITE_OK &&
	    (sqlite3_errcode(s->db) & 0xff) != SQLITE_BUSY && (sqlite3_errcode(s->db) & 0xff) != SQLITE_LOCKED)
		return sqlite_failed(s, err, "giving space back");
	return STATUS_OK;
}
