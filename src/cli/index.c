/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - limpid index: the packages of an image. */
#include "cli/cli.h"

#include "match/repositories.h"
#include "model/index_report.h"

#include <stdio.h>

/* "PATH: ", or "layer N: " of what concerns a layer as a whole; cut where it is too long. */
static const char *place_of(const struct index_diag *d, const struct index_report *index, char *buf, size_t size)
{
	buf[0] = '\0';
	if (d->diag.where.len > 0)
		snprintf(buf, size, "%.*s: ", SLICE_ARG(d->diag.where));
	else if (d->layer < index->layers.len)
		snprintf(buf, size, "layer %zu: ", d->layer + 1);
	return buf;
}

static enum status write_index(void *ctx, struct cli_report *report, const struct report_options *options,
			       struct err *err)
{
	return report->format->index(ctx, options, &report->output.out, err);
}

/* What Clair's reports call repositories is known to the database alone. */
static enum status name_repositories(struct cli_folder *folder, struct index_report *index, struct arena *arena,
				     struct err *err)
{
	struct segment_set *set;
	enum status st;

	if (!repositories_unknown(index))
		return STATUS_OK;
	TRY(cli_segments(folder, &set, err));
	st = repositories_resolve(index, set, arena, err);
	segment_set_free(set);
	return st;
}

static enum status run(const struct options *o, struct cli_folder *folder, struct cli_reports *reports, int *out_exit,
		       struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct index_report index;
	struct slice base;

	TRY(cli_index(o, folder, slice_cstr(o->args[0]), &arena, &index, err));
	TRY(cli_base(o, folder, &index, &arena, &base, err));
	TRY(name_repositories(folder, &index, &arena, err));
	TRY(cli_reports_each(reports, write_index, &index, err));
	if (base.len > 0)
		cli_note(o, "%.*s", SLICE_ARG(base));
	*out_exit = index.packages.len == 0 ? EXIT_NO_PACKAGES : EXIT_DONE;
	for (size_t i = 0; i < index.diags.len; i++) {
		const struct layer_diag *d = &index.diags.at[i].diag;
		char place[4200];

		place_of(&index.diags.at[i], &index, place, sizeof(place));
		if (diag_severity(d->code) == DIAG_SEVERITY_ERROR) {
			cli_error("%s%.*s", place, SLICE_ARG(d->text));
			*out_exit = EXIT_UNREADABLE;
		} else if (diag_severity(d->code) == DIAG_SEVERITY_WARNING) {
			cli_note(o, "%s%.*s", place, SLICE_ARG(d->text));
		}
	}
	return STATUS_OK;
}

/* With what was chosen; gives the exit status. */
static int index_into(const struct options *o, struct cli_reports *reports)
{
	struct err err = ERR_INIT;
	struct cli_folder folder;
	char data_dir[4096];
	int result = EXIT_DONE, written;
	enum status st;

	if (!cli_data_dir(o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	reports->options.program_version = cli_version;
	if (cli_reports_open(reports, &err) != STATUS_OK)
		return cli_failed(&err);
	cli_folder_open(o, data_dir, &folder);
	st = run(o, &folder, reports, &result, &err);
	cli_folder_close(&folder);
	if (st != STATUS_OK)
		return cli_failed(&err);
	written = cli_reports_close(reports);
	return written == EXIT_DONE ? result : written;
}

int command_index(int argc, char **argv)
{
	AUTO(cli_arguments_free) char **given = cli_copy_arguments(argc, argv);
	struct cli_reports AUTO(cli_reports_fini) reports = { .n = 0 };
	struct options o;

	if (!given || !options_parse('i', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 1) {
		cli_error("usage: limpid index [options] TARGET; see: limpid help index");
		return EXIT_USAGE;
	}
	if (!cli_reports_choose(&o, CLI_PACKAGES, &reports))
		return EXIT_USAGE;
	if (cli_scan_needs_network(&o))
		return cli_hand_over_remote(given);
	return index_into(&o, &reports);
}
