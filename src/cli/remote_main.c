/* SPDX-License-Identifier: Apache-2.0 */
/* remote_main.c - the program limpid-remote: limpid's commands on images of a network, and what it stands in for. */
#include "cli/remote.h"

const char cli_version[] = LIMPID_VERSION;

#define REMOTE_COMMAND(function, name) int command_##function(int argc, char **argv);
#define PERSONALITY(function, name) int command_##function(int argc, char **argv);
#include "cli/remote.def"
#undef PERSONALITY
#undef REMOTE_COMMAND

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
#define REMOTE_COMMAND(function, name) { name, command_##function },
#define PERSONALITY(function, name) { name, command_##function },
#include "cli/remote.def"
#undef PERSONALITY
#undef REMOTE_COMMAND
};

/* By the name it was called by (limpid hands over so), else by the first argument. */
static int run(int argc, char **argv)
{
	for (int at = 0; at < 2 && at < argc; at++)
		for (size_t i = 0; i < ARRAY_LEN(commands); i++)
			if (slice_eq(path_base(slice_cstr(argv[at])), slice_cstr(commands[i].name)))
				return commands[i].run(argc - at, argv + at);
	cli_error("limpid-remote is run by limpid, for images that are not on this machine; see: limpid help scan");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	int result;

	cli_begin();
	result = run(argc, argv);
	cli_network_end();
	return cli_end(result);
}
