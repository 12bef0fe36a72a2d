/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_source.c - sources, update operations and the locks of update runs. */
#include "store/sqlite_impl.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOURCE_COLUMNS                                                                                                 \
	"name, feed, url, segment, etag, last_modified, document, format_version, last_attempt, last_success, "        \
	"last_change, records, error, held_back, next, kind"

static void bind_time(sqlite3_stmt *q, int at, int64_t unix_s)
{
	if (unix_s == DATE_NONE)
		sqlite3_bind_null(q, at);
	else
		sqlite3_bind_int64(q, at, unix_s);
}

static int64_t column_time(sqlite3_stmt *q, int at)
{
	return sqlite3_column_type(q, at) == SQLITE_NULL ? DATE_NONE : sqlite3_column_int64(q, at);
}

static void bind_digest(sqlite3_stmt *q, int at, const struct digest *d)
{
	struct digest_text text;

	bind_text(q, at, slice_cstr(digest_print(&text, d)));
}

static void column_digest(sqlite3_stmt *q, int at, struct digest *out)
{
	if (!digest_parse(column_slice(q, at), out))
		memset(out, 0, sizeof(*out));
}

static enum status read_source(sqlite3_stmt *q, struct arena *arena, struct store_source *out, struct err *err)
{
	struct store_source s = { .records = (uint64_t)sqlite3_column_int64(q, 11) };

	if (!arena_copy(arena, column_slice(q, 0), &s.name) || !arena_copy(arena, column_slice(q, 1), &s.feed) ||
	    !arena_copy(arena, column_slice(q, 2), &s.url) || !arena_copy(arena, column_slice(q, 4), &s.etag) ||
	    !arena_copy(arena, column_slice(q, 5), &s.last_modified) ||
	    !arena_copy(arena, column_slice(q, 7), &s.format_version) ||
	    !arena_copy(arena, column_slice(q, 12), &s.error) || !arena_copy(arena, column_slice(q, 13), &s.held_back))
		return err_nomem(err, "sources");
	column_digest(q, 3, &s.segment);
	column_digest(q, 6, &s.document);
	s.last_attempt_s = column_time(q, 8);
	s.last_success_s = column_time(q, 9);
	s.last_change_s = column_time(q, 10);
	s.next_s = column_time(q, 14);
	s.kind = sqlite3_column_int(q, 15) == STORE_ENRICHMENT ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	*out = s;
	return STATUS_OK;
}

enum status sqlite_sources(struct store *s, struct arena *arena, struct store_source **out, size_t *out_n,
			   struct err *err)
{
	VEC(struct store_source) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " SOURCE_COLUMNS " FROM source ORDER BY name", &q, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_source *one = VEC_PUSH(&list, arena);

		if (!one)
			return err_nomem(err, "sources");
		TRY(read_source(q, arena, one, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "sources");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status sqlite_source_get(struct store *s, struct slice name, struct arena *arena, struct store_source *out,
			      struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct err_quote quote;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " SOURCE_COLUMNS " FROM source WHERE name = ?", &q, err));
	bind_text(q, 1, name);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no source %s", err_slice(&quote, name));
	return rc == SQLITE_ROW ? read_source(q, arena, out, err) : sqlite_failed(s, err, "sources");
}

enum status sqlite_source_put(struct store *s, const struct store_source *source, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(
		s, "INSERT OR REPLACE INTO source (" SOURCE_COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &q,
		err));
	bind_text(q, 1, source->name);
	bind_text(q, 2, source->feed);
	bind_text(q, 3, source->url);
	bind_digest(q, 4, &source->segment);
	bind_text(q, 5, source->etag);
	bind_text(q, 6, source->last_modified);
	bind_digest(q, 7, &source->document);
	bind_text(q, 8, source->format_version);
	bind_time(q, 9, source->last_attempt_s);
	bind_time(q, 10, source->last_success_s);
	bind_time(q, 11, source->last_change_s);
	sqlite3_bind_int64(q, 12, (int64_t)source->records);
	bind_text(q, 13, source->error);
	bind_text(q, 14, source->held_back);
	bind_time(q, 15, source->next_s);
	sqlite3_bind_int(q, 16, (int)source->kind);
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "sources");
}

static enum status add_operation(struct store *s, const struct store_source *source, const char *ref, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	char fingerprint[STORE_FINGERPRINT_BYTES];

	store_fingerprint(source, fingerprint);
	TRY(sqlite_prepare(s,
			   "INSERT INTO update_operation (ref, source, segment, fingerprint, date, kind) VALUES "
			   "(?,?,?,?,?,?)",
			   &q, err));
	bind_text(q, 1, slice_cstr(ref));
	bind_text(q, 2, source->name);
	bind_digest(q, 3, &source->segment);
	bind_text(q, 4, slice_cstr(fingerprint));
	sqlite3_bind_int64(q, 5, s->now());
	sqlite3_bind_int(q, 6, (int)source->kind);
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : sqlite_failed(s, err, "update operations");
}

static enum status publish(struct store *s, const struct store_source *source, char out_ref[37], struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct store_source before;
	struct err ignored = ERR_INIT; /* absent: the first segment of this source */
	bool changed = true;

	if (sqlite_source_get(s, source->name, &arena, &before, &ignored) == STATUS_OK)
		changed = !digest_eq(&before.segment, &source->segment);
	TRY(sqlite_source_put(s, source, err));
	TRY(sqlite_changed(s, STORE_SOURCES, err));
	if (!changed || source->segment.algo == DIGEST_NONE)
		return STATUS_OK;
	TRY(store_make_ref(out_ref, err));
	return add_operation(s, source, out_ref, err);
}

enum status sqlite_publish(struct store *s, const struct store_source *source, char out_ref[37], struct err *err)
{
	enum status st;

	out_ref[0] = '\0';
	TRY(sqlite_begin_durable(s, err));
	st = publish(s, source, out_ref, err);
	if (st == STATUS_OK)
		st = sqlite_commit(s, err);
	if (st != STATUS_OK) {
		out_ref[0] = '\0';
		sqlite_rollback(s);
	}
	return st;
}

#define OPERATION_COLUMNS "ref, source, segment, fingerprint, date, kind"

static enum status read_operation(sqlite3_stmt *q, struct arena *arena, struct store_operation *out, struct err *err)
{
	struct slice ref = column_slice(q, 0);

	if (!arena_copy(arena, column_slice(q, 1), &out->source) ||
	    !arena_copy(arena, column_slice(q, 3), &out->fingerprint))
		return err_nomem(err, "update operations");
	snprintf(out->ref, sizeof(out->ref), "%.*s", SLICE_ARG(ref));
	column_digest(q, 2, &out->segment);
	out->date_s = sqlite3_column_int64(q, 4);
	out->kind = sqlite3_column_int(q, 5) == STORE_ENRICHMENT ? STORE_ENRICHMENT : STORE_VULNERABILITY;
	return STATUS_OK;
}

static enum status read_operations(struct store *s, sqlite3_stmt *q, struct arena *arena, struct store_operation **out,
				   size_t *out_n, struct err *err)
{
	VEC(struct store_operation) list = { NULL, 0, 0 };
	int rc;

	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_operation *op = VEC_PUSH(&list, arena);

		if (!op)
			return err_nomem(err, "update operations");
		TRY(read_operation(q, arena, op, err));
	}
	if (rc != SQLITE_DONE)
		return sqlite_failed(s, err, "update operations");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status sqlite_operations(struct store *s, struct slice source, size_t max, struct arena *arena,
			      struct store_operation **out, size_t *out_n, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "SELECT " OPERATION_COLUMNS " FROM update_operation "
			   "WHERE ?1 = '' OR source = ?1 ORDER BY id DESC LIMIT ?2",
			   &q, err));
	bind_text(q, 1, source);
	sqlite3_bind_int64(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
	return read_operations(s, q, arena, out, out_n, err);
}

enum status sqlite_operations_latest(struct store *s, enum store_kind kind, struct arena *arena,
				     struct store_operation **out, size_t *out_n, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(s,
			   "SELECT " OPERATION_COLUMNS " FROM update_operation WHERE id IN "
			   "(SELECT max(id) FROM update_operation WHERE kind = ? GROUP BY source) ORDER BY id DESC",
			   &q, err));
	sqlite3_bind_int(q, 1, (int)kind);
	return read_operations(s, q, arena, out, out_n, err);
}

enum status sqlite_operation_get(struct store *s, struct slice ref, struct arena *arena, struct store_operation *out,
				 struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;
	struct err_quote quote;
	int rc;

	TRY(sqlite_prepare(s, "SELECT " OPERATION_COLUMNS " FROM update_operation WHERE ref = ?", &q, err));
	bind_text(q, 1, ref);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no update operation %s", err_slice(&quote, ref));
	return rc == SQLITE_ROW ? read_operation(q, arena, out, err) : sqlite_failed(s, err, "update operations");
}

enum status sqlite_operation_delete(struct store *s, struct slice ref, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_durable(s, err));
	TRY(sqlite_prepare(s, "DELETE FROM update_operation WHERE ref = ?", &q, err));
	bind_text(q, 1, ref);
	return sqlite_done(s, q, "update operations", err);
}

enum status sqlite_operations_gc(struct store *s, size_t keep, int64_t since_s, uint64_t *out_dropped, struct err *err)
{
	sqlite3_stmt AUTO(sqlite_finalize) *q = NULL;

	TRY(sqlite_prepare(
		s,
		/* One was in force until the next one's date. */
		"DELETE FROM update_operation WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER w AS n, "
		"lag(date) OVER w AS until FROM update_operation WINDOW w AS (PARTITION BY source ORDER BY id DESC)) "
		"WHERE n > ?1 AND until < ?3) AND ref NOT IN "
		"(SELECT operation FROM notification WHERE changed > ?2 AND (state = 1 OR id IN (SELECT max(id) "
		"FROM notification GROUP BY source)) UNION ALL SELECT previous FROM notification WHERE changed > "
		"?2 AND (state = 1 OR id IN (SELECT max(id) FROM notification GROUP BY source)))",
		&q, err));
	sqlite3_bind_int64(q, 1, (int64_t)keep);
	sqlite3_bind_int64(q, 2, s->now() - STORE_SEEN_S);
	sqlite3_bind_int64(q, 3, since_s == DATE_NONE ? INT64_MAX : since_s);
	if (sqlite3_step(q) != SQLITE_DONE)
		return sqlite_failed(s, err, "update operations");
	*out_dropped = (uint64_t)sqlite3_changes64(s->db);
	return STATUS_OK;
}

/* ---- segments: files that every process of this machine finds where they are ---- */

enum status sqlite_segment_put(struct store *s, const struct digest *digest, const char *path, struct err *err)
{
	return sqlite_segment_fetch(s, digest, path, err);
}

enum status sqlite_segment_fetch(struct store *s, const struct digest *digest, const char *path, struct err *err)
{
	(void)s;
	(void)digest;
	if (access(path, R_OK) == 0)
		return STATUS_OK;
	return errno == ENOENT ? err_set(err, STATUS_NOTFOUND, "there is no segment %s", path)
			       : err_errno(err, "cannot read %s", path);
}

enum status sqlite_segments_gc(struct store *s, uint64_t *out_dropped, struct err *err)
{
	/* The folder is the caller's. */
	(void)s;
	(void)err;
	*out_dropped = 0;
	return STATUS_OK;
}

/*
 * ---- locks: flock() on a file per name, so that the kernel drops them with the process ----
 *
 * There is a name for each manifest and layer, so the file goes with its lock: whoever holds it unlinks it, and whoever
 * gets a lock looks whether the file still has its name. What a killed process leaves is used by the next who wants it.
 */

static void lock_path(const struct store *s, uint64_t name, char *out, size_t size)
{
	snprintf(out, size, "%s/locks/%016llx", s->dir, (unsigned long long)name);
}

static bool is_named(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0 && open_file.st_dev == named.st_dev &&
	       open_file.st_ino == named.st_ino;
}

static enum status lock_file(struct store *s, uint64_t name, int *out, struct err *err)
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/locks", s->dir) >= sizeof(path) - 32)
		return err_set(err, STATUS_INVALID, "the path is too long: %s", s->dir);
	TRY(file_mkdirs(path, err));
	lock_path(s, name, path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum status st = errno == EWOULDBLOCK ? err_set(err, STATUS_CONFLICT, "another process is at it")
						      : err_errno(err, "cannot lock %s", path);

		close(fd);
		return st;
	}
	if (!is_named(fd, path)) { /* its holder ended between open() and flock(): as if it were held still */
		close(fd);
		return err_set(err, STATUS_CONFLICT, "another process is at it");
	}
	*out = fd;
	return STATUS_OK;
}

static void unlock_file(const struct store *s, const struct sqlite_lock *lock)
{
	char path[4096];

	lock_path(s, lock->name, path, sizeof(path));
	if (is_named(lock->fd, path))
		(void)unlink(path);
	close(lock->fd);
}

enum status sqlite_lock(struct store *s, struct slice name, struct err *err)
{
	uint64_t hash = slice_hash(name, 0);
	struct sqlite_lock *more;
	int fd = -1;

	if (s->n_locks >= STORE_LOCKS_MAX)
		return err_set(err, STATUS_LIMIT, "more than %u locks at once", STORE_LOCKS_MAX);
	more = reallocarray(s->locks, s->n_locks + 1, sizeof(*more));
	if (!more)
		return err_nomem(err, "locks");
	s->locks = more;
	TRY(lock_file(s, hash, &fd, err));
	s->locks[s->n_locks++] = (struct sqlite_lock){ fd, hash };
	return STATUS_OK;
}

void sqlite_unlock(struct store *s, struct slice name)
{
	for (size_t i = 0; i < s->n_locks; i++) {
		if (s->locks[i].name != slice_hash(name, 0))
			continue;
		unlock_file(s, &s->locks[i]);
		s->locks[i] = s->locks[--s->n_locks];
		return;
	}
}

void sqlite_unlock_all(struct store *s)
{
	while (s->n_locks > 0)
		unlock_file(s, &s->locks[--s->n_locks]);
}

enum status sqlite_lock_check(struct store *s, struct slice name, struct err *err)
{
	struct err_quote quote;

	/* The kernel takes a lock from nobody who lives. */
	for (size_t i = 0; i < s->n_locks; i++)
		if (s->locks[i].name == slice_hash(name, 0))
			return STATUS_OK;
	return err_set(err, STATUS_CONFLICT, "%s is not locked", err_slice(&quote, name));
}
