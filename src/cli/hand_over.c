/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hand_over.c - commands that are programs of their own, since their libraries would cost every scan milliseconds at
 * its start (docs/adr/0003-update-program.md).
 */
#include "cli/cli.h"

#include <errno.h>
#include <unistd.h>

bool cli_find_program(const char *program, char *out, size_t size)
{
	char below[256], installed[4096];
	const char *const places[] = { program, below, installed };

	snprintf(below, sizeof(below), "../libexec/limpid/%s", program);
	snprintf(installed, sizeof(installed), "%s/%s", LIMPID_LIBEXEC, program);
	return cli_find(places, ARRAY_LEN(places), out, size);
}

int cli_hand_over(const char *program, char **argv)
{
	char path[4200], name[256];

	if (!cli_find_program(program, path, sizeof(path))) {
		cli_error("%s is not installed beside limpid", program);
		return EXIT_UNREADABLE;
	}
	snprintf(name, sizeof(name), "%s", program);
	/* For ps and top; "config" and "clair" tell limpid-serve what is wanted of it. */
	if (strcmp(argv[0], "serve") == 0 || strcmp(argv[0], "update") == 0)
		argv[0] = name;
	execv(path, argv);
	cli_error("%s cannot be started: %s", path, strerror(errno));
	return EXIT_UNREADABLE;
}

char **cli_copy_arguments(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 1, sizeof(*copy));

	if (copy)
		memcpy(copy, argv, (size_t)argc * sizeof(*copy));
	return copy;
}

int cli_hand_over_remote(char **given)
{
	return cli_hand_over("limpid-remote", given);
}
