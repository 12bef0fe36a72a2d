/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - limpid serve: hands over to limpid-serve. */
#include "cli/cli.h"

int command_serve(int argc, char **argv)
{
	(void)argc;
	return cli_hand_over("limpid-serve", argv);
}
