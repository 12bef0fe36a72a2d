/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - limpid match: what limpid scan says, of index reports that were saved. */
#include "cli/cli.h"

#include "io/file.h"
#include "model/clair_index.h"

/* A saved index report. What it is called stays, if it says so. */
enum status cli_read_saved(const struct options *o, const struct cli_folder *folder, struct slice target,
			   struct arena *arena, struct index_report *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);
	const char *path = arena_cstr(arena, target);
	enum status st;

	(void)o;
	(void)folder;
	if (!path)
		return err_nomem(err, "index report");
	TRY(slice_eq(target, SLICE("-")) ? cli_read_standard_input(&text, "an index report", err)
					 : file_read(path, &text, err));
	st = clair_index_parse(buf_slice(&text), &limits_default, arena, out, err);
	if (st != STATUS_OK)
		return err_wrap(err, "%s", path);
	if (out->target.len == 0)
		out->target = target;
	return STATUS_OK;
}

int command_match(int argc, char **argv)
{
	struct options o;
	char data_dir[4096];

	if (!options_parse('m', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args == 0) {
		cli_error("usage: limpid match [options] FILE...; see: limpid help match");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	/* Nothing is read from the cache of layers, and nothing put there. */
	o.value[OPTION_no_cache] = "";
	return cli_scan(&o, cli_read_saved, data_dir, o.args, o.n_args);
}
