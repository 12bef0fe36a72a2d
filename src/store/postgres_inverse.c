/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_inverse.c - who has a package, and collecting what nobody has. */
#include "store/postgres_impl.h"

#include <stdlib.h>

#define PACKAGE_COLUMNS "id, type, name, version, source_name, source_version, arch, module, scope"
/* Groups that are looked at in one transaction: puts wait that long. */
#define COLLECT_GROUPS 200

/* ---- asking ---- */

static enum status read_package(const PGresult *r, int i, struct arena *arena, struct store_package_row *out,
				struct err *err)
{
	struct store_package *p = &out->package;
	struct slice *const fields[] = { &p->type,	     &p->name, &p->version, &p->source_name,
					 &p->source_version, &p->arch, &p->module,  &p->scope };

	out->id = (uint64_t)pg_int(r, i, 0);
	for (size_t f = 0; f < ARRAY_LEN(fields); f++)
		if (!pg_copy_text(arena, r, i, (int)f + 1, fields[f]))
			return err_nomem(err, "packages");
	return STATUS_OK;
}

enum status postgres_packages_named(struct store *s, struct slice name, uint64_t after, size_t max, struct arena *arena,
				    struct store_package_row **out, size_t *out_n, struct err *err)
{
	static const char sql[] =
		"(SELECT " PACKAGE_COLUMNS " FROM package WHERE name = $1 AND id > $2 ORDER BY id LIMIT $3) UNION ALL "
		"(SELECT " PACKAGE_COLUMNS " FROM package WHERE source_name = $1 AND source_name <> '' "
		"AND source_name <> name AND id > $2 ORDER BY id LIMIT $3) ORDER BY id LIMIT $3";
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_package_row *list;

	pg_bytes(&args, name);
	pg_number(&args, (int64_t)MIN(after, INT64_MAX));
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_call(s, sql, &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "packages");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_package(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

/* The lowest of all groups are among the lowest of each: a page is a page's length from each, and no more. */
enum status postgres_manifests_with(struct store *s, const uint64_t *packages, size_t n, uint64_t after, size_t max,
				    struct arena *arena, struct store_affected **out, size_t *out_n, struct err *err)
{
	static const char sql[] =
		"WITH g AS MATERIALIZED (SELECT id FROM package_group WHERE packages && $1), "
		"page AS MATERIALIZED (SELECT DISTINCT x.manifest FROM g CROSS JOIN LATERAL "
		"(SELECT manifest FROM manifest_of_group WHERE grp = g.id AND manifest > $2 ORDER BY manifest LIMIT "
		"$3) "
		"AS x ORDER BY 1 LIMIT $3) "
		"SELECT m.id, m.digest FROM page JOIN manifest AS m ON m.id = page.manifest ORDER BY 1";
	struct pg_array AUTO(pg_array_fini) ids = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_affected *list;

	for (size_t i = 0; i < n; i++)
		pg_array_number(&ids, packages[i]);
	pg_array_arg(&args, &ids, PG_BIGINT);
	pg_number(&args, (int64_t)MIN(after, INT64_MAX));
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_call(s, sql, &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "manifests");
	for (int i = 0; i < PQntuples(r); i++) {
		struct slice packed = pg_slice(r, i, 1);

		list[i].manifest = (uint64_t)pg_int(r, i, 0);
		if (!store_digest_unpack(&packed, &list[i].digest))
			return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
	}
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

/* ---- collecting ---- */

/* Numbers of packages that some of the groups had, each as often as it comes. */
static enum status drop_groups(struct store *s, struct pg_array *groups, struct pg_array *out_packages, uint64_t *out_n,
			       struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint64_t id;

	pg_array_arg(&args, groups, PG_BIGINT);
	TRY(pg_call(s,
		    "DELETE FROM package_group AS g WHERE id = ANY ($1) AND NOT EXISTS "
		    "(SELECT 1 FROM manifest_of_group WHERE grp = g.id) RETURNING packages",
		    &args, &r, err));
	*out_n += (uint64_t)PQntuples(r);
	for (int i = 0; i < PQntuples(r); i++)
		for (struct slice rest = pg_slice(r, i, 0); pg_array_next(&rest, &id);)
			pg_array_number(out_packages, id);
	return buf_check(&out_packages->bytes, "packages", err);
}

static enum status drop_packages(struct store *s, struct pg_array *packages, uint64_t *out_n, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	if (packages->n == 0)
		return STATUS_OK;
	pg_array_arg(&args, packages, PG_BIGINT);
	TRY(pg_call(s,
		    "DELETE FROM package AS p WHERE id = ANY ($1) AND NOT EXISTS "
		    "(SELECT 1 FROM package_group WHERE packages @> ARRAY[p.id])",
		    &args, &r, err));
	*out_n += pg_changed(r);
	return STATUS_OK;
}

static enum status collect(struct store *s, struct pg_array *groups, struct store_collected *out, struct err *err)
{
	struct pg_array AUTO(pg_array_fini) packages = PG_ARRAY_INIT;
	struct pg_args lock = PG_NO_ARGS;

	pg_number(&lock, PG_INDEX_LOCK);
	TRY(pg_begin(s, err));
	TRY(pg_call(s, "SELECT pg_advisory_xact_lock($1)::text", &lock, NULL, err));
	TRY(drop_groups(s, groups, &packages, &out->groups, err));
	TRY(drop_packages(s, &packages, &out->packages, err));
	return pg_commit(s, err);
}

enum status pg_collect_groups(struct store *s, const uint64_t *groups, size_t n, struct store_collected *out,
			      struct err *err)
{
	*out = (struct store_collected){ 0 };
	for (size_t i = 0; i < n; i += COLLECT_GROUPS) {
		struct pg_array AUTO(pg_array_fini) some = PG_ARRAY_INIT;
		enum status st;

		for (size_t k = i; k < n && k < i + COLLECT_GROUPS; k++)
			pg_array_number(&some, groups[k]);
		st = collect(s, &some, out, err);
		if (st != STATUS_OK) {
			pg_rollback(s);
			return st;
		}
	}
	return STATUS_OK;
}

/* Numbers that a statement gives, as an array of the caller's. */
static enum status numbers(struct store *s, const char *sql, uint64_t **out, size_t *out_n, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_call(s, sql, &none, &r, err));
	*out_n = (size_t)PQntuples(r);
	*out = calloc(*out_n + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "packages");
	for (size_t i = 0; i < *out_n; i++)
		(*out)[i] = (uint64_t)pg_int(r, (int)i, 0);
	return STATUS_OK;
}

/* Packages whose group went without them; there are none unless somebody was killed in between. */
static enum status collect_packages(struct store *s, struct store_collected *out, struct err *err)
{
	uint64_t AUTO(free_ptr) *ids = NULL;
	struct pg_array AUTO(pg_array_fini) packages = PG_ARRAY_INIT;
	struct pg_args lock = PG_NO_ARGS;
	enum status st;
	size_t n = 0;

	TRY(numbers(s,
		    "SELECT id FROM package WHERE NOT EXISTS (SELECT 1 FROM package_group WHERE packages @> "
		    "ARRAY[package.id]) LIMIT 100000",
		    &ids, &n, err));
	if (n == 0)
		return STATUS_OK;
	for (size_t i = 0; i < n; i++)
		pg_array_number(&packages, ids[i]);
	pg_number(&lock, PG_INDEX_LOCK);
	TRY(pg_begin(s, err));
	st = pg_call(s, "SELECT pg_advisory_xact_lock($1)::text", &lock, NULL, err);
	if (st == STATUS_OK)
		st = drop_packages(s, &packages, &out->packages, err);
	if (st == STATUS_OK)
		st = pg_commit(s, err);
	if (st != STATUS_OK)
		pg_rollback(s);
	return st;
}

enum status postgres_collect(struct store *s, struct store_collected *out, struct err *err)
{
	struct store_collected groups = { 0 };
	uint64_t AUTO(free_ptr) *ids = NULL;
	size_t n = 0;

	*out = (struct store_collected){ 0 };
	TRY(pg_ready_to_write(s, err));
	TRY(numbers(s,
		    "SELECT id FROM package_group AS g WHERE NOT EXISTS (SELECT 1 FROM manifest_of_group WHERE grp = "
		    "g.id)",
		    &ids, &n, err));
	TRY(pg_collect_groups(s, ids, n, &groups, err));
	*out = groups;
	TRY(collect_packages(s, out, err));
	return postgres_segments_gc(s, &out->segments, err);
}
