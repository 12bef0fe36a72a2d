/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_notice.c - notices: one vulnerability that changed, told again until its receiver has dealt with it. */
#include "store/postgres_impl.h"

#include <stdio.h>

#define WHAT "notices"
#define COLUMNS "id, uuid, created, notified, deleted, due, attempts, failures"

static void read_notice(const PGresult *r, struct store_notice *out)
{
	memset(out, 0, sizeof(*out));
	out->number = (uint64_t)pg_int(r, 0, 0);
	snprintf(out->id, sizeof(out->id), "%.*s", SLICE_ARG(pg_slice(r, 0, 1)));
	out->created_s = pg_int(r, 0, 2);
	out->notified_s = pg_int(r, 0, 3);
	out->deleted_s = pg_int(r, 0, 4);
	out->due_s = pg_int(r, 0, 5);
	out->attempts = (unsigned)pg_int(r, 0, 6);
	out->failures = (unsigned)pg_int(r, 0, 7);
}

/* The statement, and word of it to those who wait. *out_changed: rows. */
static enum status change_and_tell(struct store *s, const char *sql, const struct pg_args *args, uint64_t *out_changed,
				   struct err *err)
{
	PGresult *results[3];
	struct pg_batch b;

	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, sql, args, err);
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	*out_changed = pg_changed(results[0]);
	pg_clear(results, b.n);
	return STATUS_OK;
}

static void bodies_fini(struct buf *bodies)
{
	for (size_t i = 0; i < STORE_NOTICES_PUT; i++)
		buf_fini(&bodies[i]);
}

static enum status put(struct store *s, const struct store_notice *list, size_t n, struct buf *packed, struct err *err)
{
	static const char sql[] = "INSERT INTO notice (uuid, created, notified, deleted, due, attempts, failures, "
				  "node, body) VALUES ($1, $2, "
				  "0, 0, $2, 0, 0, 0, $3) ON CONFLICT (uuid) DO NOTHING";
	PGresult *results[STORE_NOTICES_PUT + 2];
	struct pg_batch b;

	for (size_t i = 0; i < n; i++)
		TRY(store_report_pack(list[i].body, NULL, &packed[i], err));
	TRY(pg_batch_begin(s, &b, err));
	for (size_t i = 0; i < n; i++) {
		struct pg_args args = PG_NO_ARGS;

		pg_bytes(&args, slice_cstr(list[i].id));
		pg_number(&args, s->now());
		pg_bytes(&args, buf_slice(&packed[i]));
		pg_batch_add(&b, sql, &args, err);
	}
	pg_changed_topic(&b, STORE_QUEUE, err);
	TRY(pg_batch_run(&b, results, err));
	pg_clear(results, b.n);
	return STATUS_OK;
}

enum status postgres_notices_put(struct store *s, const struct store_notice *list, size_t n, struct err *err)
{
	struct buf packed[STORE_NOTICES_PUT];
	enum status st;

	for (size_t i = 0; i < STORE_NOTICES_PUT; i++)
		packed[i] = (struct buf)BUF_INIT((size_t)64 << 20);
	st = pg_ready_to_write(s, err);
	if (st == STATUS_OK)
		st = put(s, list, MIN(n, STORE_NOTICES_PUT), packed, err);
	bodies_fini(packed);
	return st;
}

/* ---- sending ---- */

enum status postgres_notice_take(struct store *s, unsigned lease_s, unsigned node, struct store_notice *out,
				 int64_t *out_next_s, struct err *err)
{
	static const char sql[] =
		"UPDATE notice SET due = $1 + $2, attempts = attempts + 1, node = $3 WHERE id = (SELECT id FROM notice "
		"WHERE "
		"deleted = 0 AND due <= $1 ORDER BY due, id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING " COLUMNS;
	struct pg_args args = PG_NO_ARGS, none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL, *next = NULL;

	*out_next_s = DATE_NONE;
	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now());
	pg_number(&args, lease_s);
	pg_number(&args, node);
	TRY(pg_call(s, sql, &args, &r, err));
	if (PQntuples(r) > 0) {
		read_notice(r, out);
		return STATUS_OK;
	}
	TRY(pg_read(s, "SELECT min(due) FROM notice WHERE deleted = 0", &none, &next, err));
	if (PQntuples(next) > 0 && !PQgetisnull(next, 0, 0))
		*out_next_s = pg_int(next, 0, 0);
	return err_set(err, STATUS_NOTFOUND, "no notice is due");
}

static enum status taken_by_another(struct err *err)
{
	return err_set(err, STATUS_CONFLICT, "the notice was deleted, or another one has taken it");
}

enum status postgres_notice_hold(struct store *s, const struct store_notice *n, unsigned lease_s, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now() + lease_s);
	pg_number(&args, (int64_t)n->number);
	pg_number(&args, n->attempts);
	TRY(pg_call(s, "UPDATE notice SET due = $1 WHERE id = $2 AND attempts = $3 AND deleted = 0", &args, &r, err));
	return pg_changed(r) > 0 ? STATUS_OK : taken_by_another(err);
}

enum status postgres_notice_end(struct store *s, const struct store_notice *n, bool notified, int64_t due_s,
				struct err *err)
{
	static const char sql[] =
		"UPDATE notice SET node = 0, due = $1, notified = CASE WHEN $2 = 1 THEN $3 ELSE notified END, failures "
		"= CASE "
		"WHEN $2 = 1 THEN 0 ELSE failures + 1 END WHERE id = $4 AND attempts = $5 AND deleted = 0";
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, due_s);
	pg_number(&args, notified);
	pg_number(&args, s->now());
	pg_number(&args, (int64_t)n->number);
	pg_number(&args, n->attempts);
	TRY(pg_call(s, sql, &args, &r, err));
	return pg_changed(r) > 0 ? STATUS_OK : taken_by_another(err);
}

/* ---- what its receiver asks ---- */

static enum status not_there(struct slice id, struct err *err)
{
	struct err_quote quote;

	return err_set(err, STATUS_NOTFOUND, "there is no notice %s", err_slice(&quote, id));
}

enum status postgres_notice_get(struct store *s, struct slice id, struct arena *arena, struct store_notice *out,
				struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_bytes(&args, id);
	TRY(pg_read(s, "SELECT " COLUMNS ", body FROM notice WHERE uuid = $1", &args, &r, err));
	if (PQntuples(r) == 0)
		return not_there(id, err);
	read_notice(r, out);
	TRY(store_report_unpack(pg_slice(r, 0, 8), NULL, &text, err));
	return arena_copy(arena, buf_slice(&text), &out->body) ? STATUS_OK : err_nomem(err, WHAT);
}

enum status postgres_notice_delete(struct store *s, struct slice id, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	uint64_t changed;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, s->now());
	pg_bytes(&args, id);
	TRY(change_and_tell(
		s,
		"UPDATE notice SET node = 0, deleted = CASE WHEN deleted = 0 THEN $1 ELSE deleted END WHERE uuid = $2",
		&args, &changed, err));
	return changed > 0 ? STATUS_OK : not_there(id, err);
}

enum status postgres_notices_gc(struct store *s, int64_t deleted_s, int64_t created_s, size_t max,
				uint64_t *out_dropped, uint64_t *out_unread, struct err *err)
{
	static const char *const sql[] = {
		"DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE deleted <> 0 AND deleted < $1 LIMIT $2)",
		"DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE created < $1 AND deleted = 0 LIMIT $2)",
	};
	const int64_t before[] = { deleted_s, created_s };
	uint64_t *const dropped[] = { out_dropped, out_unread };

	TRY(pg_ready_to_write(s, err));
	for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
		struct pg_args args = PG_NO_ARGS;
		PGresult AUTO(pg_result_free) *r = NULL;

		pg_number(&args, before[i]);
		pg_number(&args, (int64_t)MIN(max, INT32_MAX));
		TRY(pg_call(s, sql[i], &args, &r, err));
		*dropped[i] = pg_changed(r);
	}
	return STATUS_OK;
}

/* ---- layers that brought a package ---- */

enum status postgres_manifest_has(struct store *s, const struct digest *manifest, const uint64_t *packages, size_t n,
				  bool *out, struct err *err)
{
	struct pg_array AUTO(pg_array_fini) ids = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	for (size_t i = 0; i < n; i++) {
		pg_array_number(&ids, packages[i]);
		out[i] = false;
	}
	pg_digest(&args, manifest, packed);
	pg_array_arg(&args, &ids, PG_BIGINT);
	/* A manifest has few groups; each is read once. */
	TRY(pg_read(s,
		    "SELECT DISTINCT p.id FROM manifest AS m JOIN package_group AS g ON g.id = ANY (m.groups) JOIN "
		    "unnest($2) AS p (id) ON p.id = ANY (g.packages) WHERE m.digest = $1",
		    &args, &r, err));
	for (int k = 0; k < PQntuples(r); k++)
		for (size_t i = 0; i < n; i++)
			out[i] = out[i] || packages[i] == (uint64_t)pg_int(r, k, 0);
	return STATUS_OK;
}
