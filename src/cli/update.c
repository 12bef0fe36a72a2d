/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update.c - limpid update: hands over to limpid-update, a program of its own, since the libraries for HTTP and XML
 * would cost every scan 7 ms at its start (docs/adr/0003-update-program.md).
 */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

int command_update(int argc, char **argv)
{
	static const char *const places[] = { "limpid-update", "../libexec/limpid/limpid-update" };
	char program[4096], path[4200];

	(void)argc;
	if (!cli_program_dir(program, sizeof(program)))
		return EXIT_UNREADABLE;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(path, sizeof(path), "%s/%s", program, places[i]);
		if (access(path, X_OK) == 0)
			execv(path, argv);
	}
	cli_error("limpid-update is not installed beside %s", program);
	return EXIT_UNREADABLE;
}
