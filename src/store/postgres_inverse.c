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
	TRY(pg_read(s, sql, &args, &r, err));
	list = arena_array(arena, (size_t)PQntuples(r) + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "packages");
	for (int i = 0; i < PQntuples(r); i++)
		TRY(read_package(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)PQntuples(r);
	return STATUS_OK;
}

/* Groups up to here are asked in windows; of more, each has few manifests, and asking again costs more than reading. */
#define WINDOW_GROUPS 2000
#define WINDOW_PAGES 4
#define WINDOW_GROWTH 16

/* A question: whose groups these are, and the manifests that were found so far. */
struct search {
	struct slice groups; /* bigint[], as the server wrote it */
	struct store_affected *at;
	size_t n, max, room;
};

#define PAGE_END                                                                                                       \
	" ORDER BY 1 LIMIT $4) SELECT m.id, m.digest FROM page JOIN manifest AS m ON m.id = page.manifest ORDER BY 1"

/* A page's length from each of some groups; or all of very many, in one walk through the index. */
static const char of_each[] =
	"WITH page AS MATERIALIZED (SELECT DISTINCT x.manifest FROM unnest($1::bigint[]) AS g (id) CROSS JOIN LATERAL "
	"(SELECT manifest FROM manifest_of_group WHERE grp = g.id AND manifest > $2 AND manifest <= $3 ORDER BY "
	"manifest "
	"LIMIT $4) AS x" PAGE_END;
static const char of_all[] =
	"WITH page AS MATERIALIZED (SELECT DISTINCT manifest FROM manifest_of_group WHERE grp = ANY ($1::bigint[]) "
	"AND manifest > $2 AND manifest <= $3" PAGE_END;

/* Add the lowest manifests of the groups with numbers above `above` and not above `to`. */
static enum status search_between(struct store *s, struct search *q, const char *sql, int64_t above, int64_t to,
				  struct arena *arena, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_bytes(&args, q->groups);
	args.types[0] = 1016; /* bigint[] */
	pg_number(&args, above);
	pg_number(&args, to);
	pg_number(&args, (int64_t)MIN(q->max - q->n, INT32_MAX));
	TRY(pg_read(s, sql, &args, &r, err));
	for (int i = 0; i < PQntuples(r); i++) {
		struct slice packed = pg_slice(r, i, 1);
		struct store_affected *one = arena_vec_push(arena, (void **)&q->at, &q->n, &q->room, sizeof(*one));

		if (!one)
			return err_nomem(err, "manifests");
		one->manifest = (uint64_t)pg_int(r, i, 0);
		if (!store_digest_unpack(&packed, &one->digest))
			return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
	}
	return STATUS_OK;
}

/* What most images have fills a page from few numbers: read in windows, it need not be read from every group. */
static enum status search_in_windows(struct store *s, struct search *q, int64_t after, int64_t last,
				     struct arena *arena, struct err *err)
{
	int64_t width = (int64_t)MIN(q->max, INT32_MAX) * WINDOW_PAGES;

	while (q->n < q->max && after < last) {
		int64_t to = width < last - after ? after + width : last;

		TRY(search_between(s, q, of_each, after, to, arena, err));
		after = to;
		width = width < INT64_MAX / WINDOW_GROWTH ? width * WINDOW_GROWTH : INT64_MAX;
	}
	return STATUS_OK;
}

enum status postgres_manifests_with(struct store *s, const uint64_t *packages, size_t n, uint64_t after, size_t max,
				    struct arena *arena, struct store_affected **out, size_t *out_n, struct err *err)
{
	static const char sql[] = "SELECT array_agg(id), count(*), (SELECT coalesce(max(id), 0) FROM manifest) FROM "
				  "package_group WHERE packages && $1";
	struct pg_array AUTO(pg_array_fini) ids = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct search q = { .max = max };
	int64_t from = (int64_t)MIN(after, INT64_MAX);

	for (size_t i = 0; i < n; i++)
		pg_array_number(&ids, packages[i]);
	pg_array_arg(&args, &ids, PG_BIGINT);
	TRY(pg_read(s, sql, &args, &r, err));
	if (pg_int(r, 0, 1) > 0) {
		q.groups = pg_slice(r, 0, 0);
		if (pg_int(r, 0, 1) > WINDOW_GROUPS)
			TRY(search_between(s, &q, of_all, from, INT64_MAX, arena, err));
		else
			TRY(search_in_windows(s, &q, from, pg_int(r, 0, 2), arena, err));
	}
	*out = q.at;
	*out_n = q.n;
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

/*
 * Both tables are gone through in parts, so that no statement takes long: the statement gets a number and looks at the
 * rows after it; its answer is the last one it saw and those of them that nobody has.
 */
#define SWEEP_ROWS "20000"

static enum status sweep(struct store *s, const char *sql,
			 enum status (*drop)(struct store *s, struct slice ids, struct store_collected *out,
					     struct err *err),
			 struct store_collected *out, struct err *err)
{
	for (int64_t after = 0;;) {
		struct pg_args args = PG_NO_ARGS;
		PGresult AUTO(pg_result_free) *r = NULL;

		pg_number(&args, after);
		TRY(pg_read(s, sql, &args, &r, err));
		if (PQntuples(r) == 0 || PQgetisnull(r, 0, 0))
			return STATUS_OK;
		after = pg_int(r, 0, 0);
		if (!PQgetisnull(r, 0, 1))
			TRY(drop(s, pg_slice(r, 0, 1), out, err));
	}
}

static enum status sweep_groups(struct store *s, struct slice ids, struct store_collected *out, struct err *err)
{
	struct store_collected some = { 0 };
	uint64_t AUTO(free_ptr) *list = calloc(ids.len / 12 + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return err_nomem(err, "packages");
	while (pg_array_next(&ids, &list[n]))
		n++;
	TRY(pg_collect_groups(s, list, n, &some, err));
	out->groups += some.groups;
	out->packages += some.packages;
	return STATUS_OK;
}

/* Packages whose group went without them; there are none unless somebody was killed in between. */
static enum status sweep_packages(struct store *s, struct slice ids, struct store_collected *out, struct err *err)
{
	struct pg_array AUTO(pg_array_fini) packages = PG_ARRAY_INIT;
	struct pg_args lock = PG_NO_ARGS;
	enum status st;

	for (uint64_t id = 0; pg_array_next(&ids, &id);)
		pg_array_number(&packages, id);
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
	static const char groups_sql[] =
		"SELECT max(id), array_agg(id) FILTER (WHERE NOT EXISTS (SELECT 1 FROM manifest_of_group WHERE grp = "
		"part.id)) FROM (SELECT id FROM package_group WHERE id > $1 ORDER BY id LIMIT " SWEEP_ROWS ") AS part";
	static const char packages_sql[] =
		"SELECT max(id), array_agg(id) FILTER (WHERE NOT EXISTS (SELECT 1 FROM package_group WHERE packages @> "
		"ARRAY[part.id])) FROM (SELECT id FROM package WHERE id > $1 ORDER BY id LIMIT " SWEEP_ROWS ") AS part";

	*out = (struct store_collected){ 0 };
	TRY(pg_ready_to_write(s, err));
	TRY(sweep(s, groups_sql, sweep_groups, out, err));
	TRY(sweep(s, packages_sql, sweep_packages, out, err));
	return postgres_segments_gc(s, &out->segments, err);
}
