/* SPDX-License-Identifier: Apache-2.0 */
/* action_export.c - the sources in force as clair-action's database: Clair's lines, as rows. */
#include "carry/action.h"
#include "carry/carry.h"

#include "io/digest.h"
#include "text/json.h"

#include <stdio.h>

/* Tables, indexes and the list of migrations as clair-action leaves them: it goes on from there. */
static const char schema[] =
	"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
	"CREATE TABLE matcher_migrations (version integer primary key not null);"
	"INSERT INTO matcher_migrations VALUES (1), (2);"
	"CREATE TABLE metadata (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, hash_kind TEXT NOT NULL, hash TEXT NOT "
	"NULL, "
	"value TEXT NOT NULL, UNIQUE (kind, hash_kind, hash));"
	"CREATE TABLE vuln (id INTEGER PRIMARY KEY, hash_kind TEXT NOT NULL, hash TEXT NOT NULL, updater TEXT, "
	"name_id INTEGER, description_id INTEGER, issued TEXT, links TEXT, severity TEXT, normalized_severity TEXT, "
	"package_name TEXT, package_version TEXT, package_module TEXT, package_arch TEXT, package_kind TEXT, "
	"dist_id TEXT, dist_name TEXT, dist_version TEXT, dist_version_code_name TEXT, dist_version_id TEXT, "
	"dist_arch TEXT, dist_cpe TEXT, dist_pretty_name TEXT, repo_name TEXT, repo_key TEXT, repo_uri TEXT, "
	"fixed_in_version TEXT, arch_operation TEXT, vulnerable_range TEXT, version_kind TEXT, "
	"UNIQUE (hash_kind, hash), FOREIGN KEY (description_id) REFERENCES metadata(id), "
	"FOREIGN KEY (name_id) REFERENCES metadata(id));"
	"CREATE TABLE enrichment (id INTEGER PRIMARY KEY, hash_kind TEXT, hash TEXT, updater TEXT, tags TEXT, data "
	"BLOB);"
	"CREATE TABLE " ACTION_SOURCES " (updater TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, date TEXT NOT NULL);"
	"CREATE TABLE " ACTION_ROWS " (vuln INTEGER PRIMARY KEY, aliases TEXT NOT NULL, row TEXT NOT NULL);";
static const char indexes[] =
	"CREATE INDEX vuln_lookup_idx on vuln (package_name, dist_id, dist_name, dist_pretty_name, dist_version, "
	"dist_version_id, package_module, dist_version_code_name, repo_name, dist_arch, dist_cpe, repo_key, repo_uri);"
	"CREATE INDEX vuln_lookup_updater ON vuln (updater);"
	"CREATE UNIQUE INDEX enrichment_lookup_hash_kind_hash ON enrichment (hash_kind, hash);"
	"COMMIT;";

#define ROW(column, object, key) { #column, object, key },
const struct action_text action_texts[] = { ACTION_TEXTS(ROW) };
#undef ROW
const size_t action_n_texts = ARRAY_LEN(action_texts);

enum { INSERT_VULN, INSERT_SOURCE, INSERT_ROW, FIND_METADATA, INSERT_METADATA, INSERT_ENRICHMENT, STATEMENTS };

struct action {
	sqlite3 *db;		     /* owned */
	sqlite3_stmt *q[STATEMENTS]; /* owned */
	struct buf line;	     /* the one being put together */
	const struct limits *limits;
	struct digest last; /* of the last description, whose number is last_id: neighbours have the same */
	int64_t last_id;
};

enum status action_failed(sqlite3 *db, struct err *err, const char *what)
{
	int code = sqlite3_errcode(db);
	enum status st = STATUS_IO;

	if (code == SQLITE_NOMEM)
		return err_nomem(err, what);
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_TOOBIG)
		st = STATUS_MALFORMED;
	return err_set(err, st, "%s: %s", what, sqlite3_errmsg(db));
}

static void action_fini(struct action *a)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(a->q[i]);
	sqlite3_close(a->db);
	buf_fini(&a->line);
}

static enum status failed(const struct action *a, struct err *err)
{
	return action_failed(a->db, err, "clair-action's database");
}

static enum status exec(const struct action *a, const char *sql, struct err *err)
{
	return sqlite3_exec(a->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK : failed(a, err);
}

static enum status prepare(struct action *a, struct err *err)
{
	static const char *const sql[STATEMENTS] = {
		[INSERT_SOURCE] = "INSERT OR IGNORE INTO " ACTION_SOURCES " VALUES (?, ?, ?)",
		[INSERT_ROW] = "INSERT INTO " ACTION_ROWS " VALUES (?, ?, ?)",
		[FIND_METADATA] = "SELECT id FROM metadata WHERE kind = ? AND hash_kind = 'sha256' AND hash = ?",
		[INSERT_ENRICHMENT] = "INSERT OR IGNORE INTO enrichment (hash_kind, hash, updater, tags, data) "
				      "VALUES ('sha256', ?, ?, ?, ?)",
		[INSERT_METADATA] = "INSERT INTO metadata (kind, hash_kind, hash, value) VALUES (?, 'sha256', ?, ?)",
	};
	char text[2048];
	int at = snprintf(text, sizeof(text),
			  "INSERT OR IGNORE INTO vuln (hash_kind, hash, updater, name_id, "
			  "description_id, vulnerable_range, version_kind");

	for (size_t i = 0; i < action_n_texts; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", %s", action_texts[i].column);
	at += snprintf(text + at, sizeof(text) - (size_t)at, ") VALUES ('sha256', ?, ?, ?, ?, ?, ?");
	for (size_t i = 0; i < action_n_texts; i++)
		at += snprintf(text + at, sizeof(text) - (size_t)at, ", ?");
	snprintf(text + at, sizeof(text) - (size_t)at, ")");
	for (size_t i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v2(a->db, sql[i] ? sql[i] : text, -1, &a->q[i], NULL) != SQLITE_OK)
			return failed(a, err);
	return STATUS_OK;
}

static void bind(sqlite3_stmt *q, int i, struct slice s)
{
	sqlite3_bind_text64(q, i, s.len ? (const char *)s.ptr : "", s.len, SQLITE_STATIC, SQLITE_UTF8);
}

static void bind_digest(sqlite3_stmt *q, int i, const struct digest *d)
{
	sqlite3_bind_blob(q, i, d->bytes, 32, SQLITE_STATIC);
}

static enum status done(const struct action *a, sqlite3_stmt *q, struct err *err)
{
	int rc = sqlite3_step(q);

	sqlite3_reset(q);
	return rc == SQLITE_DONE ? STATUS_OK : failed(a, err);
}

/* Texts of names and descriptions are kept once. */
static enum status metadata(struct action *a, const char *kind, struct slice value, int64_t *out, struct err *err)
{
	sqlite3_stmt *find = a->q[FIND_METADATA], *insert = a->q[INSERT_METADATA];
	struct digest d;
	int rc;

	TRY(digest_of(DIGEST_SHA256, value, &d, err));
	if (kind[0] == 'd' && digest_eq(&d, &a->last)) {
		*out = a->last_id;
		return STATUS_OK;
	}
	bind(find, 1, slice_cstr(kind));
	bind_digest(find, 2, &d);
	rc = sqlite3_step(find);
	*out = rc == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
	sqlite3_reset(find);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return failed(a, err);
	if (rc == SQLITE_DONE) {
		bind(insert, 1, slice_cstr(kind));
		bind_digest(insert, 2, &d);
		bind(insert, 3, value);
		TRY(done(a, insert, err));
		*out = sqlite3_last_insert_rowid(a->db);
	}
	if (kind[0] == 'd') {
		a->last = d;
		a->last_id = *out;
	}
	return STATUS_OK;
}

/* {"[":"semver:0.1.2...",")":"semver:0.2..."} as kind "semver" and "{0,1,2...}__{0,2...}"; without one NULL and
 * "{}__{}". */
static struct slice range_text(yyjson_val *range, char out[512], struct slice *kind)
{
	struct slice ends[2] = { json_get_str(range, "["), json_get_str(range, ")") }, numbers;
	size_t at = 0;

	*kind = SLICE_EMPTY;
	for (size_t i = 0; i < 2; i++) {
		if (i == 1)
			at += (size_t)snprintf(out + at, 512 - at, "__");
		if (!slice_cut(ends[i], ':', kind, &numbers))
			numbers = SLICE_EMPTY;
		at += (size_t)snprintf(out + at, 512 - at, "{%.200s}", numbers.len ? (const char *)numbers.ptr : "");
	}
	for (size_t i = 0; i < at; i++)
		if (out[i] == '.')
			out[i] = ',';
	return slice_make(out, at);
}

static struct slice text_of(yyjson_val *vuln, const struct action_text *t)
{
	struct slice s = json_get_str(t->object[0] ? json_get(vuln, t->object) : vuln, t->key);

	return s.len == 0 && strcmp(t->key, "arch_op") == 0 ? SLICE(ACTION_NO_ARCH_OP) : s;
}

static enum status put_own(struct action *a, yyjson_val *vuln, struct err *err)
{
	yyjson_val *row = json_get(vuln, "limpid"), *aliases = json_get(vuln, "Aliases");
	sqlite3_stmt *q = a->q[INSERT_ROW];
	char *texts[2] = { row ? yyjson_val_write(row, 0, NULL) : NULL,
			   yyjson_is_arr(aliases) ? yyjson_val_write(aliases, 0, NULL) : NULL };
	enum status st = STATUS_OK;

	if (texts[0] || texts[1]) {
		sqlite3_bind_int64(q, 1, sqlite3_last_insert_rowid(a->db));
		bind(q, 2, slice_cstr(texts[1]));
		bind(q, 3, slice_cstr(texts[0]));
		st = done(a, q, err);
	}
	free(texts[0]);
	free(texts[1]);
	return st;
}

static enum status put_vuln(struct action *a, struct slice line, yyjson_val *root, struct err *err)
{
	yyjson_val *vuln = json_get(root, "Vuln");
	sqlite3_stmt *q = a->q[INSERT_VULN];
	int64_t name, description;
	char range[512];
	struct digest d;
	struct slice kind;

	TRY(digest_of(DIGEST_SHA256, line, &d, err));
	TRY(metadata(a, "name", json_get_str(vuln, "name"), &name, err));
	TRY(metadata(a, "description", json_get_str(vuln, "description"), &description, err));
	bind_digest(q, 1, &d);
	bind(q, 2, json_get_str(root, "Updater"));
	sqlite3_bind_int64(q, 3, name);
	sqlite3_bind_int64(q, 4, description);
	bind(q, 5, range_text(json_get(vuln, "range"), range, &kind));
	if (kind.len > 0)
		bind(q, 6, kind);
	else
		sqlite3_bind_null(q, 6);
	for (size_t i = 0; i < action_n_texts; i++)
		bind(q, 7 + (int)i, text_of(vuln, &action_texts[i]));
	TRY(done(a, q, err));
	return sqlite3_changes64(a->db) > 0 ? put_own(a, vuln, err) : STATUS_OK;
}

static enum status put_enrichment(struct action *a, struct slice line, yyjson_val *root, struct err *err)
{
	yyjson_val *e = json_get(root, "Enrichment");
	char *tags = yyjson_val_write(json_get(e, "Tags"), 0, NULL);
	char *data = yyjson_val_write(json_get(e, "Enrichment"), 0, NULL);
	sqlite3_stmt *q = a->q[INSERT_ENRICHMENT];
	enum status st = tags && data ? STATUS_OK : err_nomem(err, "an enrichment");
	struct digest d;

	if (st == STATUS_OK)
		st = digest_of(DIGEST_SHA256, line, &d, err);
	if (st == STATUS_OK) {
		bind_digest(q, 1, &d);
		bind(q, 2, json_get_str(root, "Updater"));
		bind(q, 3, slice_cstr(tags));
		sqlite3_bind_blob64(q, 4, data, strlen(data), SQLITE_STATIC);
		st = done(a, q, err);
	}
	free(tags);
	free(data);
	return st;
}

static enum status put_line(struct action *a, struct slice line, struct err *err)
{
	sqlite3_stmt *q = a->q[INSERT_SOURCE];
	struct json_doc doc;
	enum status st;

	TRY(json_parse(line, a->limits, &doc, err));
	bind(q, 1, json_get_str(doc.root, "Updater"));
	bind(q, 2, json_get_str(doc.root, "Fingerprint"));
	bind(q, 3, json_get_str(doc.root, "Date"));
	st = done(a, q, err);
	if (st == STATUS_OK)
		st = (slice_eq(json_get_str(doc.root, "Kind"), SLICE("enrichment")) ? put_enrichment
										    : put_vuln)(a, line, doc.root, err);
	json_doc_free(&doc);
	return st;
}

static enum status on_bytes(void *ctx, struct slice bytes, struct err *err)
{
	struct action *a = ctx;
	struct slice line;

	while (slice_cut(bytes, '\n', &line, &bytes)) {
		if (a->line.len == 0) {
			TRY(put_line(a, line, err));
			continue;
		}
		buf_add(&a->line, line);
		TRY(buf_check(&a->line, "a line", err));
		TRY(put_line(a, buf_slice(&a->line), err));
		a->line.len = 0;
	}
	buf_add(&a->line, line);
	return buf_check(&a->line, "a line", err);
}

enum status carry_action_export(struct store *store, const struct carry_options *options, const char *path,
				struct carry_summary *out, struct err *err)
{
	struct action AUTO(action_fini) a = { .line = BUF_INIT((size_t)64 << 20), .limits = options->limits };
	const struct carry_out lines = { on_bytes, &a };

	if (sqlite3_open_v2(path, &a.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE, NULL) !=
	    SQLITE_OK)
		return a.db ? action_failed(a.db, err, path) : err_nomem(err, path);
	TRY(exec(&a, schema, err));
	TRY(prepare(&a, err));
	TRY(carry_clair_export(store, options, &lines, out, err));
	return exec(&a, indexes, err);
}
