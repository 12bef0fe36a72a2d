/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - limpid match: what limpid scan says, of reports that were saved, and of bills of materials. */
#include "cli/cli.h"

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
