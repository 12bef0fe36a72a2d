/* SPDX-License-Identifier: Apache-2.0 */
/* test_notifier.c - the notifier's steps with a matcher, a receiver and a clock that are made up. */
#include "notify/entry.h"
#include "notify/notify.h"
#include "store/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

static struct err fault;
static int64_t clock_s;

/* Where PostgreSQL is: then the case with the kills runs on it, and no other; NULL. */
static const char *remote(void)
{
	return getenv("LIMPID_TEST_POSTGRES");
}

static int64_t now(void)
{
	return clock_s;
}

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("status %d: %s", (int)st, fault.msg);
}

/* ---- a matcher and an indexer ---- */

struct world {
	char dir[64];
	struct store_pool *pool;
	struct notifier *notifier;
	char latest[37];
	bool matcher_down, indexer_down;
	unsigned diffs, manifests; /* that were asked for; that each change concerns */
	enum severity severity;
	/* the receiver */
	enum delivery (*receive)(struct world *w, const struct delivery_message *m, struct err *why);
	unsigned attempts;
	char got[200][37];
	uint64_t entries; /* that it read */
	unsigned events[16];
	/* Clair v2's notifications */
	unsigned notices; /* that are made of each operation */
	unsigned told;
	bool (*take)(struct world *w);
};

static enum status latest(void *ctx, struct arena *arena, struct notify_operation **out, size_t *out_n, struct err *e)
{
	struct world *w = ctx;
	struct notify_operation *op = ARENA_NEW(arena, struct notify_operation);

	if (w->matcher_down)
		return err_set(e, STATUS_REMOTE, "the matcher is away");
	op->source = SLICE("alpine");
	memcpy(op->ref, w->latest, sizeof(op->ref));
	*out = op;
	*out_n = w->latest[0] ? 1 : 0;
	return STATUS_OK;
}

static enum status diff(void *ctx, struct slice source, const char *previous, const char *current, enum severity least,
			const struct notify_changes_sink *sink, struct err *e)
{
	static const struct notify_row row;
	struct world *w = ctx;
	struct notify_change changes[2] = { { .package = SLICE("p") }, { .package = SLICE("q") } };

	(void)source, (void)previous, (void)current;
	w->diffs++;
	changes[0].after = (struct notify_side){ &row, 1, SLICE("{\"name\":\"LOW\"}"), SEVERITY_LOW };
	changes[1].before = (struct notify_side){ &row, 1, SLICE("{\"name\":\"OLD\"}"), w->severity };
	for (size_t i = 0; i < 2; i++)
		assert_true(notify_change_finish(&changes[i], least));
	return sink->changes(sink->ctx, changes, 2, e);
}

static enum status affected(void *ctx, const struct notify_change *changes, size_t n,
			    const struct notify_affected_sink *sink, struct err *e)
{
	struct world *w = ctx;

	for (size_t i = 0; i < n; i++)
		for (unsigned m = 0; m < w->manifests; m++) {
			struct digest d = { .algo = DIGEST_SHA256, .bytes = { (uint8_t)m, (uint8_t)(m >> 8) } };

			if (w->indexer_down && m == w->manifests / 2)
				return err_set(e, STATUS_REMOTE, "the indexer is away");
			TRY(sink->affected(sink->ctx, i, &d, changes[i].before.n > 0, changes[i].after.n > 0, e));
		}
	return STATUS_OK;
}

/* ---- a receiver ---- */

static enum delivery on_send(void *ctx, const struct delivery_message *m, struct delivery_result *out, struct err *why)
{
	struct world *w = ctx;

	*out = (struct delivery_result){ .messages = 1, .peer = SLICE("here") };
	if (w->attempts < ARRAY_LEN(w->got))
		snprintf(w->got[w->attempts], sizeof(w->got[0]), "%.*s", SLICE_ARG(m->id));
	w->attempts++;
	return w->receive(w, m, why);
}

static enum delivery accept_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m, (void)why;
	return DELIVERY_DONE;
}

static enum delivery read_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	struct slice entry;

	for (int twice = 0; twice < 2; twice++) {
		w->entries = 0;
		if (m->rewind(m->ctx, why) != STATUS_OK)
			return DELIVERY_AGAIN;
		for (;;) {
			if (m->next(m->ctx, &entry, why) != STATUS_OK)
				return DELIVERY_AGAIN;
			if (entry.len == 0)
				break;
			w->entries++;
		}
	}
	return DELIVERY_DONE;
}

static enum delivery refuse_it(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_REMOTE, "HTTP status 500");
	return DELIVERY_AGAIN;
}

static enum delivery not_there(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_IO, "connection refused");
	return DELIVERY_AGAIN;
}

static enum delivery never(struct world *w, const struct delivery_message *m, struct err *why)
{
	(void)w, (void)m;
	err_set(why, STATUS_REMOTE, "HTTP status 410");
	return DELIVERY_NEVER;
}

/* ---- Clair v2's notifications ---- */

#define NOTICES 3u

static void notice_id(char out[37], uint64_t notification, unsigned i)
{
	snprintf(out, 37, "%08x-0000-8000-8000-%012x", (unsigned)notification, i);
}

static enum status make_notices(void *ctx, struct store *s, const struct store_notification *n,
				const _Atomic bool *stop, struct err *e)
{
	struct world *w = ctx;

	(void)stop;
	for (unsigned i = 0; i < w->notices; i++) {
		struct store_notice one = { .body = SLICE("{}") };

		notice_id(one.id, n->number, i);
		TRY(store_notices_put(s, &one, 1, e));
	}
	return STATUS_OK;
}

static enum delivery on_notice(void *ctx, const struct delivery_message *m, struct delivery_result *out,
			       struct err *why)
{
	struct world *w = ctx;

	assert_int_equal(m->id.len, 36);
	*out = (struct delivery_result){ .messages = 1, .peer = SLICE("there") };
	w->told++;
	if (w->take(w))
		return DELIVERY_DONE;
	err_set(why, STATUS_REMOTE, "HTTP status 500");
	return DELIVERY_NEVER;
}

static bool take_it(struct world *w)
{
	(void)w;
	return true;
}

static bool take_none(struct world *w)
{
	(void)w;
	return false;
}

static void on_event(void *ctx, const struct notify_event *e)
{
	struct world *w = ctx;

	w->events[e->kind]++;
}

/* ---- a place ---- */

static void open_notifier(struct world *w, bool contained)
{
	struct store_pool_options pool = { .store = { .busy_ms = 1000, .cache_bytes = 1 << 20, .now = now }, .max = 2 };
	struct notifier_options o = { .summary = true,
				      .upstream = { latest, diff, affected, w },
				      .delivery = { .send = on_send, .contained = contained, .ctx = w },
				      .retry_ns = INT64_C(600) * 1000000000,
				      .max_age_s = 7 * 86400,
				      .retention_s = 86400,
				      .now = now,
				      .event = on_event,
				      .event_ctx = w };

	if (w->notices > 0)
		o.notices = (struct notify_notices){
			.make = make_notices, .ctx = w, .delivery = { .send = on_notice, .ctx = w }, .again_s = 7200
		};
	check(store_pool_open(remote() ? remote() : w->dir, &pool, &w->pool, &fault));
	o.store = w->pool;
	check(notifier_new(&o, &w->notifier, &fault));
}

static void close_notifier(struct world *w)
{
	notifier_free(w->notifier);
	store_pool_close(w->pool);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	clock_s = 1700000000;
	/* In memory where that can be: the cases write durably some thousand times. */
	snprintf(w->dir, sizeof(w->dir), "%s/limpid-notifier-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(w->dir));
	w->manifests = 3;
	w->severity = SEVERITY_NEGLIGIBLE;
	w->receive = accept_it;
	w->take = take_it;
	open_notifier(w, false);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;
	char command[128];

	close_notifier(w);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}

static void publish(struct world *w, unsigned n)
{
	snprintf(w->latest, sizeof(w->latest), "%08x-0000-4000-8000-000000000000", n);
}

/* All that is due; returns when something will be. */
static int64_t work(struct world *w)
{
	int64_t made = DATE_NONE, sent = DATE_NONE;
	enum status st;

	do
		st = notifier_make_one(w->notifier, &made, &fault);
	while (st == STATUS_OK);
	assert_int_equal(st, STATUS_NOTFOUND);
	do
		st = notifier_deliver_one(w->notifier, &sent, &fault);
	while (st == STATUS_OK);
	if (st != STATUS_NOTFOUND)
		fail_msg("%s", fault.msg);
	return made == DATE_NONE || (sent != DATE_NONE && sent < made) ? sent : made;
}

/* Every notice that is due; returns when one will be. */
static int64_t tell(struct world *w)
{
	int64_t next = DATE_NONE;
	enum status st;

	do
		st = notifier_notice_one(w->notifier, &next, &fault);
	while (st == STATUS_OK);
	assert_int_equal(st, STATUS_NOTFOUND);
	return next;
}

static void look(struct world *w)
{
	check(notifier_look(w->notifier, &fault));
}

static struct store_notification newest(struct world *w, struct arena *arena)
{
	struct store_notification *list;
	struct store *s;
	size_t n;

	check(store_pool_take(w->pool, 1000, &s, &fault));
	check(store_notifications_latest(s, arena, &list, &n, &fault));
	store_pool_give(w->pool, s);
	assert_int_equal(n, 1);
	return list[0];
}

static enum store_notification_state state_of(struct world *w)
{
	struct arena arena = ARENA_INIT(1 << 20);
	enum store_notification_state state = newest(w, &arena).state;

	arena_fini(&arena);
	return state;
}

/* A first operation, which nobody hears of, and one that is told. */
static void begin(struct world *w)
{
	publish(w, 1);
	look(w);
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(w->diffs + w->attempts, 0);
	publish(w, 2);
	look(w);
}

/* ---- cases ---- */

static void test_once(void **state)
{
	struct world *w = *state;

	begin(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DELIVERED);
	/* Nothing new, however often one looks; and the next process finds all as it was. */
	look(w);
	close_notifier(w);
	open_notifier(w, false);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	assert_int_equal(w->diffs, 1);
}

/* Ten operations came while nobody looked: one notification, against what was seen last. */
static void test_no_storm_after_absence(void **state)
{
	struct world *w = *state;

	begin(w);
	work(w);
	for (unsigned n = 3; n < 13; n++)
		publish(w, n);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 2);
	assert_int_equal(w->diffs, 2);
}

/* 5,000 manifests, 2 changes: of each manifest the more severe change stays, and a direct receiver gets it. */
static void test_summaries(void **state)
{
	struct arena arena = ARENA_INIT((size_t)64 << 20);
	struct world *w = *state;
	struct store_notification n;
	struct store_entry_row *rows;
	struct store *s;
	size_t count;

	close_notifier(w);
	open_notifier(w, true);
	w->manifests = 5000;
	w->severity = SEVERITY_CRITICAL;
	w->receive = read_it;
	begin(w);
	work(w);
	assert_int_equal(w->entries, 5000);
	n = newest(w, &arena);
	assert_int_equal(n.entries, 5000);
	/* Nobody will ask for what was sent. */
	assert_int_equal(n.state, STORE_NOTIFICATION_DELETED);
	check(store_pool_take(w->pool, 1000, &s, &fault));
	check(store_notification_entries(s, n.number, NULL, 2, &arena, &rows, &count, &fault));
	store_pool_give(w->pool, s);
	assert_int_equal(rows[0].change.reason, NOTIFY_REMOVED);
	assert_true(slice_eq(rows[0].change.summary, SLICE("{\"name\":\"OLD\"}")));
	arena_fini(&arena);
}

/* The receiver answers 500 for an hour: pauses double up to ten minutes, none is shorter than half of them. */
static void test_an_hour_of_500(void **state)
{
	struct world *w = *state;
	int64_t until;

	begin(w);
	w->receive = refuse_it;
	until = clock_s + 3600;
	while (clock_s < until) {
		int64_t next = work(w);

		assert_true(next > clock_s);
		clock_s = next;
	}
	/* 5 + 10 + ... + 320 s, then 600 s each are 13 attempts; with half of each pause left out 20. */
	assert_in_range(w->attempts, 10, 22);
	assert_int_equal(w->events[NOTIFY_AGAIN], w->attempts);
	w->receive = accept_it;
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DELIVERED);
	assert_int_equal(w->events[NOTIFY_DELIVERED], 1);
}

/*
 * The hook refuses for an hour: pauses double up to ten minutes, and nothing is given up. Then it takes all, and hears
 * of each again after two hours, until that is deleted; what nobody deletes goes when it is old.
 */
static void test_notices(void **state)
{
	struct world *w = *state;
	uint64_t first = 0;
	char id[37];
	struct store *s;
	int64_t until;
	struct arena arena = ARENA_INIT(1 << 20);

	close_notifier(w);
	w->notices = NOTICES;
	open_notifier(w, false);
	begin(w);
	w->take = take_none;
	work(w);
	first = newest(w, &arena).number;
	for (until = clock_s + 3600; clock_s < until;) {
		int64_t next = tell(w);

		assert_true(next > clock_s);
		clock_s = next;
	}
	assert_in_range(w->told, 10 * NOTICES, 22 * NOTICES);
	assert_int_equal(w->events[NOTIFY_AGAIN], w->told);
	w->take = take_it;
	w->told = 0;
	/* Their pauses differ by chance. */
	for (until = clock_s + 600; clock_s < until; clock_s++)
		tell(w);
	assert_int_equal(w->told, NOTICES);
	check(store_pool_take(w->pool, 1000, &s, &fault));
	notice_id(id, first, 1);
	check(store_notice_delete(s, slice_cstr(id), &fault));
	store_pool_give(w->pool, s);
	clock_s += 7200;
	tell(w);
	assert_int_equal(w->told, 2 * NOTICES - 1);
	/* The operation's own notification went its own way. */
	assert_int_equal(w->attempts, 1);
	clock_s += 86400;
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_UNREAD], 1);
	assert_int_equal(tell(w), DATE_NONE);
	arena_fini(&arena);
}

/* Nobody listens: many notifications wait, one attempt at a time is made, and afterwards each comes once. */
static void test_nobody_listens(void **state)
{
	struct world *w = *state;
	unsigned before;

	begin(w);
	w->receive = not_there;
	for (unsigned n = 3; n < 20; n++) {
		int64_t next;

		publish(w, n);
		look(w);
		next = work(w);
		assert_true(next > clock_s);
		before = w->attempts;
		/* Looking again before it is time is no attempt. */
		work(w);
		assert_int_equal(w->attempts, before);
		clock_s = next;
	}
	assert_true(w->attempts <= 18);
	before = w->attempts;
	clock_s += 3600;
	w->receive = accept_it;
	/* 17 wait, in the order in which they were made: the third operation came while the second was to be made. */
	assert_int_equal(work(w), DATE_NONE);
	assert_int_equal(w->attempts - before, 17);
	for (unsigned i = before + 1; i < w->attempts; i++)
		assert_string_not_equal(w->got[i], w->got[i - 1]);
}

static void test_given_up(void **state)
{
	struct world *w = *state;

	begin(w);
	w->receive = refuse_it;
	work(w);
	clock_s += 8 * 86400;
	work(w);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DEAD);
	assert_int_equal(w->events[NOTIFY_DEAD], 1);
	publish(w, 3);
	look(w);
	w->receive = never;
	work(w);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_DEAD);
	assert_int_equal(w->attempts, 3);
}

/* Matcher and indexer are away: nothing is lost, and what was half made is made whole. */
static void test_upstream_away(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct world *w = *state;

	w->manifests = 3000;
	begin(w);
	w->indexer_down = true;
	assert_true(work(w) > clock_s);
	assert_int_equal(w->attempts, 0);
	assert_int_equal(state_of(w), STORE_NOTIFICATION_MAKING);
	w->matcher_down = true;
	assert_int_equal(notifier_look(w->notifier, &fault), STATUS_REMOTE);
	assert_false(notifier_is_well(w->notifier));
	clock_s += 3600;
	w->matcher_down = w->indexer_down = false;
	look(w);
	assert_true(notifier_is_well(w->notifier));
	work(w);
	assert_int_equal(newest(w, &arena).entries, 3000);
	assert_int_equal(w->attempts, 1);
	arena_fini(&arena);
}

static void test_collects(void **state)
{
	struct arena arena = ARENA_INIT(1 << 20);
	struct world *w = *state;

	begin(w);
	work(w);
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_COLLECTED], 0);
	clock_s += 86401;
	check(notifier_collect(w->notifier, &fault));
	assert_int_equal(w->events[NOTIFY_COLLECTED], 1);
	assert_int_equal(newest(w, &arena).state, STORE_NOTIFICATION_COLLECTED);
	look(w);
	work(w);
	assert_int_equal(w->attempts, 1);
	arena_fini(&arena);
}

/* ---- kill -9 between every two commits ---- */

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

static void test_ids(void **state)
{
	struct digest d = { .algo = DIGEST_SHA256 };
	uint8_t a[STORE_ENTRY_ID], b[STORE_ENTRY_ID];
	struct notify_uuid text;

	(void)state;
	check(notify_entry_id("n", &d, 0, a, &fault));
	check(notify_entry_id("n", &d, 0, b, &fault));
	assert_memory_equal(a, b, sizeof(a));
	check(notify_entry_id("n", &d, 1, b, &fault));
	assert_memory_not_equal(a, b, sizeof(a));
	notify_uuid_print(&text, a);
	/* RFC 9562: version 8, variant 10. */
	assert_int_equal(text.text[14], '8');
	assert_non_null(strchr("89ab", text.text[19]));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(test_once),
		CASE(test_no_storm_after_absence),
		CASE(test_summaries),
		CASE(test_an_hour_of_500),
		CASE(test_notices),
		CASE(test_nobody_listens),
		CASE(test_given_up),
		CASE(test_upstream_away),
		CASE(test_collects),
		CASE(test_killed_at_every_commit),
		cmocka_unit_test(test_ids),
	};

	const struct CMUnitTest killed[] = { CASE(test_killed_at_every_commit) };

	return remote() ? cmocka_run_group_tests(killed, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL);
}
