/* SPDX-License-Identifier: Apache-2.0 */
/* places.h - where credentials, certificates and daemons are looked for, as the command line and the environment say.
 */
#ifndef LIMPID_CLI_PLACES_H
#define LIMPID_CLI_PLACES_H

#include "cli/cli.h"

#define CLI_PLACES 8

/* Lists end with NULL, what goes first stands first. They are paths that may not exist, daemons with "unix://". */
struct cli_places {
	struct arena arena; /* owns the texts */
	const char *auth_files[CLI_PLACES], *cert_dirs[CLI_PLACES];
	const char *docker_hosts[CLI_PLACES], *podman_hosts[CLI_PLACES];
	const char *netrc;	  /* NULL: there is no place */
	const char *docker_certs; /* NULL: tcp:// without TLS */
};

void cli_places_find(const struct options *o, struct cli_places *out);
void cli_places_fini(struct cli_places *p);

#endif
