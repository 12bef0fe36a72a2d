/* SPDX-License-Identifier: Apache-2.0 */
/* test_kills.c - a notifier that is killed before and after each commit of its store, and what the next one makes of
 * it. */
#include "world.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

/* Commits of this process so far; the one before or after which it dies. */
static unsigned commits, die_at = (unsigned)-1;
static bool die_before;

/* The linker puts these in the way of the store's calls. */
int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **text);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **text);

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **text)
{
	bool commit = strcmp(sql, "COMMIT") == 0;
	int rc;

	if (commit && die_before && commits == die_at)
		kill(getpid(), SIGKILL);
	rc = __real_sqlite3_exec(db, sql, fn, ctx, text);
	if (commit && !die_before && commits == die_at)
		kill(getpid(), SIGKILL);
	commits += commit;
	return rc;
}

/* With PostgreSQL each Sync of a pipeline is one, and COMMIT. After: the server has got it, whatever becomes of us. */
int __real_PQpipelineSync(PGconn *conn);
int __wrap_PQpipelineSync(PGconn *conn);
int __real_PQsendQuery(PGconn *conn, const char *sql);
int __wrap_PQsendQuery(PGconn *conn, const char *sql);

static void die_if(PGconn *conn, bool before)
{
	if (die_before != before || commits != die_at)
		return;
	while (!before && PQflush(conn) > 0)
		;
	kill(getpid(), SIGKILL);
}

int __wrap_PQpipelineSync(PGconn *conn)
{
	int good;

	die_if(conn, true);
	good = __real_PQpipelineSync(conn);
	die_if(conn, false);
	commits++;
	return good;
}

int __wrap_PQsendQuery(PGconn *conn, const char *sql)
{
	bool commit = strcmp(sql, "COMMIT") == 0;
	int good;

	if (commit)
		die_if(conn, true);
	good = __real_PQsendQuery(conn, sql);
	if (commit)
		die_if(conn, false);
	commits += commit;
	return good;
}

/* What those who were killed had begun is done or undone; then, if asked, all of it goes. */
static void settle(bool forget)
{
	static const char others[] =
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
		"pg_backend_pid() AND backend_type = 'client backend'";
	const struct timespec step = { .tv_nsec = 2000000 };
	PGconn *conn = PQconnectdb(remote());
	bool left = true;

	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	for (unsigned i = 0; i < 30000 && left; i++) {
		PGresult *r = PQexec(conn, others);

		assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
		left = strcmp(PQgetvalue(r, 0, 0), "0") != 0;
		PQclear(r);
		if (left)
			nanosleep(&step, NULL);
	}
	assert_false(left);
	if (forget) {
		PGresult *r = PQexec(conn, "SET client_min_messages = error; DROP SCHEMA IF EXISTS limpid CASCADE");

		assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
		PQclear(r);
	}
	PQfinish(conn);
}

static int deliveries[2]; /* a pipe: a byte for each, from whatever process */

static enum delivery count_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m, (void)why;
	return write(deliveries[1], "x", 1) == 1 ? DELIVERY_DONE : DELIVERY_AGAIN;
}

static bool count_notice(struct world *w)
{
	(void)w;
	return write(deliveries[1], "n", 1) == 1;
}

/* From nothing to a notification of so many entries that is delivered, and three notices. */
static void whole_story(struct world *w)
{
	w->notices = NOTICES;
	w->take = count_notice;
	w->manifests = remote() ? 1100 : 5000;
	w->receive = count_it;
	open_notifier(w, false);
	publish(w, 1);
	look(w);
	work(w);
	publish(w, 2);
	look(w);
	work(w);
	tell(w);
	close_notifier(w);
}

/* True if the child came to its end without being killed. */
static bool run_and_die(struct world *w, unsigned at, bool before)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		die_at = at;
		die_before = before;
		commits = 0;
		whole_story(w);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

static void expect_whole(struct world *w, unsigned at, bool before)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct store_notification n;
	char got[64];
	ssize_t told, all, notices = 0;

	if (remote())
		settle(false);
	/* The lease of who died runs out. */
	clock_s += 60;
	whole_story(w);
	open_notifier(w, false);
	n = newest(w, &arena);
	if (n.entries != w->manifests || n.state != STORE_NOTIFICATION_DELIVERED)
		fail_msg("killed %s commit %u: %llu entries, state %d", before ? "before" : "after", at,
			 (unsigned long long)n.entries, (int)n.state);
	close_notifier(w);
	all = read(deliveries[0], got, sizeof(got));
	for (ssize_t i = 0; i < all; i++)
		notices += got[i] == 'n';
	told = all - notices;
	if (notices < (ssize_t)NOTICES || notices > (ssize_t)NOTICES + 1)
		fail_msg("killed %s commit %u: %zd notices", before ? "before" : "after", at, notices);
	/* Twice only where it died between the receiver's answer and its own note of it. */
	if (told < 1 || told > 2)
		fail_msg("killed %s commit %u: delivered %zd times", before ? "before" : "after", at, told);
	arena_fini(&arena);
}

static void test_killed_at_every_commit(void **state)
{
	struct world *w = *state;
	char dir[sizeof(w->dir)], command[200];
	unsigned at = 0;
	bool ended = false;

	close_notifier(w);
	memcpy(dir, w->dir, sizeof(dir));
	for (; !ended && at < 1000; at++)
		for (int before = 0; before < 2; before++) {
			if (remote())
				settle(true);
			snprintf(command, sizeof(command), "rm -rf %s/state.db* %s/locks", dir, dir);
			assert_int_equal(system(command), 0);
			assert_int_equal(pipe(deliveries), 0);
			ended = run_and_die(w, at, before != 0);
			expect_whole(w, at, before != 0);
			close(deliveries[0]);
			close(deliveries[1]);
		}
	print_message("%u points\n", at);
	/* A store is made, operations are seen, 5,000 entries twice 2,000 at a time, taken, delivered. */
	assert_in_range(at, 12, 300);
	w->notices = 0;
	open_notifier(w, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_killed_at_every_commit, set_up,
									    tear_down) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
