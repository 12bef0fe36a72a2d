/* SPDX-License-Identifier: Apache-2.0 */
/* db.c - limpid db: checks and cleans up the data folder; db_status.c shows it, db_carry.c has export and import. */
#include "cli/db.h"

#include "index/detector.h"

#define CACHE_AGE_S (90 * 86400)
/* How long gc waits for an update that is at work. */
#define WAIT_MS 30000

static void folder_fini(struct db_folder *f)
{
	store_close(f->store);
	arena_fini(&f->arena);
}

static enum status folder_open(struct db_folder *f, bool read_only, struct err *err)
{
	struct store_options options = { .read_only = read_only,
					 .busy_ms = 5000,
					 .cache_bytes = limits_default.cache_bytes };
	enum status st;

	if (!cli_segment_dir(f->dir, f->segments, sizeof(f->segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	st = store_open(f->dir, &options, &f->store, err);
	if (st == STATUS_NOTFOUND)
		return err_set(err, STATUS_NOTFOUND, "%s holds no database yet; run: limpid update", f->dir);
	if (st != STATUS_OK)
		return st;
	if (f->options->as_of_s != 0)
		return store_sources_at(f->store, f->options->as_of_s, &f->arena, &f->sources, &f->n, err);
	return store_sources(f->store, &f->arena, &f->sources, &f->n, err);
}

static enum status verify(struct db_folder *f, int *out_exit, struct err *err)
{
	size_t good = 0, bad = 0;

	(void)err;
	for (size_t i = 0; i < f->n; i++) {
		const struct store_source *s = &f->sources[i];
		struct segment *seg = NULL;
		struct err e = ERR_INIT;
		enum status st;

		if (s->segment.algo == DIGEST_NONE)
			continue;
		st = segment_open_of(f->segments, &s->segment, s->name, &seg, &e);
		if (st == STATUS_OK)
			st = segment_verify(seg, &e);
		good += st == STATUS_OK;
		bad += st != STATUS_OK;
		if (st != STATUS_OK)
			cli_error("%.*s: %s; run: limpid update --set %.*s", SLICE_ARG(s->name), e.msg,
				  SLICE_ARG(s->feed));
		segment_free(seg);
	}
	printf("%zu segments verified, %zu damaged\n", good, bad);
	if (bad > 0)
		*out_exit = EXIT_UNREADABLE;
	return STATUS_OK;
}

static enum status gc(struct db_folder *f, int *out_exit, struct err *err)
{
	struct cli_retention retention;
	struct store_collected dropped;
	struct cli_collected gone;
	uint64_t layers = 0;
	char bytes[32];

	(void)out_exit;
	TRY(store_cache_gc(f->store, date_now() - CACHE_AGE_S, detector_set(), &layers, err));
	TRY(cli_retention_of(f->options, f->store, &retention, err));
	TRY(cli_collect(f->store, f->dir, &retention, WAIT_MS, &gone, err));
	TRY(store_collect(f->store, &dropped, err));
	printf("dropped %llu entries of the cache, %llu update operations, %llu segments and %llu unfinished files "
	       "(%s)\n",
	       (unsigned long long)layers, (unsigned long long)gone.operations, (unsigned long long)gone.files.segments,
	       (unsigned long long)gone.files.unfinished, db_size(bytes, gone.files.bytes));
	return STATUS_OK;
}

int command_db(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum status (*run)(struct db_folder *f, int *out_exit, struct err *err);
		bool read_only;
	} verbs[] = { { "status", db_status, true }, { "verify", verify, true }, { "gc", gc, false } };
	struct db_folder AUTO(folder_fini) f = { .arena = ARENA_INIT(SIZE_MAX) };
	struct err err = ERR_INIT;
	struct options o;
	int result = EXIT_DONE;

	f.options = &o;

	if (!options_parse('d', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args == 2 && (strcmp(o.args[0], "export") == 0 || strcmp(o.args[0], "import") == 0)) {
		if (!cli_data_dir(&o, f.dir, sizeof(f.dir)))
			return EXIT_USAGE;
		return (o.args[0][0] == 'e' ? db_export : db_import)(&o, f.dir);
	}
	if ((o.n_args == 2 || o.n_args == 3) && strcmp(o.args[0], "rollback") == 0)
		return cli_data_dir(&o, f.dir, sizeof(f.dir)) ? db_rollback(&o, f.dir) : EXIT_USAGE;
	if ((o.n_args == 2 || o.n_args == 3) && strcmp(o.args[0], "diff") == 0)
		return cli_data_dir(&o, f.dir, sizeof(f.dir)) ? db_diff(&o, f.dir) : EXIT_USAGE;
	if ((o.n_args == 1 || o.n_args == 2) && strcmp(o.args[0], "history") == 0)
		return cli_data_dir(&o, f.dir, sizeof(f.dir)) ? db_history(&o, f.dir) : EXIT_USAGE;
	for (size_t i = 0; o.n_args == 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(o.args[0], verbs[i].name) != 0)
			continue;
		if (o.n_formats > 0 && i > 0) {
			cli_error("db %s has no --format", verbs[i].name);
			return EXIT_USAGE;
		}
		if (!cli_data_dir(&o, f.dir, sizeof(f.dir)))
			return EXIT_USAGE;
		if (folder_open(&f, verbs[i].read_only, &err) != STATUS_OK ||
		    verbs[i].run(&f, &result, &err) != STATUS_OK)
			return cli_failed(&err);
		return result;
	}
	cli_error("usage: limpid db status|verify|gc|export FILE|import FILE|diff A [B]|history [SOURCE]|"
		  "rollback SOURCE [REF] [--db DIR]");
	return EXIT_USAGE;
}
