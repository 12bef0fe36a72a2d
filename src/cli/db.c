/* SPDX-License-Identifier: Apache-2.0 */
/* db.c - limpid db: shows, checks and cleans up the data folder; db_carry.c has export and import. */
#include "cli/db.h"

#include "index/detector.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define CACHE_AGE_S (90 * 86400)
/* How long gc waits for an update that is at work. */
#define WAIT_MS 30000

struct folder {
	const struct options *options;
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
	if (f->options->as_of_s != 0)
		return store_sources_at(f->store, f->options->as_of_s, &f->arena, &f->sources, &f->n, err);
	return store_sources(f->store, &f->arena, &f->sources, &f->n, err);
}

/* A length of time for people: "5 min", "3 h", "12 days". */
static void span(char out[32], int64_t s)
{
	if (s < 2 * 3600)
		snprintf(out, 32, "%lld min", (long long)((s + 30) / 60));
	else if (s < 2 * 86400)
		snprintf(out, 32, "%lld h", (long long)((s + 1800) / 3600));
	else
		snprintf(out, 32, "%lld days", (long long)((s + 43200) / 86400));
}

static const char *ago(char out[48], int64_t then_s)
{
	char text[32];

	if (then_s == DATE_NONE)
		return "never";
	span(text, MAX(date_now() - then_s, 0));
	snprintf(out, 48, "%s ago", text);
	return out;
}

static const char *due(char out[48], int64_t next_s)
{
	int64_t left;
	char text[32];

	if (next_s == DATE_NONE)
		return "-";
	left = next_s - date_now();
	if (left <= 0)
		return "now";
	span(text, left);
	snprintf(out, 48, "in %s", text);
	return out;
}

static const char *size(char out[32], uint64_t bytes)
{
	if (bytes < 1000000)
		snprintf(out, 32, "%llu kB", (unsigned long long)((bytes + 999) / 1000));
	else
		snprintf(out, 32, "%.1f MB", (double)bytes / 1e6);
	return out;
}

static void print_state(const struct store_source *s, const struct err *damage)
{
	if (s->segment.algo == DIGEST_NONE && s->error.len == 0)
		puts("nothing of it is kept from then");
	else if (damage->code != STATUS_OK)
		printf("damaged, not asked: %s; run: limpid update\n", damage->msg);
	else if (s->held_back.len > 0)
		printf("%.*s; limpid update --accept publishes it\n", SLICE_ARG(s->error));
	else if (s->error.len > 0)
		printf("last run failed: %.*s\n", SLICE_ARG(s->error));
	else
		puts("ok");
}

struct totals {
	uint64_t records, bytes;
	size_t bad;
};

/* As they were counted when it was published: advisories, or what is said of CVEs. */
static uint64_t records_of(const struct store_source *s, const struct segment *seg)
{
	const struct segment_stats *stats = segment_get_stats(seg);

	return s->kind == STORE_ENRICHMENT ? stats->rows : stats->advisories;
}

static void print_source(const struct folder *f, const struct store_source *s, struct totals *t)
{
	char updated[48], changed[48], next[48], bytes[32] = "-";
	struct err damage = ERR_INIT;
	struct segment *seg = NULL;

	if (s->segment.algo != DIGEST_NONE &&
	    segment_open_of(f->segments, &s->segment, s->name, &seg, &damage) == STATUS_OK) {
		t->bytes += segment_get_stats(seg)->bytes;
		size(bytes, segment_get_stats(seg)->bytes);
	}
	t->records += seg ? records_of(s, seg) : 0;
	t->bad += s->error.len > 0 || damage.code != STATUS_OK;
	printf("%-34.*s %8llu %8s %12s %12s %9s  ", SLICE_ARG(s->name),
	       (unsigned long long)(seg ? records_of(s, seg) : s->records), bytes, ago(updated, s->last_success_s),
	       ago(changed, s->last_change_s), due(next, s->next_s));
	print_state(s, &damage);
	segment_free(seg);
}

/* Bytes of every file in the folder of segments. */
static uint64_t folder_bytes(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t bytes = 0;
	struct stat st;

	for (struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	if (d)
		closedir(d);
	return bytes;
}

/* What a service keeps here; nothing where none has run. */
static enum status print_service(const struct folder *f, struct err *err)
{
	struct store_size sizes[STORE_SIZES];
	char bytes[32];
	size_t n;

	TRY(store_sizes(f->store, sizes, &n, err));
	for (size_t i = 0; i < n; i++)
		if (sizes[i].rows > 0 && !sizes[i].of_sources)
			printf("%-24s %10llu in %s\n", sizes[i].name, (unsigned long long)sizes[i].rows,
			       sizes[i].bytes ? size(bytes, sizes[i].bytes) : "an unknown size");
	return STATUS_OK;
}

static enum status status(struct folder *f, int *out_exit, struct err *err)
{
	struct store_cache_stats cache;
	struct totals t = { 0 };
	char in_force[32], others[32], layers[32];
	uint64_t all = folder_bytes(f->segments);

	printf("%-34s %8s %8s %12s %12s %9s  %s\n", "SOURCE", "RECORDS", "SIZE", "UPDATED", "CHANGED", "NEXT", "STATE");
	for (size_t i = 0; i < f->n; i++)
		print_source(f, &f->sources[i], &t);
	TRY(store_cache_stats(f->store, &cache, err));
	printf("\n%zu sources, %llu records in %s; %s of older segments; %llu cached layers and %llu images in %s\n",
	       f->n, (unsigned long long)t.records, size(in_force, t.bytes),
	       size(others, all > t.bytes ? all - t.bytes : 0),
	       (unsigned long long)cache.layers, (unsigned long long)cache.images, size(layers, cache.bytes));
	TRY(print_service(f, err));
	if (t.bad > 0)
		*out_exit = EXIT_UNREADABLE;
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

static enum status gc(struct folder *f, int *out_exit, struct err *err)
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
	       (unsigned long long)gone.files.unfinished, size(bytes, gone.files.bytes));
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
