/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_file.h - the rows of tables of an SQLite database in memory, with what its write-ahead log adds.
 *
 * Damage costs the row or the page that it lies in and is handed to lost(); what is returned is a failure of all that
 * is left. No page is taken twice, so a database is opened anew to be walked again.
 * Source: the SQLite documentation, "Database File Format". Why not the library: docs/adr/0010-rpm-sqlite.md.
 */
#ifndef LIMPID_INDEX_SQLITE_FILE_H
#define LIMPID_INDEX_SQLITE_FILE_H

#include "base/buf.h"
#include "base/cursor.h"
#include "index/pages.h"
#include "index/told.h"

/* The write-ahead log: sqlite_file_wal.c. */
struct sqlite_file_wal {
	struct slice bytes;
	uint32_t page_size;
	uint32_t n_pages;	/* of the database after the last commit; 0 = nothing in the log counts */
	const uint32_t *frames; /* by page number: frame + 1, or 0; the arena's */
	uint32_t n_frames;	/* length of frames */
};

struct sqlite_file {
	/* set by the caller; all is borrowed */
	struct slice file, log; /* the database, and its "-wal"; empty if there is none */
	struct arena *arena;
	struct told *told;
	size_t row_bytes; /* larger rows are lost */
	/*
	 * A row is lost, or with part set a page, and nobody knows how many rows that had. offset: in the file, or
	 * ERR_NO_OFFSET. STATUS_NOTFOUND in why: it lies behind the end of the file. A failure ends the walk.
	 */
	enum status (*lost)(void *ctx, bool part, uint64_t offset, const struct err *why, struct err *err);
	/* So many bytes are looked at: mapped pages may be let go of. */
	void (*touched)(void *ctx, uint64_t n);
	void *ctx;
	/* the reader's */
	uint32_t page_size, usable, n_pages;
	uint64_t budget; /* bytes of rows still expected: all together are no larger than the file */
	struct sqlite_file_wal wal;
	struct page_set taken;
	struct buf joined; /* a row whose parts lie apart */
};

/* STATUS_MALFORMED, STATUS_UNSUPPORTED: no database that is read. sqlite_file_close() in any case. */
enum status sqlite_file_open(struct sqlite_file *db, struct err *err) NODISCARD;
void sqlite_file_close(struct sqlite_file *db);

struct sqlite_file_table {
	uint32_t root;	  /* its first page; 0: there is no such table */
	struct slice sql; /* the statement that made it; the arena's */
};

/* What the schema says of each table; names are compared without case. Once, before tables are walked. */
enum status sqlite_file_tables(struct sqlite_file *db, const char *const names[], size_t n,
			       struct sqlite_file_table *out, struct err *err) NODISCARD;

enum sqlite_file_kind { SQLITE_FILE_NULL, SQLITE_FILE_INTEGER, SQLITE_FILE_REAL, SQLITE_FILE_BLOB, SQLITE_FILE_TEXT };

struct sqlite_file_value {
	enum sqlite_file_kind kind;
	int64_t number;	    /* of an integer */
	struct slice bytes; /* of all */
};

struct sqlite_file_row {
	int64_t id;
	uint64_t offset; /* of the row in the file, for diagnostics */
	struct cursor types, values;
};

/* The next column; false after the last one, or where the row is damaged. A column that is the row's id is NULL. */
bool sqlite_file_column(struct sqlite_file_row *row, struct sqlite_file_value *out);

/* Slices of a row are valid until it returns. */
typedef enum status (*sqlite_file_row_fn)(void *ctx, struct sqlite_file_row *row, struct err *err);
/* All rows in the order of their ids. */
enum status sqlite_file_walk(struct sqlite_file *db, const struct sqlite_file_table *table, sqlite_file_row_fn each,
			     void *ctx, struct err *err) NODISCARD;

/*
 * Which column of a table has the name, from 0, by the statement that made it; SIZE_MAX: none. What is declared as
 * the row's id (INTEGER PRIMARY KEY) is NULL in its column.
 */
size_t sqlite_file_place(struct slice sql, const char *name);

/* ---- sqlite_file_wal.c, for sqlite_file.c ---- */

/*
 * Find the last version of every page that was committed. file_pages: pages of the database file. Where the log does
 * not count, *out is empty and *why_not says why in words (NULL if it is merely empty).
 */
enum status sqlite_file_wal_index(const struct sqlite_file *db, uint64_t file_pages, struct sqlite_file_wal *out,
			     const char **why_not, struct err *err) NODISCARD;
/* The page (counted from 1) as the log has it; false if it has none. */
bool sqlite_file_wal_page(const struct sqlite_file_wal *w, uint32_t number, struct slice *out);

#endif
