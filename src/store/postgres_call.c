/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_call.c - statements to the server and their results.
 *
 * Everything but COPY and scripts goes as a pipeline of prepared statements that ends with one Sync, which makes it one
 * transaction. The connection never blocks: whoever waits has an end.
 */
#include "store/postgres_impl.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* Beyond the server's own end of a statement, for the way there and back. */
#define GRACE_MS 5000u
#define MS_NS UINT64_C(1000000)

/* ---- arguments ---- */

static void add(struct pg_args *a, Oid type, const void *value, size_t len)
{
	if (a->n == PG_ARGS || len > INT32_MAX) {
		a->failed = true;
		return;
	}
	a->types[a->n] = type;
	a->values[a->n] = value;
	a->lengths[a->n] = (int)len;
	a->formats[a->n] = 1;
	a->n++;
}

void pg_bytes(struct pg_args *a, struct slice s)
{
	add(a, PG_BYTEA, s.len ? (const char *)s.ptr : "", s.len);
}

void pg_number(struct pg_args *a, int64_t v)
{
	uint64_t big = htobe64((uint64_t)v);

	if (a->n < PG_ARGS)
		memcpy(a->numbers[a->n], &big, sizeof(big));
	add(a, PG_BIGINT, a->n < PG_ARGS ? a->numbers[a->n] : NULL, sizeof(big));
}

void pg_time(struct pg_args *a, int64_t unix_s)
{
	if (unix_s == DATE_NONE)
		add(a, PG_BIGINT, NULL, 0);
	else
		pg_number(a, unix_s);
}

void pg_digest(struct pg_args *a, const struct digest *d, uint8_t packed[STORE_DIGEST_BYTES])
{
	pg_bytes(a, slice_make(packed, store_digest_pack(d, packed)));
}

/* The head of an array: dimensions, NULLs, type of the elements, their number, the first one's number. */
#define ARRAY_HEAD 20u

void pg_array_fini(struct pg_array *a)
{
	buf_fini(&a->bytes);
}

static void add_u32(struct buf *b, uint32_t v)
{
	uint32_t big = htobe32(v);

	buf_add(b, slice_make(&big, sizeof(big)));
}

void pg_array_bytes(struct pg_array *a, struct slice s)
{
	if (a->bytes.len == 0)
		buf_add(&a->bytes, SLICE("\0\0\0\0"
					 "\0\0\0\0"
					 "\0\0\0\0"
					 "\0\0\0\0"
					 "\0\0\0\0"));
	add_u32(&a->bytes, (uint32_t)MIN(s.len, INT32_MAX));
	buf_add(&a->bytes, slice_take(s, INT32_MAX));
	a->n++;
}

void pg_array_number(struct pg_array *a, uint64_t v)
{
	uint64_t big = htobe64(v);

	pg_array_bytes(a, slice_make(&big, sizeof(big)));
}

void pg_array_arg(struct pg_args *to, struct pg_array *a, enum pg_element type)
{
	const uint32_t head[] = { htobe32(1), 0, htobe32(type), htobe32(a->n), htobe32(1) };
	const uint32_t empty[] = { 0, 0, htobe32(type) };

	if (a->n == 0) {
		buf_reset(&a->bytes);
		buf_add(&a->bytes, slice_make(empty, sizeof(empty)));
	}
	to->failed |= a->bytes.failed != STATUS_OK;
	if (a->n > 0 && a->bytes.failed == STATUS_OK)
		memcpy(a->bytes.ptr, head, ARRAY_HEAD);
	add(to, type == PG_BYTEA ? 1001 : 1016, a->bytes.ptr, a->bytes.len);
}

/* ---- failures ---- */

/* What the caller can do about it, by class of the SQLSTATE. */
static enum status status_of(const char *state)
{
	static const struct {
		const char *prefix;
		enum status st;
	} classes[] = {
		{ "40", STATUS_CONFLICT },				 /* deadlock, serialization */
		{ "55P03", STATUS_CONFLICT },				 /* lock not available */
		{ "57014", STATUS_TIMEOUT },				 /* statement timeout */
		{ "22012", STATUS_CONFLICT },				 /* a condition of ours: 1 / 0 */
		{ "08", STATUS_REMOTE },       { "57P", STATUS_REMOTE }, /* shutting down, starting */
		{ "53", STATUS_REMOTE },				 /* out of memory, disk, connections */
		{ "25006", STATUS_REMOTE },				 /* became a standby */
		{ "26000", STATUS_REMOTE }, /* the prepared statement is gone: somebody is in between */
		{ "58", STATUS_REMOTE },       { "54", STATUS_LIMIT },
		{ "XX001", STATUS_MALFORMED }, { "XX002", STATUS_MALFORMED },
	};

	for (size_t i = 0; state && i < ARRAY_LEN(classes); i++)
		if (strncmp(state, classes[i].prefix, strlen(classes[i].prefix)) == 0)
			return classes[i].st;
	return STATUS_IO;
}

/* The first line, without what the server says of its source. */
static enum status fail(struct store *s, enum status st, const char *text, struct err *err)
{
	struct slice line = slice_cstr(text), rest;

	slice_cut(line, '\n', &line, &rest);
	line = slice_trim(line);
	if (line.len == 0)
		line = SLICE("the connection was lost");
	err_set(err, st, "PostgreSQL at %s: %.*s", s->where, (int)MIN(line.len, 300), (const char *)line.ptr);
	err->sys_errno = st == STATUS_REMOTE ? 503 : 0;
	return st;
}

static enum status lost(struct store *s, struct err *err)
{
	enum status st = fail(s, STATUS_REMOTE, PQerrorMessage(s->conn), err);

	pg_drop(s);
	return st;
}

static enum status failed_result(struct store *s, const PGresult *r, struct err *err)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	enum status st;

	if (PQstatus(s->conn) == CONNECTION_BAD)
		return lost(s, err);
	st = fail(s, status_of(state), text ? text : PQresultErrorMessage(r), err);
	if (st == STATUS_REMOTE)
		pg_drop(s);
	return st;
}

/* ---- waiting ---- */

enum status pg_wait_input(struct store *s, uint64_t until_ns, int wake_fd, struct err *err)
{
	struct pollfd fds[2] = { { .fd = PQsocket(s->conn), .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
	uint64_t now = date_monotonic_ns();
	int unsent = PQflush(s->conn), rc;

	if (unsent < 0)
		return lost(s, err);
	fds[0].events = unsent ? POLLIN | POLLOUT : POLLIN;
	if (now >= until_ns)
		return err_set(err, STATUS_TIMEOUT, "PostgreSQL at %s did not answer in time", s->where);
	rc = poll(fds, 2, (int)MIN((until_ns - now) / MS_NS + 1, 60000));
	if (rc < 0 && errno != EINTR)
		return err_errno(err, "cannot wait for PostgreSQL");
	if (rc > 0 && fds[1].revents)
		return err_set(err, STATUS_CANCELLED, "woken up");
	if (rc > 0 && !PQconsumeInput(s->conn))
		return lost(s, err);
	return STATUS_OK;
}

/* The next result, NULL at the end of a statement's. A server that does not answer is given up. */
static enum status next_result(struct store *s, uint64_t until_ns, PGresult **out, struct err *err)
{
	while (PQisBusy(s->conn)) {
		enum status st = pg_wait_input(s, until_ns, -1, err);

		if (st != STATUS_OK) {
			pg_drop(s);
			return st;
		}
	}
	*out = PQgetResult(s->conn);
	return STATUS_OK;
}

static uint64_t statement_end(const struct store *s)
{
	return date_monotonic_ns() + (s->statement_ms + GRACE_MS) * MS_NS;
}

/* ---- batches ---- */

#define NAME_BYTES 48

static void statement_name(const struct store *s, const char *sql, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "s%016llx_%u", (unsigned long long)slice_hash(slice_cstr(sql), 0), s->epoch);
}

enum status pg_batch_begin(struct store *s, struct pg_batch *b, struct err *err)
{
	*b = (struct pg_batch){ .s = s, .failed = STATUS_OK };
	TRY(pg_ready(s, err));
	if (!PQenterPipelineMode(s->conn))
		return lost(s, err);
	return STATUS_OK;
}

static bool send_prepare(struct pg_batch *b, const char *sql, const char *name, const struct pg_args *args)
{
	uint64_t known;

	if (map_get(&b->s->prepared, slice_cstr(sql), &known))
		return true;
	if (!map_put(&b->s->prepared, slice_cstr(sql), 1))
		return false;
	b->is_prepare[b->n_sent++] = true;
	return PQsendPrepare(b->s->conn, name, sql, args->n, args->types);
}

void pg_batch_add(struct pg_batch *b, const char *sql, const struct pg_args *args, struct err *err)
{
	char name[NAME_BYTES];

	if (b->failed != STATUS_OK)
		return;
	if (args->failed || b->n == PG_BATCH) {
		b->failed = err_set(err, STATUS_LIMIT, "a value is too large for the store");
		return;
	}
	statement_name(b->s, sql, name);
	if (!send_prepare(b, sql, name, args) ||
	    !PQsendQueryPrepared(b->s->conn, name, args->n, args->values, args->lengths, args->formats, 1)) {
		b->failed = fail(b->s, STATUS_REMOTE, PQerrorMessage(b->s->conn), err);
		return;
	}
	b->is_prepare[b->n_sent++] = false;
	b->n++;
}

/* The result of one statement, and the NULL after it. A failure of the statement itself is remembered, and read past.
 */
static enum status read_one(struct pg_batch *b, uint64_t until_ns, PGresult **out, struct err *err)
{
	struct store *s = b->s;
	PGresult *r = NULL, *more = NULL;

	TRY(next_result(s, until_ns, &r, err));
	if (!r)
		return lost(s, err);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK && b->failed == STATUS_OK &&
	    PQresultStatus(r) != PGRES_PIPELINE_ABORTED)
		b->failed = failed_result(s, r, err);
	if (!s->conn) {
		PQclear(r);
		return b->failed;
	}
	do {
		enum status st;

		PQclear(more);
		more = NULL;
		st = next_result(s, until_ns, &more, err);
		if (st != STATUS_OK) {
			PQclear(r);
			return st;
		}
	} while (more);
	*out = r;
	return STATUS_OK;
}

static enum status read_all(struct pg_batch *b, PGresult **out, struct err *err)
{
	uint64_t until_ns = statement_end(b->s);
	PGresult *sync = NULL;
	size_t k = 0;

	for (size_t i = 0; i < b->n_sent; i++) {
		PGresult *r = NULL;

		TRY(read_one(b, until_ns, &r, err));
		if (b->is_prepare[i])
			PQclear(r);
		else
			out[k++] = r;
	}
	TRY(next_result(b->s, until_ns, &sync, err));
	PQclear(sync);
	if (!PQexitPipelineMode(b->s->conn))
		return lost(b->s, err);
	return STATUS_OK;
}

void pg_clear(PGresult **results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		PQclear(results[i]);
		results[i] = NULL;
	}
}

/* Which statements the server knows after a failure is not known: those that follow have other names. */
static void forget_prepared(struct store *s)
{
	struct err ignored = ERR_INIT; /* then they stay until the connection ends */

	map_fini(&s->prepared);
	s->prepared = (struct map)MAP_INIT;
	s->epoch++;
	if (s->conn && PQtransactionStatus(s->conn) == PQTRANS_IDLE &&
	    pg_script(s, "DEALLOCATE ALL", GRACE_MS, &ignored) != STATUS_OK)
		pg_drop(s);
}

enum status pg_batch_run(struct pg_batch *b, PGresult **out, struct err *err)
{
	struct store *s = b->s;
	enum status st;

	memset(out, 0, b->n * sizeof(*out));
	/* Half a batch must not become a transaction, and what was sent of it cannot be called back. */
	if (b->failed != STATUS_OK) {
		if (b->n_sent > 0 || !PQexitPipelineMode(s->conn))
			pg_drop(s);
		return b->failed;
	}
	if (!PQpipelineSync(s->conn))
		return lost(s, err);
	st = read_all(b, out, err);
	if (st == STATUS_OK)
		st = b->failed;
	if (st == STATUS_OK)
		return STATUS_OK;
	pg_clear(out, b->n);
	forget_prepared(s);
	return st;
}

enum status pg_call(struct store *s, const char *sql, const struct pg_args *args, PGresult **out, struct err *err)
{
	struct pg_batch b;
	PGresult *r = NULL;

	TRY(pg_batch_begin(s, &b, err));
	pg_batch_add(&b, sql, args, err);
	TRY(pg_batch_run(&b, &r, err));
	if (out)
		*out = r;
	else
		PQclear(r);
	return STATUS_OK;
}

enum status pg_read(struct store *s, const char *sql, const struct pg_args *args, PGresult **out, struct err *err)
{
	bool alone = !s->connecting && !s->in_transaction;
	enum status st = pg_call(s, sql, args, out, err);

	/* The connection went with it; what only reads may be asked again of another. */
	return st == STATUS_REMOTE && alone && !s->conn ? pg_call(s, sql, args, out, err) : st;
}

/* ---- without arguments ---- */

/* Results up to the end; the first failure counts. */
static enum status drain(struct store *s, uint64_t until_ns, struct err *err)
{
	enum status st = STATUS_OK;
	PGresult *r = NULL;

	for (;;) {
		TRY(next_result(s, until_ns, &r, err));
		if (!r)
			return st;
		if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK && st == STATUS_OK)
			st = failed_result(s, r, err);
		PQclear(r);
		if (!s->conn)
			return st;
	}
}

enum status pg_script(struct store *s, const char *sql, unsigned timeout_ms, struct err *err)
{
	if (!PQsendQuery(s->conn, sql))
		return lost(s, err);
	return drain(s, date_monotonic_ns() + timeout_ms * MS_NS, err);
}

enum status pg_begin(struct store *s, struct err *err)
{
	TRY(pg_ready_to_write(s, err));
	TRY(pg_script(s, "BEGIN", GRACE_MS, err));
	s->in_transaction = true;
	return STATUS_OK;
}

enum status pg_commit(struct store *s, struct err *err)
{
	/* A connection that was lost on the way has taken all of it along. */
	TRY(pg_ready(s, err));
	s->in_transaction = false;
	return pg_script(s, "COMMIT", s->statement_ms + GRACE_MS, err);
}

void pg_rollback(struct store *s)
{
	struct err ignored = ERR_INIT; /* a connection that fails here is given up, which rolls back as well */

	s->in_transaction = false;
	if (s->conn && PQtransactionStatus(s->conn) != PQTRANS_IDLE &&
	    pg_script(s, "ROLLBACK", GRACE_MS, &ignored) != STATUS_OK)
		pg_drop(s);
}

enum status pg_copy_begin(struct store *s, const char *sql, struct err *err)
{
	PGresult AUTO(pg_result_free) *r = NULL;

	if (!PQsendQuery(s->conn, sql))
		return lost(s, err);
	TRY(next_result(s, statement_end(s), &r, err));
	return PQresultStatus(r) == PGRES_COPY_IN ? STATUS_OK : failed_result(s, r, err);
}

enum status pg_copy_put(struct store *s, struct slice bytes, struct err *err)
{
	uint64_t until_ns = statement_end(s);

	while (bytes.len > 0) {
		struct slice part = slice_take(bytes, (size_t)1 << 20);
		int rc = PQputCopyData(s->conn, (const char *)part.ptr, (int)part.len);

		if (rc < 0)
			return lost(s, err);
		if (rc > 0)
			bytes = slice_from(bytes, part.len);
		/* What was put is in memory until it was sent: no more than one part of it. */
		for (int unsent = 1; unsent > 0;) {
			unsent = PQflush(s->conn);
			if (unsent < 0)
				return lost(s, err);
			if (unsent > 0)
				TRY(pg_wait_input(s, until_ns, -1, err));
		}
	}
	return STATUS_OK;
}

enum status pg_copy_end(struct store *s, struct err *err)
{
	int rc;

	while ((rc = PQputCopyEnd(s->conn, NULL)) == 0)
		TRY(pg_wait_input(s, statement_end(s), -1, err));
	if (rc < 0)
		return lost(s, err);
	return drain(s, statement_end(s), err);
}

/* ---- results ---- */

void pg_result_free(PGresult **r)
{
	PQclear(*r);
}

struct slice pg_slice(const PGresult *r, int row, int column)
{
	return slice_make(PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column));
}

int64_t pg_int(const PGresult *r, int row, int column)
{
	struct slice s = pg_slice(r, row, column);
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.ptr[i];
	return (int64_t)v;
}

int64_t pg_unix(const PGresult *r, int row, int column)
{
	return PQgetisnull(r, row, column) ? DATE_NONE : pg_int(r, row, column);
}

bool pg_copy_text(struct arena *arena, const PGresult *r, int row, int column, struct slice *out)
{
	return arena_copy(arena, pg_slice(r, row, column), out);
}

uint64_t pg_changed(const PGresult *r)
{
	uint64_t n = 0;

	/* PQcmdTuples() wants a result that it may write to; it does not. */
	return slice_to_u64(slice_cstr(PQcmdTuples((PGresult *)(uintptr_t)r)), &n) ? n : 0;
}

bool pg_array_next(struct slice *rest, uint64_t *out)
{
	uint64_t v = 0;

	/* The head comes first: only a whole value begins with a number of dimensions, the length of an element is 8.
	 */
	if (rest->len >= 4 && rest->ptr[3] < 8)
		*rest = slice_from(*rest, ARRAY_HEAD);
	if (rest->len < 12)
		return false;
	for (size_t i = 4; i < 12; i++)
		v = v << 8 | rest->ptr[i];
	*rest = slice_from(*rest, 12);
	*out = v;
	return true;
}
