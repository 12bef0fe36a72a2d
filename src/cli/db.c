/* SPDX-License-Identifier: Apache-2.0 */
/* db.c - limpid db: shows, checks and cleans up the data folder. */
#include "cli/cli.h"

#include "base/map.h"
#include "index/detector.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#define CACHE_AGE_S (90 * 86400)
#define OPERATIONS_KEPT 10

struct folder {
	char dir[4096], segments[4200];
	struct store *store; /* owned; NULL if there is none yet */
	struct arena arena;
	struct store_source *sources;
	size_t n;
};

static void folder_fini(struct folder *f)
{
	store_close(f->store);
	arena_fini(&f->arena);
}

static enum status folder_open(struct folder *f, bool read_only, struct err *err)
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
	return store_sources(f->store, &f->arena, &f->sources, &f->n, err);
}

static const char *age(char out[32], int64_t then_s)
{
	int64_t s = date_now() - then_s;

	if (then_s == DATE_NONE)
		snprintf(out, 32, "never");
	else if (s < 7200)
		snprintf(out, 32, "%lld min ago", (long long)(s / 60));
	else if (s < 172800)
		snprintf(out, 32, "%lld h ago", (long long)(s / 3600));
	else
		snprintf(out, 32, "%lld days ago", (long long)(s / 86400));
	return out;
}

static enum status status(struct folder *f, int *out_exit, struct err *err)
{
	struct store_cache_stats cache;
	uint64_t records = 0, bytes = 0;

	printf("%-36s %9s %12s  %s\n", "SOURCE", "RECORDS", "UPDATED", "STATE");
	for (size_t i = 0; i < f->n; i++) {
		const struct store_source *s = &f->sources[i];
		struct segment *seg = NULL;
		struct err seg_err = ERR_INIT;
		char when[32];

		if (s->segment.algo != DIGEST_NONE &&
		    segment_open(f->segments, &s->segment, &seg, &seg_err) == STATUS_OK)
			bytes += segment_get_stats(seg)->bytes;
		records += s->records;
		printf("%-36.*s %9llu %12s  ", SLICE_ARG(s->name), (unsigned long long)s->records,
		       age(when, s->last_success_s));
		if (s->segment.algo != DIGEST_NONE && !seg)
			printf("damaged: %s", seg_err.msg);
		else if (s->error.len > 0)
			printf("last run failed: %.*s", SLICE_ARG(s->error));
		else if (s->held_back.len > 0)
			fputs("a much smaller document was kept back", stdout);
		else
			fputs("ok", stdout);
		putchar('\n');
		if (s->error.len > 0 || (s->segment.algo != DIGEST_NONE && !seg))
			*out_exit = EXIT_UNREADABLE;
		segment_free(seg);
	}
	TRY(store_cache_stats(f->store, &cache, err));
	printf("\n%zu sources, %llu records, %.1f MB of segments; %llu cached layers, %.1f MB\n", f->n,
	       (unsigned long long)records, (double)bytes / 1e6, (unsigned long long)cache.entries,
	       (double)cache.bytes / 1e6);
	return STATUS_OK;
}

static enum status verify(struct folder *f, int *out_exit, struct err *err)
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
		st = segment_open(f->segments, &s->segment, &seg, &e);
		if (st == STATUS_OK)
			st = segment_verify(seg, &e);
		if (st == STATUS_OK) {
			good++;
		} else {
			bad++;
			cli_error("%.*s: %s; run: limpid update --force", SLICE_ARG(s->name), e.msg);
		}
		segment_free(seg);
	}
	printf("%zu segments verified, %zu damaged\n", good, bad);
	if (bad > 0)
		*out_exit = EXIT_UNREADABLE;
	return STATUS_OK;
}

/* Segments that no source and no kept operation names. */
static enum status gc_segments(struct folder *f, uint64_t *out_deleted, struct err *err)
{
	struct map AUTO(map_fini) named = MAP_INIT;
	struct store_operation *ops;
	size_t n;
	DIR *dir = opendir(f->segments);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? STATUS_OK : err_errno(err, "cannot open %s", f->segments);
	TRY(store_operations(f->store, SLICE_EMPTY, SIZE_MAX >> 1, &f->arena, &ops, &n, err));
	for (size_t i = 0; i < f->n + n; i++) {
		const struct digest *d = i < f->n ? &f->sources[i].segment : &ops[i - f->n].segment;
		struct digest_text text;
		struct slice hex;

		slice_cut(slice_cstr(digest_print(&text, d)), ':', NULL, &hex);
		if (!arena_copy(&f->arena, hex, &hex) || !map_put(&named, hex, 1)) {
			closedir(dir);
			return err_nomem(err, "segments");
		}
	}
	while ((e = readdir(dir)) != NULL) {
		struct slice name = slice_cstr(e->d_name), hex;
		uint64_t found;

		if (!slice_ends(name, SLICE(".seg")))
			continue;
		hex = slice_take(name, name.len - 4);
		if (!map_get(&named, hex, &found) && unlinkat(dirfd(dir), e->d_name, 0) == 0)
			(*out_deleted)++;
	}
	closedir(dir);
	return STATUS_OK;
}

static enum status gc(struct folder *f, int *out_exit, struct err *err)
{
	uint64_t layers = 0, operations = 0, segments = 0;

	(void)out_exit;
	TRY(store_cache_gc(f->store, date_now() - CACHE_AGE_S, detector_set(), &layers, err));
	TRY(store_operations_gc(f->store, OPERATIONS_KEPT, &operations, err));
	TRY(gc_segments(f, &segments, err));
	printf("dropped %llu cached layers, %llu update operations, %llu segments\n", (unsigned long long)layers,
	       (unsigned long long)operations, (unsigned long long)segments);
	return STATUS_OK;
}

int command_db(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum status (*run)(struct folder *f, int *out_exit, struct err *err);
		bool read_only;
	} verbs[] = { { "status", status, true }, { "verify", verify, true }, { "gc", gc, false } };
	struct folder AUTO(folder_fini) f = { .arena = ARENA_INIT(SIZE_MAX) };
	struct err err = ERR_INIT;
	struct options o;
	int result = EXIT_DONE;

	if (!options_parse('d', argc, argv, &o))
		return EXIT_USAGE;
	for (size_t i = 0; o.n_args == 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(o.args[0], verbs[i].name) != 0)
			continue;
		if (!cli_data_dir(&o, f.dir, sizeof(f.dir)))
			return EXIT_USAGE;
		if (folder_open(&f, verbs[i].read_only, &err) != STATUS_OK ||
		    verbs[i].run(&f, &result, &err) != STATUS_OK)
			return cli_failed(&err);
		return result;
	}
	cli_error("usage: limpid db status|verify|gc [--db DIR]");
	return EXIT_USAGE;
}
