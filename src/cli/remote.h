/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - what limpid-remote has beyond the commands: images of registries and daemons. Private to cli/. */
#ifndef LIMPID_CLI_REMOTE_H
#define LIMPID_CLI_REMOTE_H

#include "cli/cli.h"

#include "image/image.h"

struct cli_network {
	/* How images that are not here are opened, by the options; NULL and a message if they are wrong. */
	const struct image_remote_ops *(*begin)(const struct options *o);
};

#endif
