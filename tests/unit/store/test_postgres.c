/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_postgres.c - what only a server can do to a store: go away, come back, be of another version, be named in many
 * ways.
 *
 * Needs LIMPID_TEST_POSTGRES and LIMPID_TEST_POSTGRES_CTL (tests/support/with-postgres).
 */
#include "support.h"

#include "store/pool.h"
#include "store/url.h"

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Run the program that starts and stops the server. */
static void control(const char *verb)
{
	char *words[8] = { NULL }, *text = strdup(getenv("LIMPID_TEST_POSTGRES_CTL")), *rest = text;
	size_t n = 0;
	pid_t child;
	int status;

	for (char *word; n < 6 && (word = strsep(&rest, " ")) != NULL;)
		words[n++] = word;
	words[n] = (char *)(uintptr_t)verb;
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execv(words[0], words);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(text);
}

/* A statement by another connection. */
static void run_sql(const char *sql)
{
	PGconn *conn = PQconnectdb(remote());
	PGresult *r = PQexec(conn, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
}

static void publish(struct store *s, uint32_t number)
{
	struct store_source in = some_source("s", number);
	char ref[37];

	check(store_publish(s, &in, ref, &err));
}

/* ---- gone and back ---- */

/* A connection that was idle while the server was restarted is made again without a failed call. */
static void test_restarted(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source got;

	publish(s, 1);
	control("stop");
	check_fails(store_source_get(s, SLICE("s"), &arena, &got, &err), STATUS_REMOTE, "PostgreSQL at 127.0.0.1:");
	assert_int_equal(err.sys_errno, 503);
	/* At once, without a try. */
	check_fails(store_source_get(s, SLICE("s"), &arena, &got, &err), STATUS_REMOTE, "cannot be reached");
	control("start");
	usleep(300000); /* the pause between two tries */
	check(store_source_get(s, SLICE("s"), &arena, &got, &err));
	publish(s, 2);
	control("stop");
	control("start");
	check(store_source_get(s, SLICE("s"), &arena, &got, &err)); /* the server had said that it ends */
	assert_int_equal(got.records, 14);
	store_close(s);
	arena_fini(&arena);
}

/* One that has failed again and again does not sit out its pause when another one of the pool has got through. */
static void test_all_are_back(void **state)
{
	struct store_pool_options options = { .store = { .cache_bytes = 1 << 20 }, .max = 2 };
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_source got;
	struct store_pool *p;
	struct store *a, *b;
	enum status st;

	(void)state;
	check(store_pool_open(remote(), &options, &p, &err));
	check(store_pool_take(p, 0, &a, &err));
	check(store_pool_take(p, 0, &b, &err));
	publish(a, 1);
	control("stop");
	/* Tries after 50, 100, 200, 400 and 800 ms: the next one is a second away. */
	for (unsigned i = 0; i < 170; i++) {
		check_fails(store_source_get(b, SLICE("s"), &arena, &got, &err), STATUS_REMOTE, "PostgreSQL at ");
		usleep(10000);
	}
	control("start");
	for (unsigned i = 0; (st = store_source_get(a, SLICE("s"), &arena, &got, &err)) != STATUS_OK && i < 3000; i++)
		usleep(20000);
	check(st);
	check(store_source_get(b, SLICE("s"), &arena, &got, &err));
	store_pool_give(p, a);
	store_pool_give(p, b);
	store_pool_close(p);
	arena_fini(&arena);
}

static int read_blocked(void *where)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open_with(where, (struct store_options){ .application_name = "blocked" });
	struct store_source got;

	check(store_source_get(s, SLICE("s"), &arena, &got, &err));
	store_close(s);
	arena_fini(&arena);
	return 0;
}

static int write_blocked(void *where)
{
	struct store *s = place_open_with(where, (struct store_options){ .application_name = "blocked" });
	struct store_source in = some_source("s", 3);

	check_fails(store_source_put(s, &in, &err), STATUS_REMOTE, "PostgreSQL at ");
	store_close(s);
	return 0;
}

/* End the session that waits for a table which is locked here, and let go of the table. */
static void cut_off(const char *where, int (*fn)(void *ctx))
{
	static const char end[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
				  "'blocked' AND wait_event_type = 'Lock' AND query ~ 'source'";
	/* A transaction sees the sessions as they were when it first looked: another connection looks. */
	PGconn *conn = PQconnectdb(remote()), *other = PQconnectdb(remote());
	pid_t child;
	int ended = 0;

	PQclear(PQexec(conn, "BEGIN; LOCK TABLE limpid.source IN ACCESS EXCLUSIVE MODE"));
	assert_int_equal(PQtransactionStatus(conn), PQTRANS_INTRANS);
	child = start_child(fn, (void *)(uintptr_t)where);
	for (unsigned i = 0; ended == 0 && i < 6000; i++) {
		PGresult *r = PQexec(other, end);

		ended = PQntuples(r);
		PQclear(r);
		usleep(10000);
	}
	PQclear(PQexec(conn, "COMMIT"));
	PQfinish(conn);
	PQfinish(other);
	assert_int_equal(ended, 1);
	expect_success(child);
}

/* The connection is lost in the middle of a statement: what reads asks again, what writes says so. */
static void test_cut_off(void **state)
{
	struct store *s = place_open(*state);

	publish(s, 1);
	store_close(s);
	cut_off(*state, read_blocked);
	cut_off(*state, write_blocked);
}

/* The session is ended by somebody else. */
static void end_sessions(void)
{
	run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
		"application_name = 'limpid'");
	usleep(100000);
}

static void test_lost_locks(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *a = place_open(*state), *b = place_open(*state);
	struct store_source in = some_source("s", 1), got;
	char ref[37];

	check(store_lock(a, SLICE("x"), &err));
	check(store_lock_check(a, SLICE("x"), &err));
	end_sessions();
	/* Another node is at it by now. */
	check(store_lock(b, SLICE("x"), &err));
	check_fails(store_publish(a, &in, ref, &err), STATUS_CONFLICT, "lost its locks");
	assert_string_equal(ref, "");
	check_fails(store_source_put(a, &in, &err), STATUS_CONFLICT, "lost its locks");
	check_fails(store_lock_check(a, SLICE("x"), &err), STATUS_CONFLICT, "was lost");
	check_fails(store_source_get(a, SLICE("s"), &arena, &got, &err), STATUS_NOTFOUND,
		    "no source"); /* reading goes on */
	check_fails(store_lock(a, SLICE("x"), &err), STATUS_CONFLICT, "another process");
	store_unlock(a, SLICE("x"));
	check(store_publish(a, &in, ref, &err));
	check(store_lock_check(b, SLICE("x"), &err));
	store_close(a);
	store_close(b);
	arena_fini(&arena);
}

static void test_lost_pool_lock(void **state)
{
	struct store_pool_options options = { .store = { .cache_bytes = 1 << 20 }, .max = 2 };
	struct store_pool_lock *lock, *again;
	struct store_pool *p;

	(void)state;
	check(store_pool_open(remote(), &options, &p, &err));
	check(store_pool_lock(p, SLICE("run"), 0, -1, &lock, &err));
	end_sessions();
	check_fails(store_pool_lock_check(lock, &err), STATUS_CONFLICT, "was lost");
	store_pool_unlock(lock);
	check(store_pool_lock(p, SLICE("run"), 0, -1, &again, &err));
	check(store_pool_lock_check(again, &err));
	store_pool_unlock(again);
	store_pool_close(p);
}

/* What changed while the connection was gone is not missed. */
static void test_wait_over_a_restart(void **state)
{
	struct store *s = place_open(*state), *other;
	uint64_t seen = 0;
	enum status st;

	check(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err));
	control("kill");
	st = store_wait(s, STORE_SOURCES, &seen, 1000, -1, &err);
	assert_int_equal(st, STATUS_REMOTE);
	control("start");
	usleep(300000);
	other = place_open(*state);
	publish(other, 1); /* nobody listens at this moment */
	check(store_wait(s, STORE_SOURCES, &seen, 0, -1, &err));
	store_close(other);
	store_close(s);
}

/* ---- killed at any moment ---- */

struct progress {
	uint32_t begun, done;
};

static volatile struct progress *progress;

static struct store_manifest manifest_of(uint32_t number)
{
	return (struct store_manifest){ .digest = some_digest(number), .state = SLICE("IndexFinished") };
}

/* Puts one manifest after the other, and tries again what failed. */
static int put_for_ever(void *ctx)
{
	struct store *s = place_open(ctx);

	for (uint32_t i = progress->done + 1; i < UINT32_MAX; i++) {
		struct store_package packages[] = { { .name = SLICE("base") }, { .name = SLICE("own") } };
		struct store_manifest m = manifest_of(i);
		char version[16];
		enum status st;

		snprintf(version, sizeof(version), "%u", i);
		packages[1].version = slice_cstr(version);
		progress->begun = i;
		do {
			st = store_manifest_put(s, &m, slice_cstr(version),
						(struct store_group[]){ { &packages[0], 1 }, { &packages[1], 1 } }, 2,
						&err);
			if (st == STATUS_REMOTE)
				usleep(10000);
			else
				check(st);
		} while (st != STATUS_OK);
		progress->done = i;
	}
	return 0;
}

/* Every manifest that was acknowledged is there, with its report and its packages. */
static void check_all(struct store *s)
{
	for (uint32_t i = 1; i <= progress->done; i++) {
		struct arena arena = ARENA_INIT((size_t)1 << 20);
		struct buf report = BUF_INIT(100);
		struct store_manifest m = manifest_of(i), got;
		char version[16];

		check(store_manifest_get(s, &m.digest, &arena, &got, &report, &err));
		snprintf(version, sizeof(version), "%u", i);
		check_slice(buf_slice(&report), version);
		buf_fini(&report);
		arena_fini(&arena);
	}
}

static void check_packages(struct store *s)
{
	struct arena arena = ARENA_INIT((size_t)1 << 24);
	struct store_package_row *rows;
	struct store_affected *list;
	size_t n;

	check(store_packages_named(s, SLICE("own"), 0, 100000, &arena, &rows, &n, &err));
	assert_true(n >= progress->done);
	for (size_t i = 0; i < n; i++) {
		size_t found;

		check(store_manifests_with(s, &rows[i].id, 1, 0, 10, &arena, &list, &found, &err));
		assert_int_equal(found, 1);
	}
	check(store_packages_named(s, SLICE("base"), 0, 10, &arena, &rows, &n, &err));
	assert_int_equal(n, 1);
	check(store_manifests_with(s, &rows[0].id, 1, 0, 100000, &arena, &list, &n, &err));
	assert_true(n >= progress->done);
	arena_fini(&arena);
}

/* The server loses its power again and again while somebody puts; the one who puts is killed in between, too. */
static void test_killed_server(void **state)
{
	uint32_t before = 0;
	struct store *s;

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(progress != MAP_FAILED);
	for (unsigned i = 0; i < 5; i++) {
		pid_t child = start_child(put_for_ever, *state);
		int status;

		for (unsigned k = 0; progress->done < before + 20 && k < 10000; k++)
			usleep(1000);
		control("kill");
		usleep(50000);
		control("start");
		before = progress->done;
		for (unsigned k = 0; progress->done < before + 20 && k < 10000; k++)
			usleep(1000);
		assert_true(progress->done >= before + 20); /* it went on by itself */
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		place_settle();
		s = place_open(*state);
		check_all(s);
		check_packages(s);
		store_close(s);
		before = progress->done;
	}
	print_message("%u manifests acknowledged over 5 crashes of the server and 5 of the program, none lost\n",
		      progress->done);
	munmap((void *)(uintptr_t)progress, sizeof(*progress));
}

/* ---- the schema ---- */

static enum status open_with(struct store_options options)
{
	struct store *s = NULL;
	enum status st;

	options.cache_bytes = 1 << 20;
	st = store_open_url(remote(), &options, &s, &err);
	if (st == STATUS_OK)
		store_close(s);
	return st;
}

static void test_versions(void **state)
{
	struct store_options no_migrate = { .no_migrate = true }, reading = { .read_only = true };

	(void)state;
	check_fails(open_with(reading), STATUS_NOTFOUND, "has not been set up yet");
	check_fails(open_with(no_migrate), STATUS_UNSUPPORTED, "migrate it first");
	check(store_migrate(remote(), &no_migrate, &err)); /* run ahead */
	check(store_migrate(remote(), &no_migrate, &err));
	check(open_with(no_migrate));
	check(open_with(reading));
	run_sql("INSERT INTO limpid.schema_version (version) VALUES (99)");
	check_fails(open_with((struct store_options){ 0 }), STATUS_UNSUPPORTED, "made by a newer limpid (99");
	check_fails(open_with(reading), STATUS_UNSUPPORTED, "made by a newer limpid (99");
}

static void test_read_only(void **state)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store *s = place_open(*state);
	struct store_source in = some_source("s", 1), got;
	char ref[37];

	publish(s, 1);
	store_close(s);
	s = place_open_with(*state, (struct store_options){ .read_only = true });
	check(store_source_get(s, SLICE("s"), &arena, &got, &err));
	check_fails(store_publish(s, &in, ref, &err), STATUS_INVALID, "opened for reading");
	store_close(s);
	arena_fini(&arena);
}

static int open_once(void *ctx)
{
	struct store *s = place_open(ctx);

	publish(s, 1);
	store_close(s);
	return 0;
}

/* Eight nodes start on an empty database at once, beside somebody else's tables of the same names. */
static void test_first_start_of_many(void **state)
{
	pid_t children[8];

	run_sql("CREATE TABLE IF NOT EXISTS public.manifest (id int); CREATE TABLE IF NOT EXISTS public.package (id "
		"int)");
	for (size_t i = 0; i < 8; i++)
		children[i] = start_child(open_once, *state);
	for (size_t i = 0; i < 8; i++)
		expect_success(children[i]);
	run_sql("DROP TABLE public.manifest, public.package");
}

/* A user who may not make schemas works in one that was made for him. */
static void test_rights(void **state)
{
	char url[256];
	struct store_options options = { .cache_bytes = 1 << 20 };
	struct store *s = NULL;
	const char *at = strstr(remote(), "limpid@");

	(void)state;
	run_sql("DO $$ BEGIN CREATE ROLE visitor LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
	snprintf(url, sizeof(url), "postgres://visitor@%s", at + strlen("limpid@"));
	check_fails(store_open_url(url, &options, &s, &err), STATUS_IO, "permission denied");
	run_sql("CREATE SCHEMA limpid AUTHORIZATION visitor");
	check(store_open_url(url, &options, &s, &err));
	publish(s, 1);
	store_close(s);
}

/* ---- collecting ---- */

/* What a node left behind that was killed between a deletion and its second half: more than is looked at in one go. */
static void test_left_behind(void **state)
{
	static const char packages[] = "INSERT INTO limpid.package (key, type, name, version, source_name, "
				       "source_version, arch, module, scope) "
				       "SELECT decode(md5(i::text), 'hex'), '', '', '', '', '', '', '', '' FROM "
				       "generate_series(1, 45000) AS i";
	struct store *s = place_open(*state);
	struct store_package package = { .name = SLICE("kept") };
	struct store_manifest m = { .digest = some_digest(1) };
	struct store_collected collected;
	struct store_size sizes[STORE_SIZES];
	size_t n;

	check(store_manifest_put(s, &m, SLICE("r"), &(struct store_group){ &package, 1 }, 1, &err));
	run_sql(packages);
	run_sql("INSERT INTO limpid.package_group (key, packages) SELECT decode(md5(i::text), 'hex'), "
		"(SELECT array_agg(id) FROM limpid.package WHERE id % 300 = i AND name = '') "
		"FROM generate_series(0, 299) AS i");
	check(store_collect(s, &collected, &err));
	assert_int_equal(collected.groups, 300);
	assert_int_equal(collected.packages, 45000);
	run_sql(packages);
	check(store_collect(s, &collected, &err));
	assert_int_equal(collected.groups, 0);
	assert_int_equal(collected.packages, 45000);
	check(store_sizes(s, sizes, &n, &err));
	for (size_t i = 0; i < n; i++)
		if (strstr(sizes[i].name, "packages"))
			assert_int_equal(sizes[i].rows, 1);
	store_close(s);
}

/* ---- what takes too long ---- */

static void test_statement_timeout(void **state)
{
	struct store *s = place_open_with(*state, (struct store_options){ .statement_ms = 200 });
	PGconn *conn = PQconnectdb(remote());
	struct store_source in = some_source("s", 1);

	PQclear(PQexec(conn, "BEGIN; LOCK TABLE limpid.source IN ACCESS EXCLUSIVE MODE"));
	check_fails(store_source_put(s, &in, &err), STATUS_TIMEOUT, "statement timeout");
	PQclear(PQexec(conn, "ROLLBACK"));
	check(store_source_put(s, &in, &err));
	PQfinish(conn);
	store_close(s);
}

/* ---- connection strings ---- */

static void expect_pool(const char *where, struct store_url_pool want)
{
	struct store_url_pool got;

	check(store_url_pool(where, &got, &err));
	assert_int_equal(got.max_conns, want.max_conns);
	assert_int_equal(got.min_conns, want.min_conns);
	assert_int_equal(got.max_lifetime_ns, want.max_lifetime_ns);
	assert_int_equal(got.max_idle_ns, want.max_idle_ns);
	assert_int_equal(got.health_ns, want.health_ns);
}

#define MINUTE_NS UINT64_C(60000000000)

static void test_pool_keys(void **state)
{
	const struct store_url_pool usual = { 0, 0, 60 * MINUTE_NS, 30 * MINUTE_NS, MINUTE_NS };
	struct store_url_pool got, most = usual;

	(void)state;
	expect_pool("/a=b/folder", (struct store_url_pool){ 0 });
	expect_pool("postgres://", usual);
	expect_pool("host=h user='a b\\'c' password='pool_max_conns=9'", usual);
	most.max_conns = 12;
	most.max_lifetime_ns = 90 * MINUTE_NS;
	expect_pool("host=h pool_max_conns=12 pool_max_conn_lifetime = '1h30m' sslmode=disable", most);
	most.min_conns = 2;
	most.health_ns = MINUTE_NS / 120;
	most.max_idle_ns = 90000000000;
	expect_pool(
		"postgresql://u:p@h/db?pool_max_conns=12&sslmode=disable&pool_max_conn_lifetime=1.5h&pool_min_conns=2&"
		"pool_health_check_period=500ms&pool_max_conn_idle_time=1m30s",
		most);
	check_fails(store_url_pool("postgres://h/d?pool_max_conns=many", &got, &err), STATUS_INVALID,
		    "pool_max_conns=many is no number");
	check_fails(store_url_pool("postgres://h/d?pool_max_conn_lifetime=30", &got, &err), STATUS_INVALID,
		    "30 is no duration");
	check_fails(store_url_pool("host", &got, &err), STATUS_OK, "");
	assert_true(store_is_remote("host=h"));
	assert_false(store_is_remote("./host=h"));
	assert_false(store_is_remote("data"));
}

/* The same server named in each way; what the session has is what was said. */
static void test_connection_strings(void **state)
{
	const char *at = strstr(remote(), "127.0.0.1:");
	char port[8] = "", text[400];
	const char *const forms[] = {
		"postgres://limpid@127.0.0.1:%s/postgres?sslmode=disable&pool_max_conns=5",
		"postgresql://limpid@127.0.0.1:%s/postgres?application_name=libindex&default_query_exec_mode=exec",
		"host=127.0.0.1 port=%s user=limpid dbname=postgres sslmode=prefer pool_max_conns=10",
		"host = '127.0.0.1' port = %s user = limpid dbname = 'postgres' statement_cache_capacity=0",
		"postgres://limpid@127.0.0.1:%s/postgres?lock_timeout=12345&work_mem=5MB",
		"user=limpid host=127.0.0.1 port=%s dbname=postgres lock_timeout='12345'",
	};

	(void)state;
	snprintf(port, sizeof(port), "%.*s", (int)strcspn(at + 10, "/"), at + 10);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct store_options options = { .cache_bytes = 1 << 20 };
		struct store *s = NULL;
		const char *hole = strstr(forms[i], "%s");

		snprintf(text, sizeof(text), "%.*s%s%s", (int)(hole - forms[i]), forms[i], port, hole + 2);
		check(store_open_url(text, &options, &s, &err));
		publish(s, (uint32_t)i);
		store_close(s);
	}
	/* A setting that the server does not know is its to refuse. */
	snprintf(text, sizeof(text), "postgres://limpid@127.0.0.1:%s/postgres?no_such_setting=1", port);
	check_fails(store_open_url(text, &(struct store_options){ 0 }, &(struct store *){ NULL }, &err), STATUS_REMOTE,
		    "no_such_setting");
}

/* By the variables of the environment alone. */
static void test_environment(void **state)
{
	const char *at = strstr(remote(), "127.0.0.1:");
	char port[8] = "";
	struct store *s = NULL;

	(void)state;
	snprintf(port, sizeof(port), "%.*s", (int)strcspn(at + 10, "/"), at + 10);
	setenv("PGHOST", "127.0.0.1", 1);
	setenv("PGPORT", port, 1);
	setenv("PGUSER", "limpid", 1);
	setenv("PGDATABASE", "postgres", 1);
	check(store_open_url("postgres://", &(struct store_options){ .cache_bytes = 1 }, &s, &err));
	store_close(s);
	unsetenv("PGHOST");
	unsetenv("PGPORT");
	unsetenv("PGUSER");
	unsetenv("PGDATABASE");
}

/* Nothing that fails says the password. */
static void test_secrets(void **state)
{
	static const char *const wrong[] = {
		"postgres://u:secret@127.0.0.1:1/d",
		"postgres://u:secret@127.0.0.1:1/d?sslmode=nonsense",
		"host=127.0.0.1 port=1 password=secret",
		"host=127.0.0.1 password='secret",
		"host=127.0.0.1 port=nonsense password=secret",
		"password=secret host=127.0.0.1 port=1 keyword",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct store *s = NULL;

		assert_int_not_equal(store_open_url(wrong[i], &(struct store_options){ 0 }, &s, &err), STATUS_OK);
		assert_true(err.msg[0]);
		assert_null(strstr(err.msg, "secret"));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_restarted),		TEST(test_all_are_back),
		TEST(test_cut_off),		TEST(test_lost_locks),		TEST(test_lost_pool_lock),
		TEST(test_wait_over_a_restart), TEST(test_killed_server),	TEST(test_versions),
		TEST(test_read_only),		TEST(test_first_start_of_many), TEST(test_rights),
		TEST(test_left_behind),		TEST(test_statement_timeout),	TEST(test_pool_keys),
		TEST(test_connection_strings),	TEST(test_environment),		TEST(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
