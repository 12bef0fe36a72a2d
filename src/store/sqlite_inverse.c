/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_inverse.c - the inverse index: packages, groups of packages, and the manifests that have them. */
#include "store/sqlite_impl.h"

#include <stdlib.h>

#define PACKED_MAX ((size_t)1 << 30)
#define PACKAGE_COLUMNS "type, name, version, source_name, source_version, arch, module, scope"

/* ---- putting ---- */

/* Statements that are used for each package. */
struct interning {
	sqlite3_stmt *find_name, *add_name, *find_kind, *add_kind, *find, *add, *link;
	const struct store_package *last; /* whose kind it was */
	int64_t kind;
};

static void interning_fini(struct interning *in)
{
	sqlite3_finalize(in->find_name);
	sqlite3_finalize(in->add_name);
	sqlite3_finalize(in->find_kind);
	sqlite3_finalize(in->add_kind);
	sqlite3_finalize(in->find);
	sqlite3_finalize(in->add);
	sqlite3_finalize(in->link);
}

static enum status interning_init(struct store *s, struct interning *in, struct err *err)
{
	TRY(sqlite_prepare(s, "SELECT id FROM name WHERE text = ?", &in->find_name, err));
	TRY(sqlite_prepare(s, "INSERT INTO name (text) VALUES (?)", &in->add_name, err));
	TRY(sqlite_prepare(s, "SELECT id FROM package_kind WHERE scope = ? AND type = ? AND arch = ? AND module = ?",
			   &in->find_kind, err));
	TRY(sqlite_prepare(s, "INSERT INTO package_kind (scope, type, arch, module) VALUES (?,?,?,?)", &in->add_kind,
			   err));
	TRY(sqlite_prepare(s,
			   "SELECT id FROM package WHERE name = ?1 AND version = ?2 AND kind = ?3 AND source = ?4 AND "
			   "source_version IS ?5",
			   &in->find, err));
	TRY(sqlite_prepare(
		s, "INSERT INTO package (name, version, kind, source, source_version) VALUES (?1, ?2, ?3, ?4, ?5)",
		&in->add, err));
	return sqlite_prepare(s, "INSERT INTO group_of_package (package, grp) VALUES (?, ?)", &in->link, err);
}

/* The number that find gives, or that add, which is bound the same, has made. */
static enum status find_or_add(struct store *s, sqlite3_stmt *find, sqlite3_stmt *add, int64_t *out, struct err *err)
{
	int rc = sqlite3_step(find);

	*out = rc == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_failed(s, err, "packages");
	sqlite3_reset(find);
	if (rc == SQLITE_ROW)
		return STATUS_OK;
	TRY(sqlite_done(s, add, "packages", err));
	*out = sqlite3_last_insert_rowid(s->db);
	return STATUS_OK;
}

static enum status intern_name(struct store *s, struct interning *in, struct slice name, int64_t *out, struct err *err)
{
	bind_text(in->find_name, 1, name);
	bind_text(in->add_name, 1, name);
	return find_or_add(s, in->find_name, in->add_name, out, err);
}

/* Most packages of a group are of the same kind. */
static enum status intern_kind(struct store *s, struct interning *in, const struct store_package *p, struct err *err)
{
	const struct store_package *last = in->last;
	sqlite3_stmt *both[] = { in->find_kind, in->add_kind };

	if (last && slice_eq(last->scope, p->scope) && slice_eq(last->type, p->type) && slice_eq(last->arch, p->arch) &&
	    slice_eq(last->module, p->module))
		return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		bind_text(both[i], 1, p->scope);
		bind_text(both[i], 2, p->type);
		bind_text(both[i], 3, p->arch);
		bind_text(both[i], 4, p->module);
	}
	TRY(find_or_add(s, in->find_kind, in->add_kind, &in->kind, err));
	in->last = p;
	return STATUS_OK;
}

static enum status intern_package(struct store *s, struct interning *in, const struct store_keyed_package *k,
				  uint64_t *out_id, struct err *err)
{
	const struct store_package *p = k->package;
	sqlite3_stmt *both[] = { in->find, in->add };
	int64_t name, source = 0, id;

	TRY(intern_name(s, in, p->name, &name, err));
	if (p->source_name.len > 0)
		TRY(intern_name(s, in, p->source_name, &source, err));
	TRY(intern_kind(s, in, p, err));
	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		sqlite3_bind_int64(both[i], 1, name);
		bind_text(both[i], 2, p->version);
		sqlite3_bind_int64(both[i], 3, in->kind);
		sqlite3_bind_int64(both[i], 4, source);
		if (slice_eq(p->source_version, p->version))
			sqlite3_bind_null(both[i], 5);
		else
			bind_text(both[i], 5, p->source_version);
	}
	TRY(find_or_add(s, in->find, in->add, &id, err));
	*out_id = (uint64_t)id;
	return STATUS_OK;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum status add_group(struct store *s, const struct store_keyed_group *g, uint64_t *packages, uint64_t *out_id,
			     struct err *err)
{
	struct buf AUTO(buf_fini) packed = BUF_INIT(PACKED_MAX);
	struct interning AUTO(interning_fini) in = { .kind = 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(interning_init(s, &in, err));
	for (size_t i = 0; i < g->n; i++)
		TRY(intern_package(s, &in, &g->at[i], &packages[i], err));
	qsort(packages, g->n, sizeof(*packages), compare_numbers);
	TRY(store_ids_pack(packages, g->n, &packed, err));
	TRY(sqlite_prepare(s, "INSERT INTO package_group (key, packages) VALUES (?, ?)", &q, err));
	sqlite3_bind_blob(q, 1, g->key.bytes, STORE_KEY_BYTES, SQLITE_STATIC);
	bind_blob(q, 2, buf_slice(&packed));
	TRY(sqlite_done(s, q, "packages", err));
	*out_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
	for (size_t i = 0; i < g->n; i++) {
		sqlite3_bind_int64(in.link, 1, (int64_t)packages[i]);
		sqlite3_bind_int64(in.link, 2, (int64_t)*out_id);
		TRY(sqlite_done(s, in.link, "packages", err));
	}
	return STATUS_OK;
}

static enum status intern_group(struct store *s, const struct store_keyed_group *g, uint64_t *out_id, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	uint64_t AUTO(free_ptr) *packages = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT id FROM package_group WHERE key = ?", &q, err));
	sqlite3_bind_blob(q, 1, g->key.bytes, STORE_KEY_BYTES, SQLITE_STATIC);
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW) {
		*out_id = (uint64_t)sqlite3_column_int64(q, 0);
		return STATUS_OK;
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "packages");
	packages = calloc(g->n, sizeof(*packages));
	return packages ? add_group(s, g, packages, out_id, err) : err_nomem(err, "packages");
}

enum status sqlite_groups_intern(struct store *s, const struct store_keyed_groups *groups, struct buf *out,
				 struct err *err)
{
	uint64_t AUTO(free_ptr) *ids = calloc(groups->n + 1, sizeof(*ids));

	if (!ids)
		return err_nomem(err, "packages");
	for (size_t i = 0; i < groups->n; i++)
		TRY(intern_group(s, &groups->at[i], &ids[i], err));
	qsort(ids, groups->n, sizeof(*ids), compare_numbers);
	return store_ids_pack(ids, groups->n, out, err);
}

/* ---- collecting ---- */

static enum status yes_or_no(struct store *s, const char *sql, uint64_t number, bool *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, sql, &q, err));
	sqlite3_bind_int64(q, 1, (int64_t)number);
	rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "packages");
}

/* Statements that take a package away, and its names if nobody has them any more. */
struct dropping {
	sqlite3_stmt *unhook, *names, *drop, *drop_name;
};

static void dropping_fini(struct dropping *d)
{
	sqlite3_finalize(d->unhook);
	sqlite3_finalize(d->names);
	sqlite3_finalize(d->drop);
	sqlite3_finalize(d->drop_name);
}

static enum status dropping_init(struct store *s, struct dropping *d, struct err *err)
{
	TRY(sqlite_prepare(s, "DELETE FROM group_of_package WHERE package = ? AND grp = ?", &d->unhook, err));
	TRY(sqlite_prepare(s,
			   "SELECT name, source FROM package WHERE id = ?1 AND NOT EXISTS "
			   "(SELECT 1 FROM group_of_package WHERE package = ?1)",
			   &d->names, err));
	TRY(sqlite_prepare(s, "DELETE FROM package WHERE id = ?", &d->drop, err));
	return sqlite_prepare(s,
			      "DELETE FROM name WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM package WHERE name = ?1) "
			      "AND NOT EXISTS (SELECT 1 FROM package WHERE source = ?1 AND source <> 0 AND source <> "
			      "name)",
			      &d->drop_name, err);
}

/* If no group has it any more. */
static enum status drop_package(struct store *s, struct dropping *d, uint64_t id, struct err *err)
{
	int64_t names[2];
	int rc;

	sqlite3_bind_int64(d->names, 1, (int64_t)id);
	rc = sqlite3_step(d->names);
	for (int i = 0; rc == SQLITE_ROW && i < 2; i++)
		names[i] = sqlite3_column_int64(d->names, i);
	sqlite3_reset(d->names);
	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "packages");
	sqlite3_bind_int64(d->drop, 1, (int64_t)id);
	TRY(sqlite_done(s, d->drop, "packages", err));
	for (size_t i = 0; i < 2; i++) {
		sqlite3_bind_int64(d->drop_name, 1, names[i]);
		TRY(sqlite_done(s, d->drop_name, "packages", err));
	}
	return STATUS_OK;
}

static enum status drop_packages(struct store *s, uint64_t group, struct slice packages, struct err *err)
{
	struct dropping AUTO(dropping_fini) d = { .drop = NULL };

	TRY(dropping_init(s, &d, err));
	for (uint64_t id = 0; store_ids_next(&packages, &id);) {
		sqlite3_bind_int64(d.unhook, 1, (int64_t)id);
		sqlite3_bind_int64(d.unhook, 2, (int64_t)group);
		TRY(sqlite_done(s, d.unhook, "packages", err));
		TRY(drop_package(s, &d, id, err));
	}
	return STATUS_OK;
}

/* A group that no manifest has goes, with its packages that no other group has. */
static enum status collect_group(struct store *s, uint64_t group, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	bool used;

	TRY(yes_or_no(s, "SELECT 1 FROM manifest_of_group WHERE grp = ? LIMIT 1", group, &used, err));
	if (used)
		return STATUS_OK;
	TRY(sqlite_prepare(s, "SELECT packages FROM package_group WHERE id = ?", &q, err));
	sqlite3_bind_int64(q, 1, (int64_t)group);
	if (sqlite3_step(q) != SQLITE_ROW)
		return sqlite_failed(s, err, "packages");
	TRY(drop_packages(s, group, column_slice(q, 0), err));
	sqlite3_reset(q);
	return sqlite_run_number(s, "DELETE FROM package_group WHERE id = ?", (int64_t)group, err);
}

static bool has_id(struct slice ids, uint64_t wanted)
{
	for (uint64_t id = 0; store_ids_next(&ids, &id);)
		if (id == wanted)
			return true;
	return false;
}

enum status sqlite_groups_attach(struct store *s, int64_t manifest, struct slice before, struct slice now,
				 struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *add = NULL, *drop = NULL;
	struct slice rest = now;

	TRY(sqlite_prepare(s, "INSERT INTO manifest_of_group (grp, manifest) VALUES (?, ?)", &add, err));
	TRY(sqlite_prepare(s, "DELETE FROM manifest_of_group WHERE grp = ? AND manifest = ?", &drop, err));
	for (uint64_t id = 0; store_ids_next(&rest, &id);) {
		if (has_id(before, id))
			continue;
		sqlite3_bind_int64(add, 1, (int64_t)id);
		sqlite3_bind_int64(add, 2, manifest);
		TRY(sqlite_done(s, add, "packages", err));
	}
	rest = before;
	for (uint64_t id = 0; store_ids_next(&rest, &id);) {
		if (has_id(now, id))
			continue;
		sqlite3_bind_int64(drop, 1, (int64_t)id);
		sqlite3_bind_int64(drop, 2, manifest);
		TRY(sqlite_done(s, drop, "packages", err));
		TRY(collect_group(s, id, err));
	}
	return STATUS_OK;
}

/* ---- asking ---- */

static enum status read_package(sqlite3_stmt *q, struct arena *arena, struct store_package_row *out, struct err *err)
{
	struct store_package *p = &out->package;
	struct slice *const fields[] = { &p->type,	     &p->name, &p->version, &p->source_name,
					 &p->source_version, &p->arch, &p->module,  &p->scope };

	out->id = (uint64_t)sqlite3_column_int64(q, 0);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (!arena_copy(arena, column_slice(q, (int)i + 1), fields[i]))
			return err_nomem(err, "packages");
	return STATUS_OK;
}

enum status sqlite_packages_named(struct store *s, struct slice name, uint64_t after, size_t max, struct arena *arena,
				  struct store_package_row **out, size_t *out_n, struct err *err)
{
	VEC(struct store_package_row) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s,
			   "WITH wanted AS (SELECT id FROM name WHERE text = ?1), found AS (SELECT id FROM package "
			   "WHERE name = (SELECT id FROM wanted) AND id > ?2 UNION ALL SELECT id FROM package "
			   "WHERE source = (SELECT id FROM wanted) AND source <> 0 AND source <> name AND id > ?2 "
			   "ORDER BY id LIMIT ?3) SELECT t.id, " PACKAGE_COLUMNS " FROM found CROSS JOIN package_text "
			   "AS t ON t.id = found.id ORDER BY t.id",
			   &q, err));
	bind_text(q, 1, name);
	sqlite3_bind_int64(q, 2, (int64_t)MIN(after, INT64_MAX));
	sqlite3_bind_int64(q, 3, (int64_t)MIN(max, INT32_MAX));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_package_row *row = VEC_PUSH(&list, arena);

		if (!row)
			return err_nomem(err, "packages");
		TRY(read_package(q, arena, row, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "packages");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

/* The packages of one group; read: gives a package's fields. */
static enum status texts_of_group(sqlite3_stmt *read, sqlite3_stmt *group, struct arena *arena, struct store_texts *out,
				  struct err *err)
{
	struct slice key = column_slice(group, 0), packages = column_slice(group, 1);

	for (uint64_t id = 0; store_ids_next(&packages, &id);) {
		struct store_package_row row;
		struct store_text *text = VEC_PUSH(out, arena);

		if (!text)
			return err_nomem(err, "packages");
		sqlite3_bind_int64(read, 1, (int64_t)id);
		if (sqlite3_step(read) != SQLITE_ROW)
			return err_set(err, STATUS_MALFORMED, "a package is missing in the store");
		TRY(read_package(read, arena, &row, err));
		sqlite3_reset(read);
		*text = (struct store_text){ .package = row.package };
		memcpy(text->group.bytes, key.ptr, MIN(key.len, STORE_KEY_BYTES));
	}
	return STATUS_OK;
}

enum status sqlite_texts(struct store *s, struct slice groups, struct arena *arena, struct store_text **out,
			 size_t *out_n, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *read = NULL, *group = NULL;
	struct store_texts list = { NULL, 0, 0 };

	TRY(sqlite_prepare(s, "SELECT id, " PACKAGE_COLUMNS " FROM package_text WHERE id = ?", &read, err));
	TRY(sqlite_prepare(s, "SELECT key, packages FROM package_group WHERE id = ?", &group, err));
	for (uint64_t id = 0; store_ids_next(&groups, &id);) {
		sqlite3_bind_int64(group, 1, (int64_t)id);
		if (sqlite3_step(group) != SQLITE_ROW)
			return err_set(err, STATUS_MALFORMED, "a group of packages is missing in the store");
		TRY(texts_of_group(read, group, arena, &list, err));
		sqlite3_reset(group);
	}
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

/* Numbers found so far. */
struct numbers {
	uint64_t *at; /* owned */
	size_t n, room;
};

static void numbers_fini(struct numbers *l)
{
	free(l->at);
}

/* Sorted, each once, and no more than max. */
static void numbers_settle(struct numbers *l, size_t max)
{
	size_t kept = 0;

	if (l->n > 0)
		qsort(l->at, l->n, sizeof(*l->at), compare_numbers);
	for (size_t i = 0; i < l->n; i++)
		if (kept == 0 || l->at[kept - 1] != l->at[i])
			l->at[kept++] = l->at[i];
	l->n = MIN(kept, max);
}

static enum status numbers_add(struct numbers *l, uint64_t number, struct err *err)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		uint64_t *at = reallocarray(l->at, room, sizeof(*at));

		if (!at)
			return err_nomem(err, "packages");
		l->at = at;
		l->room = room;
	}
	l->at[l->n++] = number;
	return STATUS_OK;
}

/* Add what the statement gives for one number. */
static enum status numbers_of(struct store *s, sqlite3_stmt *q, uint64_t number, struct numbers *out, struct err *err)
{
	int rc;

	sqlite3_bind_int64(q, 1, (int64_t)number);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		TRY(numbers_add(out, (uint64_t)sqlite3_column_int64(q, 0), err));
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "packages");
}

static enum status groups_with(struct store *s, const uint64_t *packages, size_t n, struct numbers *out,
			       struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "SELECT grp FROM group_of_package WHERE package = ?", &q, err));
	for (size_t i = 0; i < n; i++)
		TRY(numbers_of(s, q, packages[i], out, err));
	numbers_settle(out, SIZE_MAX);
	return STATUS_OK;
}

/* The lowest max of all groups are among the lowest max of each: no more than two pages are held at a time. */
static enum status manifests_of(struct store *s, const struct numbers *groups, uint64_t after, size_t max,
				struct numbers *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "SELECT manifest FROM manifest_of_group WHERE grp = ?1 AND manifest > ?2 AND manifest < ?4 "
			   "ORDER BY manifest LIMIT ?3",
			   &q, err));
	sqlite3_bind_int64(q, 2, (int64_t)MIN(after, INT64_MAX));
	sqlite3_bind_int64(q, 3, (int64_t)MIN(max, INT32_MAX));
	sqlite3_bind_int64(q, 4, INT64_MAX);
	for (size_t i = 0; i < groups->n; i++) {
		TRY(numbers_of(s, q, groups->at[i], out, err));
		if (out->n / 2 < max && i + 1 < groups->n)
			continue;
		numbers_settle(out, max);
		/* A page is full: only what is below its last is looked for. */
		if (out->n == max)
			sqlite3_bind_int64(q, 4, (int64_t)out->at[max - 1]);
	}
	return STATUS_OK;
}

static enum status digests_of(struct store *s, const struct numbers *manifests,
			      struct store_affected *out, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s, "SELECT digest FROM manifest WHERE id = ?", &q, err));
	for (size_t i = 0; i < manifests->n; i++) {
		struct slice packed;

		sqlite3_bind_int64(q, 1, (int64_t)manifests->at[i]);
		if (sqlite3_step(q) != SQLITE_ROW)
			return sqlite_failed(s, err, "manifests");
		packed = column_slice(q, 0);
		out[i].manifest = manifests->at[i];
		if (!store_digest_unpack(&packed, &out[i].digest))
			return err_set(err, STATUS_MALFORMED, "a manifest in the store has a damaged digest");
		sqlite3_reset(q);
	}
	return STATUS_OK;
}

static enum status manifests_with(struct store *s, const uint64_t *packages, size_t n, uint64_t after, size_t max,
				  struct arena *arena, struct store_affected **out, size_t *out_n, struct err *err)
{
	struct numbers AUTO(numbers_fini) groups = { NULL, 0, 0 }, found = { NULL, 0, 0 };
	struct store_affected *list;

	TRY(groups_with(s, packages, n, &groups, err));
	TRY(manifests_of(s, &groups, after, max, &found, err));
	list = arena_array(arena, found.n + 1, sizeof(*list));
	if (!list)
		return err_nomem(err, "manifests");
	TRY(digests_of(s, &found, list, err));
	*out = list;
	*out_n = found.n;
	return STATUS_OK;
}

enum status sqlite_manifests_with(struct store *s, const uint64_t *packages, size_t n, uint64_t after, size_t max,
				  struct arena *arena, struct store_affected **out, size_t *out_n, struct err *err)
{
	enum status st;

	/* All of it is of one moment. */
	TRY(sqlite_exec(s, "BEGIN", err));
	st = manifests_with(s, packages, n, after, max, arena, out, out_n, err);
	sqlite_rollback(s);
	return st;
}
