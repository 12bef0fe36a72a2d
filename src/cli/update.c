/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - limpid update: hands over to limpid-update. */
#include "cli/cli.h"

int command_update(int argc, char **argv)
{
	(void)argc;
	return cli_hand_over("limpid-update", argv);
}
