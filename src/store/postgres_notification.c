/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_notification.c - notifications: what one is of, its entries, and who is at it. */
#include "store/postgres_impl.h"

#include <stdio.h>

#define WHAT "notifications"
#define COLUMNS "id, uuid, operation, previous, source, state, created, changed, due, attempts, entries, error"
/* Who begins one, or puts one in its place in the order of delivery, holds this alone. */
#define ORDER_LOCK INT64_C(0x6c696d7069640003)
#define LOCK_SQL "SELECT pg_advisory_xact_lock($1)::text"

static void copy_ref(char out[37], struct slice ref)
{
	snprintf(out, 37, "%.*s", SLICE_ARG(ref));
}

static enum status read_notification(const PGresult *r, int i, struct arena *arena, struct store_notification *out,
				     struct err *err)
{
	memset(out, 0, sizeof(*out));
	out->number = (uint64_t)pg_int(r, i, 0);
	copy_ref(out->id, pg_slice(r, i, 1));
	copy_ref(out->operation, pg_slice(r, i, 2));
	copy_ref(out->previous, pg_slice(r, i, 3));
	out->state = (enum store_notification_state)pg_int(r, i, 5);
	out->created_s = pg_int(r, i, 6);
	out->changed_s = pg_int(r, i, 7);
	out->due_s = pg_int(r, i, 8);
	out->attempts = (unsigned)pg_int(r, i, 9);
	out->entries = (uint64_t)pg_int(r, i, 10);
	if (!pg_copy_text(arena, r, i, 4, &out->source) || !pg_copy_text(arena, r, i, 11, &out->error))
		return err_nomem(err, WHAT);
	return STATUS_OK;
}

static void order_lock(struct pg_batch *b, struct err *err)
{
	struct pg_args lock = PG_NO_ARGS;

	pg_number(&lock, ORDER_LOCK);
	pg_batch_add(b, LOCK_SQL, &lock, err);
}

/* ---- beginning ---- */

enum status postgres_notification_begin(struct store *s, struct slice source, const char *operation,
					const char *previous, uint64_t last, enum store_notification_state state,
					bool *out_begun, struct err *err)
{
	static const char sql[] = "INSERT INTO notification (uuid, operation, previous, source, state, seq, blocked, "
				  "created, changed, due, "
				  "attempts, entries, error) SELECT $1, $2, $3, $4, $5, 0, 0, $6, $6, $6, 0, 0, "
				  "''::bytea "
				  "WHERE $7 = coalesce((SELECT max(id) FROM notification WHERE source = $4), 0) "
				  "ON CONFLICT (operation) DO NOTHING";
	struct pg_args args = PG_NO_ARGS;
	PGresult *results[4];
	struct pg_batch b;
	char uuid[37];

	TRY(pg_ready_to_write(s, err));
	TRY(store_make_ref(uuid, err));
	pg_bytes(&args, slice_cstr(uuid));
	pg_bytes(&args, slice_cstr(operation));
	pg_bytes(&args, slice_cstr(previous));
	pg_bytes(&args, source);
	pg_number(&args, state);
	pg_number(&args, s->now());
	pg_number(&args, (int64_t)last);
	TRY(pg_batch_begin(s, &b, err));
	order_lock(&b, err);
	pg_batch_add(&b, sql, &args, err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	*out_begun = pg_changed(results[1]) > 0;
	pg_clear(results, b.n);
	return STATUS_OK;
}

enum status postgres_notifications_latest(struct store *s, struct arena *arena, struct store_notification **out,
					  size_t *out_n, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_notification *list;

	TRY(pg_read(s,
		    "SELECT " COLUMNS
		    " FROM notification WHERE id IN (SELECT max(id) FROM notification GROUP BY source) "
		    "ORDER BY source",
		    &none, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, WHAT);
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_notification(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

/* ---- taking ---- */

/* The first number that a statement with up to two numbers in it gives; 0 if there is none. */
static enum status number_of(struct store *s, const char *sql, int n, int64_t first, int64_t second, int64_t *out,
			     struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	if (n > 0)
		pg_number(&args, first);
	if (n > 1)
		pg_number(&args, second);
	TRY(pg_read(s, sql, &args, &r, err));
	*out = PQntuples(r) > 0 && !PQgetisnull(r, 0, 0) ? pg_int(r, 0, 0) : 0;
	return STATUS_OK;
}

static const char make_sql[] = "SELECT n.id FROM notification AS n WHERE n.state = 1 AND n.due <= $1 AND NOT EXISTS "
			       "(SELECT 1 FROM notification "
			       "AS e WHERE e.source = n.source AND e.id < n.id AND e.state = 1) ORDER BY n.due, n.id "
			       "LIMIT 1 FOR UPDATE OF n SKIP "
			       "LOCKED";
static const char deliver_sql[] =
	"SELECT n.id FROM notification AS n WHERE n.state IN (2, 3) AND n.due <= $1 AND (n.blocked = 0 OR NOT EXISTS "
	"(SELECT 1 FROM notification AS e WHERE e.id = n.blocked AND e.state IN (2, 3))) ORDER BY n.seq LIMIT 1 FOR "
	"UPDATE "
	"OF n SKIP LOCKED";
/* Of the older ones that are not delivered, one that has a manifest of this one. */
static const char blocked_sql[] = "SELECT e.id FROM notification AS n JOIN notification AS e ON e.state IN (2, 3) AND "
				  "e.seq < n.seq WHERE n.id = $1 "
				  "AND EXISTS (SELECT 1 FROM notification_entry AS a JOIN notification_entry AS b ON "
				  "b.manifest = a.manifest WHERE "
				  "a.notification = n.id AND b.notification = e.id) ORDER BY e.seq LIMIT 1";

static enum status find_due(struct store *s, enum store_notification_task task, int64_t *out, struct err *err)
{
	for (;;) {
		int64_t first = 0;

		TRY(number_of(s, task == STORE_NOTIFICATION_MAKE ? make_sql : deliver_sql, 1, s->now(), 0, out, err));
		if (*out == 0 || task == STORE_NOTIFICATION_MAKE)
			return STATUS_OK;
		TRY(number_of(s, blocked_sql, 1, *out, 0, &first, err));
		if (first == 0)
			return STATUS_OK;
		TRY(number_of(s, "UPDATE notification SET blocked = $2 WHERE id = $1 RETURNING id", 2, *out, first,
			      &first, err));
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
		      0, 0, 0, out, err));
	if (*out == 0)
		*out = DATE_NONE;
	return STATUS_OK;
}

static enum status take(struct store *s, enum store_notification_task task, unsigned lease_s, unsigned node,
			struct arena *arena, struct store_notification *out, int64_t *out_next_s, bool *out_found,
			struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	int64_t id;

	TRY(pg_begin(s, err));
	TRY(find_due(s, task, &id, err));
	*out_found = id != 0;
	if (id == 0) {
		TRY(find_next(s, task, out_next_s, err));
		return pg_commit(s, err);
	}
	pg_number(&args, s->now() + lease_s);
	pg_number(&args, id);
	pg_number(&args, node);
	TRY(pg_call(
		s,
		"UPDATE notification SET due = $1, attempts = attempts + 1, node = $3 WHERE id = $2 RETURNING " COLUMNS,
		&args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_CONFLICT, "the notification has gone");
	TRY(read_notification(r, 0, arena, out, err));
	return pg_commit(s, err);
}

enum status postgres_notification_take(struct store *s, enum store_notification_task task, unsigned lease_s,
				       unsigned node, struct arena *arena, struct store_notification *out,
				       int64_t *out_next_s, struct err *err)
{
	bool found = false;
	enum status st;

	*out_next_s = DATE_NONE;
	st = take(s, task, lease_s, node, arena, out, out_next_s, &found, err);
	if (st != STATUS_OK) {
		pg_rollback(s);
		return st;
	}
	return found ? STATUS_OK : err_set(err, STATUS_NOTFOUND, "no notification is due");
}

enum status postgres_notification_nodes(struct store *s, unsigned *out, size_t max, size_t *out_n, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s,
		    "SELECT node FROM notification WHERE node <> 0 UNION SELECT node FROM notice WHERE node <> 0 "
		    "ORDER BY 1 LIMIT $1",
		    &args, &r, err));
	*out_n = (size_t)PQntuples(r);
	for (size_t i = 0; i < *out_n; i++)
		out[i] = (unsigned)pg_int(r, (int)i, 0);
	return STATUS_OK;
}

enum status postgres_notification_release(struct store *s, unsigned node, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult *results[4];
	struct pg_batch b;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now());
	pg_number(&args, node);
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(
		&b,
		"UPDATE notification SET node = 0, due = CASE WHEN state IN (1, 2, 3) THEN $1 ELSE due END WHERE node "
		"= $2",
		&args, err);
	pg_batch_add(&b, "UPDATE notice SET node = 0, due = $1 WHERE node = $2", &args, err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	pg_clear(results, b.n);
	return STATUS_OK;
}

static enum status taken_by_another(struct err *err)
{
	return err_set(err, STATUS_CONFLICT, "the notification was deleted, has ended, or another one has taken it");
}

static const char hold_sql[] =
	"UPDATE notification SET due = $1 WHERE id = $2 AND attempts = $3 AND state BETWEEN $4 AND $5";

static void hold_args(struct store *s, struct pg_args *args, const struct store_notification *n, unsigned lease_s)
{
	bool making = n->state == STORE_NOTIFICATION_MAKING;

	pg_number(args, s->now() + lease_s);
	pg_number(args, (int64_t)n->number);
	pg_number(args, n->attempts);
	pg_number(args, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_CREATED);
	pg_number(args, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_FAILED);
}

enum status postgres_notification_hold(struct store *s, const struct store_notification *n, unsigned lease_s,
				       struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	hold_args(s, &args, n, lease_s);
	TRY(pg_call(s, hold_sql, &args, &r, err));
	return pg_changed(r) > 0 ? STATUS_OK : taken_by_another(err);
}

/* ---- making ---- */

/* Columns of changes or entries as arrays; texts lie one after the other in `packed`. */
struct columns {
	struct pg_array a[4];
};

static void columns_fini(struct columns *c)
{
	for (size_t i = 0; i < ARRAY_LEN(c->a); i++)
		pg_array_fini(&c->a[i]);
}

static enum status add_changes(struct store *s, uint64_t number, const struct store_change *changes, size_t n,
			       struct err *err)
{
	struct columns AUTO(columns_fini) c = { { PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT } };
	struct buf AUTO(buf_fini) packed = BUF_INIT((size_t)64 << 20);
	struct pg_args args = PG_NO_ARGS;

	for (size_t i = 0; i < n; i++) {
		buf_reset(&packed);
		TRY(store_report_pack(changes[i].summary, NULL, &packed, err));
		pg_array_number(&c.a[0], changes[i].number);
		pg_array_number(&c.a[1], changes[i].reason);
		pg_array_bytes(&c.a[2], buf_slice(&packed));
	}
	pg_number(&args, (int64_t)number);
	pg_array_arg(&args, &c.a[0], PG_BIGINT);
	pg_array_arg(&args, &c.a[1], PG_BIGINT);
	pg_array_arg(&args, &c.a[2], PG_BYTEA);
	return n == 0 ? STATUS_OK
		      : pg_call(s,
				"INSERT INTO notification_change (notification, number, reason, summary) SELECT $1, n, "
				"r, t "
				"FROM unnest($2, $3, $4) AS u (n, r, t) ON CONFLICT DO NOTHING",
				&args, NULL, err);
}

static enum status add_entries(struct store *s, uint64_t number, const struct store_entry *entries, size_t n,
			       struct err *err)
{
	/* Of several with one id in one call only the highest: a statement may not change a row twice. */
	static const char sql[] =
		"INSERT INTO notification_entry (notification, id, manifest, change, rank) SELECT DISTINCT ON (i) $1, "
		"i, m, "
		"c, r FROM unnest($2, $3, $4, $5) WITH ORDINALITY AS u (i, m, c, r, o) ORDER BY i, r DESC, o ON "
		"CONFLICT "
		"(notification, id) DO UPDATE SET change = excluded.change, rank = excluded.rank WHERE excluded.rank > "
		"notification_entry.rank";
	struct columns AUTO(columns_fini) c = { { PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT } };
	struct pg_args args = PG_NO_ARGS;

	for (size_t i = 0; i < n; i++) {
		uint8_t packed[STORE_DIGEST_BYTES];

		pg_array_bytes(&c.a[0], slice_make(entries[i].id, sizeof(entries[i].id)));
		pg_array_bytes(&c.a[1], slice_make(packed, store_digest_pack(&entries[i].manifest, packed)));
		pg_array_number(&c.a[2], entries[i].change);
		pg_array_number(&c.a[3], entries[i].rank);
	}
	pg_number(&args, (int64_t)number);
	pg_array_arg(&args, &c.a[0], PG_BYTEA);
	pg_array_arg(&args, &c.a[1], PG_BYTEA);
	pg_array_arg(&args, &c.a[2], PG_BIGINT);
	pg_array_arg(&args, &c.a[3], PG_BIGINT);
	return n == 0 ? STATUS_OK : pg_call(s, sql, &args, NULL, err);
}

static enum status drop_entries(struct store *s, int64_t number, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	pg_number(&args, number);
	TRY(pg_call(s, "DELETE FROM notification_entry WHERE notification = $1", &args, NULL, err));
	return pg_call(s, "DELETE FROM notification_change WHERE notification = $1", &args, NULL, err);
}

static enum status add(struct store *s, const struct store_notification *n, bool fresh,
		       const struct store_change *changes, size_t n_changes, const struct store_entry *entries,
		       size_t n_entries, unsigned lease_s, struct err *err)
{
	TRY(pg_begin(s, err));
	TRY(postgres_notification_hold(s, n, lease_s, err));
	if (fresh)
		TRY(drop_entries(s, (int64_t)n->number, err));
	TRY(add_changes(s, n->number, changes, n_changes, err));
	TRY(add_entries(s, n->number, entries, n_entries, err));
	return pg_commit(s, err);
}

enum status postgres_notification_add(struct store *s, const struct store_notification *n, bool fresh,
				      const struct store_change *changes, size_t n_changes,
				      const struct store_entry *entries, size_t n_entries, unsigned lease_s,
				      struct err *err)
{
	enum status st = add(s, n, fresh, changes, n_changes, entries, n_entries, lease_s, err);

	if (st != STATUS_OK)
		pg_rollback(s);
	return st;
}

/* ---- ending ---- */

enum status postgres_notification_end(struct store *s, const struct store_notification *n,
				      enum store_notification_state state, int64_t due_s, struct slice error,
				      struct err *err)
{
	static const char sql[] =
		"UPDATE notification AS n SET state = CASE WHEN $5 = 1 AND e.entries = 0 THEN 4 ELSE $1 END, changed = "
		"$2, "
		"due = $3, error = $4, node = 0, attempts = CASE WHEN $5 = 1 THEN 0 ELSE attempts END, entries = CASE "
		"WHEN $5 = "
		"1 "
		"THEN e.entries ELSE n.entries END, seq = CASE WHEN $5 = 1 THEN nextval('notification_seq') ELSE seq "
		"END "
		"FROM (SELECT CASE WHEN $5 = 1 THEN (SELECT count(*) FROM notification_entry WHERE notification = $6) "
		"ELSE "
		"0 END AS entries) AS e WHERE n.id = $6 AND (attempts = $7 OR $8 = 1) AND state BETWEEN $9 AND $10";
	bool making = n->state == STORE_NOTIFICATION_MAKING;
	struct pg_args args = PG_NO_ARGS;
	PGresult *results[4];
	struct pg_batch b;
	bool changed;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, state);
	pg_number(&args, s->now());
	pg_number(&args, due_s);
	pg_bytes(&args, error);
	pg_number(&args, making && state == STORE_NOTIFICATION_CREATED);
	pg_number(&args, (int64_t)n->number);
	pg_number(&args, n->attempts);
	/* What has arrived has arrived, whoever has it now. */
	pg_number(&args, !making && state == STORE_NOTIFICATION_DELIVERED);
	pg_number(&args, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_CREATED);
	pg_number(&args, making ? STORE_NOTIFICATION_MAKING : STORE_NOTIFICATION_FAILED);
	TRY(pg_batch_begin(s, &b, err));
	order_lock(&b, err);
	pg_batch_add(&b, sql, &args, err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	changed = pg_changed(results[1]) > 0;
	pg_clear(results, b.n);
	return changed ? STATUS_OK : taken_by_another(err);
}

/* ---- asking ---- */

static enum status not_there(struct slice id, struct err *err)
{
	struct err_quote quote;

	return err_set(err, STATUS_NOTFOUND, "there is no notification %s", err_slice(&quote, id));
}

enum status postgres_notification_get(struct store *s, struct slice id, struct arena *arena,
				      struct store_notification *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_bytes(&args, id);
	TRY(pg_read(s, "SELECT " COLUMNS " FROM notification WHERE uuid = $1 AND state <> 7", &args, &r, err));
	return PQntuples(r) > 0 ? read_notification(r, 0, arena, out, err) : not_there(id, err);
}

static enum status read_change(const PGresult *r, int i, int at, struct arena *arena, struct store_change *out,
			       struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);

	out->number = (uint64_t)pg_int(r, i, at);
	out->reason = (unsigned)pg_int(r, i, at + 1);
	TRY(store_report_unpack(pg_slice(r, i, at + 2), NULL, &text, err));
	return arena_copy(arena, buf_slice(&text), &out->summary) ? STATUS_OK : err_nomem(err, WHAT);
}

static enum status read_entry(const PGresult *r, int i, const struct store_change *before, struct arena *arena,
			      struct store_entry_row *out, struct err *err)
{
	struct slice id = pg_slice(r, i, 0), manifest = pg_slice(r, i, 1);

	if (id.len != sizeof(out->entry.id) || !store_digest_unpack(&manifest, &out->entry.manifest))
		return err_set(err, STATUS_MALFORMED, "an entry of a notification in the store is damaged");
	memcpy(out->entry.id, id.ptr, id.len);
	out->entry.rank = (unsigned)pg_int(r, i, 2);
	out->entry.change = (uint64_t)pg_int(r, i, 3);
	if (before && before->number == out->entry.change) {
		out->change = *before;
		return STATUS_OK;
	}
	return read_change(r, i, 3, arena, &out->change, err);
}

enum status postgres_notification_entries(struct store *s, uint64_t notification, const uint8_t *after, size_t max,
					  struct arena *arena, struct store_entry_row **out, size_t *out_n,
					  struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_entry_row *list;

	pg_number(&args, (int64_t)notification);
	pg_bytes(&args, after ? slice_make(after, STORE_ENTRY_ID) : SLICE_EMPTY);
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s,
		    "SELECT e.id, e.manifest, e.rank, c.number, c.reason, c.summary FROM notification_entry AS e JOIN "
		    "notification_change AS c ON c.notification = e.notification AND c.number = e.change WHERE "
		    "e.notification = $1 AND e.id > $2 ORDER BY e.id LIMIT $3",
		    &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, WHAT);
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_entry(r, i, i > 0 ? &list[i - 1].change : NULL, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

enum status postgres_notification_change(struct store *s, uint64_t notification, uint64_t number, struct arena *arena,
					 struct store_change *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_number(&args, (int64_t)notification);
	pg_number(&args, (int64_t)number);
	TRY(pg_read(s,
		    "SELECT number, reason, summary FROM notification_change WHERE notification = $1 AND number = $2",
		    &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "the notification has no such change");
	return read_change(r, 0, 0, arena, out, err);
}

/* ---- dropping ---- */

enum status postgres_notification_delete(struct store *s, struct slice id, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult *results[3];
	struct pg_batch b;
	bool changed;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now());
	pg_bytes(&args, id);
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b,
		     "UPDATE notification SET state = 5, node = 0, changed = CASE WHEN state = 5 THEN changed ELSE $1 "
		     "END WHERE "
		     "uuid = "
		     "$2 AND state BETWEEN 2 AND 6",
		     &args, err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	changed = pg_changed(results[0]) > 0;
	pg_clear(results, b.n);
	return changed ? STATUS_OK : not_there(id, err);
}

static enum status collect_one(struct store *s, int64_t number, struct err *err)
{
	int64_t ignored;

	TRY(drop_entries(s, number, err));
	TRY(number_of(
		s,
		"DELETE FROM notification AS n WHERE id = $1 AND id < (SELECT max(l.id) FROM notification AS l WHERE "
		"l.source = n.source) RETURNING id",
		1, number, 0, &ignored, err));
	return number_of(s, "UPDATE notification SET state = 7 WHERE id = $1 RETURNING id", 1, number, 0, &ignored,
			 err);
}

/* In a transaction that is open. *out_number is 0 if there was nothing. */
static enum status collect_next(struct store *s, const int64_t before[3], int64_t *out_number, struct err *err)
{
	static const char sql[] = "SELECT n.id FROM notification AS n WHERE (n.state = 5 AND n.changed < $1) OR "
				  "(n.state = 4 AND n.changed < "
				  "$2) OR (n.state = 6 AND n.changed < $3) OR (n.state = 7 AND n.id < (SELECT "
				  "max(l.id) FROM notification AS l "
				  "WHERE l.source = n.source)) ORDER BY n.id LIMIT 1 FOR UPDATE OF n SKIP LOCKED";
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	for (size_t i = 0; i < 3; i++)
		pg_number(&args, before[i]);
	TRY(pg_call(s, sql, &args, &r, err));
	*out_number = PQntuples(r) > 0 ? pg_int(r, 0, 0) : 0;
	if (*out_number != 0)
		TRY(collect_one(s, *out_number, err));
	return pg_commit(s, err);
}

enum status postgres_notifications_gc(struct store *s, int64_t deleted_s, int64_t delivered_s, int64_t dead_s,
				      size_t max, uint64_t *out_dropped, struct err *err)
{
	const int64_t before[3] = { deleted_s, delivered_s, dead_s };

	for (*out_dropped = 0; *out_dropped < max; ++*out_dropped) {
		int64_t number = 0;
		enum status st;

		TRY(pg_begin(s, err));
		st = collect_next(s, before, &number, err);
		if (st != STATUS_OK) {
			pg_rollback(s);
			return st;
		}
		if (number == 0)
			break;
	}
	return STATUS_OK;
}

enum status postgres_notification_stats(struct store *s, struct store_notification_stats *out, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	*out = (struct store_notification_stats){ .oldest_s = DATE_NONE };
	TRY(pg_read(s, "SELECT state, count(*), min(created) FROM notification GROUP BY state", &none, &r, err));
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t state = pg_int(r, i, 0), oldest = pg_int(r, i, 2);

		if (state <= 0 || state >= STORE_NOTIFICATION_STATES)
			continue;
		out->by_state[state] = (uint64_t)pg_int(r, i, 1);
		if (state <= STORE_NOTIFICATION_FAILED && (out->oldest_s == DATE_NONE || oldest < out->oldest_s))
			out->oldest_s = oldest;
	}
	return STATUS_OK;
}
