/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freebsd_pkg.c - packages of FreeBSD: pkg's database with the files that belong to them, and the base system itself.
 *
 * Source: docs/formats/freebsd-pkg.md.
 */
#include "base/map.h"
#include "index/package/installed.h"
#include "index/sqlite_file.h"

#define DATABASE_BYTES ((uint64_t)256 << 20)	/* a file of a package costs some 300 bytes, a desktop has 300,000 */
#define ROW_BYTES ((size_t)16 << 20)		/* a package's description and message; real ones have some KB */
#define VERSION_FILE_BYTES ((uint64_t)64 << 10) /* a script of 2 KB */
#define TOUCHED_BYTES ((uint64_t)16 << 20)	/* between two times of letting go */
#define LOST_MAX 1000000u

static const struct path_rule rules[] = {
	{ .match = PATH_EXACT,
	  .text = "var/db/pkg/local.sqlite",
	  .need = DETECT_WHOLE,
	  .max_bytes = DATABASE_BYTES,
	  .companion = "-wal" },
	{ .match = PATH_EXACT,
	  .text = "bin/freebsd-version",
	  .need = DETECT_WHOLE,
	  .max_bytes = VERSION_FILE_BYTES },
	{ .text = NULL },
};

enum table { PACKAGES, FILES, N_TABLES };
static const char *const table_names[N_TABLES] = { "packages", "files" };

/* Columns that are wanted, and what a row has in them. */
#define COLUMNS_MAX 4
static const char *const package_columns[] = { "id", "name", "version", "arch" };
static const char *const file_columns[] = { "path", "package_id" };

struct known {
	struct slice name, version;
};

struct reading {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	struct told told;
	struct sqlite_file db;
	struct sqlite_file_table tables[N_TABLES];
	size_t places[COLUMNS_MAX]; /* of the columns of the table at hand */
	struct map packages;	    /* id -> struct known */
	const struct known *owner;  /* whose files are being told; NULL: nobody's */
	int64_t owner_id;
	bool any_owner;
	bool told_system;
	uint64_t touched;
	unsigned lost;
	bool cut; /* told that the file ends too early */
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "pkg database");
}

/* ---- what is lost ---- */

static enum status on_lost(void *ctx, bool part, uint64_t offset, const struct err *why, struct err *err)
{
	struct reading *r = ctx;
	enum diag_code code;

	switch (why->code) {
	case STATUS_MALFORMED:
		code = part ? DIAG_DATABASE : DIAG_RECORD;
		break;
	case STATUS_NOTFOUND:
		code = DIAG_TRUNCATED;
		r->cut = true;
		break;
	case STATUS_LIMIT:
		code = DIAG_LIMIT;
		break;
	case STATUS_UNSUPPORTED:
		code = DIAG_UNSUPPORTED;
		break;
	default:
		*err = *why;
		return err->code;
	}
	told_emit(&r->told, code, offset, "%s", why->msg);
	if (++r->lost >= LOST_MAX)
		return err_set(err, STATUS_LIMIT, "%u damaged rows: the rest was not read", LOST_MAX);
	return STATUS_OK;
}

static void on_touched(void *ctx, uint64_t n)
{
	struct reading *r = ctx;

	r->touched += n;
	if (r->touched < TOUCHED_BYTES)
		return;
	r->touched = 0;
	if (r->env->forget)
		r->env->forget(r->env->ctx);
}

/* ---- rows ---- */

static enum status find_columns(struct reading *r, enum table t, const char *const names[], size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		r->places[i] = sqlite_file_place(r->tables[t].sql, names[i]);
		if (r->places[i] == SIZE_MAX)
			return err_set(err, STATUS_MALFORMED, "table %s has no column %s", table_names[t], names[i]);
	}
	return STATUS_OK;
}

static void take_columns(const struct reading *r, struct sqlite_file_row *row, struct sqlite_file_value *out, size_t n)
{
	struct sqlite_file_value v;

	for (size_t i = 0; i < n; i++)
		out[i] = (struct sqlite_file_value){ .kind = SQLITE_FILE_NULL };
	for (size_t place = 0; sqlite_file_column(row, &v); place++)
		for (size_t i = 0; i < n; i++)
			if (r->places[i] == place)
				out[i] = v;
}

static bool is_text(const struct sqlite_file_value *v)
{
	return v->kind == SQLITE_FILE_TEXT && installed_is_text(v->bytes);
}

/* Files name their package by its row. */
static enum status remember(struct reading *r, int64_t id, const struct package *p, struct err *err)
{
	struct known *known = arena_alloc(r->env->arena, sizeof(*known));
	struct slice key;

	if (!known || !arena_copy(r->env->arena, slice_make(&id, sizeof(id)), &key) ||
	    !arena_copy(r->env->arena, p->name, &known->name) ||
	    !arena_copy(r->env->arena, p->version, &known->version) ||
	    !map_put(&r->packages, key, (uint64_t)(uintptr_t)known))
		return nomem(err);
	return STATUS_OK;
}

/* "FreeBSD:14:amd64": where nothing else says what the system is, as in images without a shell. Once. */
static enum status tell_system(struct reading *r, struct slice abi, struct err *err)
{
	struct distribution d = { .did = SLICE("freebsd"), .name = SLICE("FreeBSD"), .path = r->file->path };
	struct slice system;

	if (r->told_system || !slice_cut(abi, ':', &system, &d.version_id) || !slice_eq(system, SLICE("FreeBSD")))
		return STATUS_OK;
	slice_cut(d.version_id, ':', &d.version_id, NULL);
	d.version = d.version_id;
	if (!arena_printf(r->env->arena, &d.pretty_name, "FreeBSD %.*s", SLICE_ARG(d.version)))
		return nomem(err);
	r->told_system = true;
	return r->out->distribution(r->out->ctx, &d, err);
}

static enum status on_package(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct reading *r = ctx;
	struct package p = { .type = PACKAGE_FREEBSD,
			     .db = r->file->path,
			     .path = r->file->path,
			     .detector = SLICE("freebsd_pkg") };
	struct sqlite_file_value v[ARRAY_LEN(package_columns)];

	take_columns(r, row, v, ARRAY_LEN(v));
	if (!is_text(&v[1]) || !is_text(&v[2])) {
		told_emit(&r->told, DIAG_RECORD, row->offset, "a package has no name or no version that is a text");
		return STATUS_OK;
	}
	p.name = v[1].bytes;
	p.version = v[2].bytes;
	if (is_text(&v[3]))
		p.arch = v[3].bytes;
	TRY(tell_system(r, p.arch, err));
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	TRY(remember(r, v[0].kind == SQLITE_FILE_INTEGER ? v[0].number : row->id, &p, err));
	return r->out->package(r->out->ctx, &p, err);
}

static enum status change_owner(struct reading *r, int64_t id, struct err *err)
{
	struct package of = { .path = r->file->path };
	uint64_t at;

	if (r->any_owner && r->owner_id == id)
		return STATUS_OK;
	r->any_owner = true;
	r->owner_id = id;
	r->owner = map_get(&r->packages, slice_make(&id, sizeof(id)), &at) ? (const void *)(uintptr_t)at : NULL;
	if (!r->owner)
		return STATUS_OK;
	of.name = r->owner->name;
	of.version = r->owner->version;
	return r->out->list(r->out->ctx, &of, err);
}

/* Files of a package that is not listed are nobody's. */
static enum status on_file(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct reading *r = ctx;
	struct sqlite_file_value v[ARRAY_LEN(file_columns)];

	take_columns(r, row, v, ARRAY_LEN(v));
	if (v[0].kind != SQLITE_FILE_TEXT || v[1].kind != SQLITE_FILE_INTEGER || v[0].bytes.len == 0 ||
	    v[0].bytes.len > r->env->limits->path_bytes)
		return STATUS_OK;
	TRY(change_owner(r, v[1].number, err));
	return r->owner ? r->out->owned(r->out->ctx, v[0].bytes, err) : STATUS_OK;
}

/* ---- the database ---- */

static enum status read_files(struct reading *r, struct err *err)
{
	struct err why = ERR_INIT;
	enum status st;

	st = r->tables[FILES].root == 0
		     ? err_set(&why, STATUS_MALFORMED, "it has no table files")
		     : find_columns(r, FILES, file_columns, ARRAY_LEN(file_columns), &why);
	if (st == STATUS_OK)
		return sqlite_file_walk(&r->db, &r->tables[FILES], on_file, r, err);
	told_emit(&r->told, DIAG_FIELD, ERR_NO_OFFSET, "which files belong to packages is not known: %s", why.msg);
	return STATUS_OK;
}

static enum status read_database(struct reading *r, struct err *err)
{
	TRY(sqlite_file_open(&r->db, err));
	TRY(sqlite_file_tables(&r->db, table_names, N_TABLES, r->tables, err));
	if (r->tables[PACKAGES].root == 0)
		return err_set(err, STATUS_MALFORMED, "an SQLite database without a table packages is none of pkg's");
	TRY(find_columns(r, PACKAGES, package_columns, ARRAY_LEN(package_columns), err));
	TRY(sqlite_file_walk(&r->db, &r->tables[PACKAGES], on_package, r, err));
	TRY(read_files(r, err));
	if (r->cut)
		return err_at(err, STATUS_MALFORMED, r->file->bytes.len,
			      "pkg's database ends too early: packages are missing");
	return STATUS_OK;
}

static enum status read_local(const struct detect_file *file, const struct detect_env *env,
			      const struct detect_sink *out, struct err *err)
{
	struct reading r = { .file = file,
			     .env = env,
			     .out = out,
			     .told = { .diags = out->diags },
			     .packages = MAP_INIT };
	enum status st;

	if (file->bytes.len == 0)
		return STATUS_OK; /* made, never written to */
	if (!slice_starts(file->bytes, SLICE("SQLite format 3")))
		return err_set(err, STATUS_MALFORMED, "pkg's database is no SQLite database");
	r.db = (struct sqlite_file){ .file = file->bytes,
				     .log = file->companion,
				     .arena = env->arena,
				     .told = &r.told,
				     .row_bytes = ROW_BYTES,
				     .lost = on_lost,
				     .touched = on_touched,
				     .ctx = &r };
	st = read_database(&r, err);
	told_end(&r.told);
	sqlite_file_close(&r.db);
	map_fini(&r.packages);
	return st;
}

/* ---- the base system ---- */

/* "14.2-RELEASE-p1" -> "14.2_1", as advisories have it. What is no release stays as it is, and is no version. */
static bool base_version(struct slice text, struct arena *arena, struct slice *out)
{
	struct slice number, branch;

	*out = text;
	if (!slice_cut(text, '-', &number, &branch))
		return true;
	if (slice_eq(branch, SLICE("RELEASE")))
		*out = number;
	else if (slice_starts(branch, SLICE("RELEASE-p")))
		return arena_printf(arena, out, "%.*s_%.*s", SLICE_ARG(number),
				    SLICE_ARG(slice_from(branch, strlen("RELEASE-p"))));
	return true;
}

/* A script that prints what it says in its line USERLAND_VERSION="14.2-RELEASE-p1". */
static enum status read_base(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_FREEBSD, "freebsd_pkg", TOLD_NONE };
	struct slice rest = file->bytes, line, version;

	while (slice_line(&rest, &line)) {
		if (!slice_starts(line, SLICE("USERLAND_VERSION=")))
			continue;
		if (!installed_quoted(line, &version))
			version = slice_trim(slice_from(line, strlen("USERLAND_VERSION=")));
		if (!base_version(version, env->arena, &version))
			return nomem(err);
		return installed_emit(&in, SLICE("FreeBSD"), version, 0, err);
	}
	return installed_refuse(&in, ERR_NO_OFFSET, "freebsd-version does not say which version it is of");
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	return slice_ends(file->path, SLICE(".sqlite")) ? read_local(file, env, out, err)
							: read_base(file, env, out, err);
}

const struct detector detector_freebsd_pkg = {
	.name = "freebsd_pkg",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
