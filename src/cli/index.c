/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - limpid index: the packages of an image. */
#include "cli/cli.h"

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

static enum status run(const struct options *o, const struct cli_folder *folder, const struct report_format *format,
		       struct cli_output *output, int *out_exit, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct report_options options = { .now_s = date_now(),
					  .fail_on = SEVERITY_COUNT,
					  .program_version = cli_version };
	struct index_report index;

	TRY(cli_index(o, folder, slice_cstr(o->args[0]), &arena, &index, err));
	TRY(format->index(&index, &options, &output->out, err));
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

int command_index(int argc, char **argv)
{
	AUTO(cli_arguments_free) char **given = cli_copy_arguments(argc, argv);
	const struct report_format *format;
	struct err err = ERR_INIT;
	struct cli_output output;
	struct cli_folder folder;
	struct options o;
	char data_dir[4096];
	int result = EXIT_DONE;
	enum status st;

	if (!given || !options_parse('i', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 1) {
		cli_error("usage: limpid index [options] TARGET; see: limpid help index");
		return EXIT_USAGE;
	}
	format = cli_format(&o, true);
	if (format && cli_needs_network(o.args, 1))
		return cli_hand_over_remote(given);
	if (!format || !cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	if (cli_output_open(&o, &output, &err) != STATUS_OK)
		return cli_failed(&err);
	cli_folder_open(&o, data_dir, &folder);
	st = run(&o, &folder, format, &output, &result, &err);
	cli_folder_close(&folder);
	if (st != STATUS_OK) {
		cli_output_abort(&output);
		return cli_failed(&err);
	}
	return cli_output_close(&output, &err) == STATUS_OK ? result : cli_failed(&err);
}
