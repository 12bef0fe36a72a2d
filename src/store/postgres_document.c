/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_document.c - documents by kind and name. */
#include "store/postgres_impl.h"

enum status postgres_document_put(struct store *s, enum store_document_kind kind, struct slice name, struct slice owner,
				  struct slice body, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;

	TRY(store_document_check(name, owner, err));
	TRY(pg_ready_to_write(s, err));
	pg_number(&args, kind);
	pg_bytes(&args, name);
	pg_bytes(&args, owner);
	pg_number(&args, s->now());
	pg_bytes(&args, body);
	return pg_call(s,
		       "INSERT INTO document (kind, name, owner, changed, body) VALUES ($1, $2, $3, $4, $5) "
		       "ON CONFLICT (kind, name) DO UPDATE SET owner = excluded.owner, changed = excluded.changed, "
		       "body = excluded.body",
		       &args, NULL, err);
}

static enum status read_document(const PGresult *r, int i, struct arena *arena, struct store_document *out,
				 struct err *err)
{
	if (!pg_copy_text(arena, r, i, 0, &out->name) || !pg_copy_text(arena, r, i, 1, &out->owner) ||
	    !pg_copy_text(arena, r, i, 3, &out->body))
		return err_nomem(err, "documents");
	out->changed_s = pg_int(r, i, 2);
	return STATUS_OK;
}

enum status postgres_document_get(struct store *s, enum store_document_kind kind, struct slice name,
				  struct arena *arena, struct store_document *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_number(&args, kind);
	pg_bytes(&args, name);
	TRY(pg_read(s, "SELECT name, owner, changed, body FROM document WHERE kind = $1 AND name = $2", &args, &r,
		    err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no such document");
	return read_document(r, 0, arena, out, err);
}

enum status postgres_documents_named(struct store *s, enum store_document_kind kind, const struct slice *names,
				     size_t n, struct arena *arena, struct store_document **out, size_t *out_n,
				     struct err *err)
{
	struct pg_array AUTO(pg_array_fini) wanted = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_document *list;

	for (size_t i = 0; i < n; i++)
		pg_array_bytes(&wanted, names[i]);
	pg_number(&args, kind);
	pg_array_arg(&args, &wanted, PG_BYTEA);
	TRY(pg_read(s, "SELECT name, owner, changed, body FROM document WHERE kind = $1 AND name = ANY ($2)", &args, &r,
		    err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "documents");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_document(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

enum status postgres_document_delete(struct store *s, enum store_document_kind kind, struct slice name,
				     bool *out_deleted, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_ready_to_write(s, err));
	pg_number(&args, kind);
	pg_bytes(&args, name);
	TRY(pg_call(s, "DELETE FROM document WHERE kind = $1 AND name = $2", &args, &r, err));
	*out_deleted = pg_changed(r) > 0;
	return STATUS_OK;
}

enum status postgres_documents(struct store *s, enum store_document_kind kind, struct slice owner, struct slice after,
			       size_t max, struct arena *arena, struct store_document **out, size_t *out_n,
			       struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_document *list;

	pg_number(&args, kind);
	pg_bytes(&args, owner);
	pg_bytes(&args, after);
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s,
		    "SELECT name, owner, changed, body FROM document WHERE kind = $1 AND owner = $2 AND name > $3 "
		    "ORDER BY name LIMIT $4",
		    &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "documents");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_document(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}
