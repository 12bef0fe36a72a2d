/* SPDX-License-Identifier: Apache-2.0 */
/* remote.h - what limpid-remote has beyond the commands: images of registries and daemons. Private to cli/. */
#ifndef LIMPID_CLI_REMOTE_H
#define LIMPID_CLI_REMOTE_H

#include "cli/cli.h"

#include "image/image.h"

struct index_env;
struct cli_network {
	/* How images that are not here are opened, by the options and the environment. */
	enum status (*begin)(const struct options *o, const struct image_remote_ops **out, struct err *err);
	/* An image that has its layers elsewhere: they are read by env. The others are borrowed for as long. */
	void (*reads)(const struct image *image, const struct image_options *opening, struct index_env *env,
		      struct cli_progress *progress);
};
/* Give back what begin() has made. */
void cli_network_end(void);

#endif
