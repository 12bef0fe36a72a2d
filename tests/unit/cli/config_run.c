/* SPDX-License-Identifier: Apache-2.0 */
/* config_run.c - what limpid-serve makes of its arguments, without the service: for golden cases. */
#include "cli/serve_arguments.h"

#include <stdio.h>

extern const char cli_version[];
const char cli_version[] = "test";

int main(int argc, char **argv)
{
	struct serve_arguments arguments;
	struct config config;
	int status = 0;

	if (config_from_arguments(argc, argv, &arguments, &config, &status))
		printf("serve: mode %s, API %s, log level %s, state in %s%s%s\n", config_mode_name(config.mode),
		       config_cstr(config.http_listen_addr), config_log_level_name(config.log_level),
		       config.indexer.engine == CONFIG_POSTGRES ? "PostgreSQL" : config_cstr(config.limpid.data_dir),
		       config.limpid.fetch.insecure_tls ? ", certificates not checked" : "",
		       arguments.migrate ? ", migrate" : "");
	config_fini(&config);
	return status;
}
