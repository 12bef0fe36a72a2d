/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo_db.c - build-time program: makes the database of the demonstration from data/demo/advisories.json, by the same
 * update run that makes every other one.
 *
 * usage: demo-db DATA_FOLDER_OF_THE_SOURCE DIR
 */
#include "feed/update.h"
#include "io/file.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

/* With the source's data folder as mirror, this is data/demo/advisories.json. */
#define DEMO_URL "https://demo/advisories.json"

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	struct feed_source source = { .name = SLICE("demo"), .url = SLICE(DEMO_URL) };

	(void)fetcher;
	return out->emit(out->ctx, &source, err);
}

static const struct feed feed_demo = {
	.name = "demo",
	.title = "bundled demonstration advisories",
	.home = "",
	.format = &feed_format_osv,
	.list = list,
};

static void on_event(void *ctx, const struct update_event *e)
{
	(void)ctx;
	if (e->kind == UPDATE_EVENT_FAILED || e->kind == UPDATE_EVENT_DIAG || e->kind == UPDATE_EVENT_HELD_BACK)
		fprintf(stderr, "demo-db: %.*s\n", SLICE_ARG(e->text));
}

/*
 * What differs from one build to the next: times, and the operation's random name. Where SOURCE_DATE_EPOCH is set, the
 * same bytes are wanted.
 */
static bool make_reproducible(const char *dir)
{
	static const char statements[] = "UPDATE source SET last_attempt = %llu, last_success = %llu, last_change = "
					 "%llu, next = %llu;"
					 "UPDATE update_operation SET date = %llu, ref = "
					 "'00000000-0000-4000-8000-000000000001';"
					 "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)";
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	uint64_t when = 0;
	char path[4096], text[512];
	sqlite3 *db = NULL;
	unsigned long long at;
	bool ok;

	if (!epoch || !slice_to_u64(slice_cstr(epoch), &when) || when > INT64_MAX)
		return true;
	at = when;
	snprintf(path, sizeof(path), "%s/state.db", dir);
	snprintf(text, sizeof(text), statements, at, at, at, at, at);
	ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
	     sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
	if (!ok)
		fprintf(stderr, "demo-db: %s: %s\n", path, sqlite3_errmsg(db));
	sqlite3_close(db);
	return ok;
}

int main(int argc, char **argv)
{
	static const struct feed *const sets[] = { &feed_demo };
	struct store_options store_options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct update_summary summary;
	struct store *store = NULL;
	struct err err = ERR_INIT;
	char segments[4096];
	enum status st;

	if (argc != 3) {
		fputs("usage: demo-db DATA DIR\n", stderr);
		return 2;
	}
	snprintf(segments, sizeof(segments), "%s/segments", argv[2]);
	st = file_mkdirs(segments, &err);
	if (st == STATUS_OK)
		st = store_open(argv[2], &store_options, &store, &err);
	if (st == STATUS_OK) {
		struct update_options options = { .dir = argv[2],
						  .limits = &limits_default,
						  .sets = sets,
						  .n_sets = ARRAY_LEN(sets),
						  .mirror = slice_cstr(argv[1]),
						  .accept_shrunk = true,
						  .force = true,
						  .event = on_event };

		st = update_run(store, &options, &summary, &err);
	}
	store_close(store);
	if (st != STATUS_OK) {
		fprintf(stderr, "demo-db: %s\n", err.msg);
		return 1;
	}
	if (!make_reproducible(argv[2]))
		return 1;
	return summary.failed == 0 && summary.diags == 0 && summary.records > 0 ? 0 : 1;
}
