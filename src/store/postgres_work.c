/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_work.c - what is to be done: index runs that are not finished, the queue, and news of changes. */
#include "store/postgres_impl.h"

#include <stdio.h>

/* Without news the counter is read this often all the same. */
#define LOOK_NS UINT64_C(30000000000)

/* ---- index runs ---- */

enum status postgres_pending_put(struct store *s, const struct digest *manifest, struct slice body, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	uint8_t packed[STORE_DIGEST_BYTES];

	TRY(pg_ready_to_write(s, err));
	pg_digest(&args, manifest, packed);
	pg_bytes(&args, body);
	pg_number(&args, s->now());
	return pg_call(s,
		       "INSERT INTO pending (manifest, body, since, attempts) VALUES ($1, $2, $3, 0) ON CONFLICT "
		       "(manifest) DO UPDATE SET body = excluded.body, since = excluded.since, attempts = 0",
		       &args, NULL, err);
}

static enum status read_pending(const PGresult *r, int i, struct arena *arena, struct store_pending *out,
				struct err *err)
{
	struct slice digest = pg_slice(r, i, 0);

	if (!store_digest_unpack(&digest, &out->manifest))
		return err_set(err, STATUS_MALFORMED, "an index run in the store has a damaged digest");
	if (!pg_copy_text(arena, r, i, 1, &out->body))
		return err_nomem(err, "index runs");
	out->since_s = pg_int(r, i, 2);
	out->attempts = (unsigned)pg_int(r, i, 3);
	return STATUS_OK;
}

enum status postgres_pending_begin(struct store *s, const struct digest *manifest, struct arena *arena,
				   struct store_pending *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	TRY(pg_ready_to_write(s, err));
	pg_digest(&args, manifest, packed);
	TRY(pg_call(s,
		    "UPDATE pending SET attempts = attempts + 1 WHERE manifest = $1 "
		    "RETURNING manifest, body, since, attempts",
		    &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "the index run is done");
	return read_pending(r, 0, arena, out, err);
}

enum status postgres_pending_get(struct store *s, const struct digest *manifest, struct store_pending *out,
				 struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	pg_digest(&args, manifest, packed);
	TRY(pg_read(s, "SELECT since, attempts FROM pending WHERE manifest = $1", &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no such index run");
	*out = (struct store_pending){ .manifest = *manifest,
				       .since_s = pg_int(r, 0, 0),
				       .attempts = (unsigned)pg_int(r, 0, 1) };
	return STATUS_OK;
}

enum status postgres_pending_list(struct store *s, size_t max, struct arena *arena, struct store_pending **out,
				  size_t *out_n, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_pending *list;

	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s, "SELECT manifest, body, since, attempts FROM pending ORDER BY id LIMIT $1", &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "index runs");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_pending(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

enum status postgres_pending_delete(struct store *s, const struct digest *manifest, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	uint8_t packed[STORE_DIGEST_BYTES];

	TRY(pg_ready_to_write(s, err));
	pg_digest(&args, manifest, packed);
	return pg_call(s, "DELETE FROM pending WHERE manifest = $1", &args, NULL, err);
}

/* ---- changes ---- */

static const char *const notify_sql[STORE_TOPIC_COUNT] = { [STORE_SOURCES] =
								   "SELECT pg_notify('limpid_sources', '')::text",
							   [STORE_QUEUE] =
								   "SELECT pg_notify('limpid_queue', '')::text" };

void pg_changed_topic(struct pg_batch *b, enum store_topic topic, struct err *err)
{
	struct pg_args args = PG_NO_ARGS, none = PG_NO_ARGS;

	pg_number(&args, topic);
	pg_batch_add(b,
		     "INSERT INTO change (topic, n) VALUES ($1, 1) ON CONFLICT (topic) DO UPDATE SET n = change.n + 1",
		     &args, err);
	pg_batch_add(b, notify_sql[topic], &none, err);
}

static enum status read_counter(struct store *s, enum store_topic topic, uint64_t *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_number(&args, topic);
	/* Not of a new connection: that one does not listen. */
	TRY(pg_call(s, "SELECT n FROM change WHERE topic = $1", &args, &r, err));
	/* 0 is what nobody has seen: a topic without changes is at 1. */
	*out = PQntuples(r) > 0 ? (uint64_t)pg_int(r, 0, 0) + 1 : 1;
	return STATUS_OK;
}

/* News that were read on the way to something else. */
static void drop_news(struct store *s)
{
	for (PGnotify *n; (n = PQnotifies(s->conn)) != NULL;)
		PQfreemem(n);
}

static bool has_news(struct store *s, enum store_topic topic)
{
	static const char *const channels[STORE_TOPIC_COUNT] = {
		[STORE_SOURCES] = "limpid_sources", [STORE_QUEUE] = "limpid_queue"
	};
	bool found = false;

	PQisBusy(s->conn); /* takes apart what has arrived */
	for (PGnotify *n; !found && (n = PQnotifies(s->conn)) != NULL;) {
		found = strcmp(n->relname, channels[topic]) == 0;
		PQfreemem(n);
	}
	return found;
}

/* First listen, then look: what changes after the look is heard. */
static enum status listen_and_look(struct store *s, enum store_topic topic, uint64_t *out, struct err *err)
{
	TRY(pg_ready(s, err));
	if (!s->listening) {
		TRY(pg_script(s, "LISTEN limpid_sources; LISTEN limpid_queue", s->statement_ms, err));
		s->listening = true;
	}
	drop_news(s);
	return read_counter(s, topic, out, err);
}

enum status postgres_wait(struct store *s, enum store_topic topic, uint64_t *seen, unsigned timeout_ms, int wake_fd,
			  struct err *err)
{
	uint64_t until = date_monotonic_ns() + (uint64_t)timeout_ms * 1000000;

	for (;;) {
		uint64_t counter = 0, look;
		enum status st = STATUS_OK;

		TRY(listen_and_look(s, topic, &counter, err));
		if (counter != *seen) {
			*seen = counter;
			return STATUS_OK;
		}
		if (date_monotonic_ns() >= until)
			return err_set(err, STATUS_TIMEOUT, "nothing has changed");
		look = MIN(until, date_monotonic_ns() + LOOK_NS);
		while (st == STATUS_OK && !has_news(s, topic))
			st = pg_wait_input(s, look, wake_fd, err);
		if (st != STATUS_OK && st != STATUS_TIMEOUT)
			return st;
	}
}

/* ---- the queue ---- */

enum status postgres_queue_put(struct store *s, struct slice queue, struct slice body, int64_t due_s, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult *results[4];
	struct pg_batch b;

	TRY(pg_ready_to_write(s, err));
	pg_bytes(&args, queue);
	pg_number(&args, due_s);
	pg_number(&args, s->now());
	pg_bytes(&args, body);
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, "INSERT INTO queue (queue, due, since, attempts, body) VALUES ($1, $2, $3, 0, $4)", &args,
		     err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	pg_clear(results, b.n);
	return STATUS_OK;
}

static enum status read_job(const PGresult *r, int i, struct arena *arena, struct store_job *out, struct err *err)
{
	if (!pg_copy_text(arena, r, i, 1, &out->body))
		return err_nomem(err, "queue");
	out->id = (uint64_t)pg_int(r, i, 0);
	out->since_s = pg_int(r, i, 2);
	out->attempts = (unsigned)pg_int(r, i, 3);
	return STATUS_OK;
}

enum status postgres_queue_take(struct store *s, struct slice queue, size_t max, unsigned lease_s, struct arena *arena,
				struct store_job **out, size_t *out_n, struct err *err)
{
	static const char sql[] =
		"WITH due AS (SELECT id, due FROM queue WHERE queue = $1 AND due <= $2 ORDER BY due, id LIMIT $3 "
		"FOR UPDATE SKIP LOCKED), taken AS (UPDATE queue AS q SET due = $2 + $4, attempts = attempts + 1 FROM "
		"due "
		"WHERE q.id = due.id RETURNING q.id, q.body, q.since, q.attempts, due.due AS was) "
		"SELECT id, body, since, attempts FROM taken ORDER BY was, id";
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_job *list;

	TRY(pg_ready_to_write(s, err));
	pg_bytes(&args, queue);
	pg_number(&args, s->now());
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	pg_number(&args, lease_s);
	TRY(pg_call(s, sql, &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "queue");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_job(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

static enum status change_job(struct store *s, const char *sql, const struct pg_args *args, struct err *err)
{
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	TRY(pg_call(s, sql, args, &r, err));
	if (pg_changed(r) == 0)
		return err_set(err, STATUS_CONFLICT, "the time for it ran out; another one has taken it");
	return STATUS_OK;
}

enum status postgres_queue_done(struct store *s, const struct store_job *job, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	pg_number(&args, (int64_t)job->id);
	pg_number(&args, job->attempts);
	return change_job(s, "DELETE FROM queue WHERE id = $1 AND attempts = $2", &args, err);
}

enum status postgres_queue_again(struct store *s, const struct store_job *job, int64_t due_s, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	pg_number(&args, (int64_t)job->id);
	pg_number(&args, job->attempts);
	pg_number(&args, due_s);
	return change_job(s, "UPDATE queue SET due = $3 WHERE id = $1 AND attempts = $2", &args, err);
}

/* ---- housekeeping ---- */

enum status postgres_sizes(struct store *s, struct store_size *out, size_t *out_n, struct err *err)
{
	static const struct {
		const char *name, *sql;
		bool of_sources;
	} things[] = {
#define BYTES(table) "pg_total_relation_size('" table "')::bigint"
#define THING(name, table) { name, "SELECT count(*), " BYTES(table) " FROM " table, false }
		THING("manifests", "manifest"),
		/* In the same table: no bytes of their own. */
		{ "index reports", "SELECT count(*), 0::bigint FROM manifest", false },
		THING("packages", "package"),
		THING("groups of packages", "package_group"),
		THING("manifests by group", "manifest_of_group"),
		THING("unfinished index runs", "pending"),
		THING("queue", "queue"),
		THING("documents", "document"),
		THING("notifications", "notification"),
		THING("changes told", "notification_change"),
		THING("manifests told of", "notification_entry"),
		THING("notices", "notice"),
		{ "sources", "SELECT count(*), " BYTES("source") " FROM source", true },
		{ "update operations", "SELECT count(*), " BYTES("update_operation") " FROM update_operation", true },
		{ "segments", "SELECT count(*), " BYTES("segment_piece") " FROM segment", true },
#undef THING
#undef BYTES
	};

	for (size_t i = 0; i < ARRAY_LEN(things); i++) {
		struct pg_args none = PG_NO_ARGS;
		PGresult AUTO(pg_result_free) *r = NULL;

		TRY(pg_read(s, things[i].sql, &none, &r, err));
		out[i] = (struct store_size){ things[i].name, (uint64_t)pg_int(r, 0, 0), (uint64_t)pg_int(r, 0, 1),
					      things[i].of_sources };
	}
	*out_n = ARRAY_LEN(things);
	return STATUS_OK;
}
