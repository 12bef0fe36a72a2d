/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_manifest.c - manifests, their reports and their packages. */
#include "store/postgres_impl.h"

#include <stdlib.h>

#define MANIFEST_COLUMNS "id, digest, layers, state, success, error, indexer_state, created, updated, put"
#define NO_MANIFEST_COLUMNS                                                                                            \
	"NULL::bigint, NULL::bytea, NULL::bytea, NULL::bytea, NULL::boolean, NULL::bytea, NULL::bytea, NULL::bigint, " \
	"NULL::bigint, NULL::bigint, NULL::bytea"
#define NO_PACKAGE_COLUMNS                                                                                             \
	"NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea, NULL::bytea"
#define PACKED_MAX ((size_t)1 << 30)
/* How often a put begins again because a group that it counted on was deleted meanwhile. */
#define TRIES 4u
#define IS_WANTED \
	"(EXISTS (SELECT FROM pending WHERE manifest = $1) OR EXISTS (SELECT FROM manifest WHERE digest = $1))"

/* ---- putting ---- */

struct put {
	struct store *s;
	const struct store_manifest *m;
	const struct store_keyed_groups *groups;
	bool *known;	   /* per group: the server has it */
	struct buf packed; /* the report */
	struct buf layers;
};

/* The fields of a package, in the order of the columns. */
#define PACKAGE_FIELDS 8
#define PACKAGE_COLUMNS "type, name, version, source_name, source_version, arch, module, scope"

static struct slice field_of(const struct store_package *p, size_t i)
{
	const struct slice fields[PACKAGE_FIELDS] = { p->type,		 p->name, p->version, p->source_name,
						      p->source_version, p->arch, p->module,  p->scope };

	return fields[i];
}

static int compare_packages(const void *a, const void *b)
{
	const struct store_keyed_package *x = a, *y = b;

	return memcmp(x->key.bytes, y->key.bytes, STORE_KEY_BYTES);
}

/* All packages of the groups that the server does not have, by key: whoever puts the same ones waits in the same order.
 */
static enum status unknown_packages(const struct put *p, struct store_keyed_package **out, size_t *out_n,
				    struct err *err)
{
	struct store_keyed_package *list;
	size_t n = 0, kept = 0;

	for (size_t g = 0; g < p->groups->n; g++)
		n += p->known[g] ? 0 : p->groups->at[g].n;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "packages");
	n = 0;
	for (size_t g = 0; g < p->groups->n; g++)
		for (size_t i = 0; !p->known[g] && i < p->groups->at[g].n; i++)
			list[n++] = p->groups->at[g].at[i];
	qsort(list, n, sizeof(*list), compare_packages);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || compare_packages(&list[kept - 1], &list[i]) != 0)
			list[kept++] = list[i];
	*out = list;
	*out_n = kept;
	return STATUS_OK;
}

static enum status ask_known(struct put *p, struct err *err)
{
	struct pg_array AUTO(pg_array_fini) keys = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	memset(p->known, 0, p->groups->n * sizeof(*p->known));
	for (size_t g = 0; g < p->groups->n; g++)
		pg_array_bytes(&keys, slice_make(p->groups->at[g].key.bytes, STORE_KEY_BYTES));
	pg_array_arg(&args, &keys, PG_BYTEA);
	TRY(pg_read(p->s, "SELECT key FROM package_group WHERE key = ANY ($1)", &args, &r, err));
	for (int i = 0; i < PQntuples(r); i++)
		for (size_t g = 0; g < p->groups->n; g++)
			if (slice_eq(pg_slice(r, i, 0), slice_make(p->groups->at[g].key.bytes, STORE_KEY_BYTES)))
				p->known[g] = true;
	return STATUS_OK;
}

static void arrays_fini(struct pg_array (*arrays)[PACKAGE_FIELDS + 1])
{
	for (size_t i = 0; i <= PACKAGE_FIELDS; i++)
		pg_array_fini(&(*arrays)[i]);
}

/* Packages that are missing are made. */
static enum status send_packages(struct pg_batch *b, const struct store_keyed_package *list, size_t n, struct err *err)
{
	static const char sql[] =
		"INSERT INTO package (key, " PACKAGE_COLUMNS ") SELECT * FROM unnest($1::bytea[], $2::bytea[], "
		"$3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[]) AS u (key) "
		"WHERE NOT EXISTS (SELECT 1 FROM package AS p WHERE p.key = u.key) ORDER BY u.key "
		"ON CONFLICT (key) DO NOTHING";
	struct pg_array AUTO(arrays_fini) arrays[PACKAGE_FIELDS + 1] = { PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT,
									 PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT,
									 PG_ARRAY_INIT, PG_ARRAY_INIT, PG_ARRAY_INIT };
	struct pg_args args = PG_NO_ARGS;

	if (n == 0)
		return STATUS_OK;
	for (size_t i = 0; i < n; i++) {
		pg_array_bytes(&arrays[0], slice_make(list[i].key.bytes, STORE_KEY_BYTES));
		for (size_t f = 0; f < PACKAGE_FIELDS; f++)
			pg_array_bytes(&arrays[f + 1], field_of(list[i].package, f));
	}
	for (size_t f = 0; f <= PACKAGE_FIELDS; f++)
		pg_array_arg(&args, &arrays[f], PG_BYTEA);
	/* The arguments are copied into what is sent. */
	pg_batch_add(b, sql, &args, err);
	return b->failed;
}

/* Groups that are missing are made, of packages that are there by now. */
static enum status send_groups(struct pg_batch *b, const struct put *p, struct err *err)
{
	static const char sql[] =
		"INSERT INTO package_group (key, packages) SELECT u.g, array_agg(p.id ORDER BY p.id) FROM "
		"unnest($1::bytea[], $2::bytea[]) AS u (g, k) JOIN package AS p ON p.key = u.k GROUP BY u.g ORDER BY "
		"u.g "
		"ON CONFLICT (key) DO NOTHING";
	struct pg_array AUTO(pg_array_fini) groups = PG_ARRAY_INIT, keys = PG_ARRAY_INIT;
	struct pg_args args = PG_NO_ARGS;

	for (size_t k = 0; k < p->groups->n; k++) {
		const struct store_keyed_group *g = &p->groups->at[k];

		for (size_t i = 0; !p->known[k] && i < g->n; i++) {
			pg_array_bytes(&groups, slice_make(g->key.bytes, STORE_KEY_BYTES));
			pg_array_bytes(&keys, slice_make(g->at[i].key.bytes, STORE_KEY_BYTES));
		}
	}
	if (keys.n == 0)
		return STATUS_OK;
	pg_array_arg(&args, &groups, PG_BYTEA);
	pg_array_arg(&args, &keys, PG_BYTEA);
	pg_batch_add(b, sql, &args, err);
	return b->failed;
}

static enum status send_content(struct pg_batch *b, const struct put *p, struct err *err)
{
	struct store_keyed_package *list = NULL;
	enum status st;
	size_t n = 0;

	TRY(unknown_packages(p, &list, &n, err));
	st = send_packages(b, list, n, err);
	free(list);
	return st == STATUS_OK ? send_groups(b, p, err) : st;
}

/* The manifest itself; a group that is not there (any more) fails it. */
static void send_manifest(struct pg_batch *b, const struct put *p, struct pg_array *keys, struct err *err)
{
	static const char sql[] =
		"WITH g AS (SELECT coalesce(array_agg(id ORDER BY id), '{}') AS ids, count(*) AS n FROM package_group "
		"WHERE key = ANY ($9)) INSERT INTO manifest (digest, layers, state, success, error, indexer_state, "
		"created, updated, report, groups, put) SELECT $1, $2, $3, $4 = 1, $5, $6, $7, $7, $8, ids, "
		"nextval('manifest_put_seq') FROM g WHERE 1 / (CASE WHEN n = $10 THEN 1 ELSE 0 END) = 1 "
		"ON CONFLICT (digest) DO UPDATE SET layers = excluded.layers, state = excluded.state, "
		"success = excluded.success, error = excluded.error, indexer_state = excluded.indexer_state, "
		"updated = excluded.updated, report = excluded.report, groups = excluded.groups, put = excluded.put "
		"RETURNING groups";
	uint8_t packed[STORE_DIGEST_BYTES];
	struct pg_args args = PG_NO_ARGS;

	pg_digest(&args, &p->m->digest, packed);
	pg_bytes(&args, buf_slice(&p->layers));
	pg_bytes(&args, p->m->state);
	pg_number(&args, p->m->success);
	pg_bytes(&args, p->m->error);
	pg_bytes(&args, p->m->indexer_state);
	pg_number(&args, p->s->now());
	pg_bytes(&args, buf_slice(&p->packed));
	pg_array_arg(&args, keys, PG_BYTEA);
	pg_number(&args, (int64_t)p->groups->n);
	pg_batch_add(b, sql, &args, err);
}

/* Which of them says what the manifest had. */
#define BEFORE 2

/* What the manifest had; nobody changes it until this transaction ends. */
static void send_before(struct pg_batch *b, const struct pg_args *digest, bool of_run, struct err *err)
{
	struct pg_args lock = PG_NO_ARGS;

	pg_number(&lock, PG_INDEX_LOCK);
	pg_batch_add(b, "SELECT pg_advisory_xact_lock_shared($1)::text", &lock, err);
	/* Who deletes takes the two in the same order, so one waits for the other, and sees what he has done. */
	pg_batch_add(b, "SELECT 1 FROM pending WHERE manifest = $1 FOR UPDATE", digest, err);
	pg_batch_add(b, "SELECT groups FROM manifest WHERE digest = $1 FOR UPDATE", digest, err);
	if (of_run)
		pg_batch_add(b, "SELECT 1 / CASE WHEN " IS_WANTED " THEN 1 ELSE 0 END", digest, err);
	pg_batch_add(b,
		     "DELETE FROM manifest_of_group AS l USING manifest AS m WHERE m.digest = $1 AND l.manifest = m.id "
		     "AND l.grp = ANY (m.groups)",
		     digest, err);
}

static void send_after(struct pg_batch *b, const struct pg_args *digest, struct err *err)
{
	pg_batch_add(b,
		     "INSERT INTO manifest_of_group (grp, manifest) SELECT unnest(groups), id FROM manifest "
		     "WHERE digest = $1",
		     digest, err);
	pg_batch_add(b, "DELETE FROM pending WHERE manifest = $1", digest, err);
}

/* Groups that the manifest had and has no longer. */
static enum status collect_after(struct put *p, struct slice before, struct slice now, struct err *err)
{
	struct buf AUTO(buf_fini) gone = BUF_INIT(PACKED_MAX);
	struct store_collected collected;
	uint64_t old, one;

	while (pg_array_next(&before, &old)) {
		struct slice rest = now;
		bool kept = false;

		while (!kept && pg_array_next(&rest, &one))
			kept = one == old;
		if (!kept)
			buf_add(&gone, slice_make(&old, sizeof(old)));
	}
	TRY(buf_check(&gone, "groups", err));
	return gone.len == 0 ? STATUS_OK
			     : pg_collect_groups(p->s, (const uint64_t *)(const void *)gone.ptr, gone.len / sizeof(old),
						 &collected, err);
}

static enum status put_once(struct put *p, struct err *err)
{
	struct pg_array AUTO(pg_array_fini) keys = PG_ARRAY_INIT;
	struct pg_args digest = PG_NO_ARGS;
	uint8_t packed[STORE_DIGEST_BYTES];
	struct err ignored = ERR_INIT; /* what is left behind, store_collect() finds */
	PGresult *results[PG_BATCH];
	struct pg_batch b;
	size_t at;

	for (size_t g = 0; g < p->groups->n; g++)
		pg_array_bytes(&keys, slice_make(p->groups->at[g].key.bytes, STORE_KEY_BYTES));
	TRY(pg_batch_begin(p->s, &b, err));
	pg_digest(&digest, &p->m->digest, packed);
	send_before(&b, &digest, p->m->of_run, err);
	(void)send_content(&b, p, err); /* a failure stays in the batch */
	at = b.n;
	send_manifest(&b, p, &keys, err);
	send_after(&b, &digest, err);
	TRY(pg_batch_run(&b, results, err));
	if (PQntuples(results[BEFORE]) > 0 &&
	    collect_after(p, pg_slice(results[BEFORE], 0, 0), pg_slice(results[at], 0, 0), &ignored) != STATUS_OK)
		pg_rollback(p->s);
	pg_clear(results, b.n);
	return STATUS_OK;
}

/* STATUS_NOTFOUND: what the run was for was deleted. */
static enum status check_wanted(struct put *p, struct err *err)
{
	struct pg_args digest = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	uint8_t packed[STORE_DIGEST_BYTES];

	pg_digest(&digest, &p->m->digest, packed);
	TRY(pg_read(p->s, "SELECT 1 WHERE " IS_WANTED, &digest, &r, err));
	return PQntuples(r) > 0 ? STATUS_OK
				: err_set(err, STATUS_NOTFOUND, "the manifest was deleted meanwhile");
}

static enum status put(struct put *p, struct err *err)
{
	enum status st = STATUS_CONFLICT;

	for (unsigned i = 0; st == STATUS_CONFLICT && i < TRIES; i++) {
		TRY(pg_ready_to_write(p->s, err));
		if (i > 0 && p->m->of_run)
			TRY(check_wanted(p, err));
		TRY(ask_known(p, err));
		st = put_once(p, err);
	}
	return st;
}

static void put_fini(struct put *p)
{
	buf_fini(&p->packed);
	buf_fini(&p->layers);
	free(p->known);
}

enum status postgres_manifest_put(struct store *s, const struct store_manifest *m, struct slice report,
				  const struct store_group *groups, size_t n_groups, struct err *err)
{
	struct put AUTO(put_fini)
		p = { .s = s, .m = m, .packed = BUF_INIT(PACKED_MAX), .layers = BUF_INIT(PACKED_MAX) };
	struct store_keyed_groups keyed = { NULL, 0 };
	enum status st;

	TRY(store_digests_pack(m->layers, m->n_layers, &p.layers, err));
	TRY(store_keyed_groups_make(groups, n_groups, &keyed, err));
	p.groups = &keyed;
	p.known = calloc(keyed.n + 1, sizeof(*p.known));
	st = p.known ? store_manifest_report_pack(m, report, &keyed, &p.packed, err) : err_nomem(err, "packages");
	if (st == STATUS_OK)
		st = put(&p, err);
	store_keyed_groups_fini(&keyed);
	return st;
}

/* ---- getting ---- */

static enum status read_row(const PGresult *r, int i, struct arena *arena, struct store_manifest *out, struct err *err)
{
	struct slice digest = pg_slice(r, i, 1);

	if (!store_digest_unpack(&digest, &out->digest))
		return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
	TRY(store_digests_unpack(pg_slice(r, i, 2), arena, &out->layers, &out->n_layers, err));
	if (!pg_copy_text(arena, r, i, 3, &out->state) || !pg_copy_text(arena, r, i, 5, &out->error) ||
	    !pg_copy_text(arena, r, i, 6, &out->indexer_state))
		return err_nomem(err, "manifests");
	out->success = pg_int(r, i, 4) != 0;
	out->created_s = pg_int(r, i, 7);
	out->updated_s = pg_int(r, i, 8);
	return STATUS_OK;
}

/*
 * With its report, and, where that is a shape (store_report_has_shape()), a row for each of its packages: one statement
 * sees all of it at one moment.
 */
#define FIRST_PACKAGE 11 /* column */
static const char get_sql[] =
	"WITH m AS MATERIALIZED (SELECT " MANIFEST_COLUMNS ", report, groups FROM manifest WHERE digest = $1), "
	"p AS (SELECT g.key AS grp, " PACKAGE_COLUMNS " FROM m JOIN package_group AS g ON g.id = ANY (m.groups) "
	"JOIN package AS p ON p.id = ANY (g.packages) WHERE get_byte(m.report, 7) = 1) "
	"SELECT " MANIFEST_COLUMNS ", report, NULL AS grp, " NO_PACKAGE_COLUMNS " FROM m UNION ALL "
	"SELECT " NO_MANIFEST_COLUMNS ", grp, " PACKAGE_COLUMNS " FROM p";

static enum status read_texts(const PGresult *r, struct arena *arena, struct store_text **out, size_t *out_n,
			      struct err *err)
{
	int n = PQntuples(r);

	*out = arena_array(arena, (size_t)n, sizeof(**out));
	*out_n = (size_t)n - 1;
	if (!*out)
		return err_nomem(err, "packages");
	for (int i = 1; i < n; i++) {
		struct store_text *t = &(*out)[i - 1];
		struct store_package *p = &t->package;
		struct slice *const fields[] = { &p->type,	     &p->name, &p->version, &p->source_name,
						 &p->source_version, &p->arch, &p->module,  &p->scope };
		struct slice key = pg_slice(r, i, FIRST_PACKAGE);

		*t = (struct store_text){ 0 };
		memcpy(t->group.bytes, key.ptr, MIN(key.len, STORE_KEY_BYTES));
		for (size_t f = 0; f < ARRAY_LEN(fields); f++)
			*fields[f] = pg_slice(r, i, FIRST_PACKAGE + 1 + (int)f);
	}
	store_texts_sort(*out, *out_n);
	return STATUS_OK;
}

static enum status read_report(const PGresult *r, const struct store_manifest *m, struct buf *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(PACKED_MAX);
	struct store_report_texts texts = { .manifest = m->digest, .layers = m->layers, .n_layers = m->n_layers };
	struct slice packed = pg_slice(r, 0, FIRST_PACKAGE - 1);
	struct store_text *packages = NULL;

	if (!store_report_has_shape(packed))
		return store_report_unpack(packed, NULL, out, err);
	TRY(read_texts(r, &arena, &packages, &texts.n, err));
	texts.packages = packages;
	return store_report_unpack(packed, &texts, out, err);
}

enum status postgres_manifest_get(struct store *s, const struct digest *digest, struct arena *arena,
				  struct store_manifest *out, struct buf *report, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_manifest m = { .success = false };
	uint8_t packed[STORE_DIGEST_BYTES];
	struct digest_text text;

	pg_digest(&args, digest, packed);
	TRY(pg_read(s, report ? get_sql : "SELECT " MANIFEST_COLUMNS " FROM manifest WHERE digest = $1", &args, &r,
		    err));
	if (PQntuples(r) == 0)
		return err_set(err, STATUS_NOTFOUND, "there is no manifest %s", digest_print(&text, digest));
	TRY(read_row(r, 0, arena, &m, err));
	if (report)
		TRY(read_report(r, &m, report, err));
	*out = m;
	return STATUS_OK;
}

enum status postgres_manifests(struct store *s, uint64_t before, size_t max, struct arena *arena,
			       struct store_manifest **out, size_t *out_n, uint64_t *out_next, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;
	struct store_manifest *list;
	int n;

	pg_number(&args, before == 0 || before > INT64_MAX ? INT64_MAX : (int64_t)before);
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s, "SELECT " MANIFEST_COLUMNS " FROM manifest WHERE put < $1 ORDER BY put DESC LIMIT $2", &args, &r,
		    err));
	n = PQntuples(r);
	list = arena_array(arena, (size_t)n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "manifests");
	for (int i = 0; i < n; i++)
		TRY(read_row(r, i, arena, &list[i], err));
	*out = list;
	*out_n = (size_t)n;
	*out_next = (size_t)n < max ? 0 : (uint64_t)pg_int(r, n - 1, 9);
	return STATUS_OK;
}

/* ---- deleting ---- */

static enum status delete_one(struct store *s, const struct digest *digest, bool *out_deleted, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	uint8_t packed[STORE_DIGEST_BYTES];
	struct put p = { .s = s };
	struct err ignored = ERR_INIT; /* what is left behind, store_collect() finds */
	PGresult *results[4];
	struct pg_batch b;

	TRY(pg_ready_to_write(s, err));
	pg_digest(&args, digest, packed);
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, "DELETE FROM pending WHERE manifest = $1", &args, err);
	pg_batch_add(&b, "SELECT groups FROM manifest WHERE digest = $1 FOR UPDATE", &args, err);
	pg_batch_add(&b,
		     "DELETE FROM manifest_of_group AS l USING manifest AS m WHERE m.digest = $1 AND l.manifest = m.id "
		     "AND l.grp = ANY (m.groups)",
		     &args, err);
	pg_batch_add(&b, "DELETE FROM manifest WHERE digest = $1", &args, err);
	TRY(pg_batch_run(&b, results, err));
	*out_deleted = pg_changed(results[0]) + pg_changed(results[3]) > 0;
	if (PQntuples(results[1]) > 0 &&
	    collect_after(&p, pg_slice(results[1], 0, 0), SLICE_EMPTY, &ignored) != STATUS_OK)
		pg_rollback(s);
	pg_clear(results, b.n);
	return STATUS_OK;
}

enum status postgres_manifests_delete(struct store *s, const struct digest *digests, size_t n, bool *out_deleted,
				      struct err *err)
{
	for (size_t i = 0; i < n; i++)
		TRY(delete_one(s, &digests[i], &out_deleted[i], err));
	return STATUS_OK;
}

/* As delete_one(), of a manifest that is still old, and not its pending run. */
static enum status expire_one(struct store *s, const struct digest *digest, int64_t before_s, size_t *io_expired,
			      struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	uint8_t packed[STORE_DIGEST_BYTES];
	struct put p = { .s = s };
	struct err ignored = ERR_INIT; /* what is left behind, store_collect() finds */
	PGresult *results[3];
	struct pg_batch b;

	TRY(pg_ready_to_write(s, err));
	pg_digest(&args, digest, packed);
	pg_number(&args, before_s);
	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, "SELECT groups FROM manifest WHERE digest = $1 AND updated < $2 FOR UPDATE", &args, err);
	pg_batch_add(&b,
		     "DELETE FROM manifest_of_group AS l USING manifest AS m WHERE m.digest = $1 AND m.updated < $2 "
		     "AND l.manifest = m.id AND l.grp = ANY (m.groups)",
		     &args, err);
	pg_batch_add(&b, "DELETE FROM manifest WHERE digest = $1 AND updated < $2", &args, err);
	TRY(pg_batch_run(&b, results, err));
	*io_expired += pg_changed(results[2]) > 0;
	if (PQntuples(results[0]) > 0 &&
	    collect_after(&p, pg_slice(results[0], 0, 0), SLICE_EMPTY, &ignored) != STATUS_OK)
		pg_rollback(s);
	pg_clear(results, b.n);
	return STATUS_OK;
}

enum status postgres_manifests_expire(struct store *s, int64_t before_s, size_t max, size_t *out_expired,
				      struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	*out_expired = 0;
	pg_number(&args, before_s);
	pg_number(&args, (int64_t)MIN(max, INT32_MAX));
	TRY(pg_read(s, "SELECT digest FROM manifest WHERE updated < $1 LIMIT $2", &args, &r, err));
	for (int i = 0; i < PQntuples(r); i++) {
		struct slice packed = pg_slice(r, i, 0);
		struct digest digest;

		if (!store_digest_unpack(&packed, &digest))
			return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
		TRY(expire_one(s, &digest, before_s, out_expired, err));
	}
	return STATUS_OK;
}
