/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_source.c - sources, update operations and the locks of update runs. */
#include "store/sqlite_impl.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#define SOURCE_COLUMNS                                                                                                 \
	"name, feed, url, segment, etag, last_modified, document, format_version, last_attempt, last_success, "        \
	"last_change, records, error, held_back, next"

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
	*out = s;
	return STATUS_OK;
}

enum status store_sources(struct store *s, struct arena *arena, struct store_source **out, size_t *out_n,
			  struct err *err)
{
	VEC(struct store_source) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	int rc;

	TRY(store_prepare(s, "SELECT " SOURCE_COLUMNS " FROM source ORDER BY name", &q, err));
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_source *one = VEC_PUSH(&list, arena);

		if (!one)
			return err_nomem(err, "sources");
		TRY(read_source(q, arena, one, err));
	}
	if (rc != SQLITE_DONE)
		return store_failed(s, err, "sources");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status store_source_get(struct store *s, struct slice name, struct arena *arena, struct store_source *out,
			     struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	struct err_quote quote;
	int rc;

	TRY(store_prepare(s, "SELECT " SOURCE_COLUMNS " FROM source WHERE name = ?", &q, err));
	bind_text(q, 1, name);
	rc = sqlite3_step(q);
	if (rc == SQLITE_DONE)
		return err_set(err, STATUS_NOTFOUND, "there is no source %s", err_slice(&quote, name));
	return rc == SQLITE_ROW ? read_source(q, arena, out, err) : store_failed(s, err, "sources");
}

enum status store_source_put(struct store *s, const struct store_source *source, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s,
			  "INSERT OR REPLACE INTO source (" SOURCE_COLUMNS
			  ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			  &q, err));
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
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : store_failed(s, err, "sources");
}

/* A random UUID, RFC 9562 version 4. */
static enum status make_ref(char out[37], struct err *err)
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		return err_errno(err, "cannot get random bytes");
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		 b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	return STATUS_OK;
}

static enum status add_operation(struct store *s, const struct store_source *source, const char *ref, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	char fingerprint[512];

	snprintf(fingerprint, sizeof(fingerprint), "%.*s%s%.*s", SLICE_ARG(source->etag),
		 source->etag.len && source->last_modified.len ? " " : "", SLICE_ARG(source->last_modified));
	TRY(store_prepare(s,
			  "INSERT INTO update_operation (ref, source, segment, fingerprint, date) VALUES (?,?,?,?,?)",
			  &q, err));
	bind_text(q, 1, slice_cstr(ref));
	bind_text(q, 2, source->name);
	bind_digest(q, 3, &source->segment);
	bind_text(q, 4, slice_cstr(fingerprint));
	sqlite3_bind_int64(q, 5, s->now());
	return sqlite3_step(q) == SQLITE_DONE ? STATUS_OK : store_failed(s, err, "update operations");
}

static enum status publish(struct store *s, const struct store_source *source, char out_ref[37], struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct store_source before;
	struct err ignored = ERR_INIT; /* absent: the first segment of this source */
	bool changed = true;

	if (store_source_get(s, source->name, &arena, &before, &ignored) == STATUS_OK)
		changed = !digest_eq(&before.segment, &source->segment);
	TRY(store_source_put(s, source, err));
	if (!changed || source->segment.algo == DIGEST_NONE)
		return STATUS_OK;
	TRY(make_ref(out_ref, err));
	return add_operation(s, source, out_ref, err);
}

enum status store_publish(struct store *s, const struct store_source *source, char out_ref[37], struct err *err)
{
	enum status st;

	out_ref[0] = '\0';
	TRY(store_begin(s, err));
	st = publish(s, source, out_ref, err);
	if (st == STATUS_OK)
		st = store_commit(s, err);
	if (st != STATUS_OK) {
		out_ref[0] = '\0';
		store_rollback(s);
	}
	return st;
}

enum status store_operations(struct store *s, struct slice source, size_t max, struct arena *arena,
			     struct store_operation **out, size_t *out_n, struct err *err)
{
	VEC(struct store_operation) list = { NULL, 0, 0 };
	sqlite3_stmt AUTO(store_finalize) *q = NULL;
	int rc;

	TRY(store_prepare(s,
			  "SELECT ref, source, segment, fingerprint, date FROM update_operation "
			  "WHERE ?1 = '' OR source = ?1 ORDER BY id DESC LIMIT ?2",
			  &q, err));
	bind_text(q, 1, source);
	sqlite3_bind_int64(q, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
		struct store_operation *op = VEC_PUSH(&list, arena);
		struct slice ref = column_slice(q, 0);

		if (!op || !arena_copy(arena, column_slice(q, 1), &op->source) ||
		    !arena_copy(arena, column_slice(q, 3), &op->fingerprint))
			return err_nomem(err, "update operations");
		snprintf(op->ref, sizeof(op->ref), "%.*s", SLICE_ARG(ref));
		column_digest(q, 2, &op->segment);
		op->date_s = sqlite3_column_int64(q, 4);
	}
	if (rc != SQLITE_DONE)
		return store_failed(s, err, "update operations");
	*out = list.at;
	*out_n = list.len;
	return STATUS_OK;
}

enum status store_operations_gc(struct store *s, size_t keep, uint64_t *out_dropped, struct err *err)
{
	sqlite3_stmt AUTO(store_finalize) *q = NULL;

	TRY(store_prepare(s,
			  "DELETE FROM update_operation WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER "
			  "(PARTITION BY source ORDER BY id DESC) AS n FROM update_operation) WHERE n > ?)",
			  &q, err));
	sqlite3_bind_int64(q, 1, (int64_t)keep);
	if (sqlite3_step(q) != SQLITE_DONE)
		return store_failed(s, err, "update operations");
	*out_dropped = (uint64_t)sqlite3_changes64(s->db);
	return STATUS_OK;
}

/* ---- locks: flock() on a file per name, so that the kernel drops them with the process ---- */

static enum status lock_file(struct store *s, uint64_t name, int *out, struct err *err)
{
	char path[4096];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/locks", s->dir) >= sizeof(path) - 32)
		return err_set(err, STATUS_INVALID, "the path is too long: %s", s->dir);
	TRY(file_mkdirs(path, err));
	snprintf(path + strlen(path), 32, "/%016llx", (unsigned long long)name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		enum status st = errno == EWOULDBLOCK ? err_set(err, STATUS_CONFLICT, "another process is at it")
						      : err_errno(err, "cannot lock %s", path);

		close(fd);
		return st;
	}
	*out = fd;
	return STATUS_OK;
}

enum status store_lock(struct store *s, struct slice name, struct err *err)
{
	uint64_t hash = slice_hash(name, 0);

	for (size_t i = 0; i < STORE_LOCKS; i++) {
		if (s->locks[i].fd > 0)
			continue;
		s->locks[i].name = hash;
		return lock_file(s, hash, &s->locks[i].fd, err);
	}
	return err_set(err, STATUS_LIMIT, "more than %d locks at once", STORE_LOCKS);
}

void store_unlock(struct store *s, struct slice name)
{
	for (size_t i = 0; i < STORE_LOCKS; i++) {
		if (s->locks[i].fd <= 0 || s->locks[i].name != slice_hash(name, 0))
			continue;
		close(s->locks[i].fd);
		s->locks[i].fd = 0;
	}
}
