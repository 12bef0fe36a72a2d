/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postgres_open.c - the connection to the shared engine: made, watched, made again, and the schema behind it.
 *
 * A connection that is lost is made again by the next call; while the server is away, calls fail at once but for one
 * try now and then.
 */
#include "store/postgres.h"

#include "store/postgres_impl.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern const char *const store_postgres_schema[]; /* one script per version, ended by NULL */

#define STATEMENT_MS 30000u
#define SETUP_MS 30000u
#define MIGRATE_MS 600000u
#define RETRY_FIRST_NS UINT64_C(50000000)
#define RETRY_LAST_NS UINT64_C(1000000000)

/* ---- messages ---- */

static const char *keyword_value(const struct store *s, const char *keyword, const char *otherwise)
{
	for (size_t i = 0; s->keywords[i]; i++)
		if (strcmp(s->keywords[i], keyword) == 0 && s->values[i][0])
			return s->values[i];
	return otherwise;
}

/* "host:port/database", never a password. */
static enum status name_place(struct store *s, struct err *err)
{
	if (asprintf(&s->where, "%s:%s/%s", keyword_value(s, "host", keyword_value(s, "hostaddr", "its default host")),
		     keyword_value(s, "port", "5432"), keyword_value(s, "dbname", "its default database")) < 0) {
		s->where = NULL;
		return err_nomem(err, "store");
	}
	return STATUS_OK;
}

/* ---- connecting ---- */

void pg_drop(struct store *s)
{
	if (!s->conn)
		return;
	PQfinish(s->conn);
	s->conn = NULL;
	s->listening = false;
	map_fini(&s->prepared);
	s->prepared = (struct map)MAP_INIT;
	pg_locks_lost(s);
}

/* Notices of the server are nobody's business. */
static void ignore_notice(void *ctx, const PGresult *r)
{
	(void)ctx;
	(void)r;
}

static enum status set_up_session(struct store *s, struct err *err)
{
	char sql[512];

	/*
	 * What is acknowledged is on the server's disk, whatever the server's default. Plans are kept, and tables grow
	 * from nothing to thousands of rows before the server has counted them: a plan that reads an empty table from
	 * end to end took four times the time of the first 600 manifests. Every statement that is asked often has its
	 * index.
	 */
	snprintf(
		sql, sizeof(sql),
		"SET search_path TO limpid, pg_catalog; SET statement_timeout TO %u; "
		"SET idle_in_transaction_session_timeout TO %u; SET default_transaction_isolation TO 'read committed'; "
		"SET default_transaction_read_only TO %s; SET enable_seqscan TO off; "
		"SELECT set_config('synchronous_commit', 'on', false) "
		"WHERE current_setting('synchronous_commit') = 'off'",
		s->statement_ms, 2 * s->statement_ms, s->read_only ? "on" : "off");
	return pg_script(s, sql, SETUP_MS, err);
}

static enum status connect_once(struct store *s, struct err *err)
{
	/*
	 * Begun, and begun again by what waits: only so is there somebody to hear the notices of the connecting itself,
	 * which libpq would write to stderr, into the middle of the log.
	 */
	s->conn = PQconnectStartParams(s->keywords, s->values, 0);
	if (!s->conn)
		return err_nomem(err, "store");
	PQsetNoticeReceiver(s->conn, ignore_notice, NULL);
	if (PQstatus(s->conn) != CONNECTION_BAD)
		PQreset(s->conn);
	if (PQstatus(s->conn) != CONNECTION_OK) {
		struct slice line = slice_cstr(PQerrorMessage(s->conn)), rest;

		slice_cut(line, '\n', &line, &rest);
		err_set(err, STATUS_REMOTE, "PostgreSQL at %s cannot be reached: %.*s", s->where,
			(int)MIN(line.len, 300), (const char *)line.ptr);
		err->sys_errno = 503;
		return STATUS_REMOTE;
	}
	PQsetnonblocking(s->conn, 1);
	if (PQserverVersion(s->conn) < 130000)
		return err_set(err, STATUS_UNSUPPORTED, "PostgreSQL at %s is version %d; 13 is the least", s->where,
			       PQserverVersion(s->conn) / 10000);
	return set_up_session(s, err);
}

/* ---- the schema ---- */

static int newest_version(void)
{
	int n = 0;

	while (store_postgres_schema[n])
		n++;
	return n;
}

static enum status one_number(struct store *s, const char *sql, int64_t *out, struct err *err)
{
	struct pg_args none = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	TRY(pg_call(s, sql, &none, &r, err));
	*out = PQntuples(r) > 0 ? pg_int(r, 0, 0) : 0;
	return STATUS_OK;
}

static enum status schema_version(struct store *s, int64_t *out, struct err *err)
{
	int64_t there = 0;

	*out = 0;
	TRY(one_number(s,
		       "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = 'limpid' AND "
		       "tablename = 'schema_version'",
		       &there, err));
	return there == 0
		       ? STATUS_OK
		       : one_number(s, "SELECT coalesce(max(version), 0)::bigint FROM limpid.schema_version", out, err);
}

static enum status apply(struct store *s, int version, struct err *err)
{
	char sql[128];

	TRY(pg_script(s, "BEGIN", SETUP_MS, err));
	TRY(pg_script(s, store_postgres_schema[version], MIGRATE_MS, err));
	snprintf(sql, sizeof(sql), "INSERT INTO limpid.schema_version (version) VALUES (%d); COMMIT", version + 1);
	return pg_script(s, sql, SETUP_MS, err);
}

/* Who has no right to make a schema may be given one: it is looked for first. */
static enum status make_schema(struct store *s, struct err *err)
{
	int64_t there = 0;

	TRY(one_number(s, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = 'limpid'", &there, err));
	if (there == 0)
		TRY(pg_script(s, "CREATE SCHEMA limpid", SETUP_MS, err));
	return pg_script(s,
			 "CREATE TABLE IF NOT EXISTS limpid.schema_version (version bigint PRIMARY KEY, "
			 "applied timestamptz NOT NULL DEFAULT now())",
			 SETUP_MS, err);
}

/* The lock is the session's: it goes with the connection if this fails. */
static enum status migrate(struct store *s, int newest, struct err *err)
{
	int64_t version = 0;
	char sql[160];

	snprintf(sql, sizeof(sql), "SET statement_timeout TO %u; SELECT pg_advisory_lock(%lld)", MIGRATE_MS,
		 (long long)PG_MIGRATE_LOCK);
	TRY(pg_script(s, sql, MIGRATE_MS, err));
	/* Another node may have been faster. */
	TRY(schema_version(s, &version, err));
	if (version == 0)
		TRY(make_schema(s, err));
	for (; version < newest; version++)
		TRY(apply(s, (int)version, err));
	snprintf(sql, sizeof(sql), "SELECT pg_advisory_unlock(%lld); SET statement_timeout TO %u",
		 (long long)PG_MIGRATE_LOCK, s->statement_ms);
	return pg_script(s, sql, SETUP_MS, err);
}

static enum status check_schema(struct store *s, struct err *err)
{
	int64_t version = 0;
	int newest = newest_version();

	TRY(schema_version(s, &version, err));
	if (version > newest)
		return err_set(err, STATUS_UNSUPPORTED,
			       "PostgreSQL at %s: the schema was made by a newer limpid (%lld, this one knows %d)",
			       s->where, (long long)version, newest);
	if (version == newest)
		return STATUS_OK;
	if (s->read_only && version == 0)
		return err_set(err, STATUS_NOTFOUND, "PostgreSQL at %s has not been set up yet", s->where);
	if (s->read_only || s->no_migrate)
		return err_set(err, STATUS_UNSUPPORTED,
			       "PostgreSQL at %s: the schema is %lld, %d is needed: migrate it first", s->where,
			       (long long)version, newest);
	return migrate(s, newest, err);
}

/* ---- again and again ---- */

static enum status connect_and_check(struct store *s, struct err *err)
{
	enum status st;

	s->connecting = true;
	st = connect_once(s, err);
	if (st == STATUS_OK)
		st = check_schema(s, err);
	s->connecting = false;
	if (st != STATUS_OK)
		pg_drop(s);
	return st;
}

/* Not yet: the last try was a moment ago, and nobody else has got through since. */
static bool must_wait(const struct store *s)
{
	return date_monotonic_ns() < s->retry_ns &&
	       (!s->reached_ns || atomic_load(s->reached_ns) <= s->tried_ns);
}

/* A server that refuses is asked again soon; one that does not answer costs its caller at most half of the time. */
static void plan_next_try(struct store *s, uint64_t began_ns)
{
	uint64_t now = date_monotonic_ns(), pause = MIN(RETRY_FIRST_NS << MIN(s->failures, 10u), RETRY_LAST_NS);

	s->failures++;
	s->tried_ns = now;
	s->retry_ns = now + MAX(pause, now - began_ns);
}

static enum status connect(struct store *s, struct err *err)
{
	uint64_t began_ns = date_monotonic_ns();
	enum status st;

	if (must_wait(s)) {
		*err = s->failure;
		return err->code;
	}
	st = connect_and_check(s, err);
	if (st != STATUS_OK) {
		s->failure = *err;
		plan_next_try(s, began_ns);
		return st;
	}
	s->failures = 0;
	if (s->reached_ns)
		atomic_store(s->reached_ns, date_monotonic_ns());
	return STATUS_OK;
}

/* What the server has said while nobody asked: that it ends, above all. */
static bool is_alive(struct store *s)
{
	struct pollfd fd = { .fd = PQsocket(s->conn), .events = POLLIN };

	for (unsigned i = 0; i < 8 && PQstatus(s->conn) == CONNECTION_OK; i++) {
		if (poll(&fd, 1, 0) <= 0)
			return true;
		if (!PQconsumeInput(s->conn))
			return false;
		PQisBusy(s->conn); /* takes it apart */
	}
	return PQstatus(s->conn) == CONNECTION_OK;
}

enum status pg_ready(struct store *s, struct err *err)
{
	if (s->conn && is_alive(s))
		return STATUS_OK;
	if (s->connecting || s->in_transaction) {
		pg_drop(s);
		err_set(err, STATUS_REMOTE, "PostgreSQL at %s: the connection was lost", s->where);
		err->sys_errno = 503;
		return STATUS_REMOTE;
	}
	pg_drop(s);
	return connect(s, err);
}

enum status pg_ready_to_write(struct store *s, struct err *err)
{
	if (s->read_only)
		return err_set(err, STATUS_INVALID, "the store was opened for reading");
	TRY(pg_ready(s, err));
	if (pg_any_lock_lost(s))
		return err_set(err, STATUS_CONFLICT,
			       "this process lost its locks with the connection to PostgreSQL at %s", s->where);
	return STATUS_OK;
}

/* ---- the handle ---- */

static const struct store_ops postgres_ops = {
	.close = postgres_close,
	.unlock = postgres_unlock,
	.unlock_all = postgres_unlock_all,
#define OP(name, parameters, arguments) .name = postgres_##name,
#include "store/store_ops.def"
#undef OP
};

static void free_texts(const char **texts)
{
	for (size_t i = 0; texts && texts[i]; i++)
		free((char *)(uintptr_t)texts[i]);
	free(texts);
}

void postgres_close(struct store *s)
{
	/* The server needs a moment to see that a connection has ended; the locks are free when this returns. */
	postgres_unlock_all(s);
	pg_drop(s);
	free_texts(s->keywords);
	free_texts(s->values);
	free(s->locks);
	free(s->where);
	free(s);
}

enum status postgres_open(char **keywords, char **values, const struct store_options *options, struct store **out,
			  struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	enum status st;

	if (!s) {
		free_texts((const char **)keywords);
		free_texts((const char **)values);
		return err_nomem(err, "store");
	}
	s->base.ops = &postgres_ops;
	s->keywords = (const char **)keywords;
	s->values = (const char **)values;
	s->read_only = options->read_only;
	s->no_migrate = options->no_migrate;
	s->statement_ms = options->statement_ms ? options->statement_ms : STATEMENT_MS;
	s->cache_bytes = options->cache_bytes;
	s->now = options->now ? options->now : date_now;
	s->reached_ns = options->reached_ns;
	s->prepared = (struct map)MAP_INIT;
	st = name_place(s, err);
	if (st == STATUS_OK)
		st = pg_ready(s, err);
	if (st == STATUS_OK)
		*out = s;
	else
		postgres_close(s);
	return st;
}
