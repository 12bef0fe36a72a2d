/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo_db.c - build-time program: makes the database of the demonstration from data/demo/advisories.json, by the same
 * update run that makes every other one.
 *
 * usage: demo-db DATA_FOLDER_OF_THE_SOURCE DIR
 */
#include "feed/update.h"
#include "io/file.h"

#include <stdio.h>

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
	return summary.failed == 0 && summary.diags == 0 && summary.records > 0 ? 0 : 1;
}
