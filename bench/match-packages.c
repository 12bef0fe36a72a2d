/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match-packages.c - how long it takes to match 500 packages against the segments of a data folder.
 *
 * usage: match-packages DATA-FOLDER [INDEX.json|"" [N [ROUNDS]]]
 *
 * INDEX.json is what limpid index -f json writes; its packages are repeated or cut to N. Without it the packages are
 * made: half of them names of the Debian feed, half names that no feed has; once in a system that is kept up to date,
 * once in one that is not. Printed are what a look-up of a name takes, the fastest and the median of match_report()
 * alone, what it found and what memory the report took. The segments are open and in the page cache, as in a server or
 * in the second scan of a pipeline.
 */
#include "base/limits.h"
#include "cli/cli.h"
#include "io/file.h"
#include "match/match.h"
#include "text/json.h"

#include <inttypes.h>
#include <stdlib.h>

const char cli_version[] = "bench";

static struct slice text(struct arena *arena, yyjson_val *object, const char *key)
{
	struct slice s;

	if (!arena_copy(arena, json_get_str(object, key), &s))
		abort();
	return s;
}

static void read_package(yyjson_val *v, struct arena *arena, size_t n_distributions, struct index_package *out)
{
	memset(out, 0, sizeof(*out));
	out->package.type = package_type_by_purl(json_get_str(v, "type"));
	out->package.name = text(arena, v, "name");
	out->package.version = text(arena, v, "version");
	out->package.arch = text(arena, v, "arch");
	out->package.module = text(arena, v, "module");
	out->package.source_name = text(arena, v, "source");
	out->package.source_version = text(arena, v, "source_version");
	out->package.db = text(arena, v, "database");
	out->package.flags = json_get_bool(v, "owned") ? PACKAGE_OWNED : 0;
	out->distribution =
		package_type_scope(out->package.type)[0] == '\0' && n_distributions ? 0 : INDEX_NO_DISTRIBUTION;
	out->repository = SIZE_MAX;
}

static void read_index(yyjson_val *root, size_t n, struct arena *arena, struct index_report *out)
{
	yyjson_val *list = json_get(json_get(root, "image"), "distributions"), *packages = json_get(root, "packages"),
		   *v;
	size_t i, max, have = yyjson_arr_size(packages);

	memset(out, 0, sizeof(*out));
	out->complete = true;
	yyjson_arr_foreach(list, i, max, v)
	{
		struct distribution *d = VEC_PUSH(&out->distributions, arena);

		if (!d)
			abort();
		d->did = text(arena, v, "id");
		d->version_id = text(arena, v, "version_id");
		d->version = text(arena, v, "version");
		d->version_code_name = text(arena, v, "code_name");
		d->pretty_name = text(arena, v, "pretty_name");
	}
	for (i = 0; i < n && have > 0; i++) {
		struct index_package *p = VEC_PUSH(&out->packages, arena);

		if (!p)
			abort();
		read_package(yyjson_arr_get(packages, i % have), arena, out->distributions.len, p);
	}
}

/* The segment that has most rows of the scope; NULL: none has. */
static const struct segment *richest(const struct segment_set *set, struct slice scope, struct segment_rows *out)
{
	const struct segment *best = NULL;

	out->n = 0;
	for (size_t i = 0; i < segment_set_count(set); i++) {
		const struct segment *seg = segment_set_at(set, i, NULL);
		struct segment_rows rows;
		struct err err = ERR_INIT;

		if (seg && segment_scope_rows(seg, scope, &rows, &err) == STATUS_OK && rows.n > out->n) {
			best = seg;
			*out = rows;
		}
	}
	return best;
}

static struct index_package *add_made(struct index_report *out, struct arena *arena)
{
	struct index_package *p = VEC_PUSH(&out->packages, arena);

	if (!p)
		abort();
	p->package.type = PACKAGE_DEB;
	p->repository = SIZE_MAX;
	return p;
}

/* old: nobody has updated since the first advisory; else all but one package in fifty are up to date. */
static enum status make_index(const struct segment_set *set, size_t n, bool old, struct arena *arena,
			      struct index_report *out, struct err *err)
{
	struct distribution *d;
	struct segment_rows rows;
	const struct segment *seg = richest(set, SLICE("debian:11"), &rows);
	struct slice last = SLICE_EMPTY;

	memset(out, 0, sizeof(*out));
	out->complete = true;
	d = VEC_PUSH(&out->distributions, arena);
	if (!d || !seg)
		return err_set(err, STATUS_NOTFOUND, "the data folder has no advisories for debian:11");
	d->did = SLICE("debian");
	d->version_id = SLICE("11");
	for (uint32_t i = 0; i < rows.n && out->packages.len < n / 2; i++) {
		struct affected row;
		struct index_package *p;
		uint32_t advisory;

		TRY(segment_row(seg, rows.first + i, arena, &row, &advisory, err));
		if (slice_eq(row.package, last) || row.fixed_version.len == 0)
			continue;
		last = row.package;
		p = add_made(out, arena);
		p->package.name = row.package;
		p->package.version = old			   ? row.fixed_version
				     : out->packages.len % 50 == 0 ? SLICE("0~")
								   : SLICE("999:1");
	}
	while (out->packages.len < n) {
		struct index_package *p = add_made(out, arena);

		p->package.version = SLICE("1.0-1");
		if (!arena_printf(arena, &p->package.name, "made-%zu", out->packages.len))
			return err_nomem(err, "bench");
	}
	return STATUS_OK;
}

static int by_time(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static enum status measure(const struct index_report *index, const struct segment_set *set, size_t rounds,
			   struct err *err)
{
	struct match_options options = { .now_s = date_now(), .scope_served = NULL };
	uint64_t *took = calloc(rounds, sizeof(*took));
	size_t memory = 0, findings = 0, flaws = 0, suppressed = 0;

	if (!took)
		return err_nomem(err, "bench");
	for (size_t i = 0; i < rounds; i++) {
		struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
		struct vulnerability_report report;
		uint64_t begin = date_monotonic_ns();

		TRY(match_report(index, set, &options, &arena, &report, err));
		took[i] = date_monotonic_ns() - begin;
		memory = arena.used;
		findings = report.findings.len;
		flaws = report.flaws;
		suppressed = report.suppressed.len;
	}
	qsort(took, rounds, sizeof(*took), by_time);
	printf("%zu packages, %zu findings, %zu flaws, %zu suppressed: fastest %.3f ms, median %.3f ms; %.2f MB of "
	       "report\n",
	       index->packages.len, findings, flaws, suppressed, (double)took[0] / 1e6, (double)took[rounds / 2] / 1e6,
	       (double)memory / 1e6);
	free(took);
	return STATUS_OK;
}

/* Names that the richest scope has and names that it has not, in turns: what one look-up takes, rows not unpacked. */
static enum status look_up(const struct segment_set *set, size_t rounds, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct index_report index;
	struct segment_rows all, rows;
	const struct segment *seg = richest(set, SLICE("debian:11"), &all);
	uint64_t begin, found = 0, took;
	size_t n = 0;

	TRY(make_index(set, 2000, false, &arena, &index, err));
	begin = date_monotonic_ns();
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < index.packages.len; i++, n++) {
			TRY(segment_find(seg, SLICE("debian:11"), index.packages.at[i].package.name, &rows, err));
			found += rows.n;
		}
	took = date_monotonic_ns() - begin;
	printf("%.1f million look-ups a second, %.0f ns each; %zu names, %" PRIu64 " rows found\n",
	       (double)n * 1e3 / (double)took, (double)took / (double)n, index.packages.len, found / rounds);
	return STATUS_OK;
}

static enum status run(const char *folder, const char *file, size_t n, size_t rounds, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct segment_set *set = NULL;
	struct index_report index;
	struct file_map map = { .bytes = SLICE_EMPTY };
	struct json_doc doc = { NULL, NULL };
	struct options options = { .value = { [OPTION_no_cache] = "" } };
	struct cli_folder data;
	enum status st;

	cli_folder_open(&options, folder, &data);
	st = cli_segments(&data, &set, err);

	if (st == STATUS_OK && file) {
		st = file_map_open(file, &map, err);
		if (st == STATUS_OK)
			st = json_parse(map.bytes, &limits_default, &doc, err);
		if (st == STATUS_OK)
			read_index(doc.root, n, &arena, &index);
	} else if (st == STATUS_OK) {
		st = make_index(set, n, false, &arena, &index, err);
		if (st == STATUS_OK)
			st = look_up(set, rounds, err);
		if (st == STATUS_OK)
			st = measure(&index, set, rounds, err);
		if (st == STATUS_OK)
			st = make_index(set, n, true, &arena, &index, err);
	}
	if (st == STATUS_OK)
		st = measure(&index, set, rounds, err);
	segment_set_free(set);
	json_doc_free(&doc);
	file_map_close(&map);
	cli_folder_close(&data);
	return st;
}

int main(int argc, char **argv)
{
	size_t n = argc > 3 ? (size_t)atol(argv[3]) : 500, rounds = argc > 4 ? (size_t)atol(argv[4]) : 200;
	struct err err = ERR_INIT;

	if (argc < 2 || rounds == 0) {
		fputs("usage: match-packages DATA-FOLDER [INDEX.json [N [ROUNDS]]]\n", stderr);
		return 2;
	}
	if (run(argv[1], argc > 2 && argv[2][0] ? argv[2] : NULL, n, rounds, &err) == STATUS_OK)
		return 0;
	fprintf(stderr, "match-packages: %s\n", err.msg);
	return 1;
}
