/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - limpid config: hands over to limpid-serve, which knows by its name what it was called for. */
#include "cli/cli.h"

int command_config(int argc, char **argv)
{
	(void)argc;
	return cli_hand_over("limpid-serve", argv);
}
