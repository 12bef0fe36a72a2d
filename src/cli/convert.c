/* SPDX-License-Identifier: Apache-2.0 */
/* convert.c - limpid convert: a report that was saved as JSON, in other formats, without a scan. */
#include "cli/cli.h"

#include "io/file.h"

int command_convert(int argc, char **argv)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);
	struct file_map map = { SLICE_EMPTY };
	struct err err = ERR_INIT;
	struct options o;
	bool standard;
	int result;

	if (!options_parse('o', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 1) {
		cli_error("usage: limpid convert [options] FILE; see: limpid help convert");
		return EXIT_USAGE;
	}
	standard = strcmp(o.args[0], "-") == 0;
	if ((standard ? cli_read_standard_input(&text, "a report", &err) : file_map_open(o.args[0], &map, &err)) !=
	    STATUS_OK)
		return cli_failed(&err);
	result = cli_convert(&o, slice_cstr(o.args[0]), standard ? buf_slice(&text) : map.bytes);
	if (!standard)
		file_map_close(&map);
	return result;
}
