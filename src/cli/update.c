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
	static const char *const places[] = { "limpid-update", "../libexec/limpid/limpid-update",
					      LIMPID_LIBEXEC "/limpid-update" };
	char path[4200];

	(void)argc;
	if (!cli_find(places, ARRAY_LEN(places), path, sizeof(path))) {
		cli_error("limpid-update is not installed beside limpid");
		return EXIT_UNREADABLE;
	}
	execv(path, argv);
	cli_error("%s cannot be started: %s", path, strerror(errno));
	return EXIT_UNREADABLE;
}
