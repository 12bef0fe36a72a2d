/* SPDX-License-Identifier: Apache-2.0 */
/* action_import.c - clair-action's database as Clair's lines, updater by updater. */
#include "carry/action.h"
#include "carry/carry.h"

#include "text/json_writer.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX (16 << 20)

/* A stream of lines. */
struct action_source {
	struct source base;
	sqlite3 *db;		    /* owned */
	sqlite3_stmt *names, *rows; /* owned; rows NULL: the next updater is to be asked for */
	bool own;		    /* the tables of limpid's are there */
	bool enrichments;	    /* names and rows are of the table enrichment, which comes last */
	bool has_enrichments;
	char updater[512], fingerprint[512], date[32], ref[40];
	const char *default_date;
	struct buf text; /* lines; handed out up to `at` */
	size_t at;
};

static void source_close(struct source *s)
{
	struct action_source *a = (struct action_source *)(void *)s;

	sqlite3_finalize(a->names);
	sqlite3_finalize(a->rows);
	sqlite3_close(a->db);
	buf_fini(&a->text);
	free(a);
}

static enum status failed(const struct action_source *a, struct err *err)
{
	return action_failed(a->db, err, "clair-action's database");
}

static struct slice column(sqlite3_stmt *q, int i)
{
	const void *text = sqlite3_column_text(q, i);

	return text ? slice_make(text, (size_t)sqlite3_column_bytes(q, i)) : SLICE_EMPTY;
}

static enum status prepare(const struct action_source *a, const char *sql, sqlite3_stmt **out, struct err *err)
{
	return sqlite3_prepare_v2(a->db, sql, -1, out, NULL) == SQLITE_OK ? STATUS_OK : failed(a, err);
}

/* ---- a row as a line ---- */

enum { COLUMN_NAME, COLUMN_DESCRIPTION, COLUMN_RANGE, COLUMN_KIND, COLUMN_ALIASES, COLUMN_ROW, COLUMN_TEXTS };

static void put_members(const struct action_source *a, struct json_writer *w, const char *object)
{
	bool any = !object[0];

	for (size_t i = 0; i < action_n_texts; i++)
		any |= strcmp(action_texts[i].object, object) == 0 && column(a->rows, COLUMN_TEXTS + (int)i).len > 0;
	if (!any)
		return;
	if (object[0]) {
		json_key(w, object);
		json_object(w);
	}
	for (size_t i = 0; i < action_n_texts; i++) {
		struct slice value = column(a->rows, COLUMN_TEXTS + (int)i);
		bool none = strcmp(action_texts[i].key, "arch_op") == 0 &&
			    (value.len == 0 || slice_eq(value, SLICE(ACTION_NO_ARCH_OP)));

		if (strcmp(action_texts[i].object, object) == 0 && !none)
			json_member_str(w, action_texts[i].key, value);
	}
	if (object[0])
		json_close(w);
}

/* "{0,1,2}__{0,2,0}" of kind "semver" as {"[":"semver:0.1.2",")":"semver:0.2.0"} */
static void put_range(const struct action_source *a, struct json_writer *w)
{
	static const char *const keys[] = { "[", ")" };
	struct slice range = column(a->rows, COLUMN_RANGE), kind = column(a->rows, COLUMN_KIND);
	char text[300];

	if (kind.len == 0 || kind.len > 32 || range.len > 400)
		return;
	json_key(w, "range");
	json_object(w);
	for (size_t i = 0; i < 2; i++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "%.*s:", SLICE_ARG(kind));

		while (range.len > 0 && range.ptr[0] != '}' && at + 1 < sizeof(text)) {
			char c = (char)range.ptr[0];

			if (c != '{' && c != '_')
				text[at++] = c == ',' ? '.' : c;
			range = slice_from(range, 1);
		}
		range = range.len > 0 ? slice_from(range, 1) : range;
		json_member_str(w, keys[i], slice_make(text, at));
	}
	json_close(w);
}

static void put_vuln(const struct action_source *a, struct json_writer *w)
{
	json_key(w, "Vuln");
	json_object(w);
	json_member_cstr(w, "updater", a->updater);
	json_member_str(w, "name", column(a->rows, COLUMN_NAME));
	json_member_str(w, "description", column(a->rows, COLUMN_DESCRIPTION));
	put_members(a, w, "");
	put_members(a, w, "package");
	put_members(a, w, "distribution");
	put_members(a, w, "repository");
	put_range(a, w);
	if (column(a->rows, COLUMN_ALIASES).len > 0) {
		json_key(w, "Aliases");
		json_raw(w, column(a->rows, COLUMN_ALIASES));
	}
	if (column(a->rows, COLUMN_ROW).len > 0) {
		json_key(w, "limpid");
		json_raw(w, column(a->rows, COLUMN_ROW));
	}
	json_close(w);
	json_member_cstr(w, "Kind", "vulnerability");
}

static void put_enrichment(const struct action_source *a, struct json_writer *w)
{
	json_key(w, "Enrichment");
	json_object(w);
	json_key(w, "Tags");
	json_raw(w, column(a->rows, 0));
	json_key(w, "Enrichment");
	json_raw(w, column(a->rows, 1));
	json_close(w);
	json_member_cstr(w, "Kind", "enrichment");
}

static enum status put_line(struct action_source *a, struct err *err)
{
	struct json_writer w;

	json_writer_init(&w, &a->text, 0);
	json_object(&w);
	json_member_cstr(&w, "Updater", a->updater);
	json_member_cstr(&w, "Fingerprint", a->fingerprint);
	json_member_cstr(&w, "Date", a->date);
	json_member_cstr(&w, "Ref", a->ref);
	(a->enrichments ? put_enrichment : put_vuln)(a, &w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&a->text, '\n');
	return buf_check(&a->text, "a line", err);
}

/* ---- updaters ---- */

static enum status read_own(struct action_source *a, struct err *err)
{
	sqlite3_stmt AUTO(action_finalize) *q = NULL;

	snprintf(a->date, sizeof(a->date), "%s", a->default_date);
	a->fingerprint[0] = '\0';
	if (!a->own)
		return STATUS_OK;
	TRY(prepare(a, "SELECT fingerprint, date FROM " ACTION_SOURCES " WHERE updater = ?", &q, err));
	sqlite3_bind_text(q, 1, a->updater, -1, SQLITE_STATIC);
	if (sqlite3_step(q) != SQLITE_ROW)
		return STATUS_OK;
	snprintf(a->fingerprint, sizeof(a->fingerprint), "%.*s", SLICE_ARG(column(q, 0)));
	snprintf(a->date, sizeof(a->date), "%.*s", SLICE_ARG(column(q, 1)));
	return STATUS_OK;
}

static enum status ask_names(struct action_source *a, struct err *err)
{
	sqlite3_finalize(a->names);
	a->names = NULL;
	return prepare(a,
		       a->enrichments
			       ? "SELECT DISTINCT updater FROM enrichment WHERE updater IS NOT NULL ORDER BY updater"
			       : "SELECT DISTINCT updater FROM vuln WHERE updater IS NOT NULL ORDER BY updater",
		       &a->names, err);
}

static enum status ask_enrichments(struct action_source *a, struct err *err)
{
	TRY(prepare(a, "SELECT tags, CAST(data AS TEXT) FROM enrichment WHERE updater = ? ORDER BY id", &a->rows, err));
	sqlite3_bind_text(a->rows, 1, a->updater, -1, SQLITE_STATIC);
	return STATUS_OK;
}

/* By the index of updaters: nothing is sorted. */
static enum status ask_rows(struct action_source *a, struct err *err)
{
	char sql[2048];
	int at = snprintf(sql, sizeof(sql), "SELECT n.value, d.value, v.vulnerable_range, v.version_kind, %s",
			  a->own ? "o.aliases, o.row" : "'', ''");

	for (size_t i = 0; i < action_n_texts; i++)
		at += snprintf(sql + at, sizeof(sql) - (size_t)at, ", v.%s", action_texts[i].column);
	at += snprintf(sql + at, sizeof(sql) - (size_t)at,
		       " FROM vuln v JOIN metadata n ON n.id = v.name_id "
		       "LEFT JOIN metadata d ON d.id = v.description_id%s "
		       "WHERE v.updater = ? ORDER BY v.id",
		       a->own ? " LEFT JOIN " ACTION_ROWS " o ON o.vuln = v.id" : "");
	TRY(prepare(a, sql, &a->rows, err));
	sqlite3_bind_text(a->rows, 1, a->updater, -1, SQLITE_STATIC);
	return STATUS_OK;
}

/* STATUS_NOTFOUND: there is none left. */
static enum status next_updater(struct action_source *a, struct err *err)
{
	int rc = sqlite3_step(a->names);
	struct slice name;

	if (rc == SQLITE_DONE && !a->enrichments && a->has_enrichments) {
		a->enrichments = true;
		TRY(ask_names(a, err));
		return next_updater(a, err);
	}
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "no more updaters");
	if (rc != SQLITE_ROW)
		return failed(a, err);
	name = column(a->names, 0);
	if (name.len >= sizeof(a->updater))
		return err_set(err, STATUS_LIMIT, "an updater's name of %zu bytes", name.len);
	snprintf(a->updater, sizeof(a->updater), "%.*s", SLICE_ARG(name));
	snprintf(a->ref, sizeof(a->ref), "00000000-0000-4000-8000-%012llx",
		 (unsigned long long)(slice_hash(name, 0) & 0xffffffffffff));
	TRY(read_own(a, err));
	return a->enrichments ? ask_enrichments(a, err) : ask_rows(a, err);
}

static enum status refill(struct action_source *a, struct err *err)
{
	int rc;

	a->text.len = a->at = 0;
	if (!a->rows)
		TRY(next_updater(a, err));
	rc = sqlite3_step(a->rows);
	if (rc == SQLITE_ROW)
		return put_line(a, err);
	if (rc != SQLITE_DONE)
		return failed(a, err);
	sqlite3_finalize(a->rows);
	a->rows = NULL;
	return STATUS_OK;
}

static enum status source_fill(struct source *s, uint8_t *buf, size_t cap, size_t *out_n, struct err *err)
{
	struct action_source *a = (struct action_source *)(void *)s;
	struct err end = ERR_INIT;

	*out_n = 0;
	while (a->at == a->text.len) {
		enum status st = refill(a, &end);

		if (st == STATUS_NOTFOUND)
			return STATUS_OK;
		if (st != STATUS_OK)
			return (*err = end).code;
	}
	*out_n = MIN(cap, a->text.len - a->at);
	memcpy(buf, a->text.ptr + a->at, *out_n);
	a->at += *out_n;
	return STATUS_OK;
}

/* ---- the file ---- */

static enum status has_table(const struct action_source *a, const char *name, bool *out, struct err *err)
{
	sqlite3_stmt AUTO(action_finalize) *q = NULL;
	int rc;

	/* A view of that name could be anything. */
	TRY(prepare(a, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", &q, err));
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(q);
	*out = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK : failed(a, err);
}

/* It is somebody else's file: nothing in its schema is run, and nothing is written. */
static enum status open_file(struct action_source *a, const char *path, struct err *err)
{
	bool vuln, texts, sources, rows;

	if (sqlite3_open_v2(path, &a->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_PRIVATECACHE, NULL) != SQLITE_OK)
		return a->db ? action_failed(a->db, err, path) : err_nomem(err, path);
	sqlite3_db_config(a->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(a->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(a->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(a->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_limit(a->db, SQLITE_LIMIT_LENGTH, TEXT_MAX);
	TRY(has_table(a, "vuln", &vuln, err));
	TRY(has_table(a, "metadata", &texts, err));
	TRY(has_table(a, "enrichment", &a->has_enrichments, err));
	TRY(has_table(a, ACTION_SOURCES, &sources, err));
	TRY(has_table(a, ACTION_ROWS, &rows, err));
	if (!vuln)
		return err_set(err, STATUS_MALFORMED, "it is no database of clair-action: it has no table vuln");
	if (!texts)
		return err_set(err, STATUS_UNSUPPORTED,
			       "it is of a clair-action before 0.0.8: it has no table metadata");
	a->own = sources && rows;
	return ask_names(a, err);
}

enum status carry_action_import(struct store *store, const char *path, int64_t date_s,
				const struct carry_options *options, struct carry_summary *out, struct err *err)
{
	static const struct source_ops ops = { source_fill, source_close };
	struct action_source *a = calloc(1, sizeof(*a));
	struct date_text date;
	enum status st;

	if (!a)
		return err_nomem(err, "clair-action's database");
	a->base.ops = &ops;
	a->default_date = date_print(&date, date_s);
	a->text = (struct buf)BUF_INIT((size_t)options->limits->record_bytes * 2);
	st = open_file(a, path, err);
	if (st == STATUS_OK)
		st = carry_clair_import(store, &a->base, options, out, err);
	source_free(&a->base);
	return st;
}
