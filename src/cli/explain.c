/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - limpid explain: why an id is, or is not, reported for an image. */
#include "cli/cli.h"

#include "match/match.h"

/* Text from an image or a feed: a terminal must not obey it. */
static void put(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		putchar(s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '?' : s.ptr[i]);
}

static void print_verdict(const struct index_report *index, const struct match_verdict *v)
{
	fputs(v->reported ? "reported      " : "not reported  ", stdout);
	put(v->advisory.id);
	fputs(" for ", stdout);
	if (v->package == SIZE_MAX) {
		put(v->row.package);
	} else {
		const struct index_package *p = &index->packages.at[v->package];

		put(p->package.name);
		putchar(' ');
		put(p->package.version);
		fputs(" (", stdout);
		put(p->package.path);
		printf(", layer %zu)", p->layer + 1);
	}
	fputs("\n    ", stdout);
	put(v->reason);
	fputs("\n    ", stdout);
	put(v->source);
	fputs(", ", stdout);
	put(v->row.scope);
	fputs(", package ", stdout);
	put(v->row.package);
	if (v->row.fixed_version.len > 0) {
		fputs(", fixed in ", stdout);
		put(v->row.fixed_version);
	}
	if (v->advisory.n_links > 0) {
		fputs("\n    ", stdout);
		put(v->advisory.links[0]);
	}
	putchar('\n');
}

static void print_gaps(const struct vulnerability_report *r)
{
	for (size_t i = 0; i < r->coverage.len; i++) {
		if (!coverage_is_gap(r->coverage.at[i].code))
			continue;
		printf("not looked up  %s ", coverage_name(r->coverage.at[i].code));
		put(r->coverage.at[i].scope);
		fputs(": ", stdout);
		put(r->coverage.at[i].detail);
		putchar('\n');
	}
}

static enum status explain(const struct options *o, const char *data_dir, int *out_exit, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct match_options options = { .now_s = date_now(), .scope_served = cli_scope_served };
	struct slice id = slice_cstr(o->args[0]);
	struct vulnerability_report report;
	match_verdicts verdicts = { NULL, 0, 0 };
	struct index_report index;
	struct segment_set *set;
	enum status st;

	TRY(cli_index(o, data_dir, slice_cstr(o->args[1]), &arena, &index, err));
	TRY(cli_segments(data_dir, &set, err));
	st = match_explain(&index, set, &options, id, &arena, &verdicts, err);
	if (st == STATUS_OK)
		st = match_report(&index, set, &options, &arena, &report, err);
	if (st == STATUS_OK) {
		for (size_t i = 0; i < verdicts.len; i++)
			print_verdict(&index, &verdicts.at[i]);
		if (verdicts.len == 0)
			printf("no advisory in the database names %s for anything in this image\n", o->args[0]);
		print_gaps(&report);
		*out_exit = index.packages.len == 0 ? EXIT_NO_PACKAGES : EXIT_DONE;
	}
	segment_set_free(set);
	return st;
}

int command_explain(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct options o;
	char data_dir[4096];
	int result = EXIT_DONE;

	if (!options_parse('e', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 2) {
		cli_error("usage: limpid explain [options] ID TARGET; see: limpid help explain");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	return explain(&o, data_dir, &result, &err) == STATUS_OK ? result : cli_failed(&err);
}
