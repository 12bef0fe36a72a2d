/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - places for stores, rows, children. */
#include "support.h"

#include "store/pool.h"

#include <ftw.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct err err = ERR_INIT;
int64_t clock_s = 1700000000;
static bool in_child;

static int64_t test_clock(void)
{
	return clock_s;
}

/* cmocka's way out of a failed test ends in the parent's stack: a child goes its own. */
static void give_up(const char *text)
{
	if (in_child) {
		fprintf(stderr, "child: %s\n", text);
		_exit(99);
	}
	fail_msg("%s", text);
}

void check(enum status st)
{
	char text[700];

	if (st == STATUS_OK)
		return;
	snprintf(text, sizeof(text), "%s: %s", status_text(st), err.msg);
	give_up(text);
}

void check_fails(enum status st, enum status want, const char *text)
{
	char message[1200];

	if (st == want && strstr(err.msg, text))
		return;
	snprintf(message, sizeof(message), "got %s \"%s\", want %s \"%s\"", status_text(st),
		 st == STATUS_OK ? "" : err.msg, status_text(want), text);
	give_up(message);
}

void check_slice(struct slice got, const char *want)
{
	char message[1200];

	if (slice_eq(got, slice_cstr(want)))
		return;
	snprintf(message, sizeof(message), "got \"%.*s\", want \"%s\"", SLICE_ARG(got), want);
	give_up(message);
}

const char *remote(void)
{
	return getenv("LIMPID_TEST_POSTGRES");
}

static int remote_make(void)
{
	PGconn *conn = PQconnectdb(remote());
	PGresult *r = PQexec(conn, "SET client_min_messages TO error; DROP SCHEMA IF EXISTS limpid CASCADE");
	int rc = PQresultStatus(r) == PGRES_COMMAND_OK ? 0 : -1;

	if (rc != 0)
		fprintf(stderr, "%s\n", PQerrorMessage(conn));
	PQclear(r);
	PQfinish(conn);
	return rc;
}

void place_settle(void)
{
	bool busy = remote() != NULL;

	for (unsigned i = 0; busy && i < 1000; i++) {
		PGconn *conn = PQconnectdb(remote());
		PGresult *r = PQexec(conn, "SELECT 1 FROM pg_stat_activity WHERE application_name = 'limpid'");

		busy = PQresultStatus(r) != PGRES_TUPLES_OK || PQntuples(r) > 0;
		PQclear(r);
		PQfinish(conn);
		if (busy)
			usleep(10000);
	}
	assert_false(busy);
}

int place_make(void **state)
{
	char *dir = strdup("/tmp/limpid-store-XXXXXX");

	clock_s = 1700000000;
	*state = dir;
	if (remote() && remote_make() != 0)
		return -1;
	return dir && mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int place_remove(void **state)
{
	nftw(*state, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

struct store *place_open_with(const char *dir, struct store_options options)
{
	struct store *s = NULL;

	options.now = test_clock;
	options.busy_ms = options.busy_ms ? options.busy_ms : 20000;
	check(remote() ? store_open_url(remote(), &options, &s, &err) : store_open(dir, &options, &s, &err));
	return s;
}

struct store *place_open(const char *dir)
{
	return place_open_with(dir, (struct store_options){ .cache_bytes = 1 << 24 });
}

struct digest some_digest(uint32_t number)
{
	struct digest d = { DIGEST_SHA256, { 0xab } };

	for (size_t i = 0; i < 4; i++)
		d.bytes[i + 1] = (uint8_t)(number >> 8 * i);
	return d;
}

struct store_source some_source(const char *name, uint32_t number)
{
	return (struct store_source){ .name = slice_cstr(name),
				      .feed = SLICE("feed"),
				      .url = SLICE("https://example.org/it's \"quoted\"; --"),
				      .segment = some_digest(number),
				      .etag = SLICE("\"etag\""),
				      .last_modified = SLICE("Tue, 14 Nov 2023 22:13:20 GMT"),
				      .document = some_digest(number + 1000000),
				      .format_version = SLICE("secdb 3"),
				      .last_attempt_s = 1700000000 + (int64_t)number,
				      .last_success_s = 1600000000,
				      .last_change_s = DATE_NONE,
				      .next_s = 1800000000 + (int64_t)number,
				      .records = (uint64_t)number * 7,
				      .error = SLICE("größer als ein \xff Byte"),
				      .held_back = SLICE("abcdef") };
}

void check_source(const struct store_source *got, const struct store_source *want)
{
	bool texts = slice_eq(got->name, want->name) && slice_eq(got->feed, want->feed) &&
		     slice_eq(got->url, want->url) && slice_eq(got->etag, want->etag) &&
		     slice_eq(got->last_modified, want->last_modified) &&
		     slice_eq(got->format_version, want->format_version) && slice_eq(got->error, want->error) &&
		     slice_eq(got->held_back, want->held_back);

	if (!texts)
		give_up("a text of the source is not what was put");
	if (!digest_eq(&got->segment, &want->segment) || !digest_eq(&got->document, &want->document))
		give_up("a digest of the source is not what was put");
	if (got->last_attempt_s != want->last_attempt_s || got->last_success_s != want->last_success_s ||
	    got->last_change_s != want->last_change_s || got->next_s != want->next_s || got->records != want->records)
		give_up("a number of the source is not what was put");
}

pid_t start_child(int (*fn)(void *ctx), void *ctx)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		in_child = true;
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		_exit(fn(ctx));
	}
	return child;
}

void expect_success(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child ended with %#x", (unsigned)status);
}

void fill_noise(uint8_t *p, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		p[i] = (uint8_t)(seed >> 56);
	}
}
