/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_source.c - sources and update operations. */
#include "store/postgres_impl.h"

#include <stdio.h>

#define SOURCE_COLUMNS                                                                                                 \
	"name, feed, url, segment, etag, last_modified, document, format_version, last_attempt, last_success, "        \
	"last_change, records, error, held_back, next, kind"

static void column_digest(const PGresult *r, int row, int column, struct digest *out)
{
	struct slice packed = pg_slice(r, row, column);

	if (!store_digest_unpack(&packed, out))
		*out = (struct digest){ .algo = DIGEST_NONE };
}

static enum status read_source(const PGresult *r, int i, struct arena *arena, struct store_source *out, struct err *err)
{
	struct store_source s = { .records = (uint64_t)pg_int(r, i, 11) };

	if (!pg_copy_text(arena, r, i, 0, &s.name) || !pg_copy_text(arena, r, i, 1, &s.feed) ||
	    !pg_copy_text(arena, r, i, 2, &s.url) || !pg_copy_text(arena, r, i, 4, &s.etag) ||
	    !pg_copy_text(arena, r, i, 5, &s.last_modified) || !pg_copy_text(arena, r, i, 7, &s.format_version) ||
	    !pg_copy_text(arena, r, i, 12, &s.error) || !pg_copy_text(arena, r, i, 13, &s.held_back))
		return err_nomem(err, "sources");
	column_digest(r, i, 3, &s.segment);
	column_digest(r, i, 6, &s.document);
	s.last_attempt_s = pg_unix(r, i, 8);
	s.last_success_s = pg_unix(r, i, 9);
	s.last_change_s = pg_unix(r, i, 10);
	s.next_s = pg_unix(r, i, 14);
	s.kind = pg_int(r, i, 15) == STORE_ENRICHMENT ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	*out = s;
	return STATUS_OK;
}

enum status postgres_sources(struct store *s, struct arena *arena, struct store_source **out, size_t *out_n,
			     struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_source *list;
	int n;

	TRY(pg_read(s, "SELECT " SOURCE_COLUMNS " FROM source ORDER BY name", &none, &r, err));
	n = PQntuples(r);
	list = arena_array(arena, (size_t)n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "sources");
	for (int i = 0; i < n; i++)
		TRY(read_source(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)n;
	return STATUS_OK;
}

enum status postgres_source_get(struct store *s, struct slice name, struct arena *arena, struct store_source *out,
				struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct err_quote quote;

	pg_bytes(&args, name);
	TRY(pg_read(s, "SELECT " SOURCE_COLUMNS " FROM source WHERE name = $1", &args, &r, err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no source %s", err_slice(&quote, name));
	return read_source(r, 0, arena, out, err);
}

static const char source_sql[] =
	"INSERT INTO source (" SOURCE_COLUMNS ") VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16) "
	"ON CONFLICT (name) DO UPDATE SET feed = excluded.feed, url = excluded.url, segment = excluded.segment, "
	"etag = excluded.etag, last_modified = excluded.last_modified, document = excluded.document, "
	"format_version = excluded.format_version, last_attempt = excluded.last_attempt, "
	"last_success = excluded.last_success, last_change = excluded.last_change, records = excluded.records, "
	"error = excluded.error, held_back = excluded.held_back, next = excluded.next, kind = excluded.kind";

struct packed_digests {
	uint8_t segment[STORE_DIGEST_BYTES], document[STORE_DIGEST_BYTES];
};

static void source_args(const struct store_source *in, struct packed_digests *room, struct pg_args *args)
{
	pg_bytes(args, in->name);
	pg_bytes(args, in->feed);
	pg_bytes(args, in->url);
	pg_digest(args, &in->segment, room->segment);
	pg_bytes(args, in->etag);
	pg_bytes(args, in->last_modified);
	pg_digest(args, &in->document, room->document);
	pg_bytes(args, in->format_version);
	pg_time(args, in->last_attempt_s);
	pg_time(args, in->last_success_s);
	pg_time(args, in->last_change_s);
	pg_number(args, (int64_t)in->records);
	pg_bytes(args, in->error);
	pg_bytes(args, in->held_back);
	pg_time(args, in->next_s);
	pg_number(args, in->kind);
}

enum status postgres_source_put(struct store *s, const struct store_source *source, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	struct packed_digests room;

	TRY(pg_ready_to_write(s, err));
	source_args(source, &room, &args);
	return pg_call(s, source_sql, &args, NULL, err);
}

/* The operation is written if the row still says another segment: before the row is replaced, in the same transaction.
 */
static enum status publish(struct store *s, const struct store_source *source, const char *ref, bool *out_changed,
			   struct err *err)
{
	static const char operation_sql[] =
		"INSERT INTO update_operation (ref, source, segment, fingerprint, date, kind) "
		"SELECT $1, $2, $3, $4, $5, $6 WHERE $7 = 1 AND NOT EXISTS "
		"(SELECT 1 FROM source WHERE name = $2 AND segment = $3)";
	struct pg_args lock = PG_NO_ARGS, operation = PG_NO_ARGS, row = PG_NO_ARGS;
	char fingerprint[STORE_FINGERPRINT_BYTES];
	struct packed_digests room;
	PGresult *results[8];
	struct pg_batch b;
	uint64_t key;

	TRY(pg_lock_key("limpid publish ", source->name, &key, err));
	store_fingerprint(source, fingerprint);
	pg_number(&lock, (int64_t)key);
	pg_bytes(&operation, slice_cstr(ref));
	pg_bytes(&operation, source->name);
	pg_digest(&operation, &source->segment, room.segment);
	pg_bytes(&operation, slice_cstr(fingerprint));
	pg_number(&operation, s->now());
	pg_number(&operation, source->kind);
	pg_number(&operation, source->segment.algo != DIGEST_NONE);
	source_args(source, &room, &row);
	TRY(pg_batch_begin(s, &b, err));
	/* One after the other: each sees what the one before has published. */
	pg_batch_add(&b, "SELECT pg_advisory_xact_lock($1)::text", &lock, err);
	pg_batch_add(&b, operation_sql, &operation, err);
	pg_batch_add(&b, source_sql, &row, err);
	pg_changed_topic(&b, STORE_SOURCES, err);
	TRY(pg_batch_run(&b, results, err));
	*out_changed = pg_changed(results[1]) > 0;
	pg_clear(results, b.n);
	return STATUS_OK;
}

enum status postgres_publish(struct store *s, const struct store_source *source, char out_ref[37], struct err *err)
{
	bool changed = false;
	char ref[37];

	out_ref[0] = '\0';
	TRY(pg_ready_to_write(s, err));
	TRY(store_make_ref(ref, err));
	TRY(publish(s, source, ref, &changed, err));
	if (changed)
		memcpy(out_ref, ref, sizeof(ref));
	return STATUS_OK;
}

/* ---- operations ---- */

#define OPERATION_COLUMNS "ref, source, segment, fingerprint, date, kind"

static enum status read_operation(const PGresult *r, int i, struct arena *arena, struct store_operation *out,
				  struct err *err)
{
	struct slice ref = pg_slice(r, i, 0);

	if (!pg_copy_text(arena, r, i, 1, &out->source) || !pg_copy_text(arena, r, i, 3, &out->fingerprint))
		return err_nomem(err, "update operations");
	snprintf(out->ref, sizeof(out->ref), "%.*s", SLICE_ARG(ref));
	column_digest(r, i, 2, &out->segment);
	out->date_s = pg_int(r, i, 4);
	out->kind = pg_int(r, i, 5) == STORE_ENRICHMENT ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	return STATUS_OK;
}

static enum status read_operations(struct store *s, const char *sql, const struct pg_args *args, struct arena *arena,
				   struct store_operation **out, size_t *out_n, struct err *err)
{
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_operation *list;

	TRY(pg_read(s, sql, args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "update operations");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_operation(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

enum status postgres_operations(struct store *s, struct slice source, size_t max, struct arena *arena,
				struct store_operation **out, size_t *out_n, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	pg_bytes(&args, source);
	pg_number(&args, max > INT64_MAX ? INT64_MAX : (int64_t)max);
	return read_operations(s,
			       "SELECT " OPERATION_COLUMNS " FROM update_operation WHERE $1 = ''::bytea OR source = $1 "
			       "ORDER BY id DESC LIMIT $2",
			       &args, arena, out, out_n, err);
}

enum status postgres_operations_latest(struct store *s, enum store_kind kind, struct arena *arena,
				       struct store_operation **out, size_t *out_n, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	pg_number(&args, kind);
	return read_operations(
		s,
		"SELECT " OPERATION_COLUMNS " FROM update_operation WHERE id IN "
		"(SELECT max(id) FROM update_operation WHERE kind = $1 GROUP BY source) ORDER BY id DESC",
		&args, arena, out, out_n, err);
}

enum status postgres_operation_get(struct store *s, struct slice ref, struct arena *arena, struct store_operation *out,
				   struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	struct store_operation *list;
	struct err_quote quote;
	size_t n;

	pg_bytes(&args, ref);
	TRY(read_operations(s, "SELECT " OPERATION_COLUMNS " FROM update_operation WHERE ref = $1", &args, arena, &list,
			    &n, err));
	if (n == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no update operation %s", err_slice(&quote, ref));
	*out = list[0];
	return STATUS_OK;
}

enum status postgres_operation_delete(struct store *s, struct slice ref, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	TRY(pg_ready_to_write(s, err));
	pg_bytes(&args, ref);
	return pg_call(s, "DELETE FROM update_operation WHERE ref = $1", &args, NULL, err);
}

enum status postgres_operations_gc(struct store *s, size_t keep, int64_t since_s, uint64_t *out_dropped,
				   struct err *err)
{
	/* One was in force until the next one's date. */
	static const char sql[] = "DELETE FROM update_operation WHERE id IN (SELECT id FROM (SELECT id, row_number() "
				  "OVER w AS n, lag(date) OVER w AS until FROM update_operation WINDOW w AS "
				  "(PARTITION BY source ORDER BY id DESC)) AS o WHERE n > $1 AND until < $3) "
				  "AND ref NOT IN (SELECT unnest(ARRAY[operation, previous]) FROM "
				  "notification WHERE changed > $2 AND (state = 1 OR id IN (SELECT max(id) FROM "
				  "notification GROUP BY source)))";
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, (int64_t)keep);
	pg_number(&args, s->now() - STORE_SEEN_S);
	pg_number(&args, since_s == DATE_NONE ? INT64_MAX : since_s);
	TRY(pg_call(s, sql, &args, &r, err));
	*out_dropped = pg_changed(r);
	return STATUS_OK;
}
