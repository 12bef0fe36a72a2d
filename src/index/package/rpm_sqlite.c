/* SPDX-License-Identifier: Apache-2.0 */
/* rpm_sqlite.c - the rows of table Packages of an SQLite database. */
#include "index/package/rpm_impl.h"
#include "index/sqlite_file.h"

static enum status on_lost(void *ctx, bool part, uint64_t offset, const struct err *why, struct err *err)
{
	return part ? rpm_lost_part(ctx, offset, why, err) : rpm_lost(ctx, offset, why, err);
}

static void on_touched(void *ctx, uint64_t n)
{
	rpm_touched(ctx, n);
}

/* Packages (hnum INTEGER PRIMARY KEY, blob BLOB) */
static enum status on_package(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct err why = ERR_INIT;
	struct sqlite_file_value value;

	while (sqlite_file_column(row, &value))
		if (value.kind == SQLITE_FILE_BLOB)
			return rpm_record(ctx, value.bytes, row->offset, err);
	err_set(&why, STATUS_MALFORMED, "a row of table Packages has no header in it");
	return rpm_lost(ctx, row->offset, &why, err);
}

static enum status read_packages(struct rpm_read *r, struct sqlite_file *db, struct err *err)
{
	static const char *const names[] = { "Packages" };
	struct sqlite_file_table packages;

	TRY(sqlite_file_open(db, err));
	TRY(sqlite_file_tables(db, names, 1, &packages, err));
	if (packages.root == 0)
		return err_set(err, STATUS_MALFORMED, "an SQLite database without a table Packages is no rpm database");
	return sqlite_file_walk(db, &packages, on_package, r, err);
}

enum status rpm_sqlite_read(struct rpm_read *r, struct err *err)
{
	struct sqlite_file db = { .file = r->file->bytes,
			     .log = r->file->companion,
			     .arena = r->env->arena,
			     .told = &r->told,
			     .row_bytes = RPM_HEADER_BYTES,
			     .lost = on_lost,
			     .touched = on_touched,
			     .ctx = r };
	enum status st = read_packages(r, &db, err);

	sqlite_file_close(&db);
	return st;
}
